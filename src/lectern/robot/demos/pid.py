"""A step for one joint: PID at torque level, with and without compensation of gravity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from lectern.errors import LimitsExceeded, PathBlocked
from lectern.robot.demos import style
from lectern.robot.demos.base import Demo, DemoResult, Parameters, Stage, rounded
from lectern.robot.demos.motions import plan_of, sampled, slowed
from lectern.robot.geometry import Floats
from lectern.robot.goals import JointGoal, PlanRequest
from lectern.robot.model import RobotModel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STEP_S = 0.001
# Where the arm stands before the step: reaching forward, so that gravity pulls at both joints.
START_DEG = (0.0, 50.0, -40.0, 0.0, 0.0, 0.0)


class PidParameters(Parameters):
    """The joint, the step and the gains."""

    joint: Literal["joint_2", "joint_3"] = Field("joint_2", description="Joint that gets the step.")
    step_deg: float = Field(12.0, ge=2, le=25, description="Height of the step.")
    kp_nm_per_rad: float = Field(600.0, ge=50, le=3000, description="Proportional gain.")
    ki_nm_per_rad_s: float = Field(0.0, ge=0, le=3000, description="Integral gain.")
    kd_nm_s_per_rad: float = Field(25.0, ge=0, le=200, description="Derivative gain.")
    duration_s: float = Field(2.0, ge=1, le=5, description="How long the response is recorded.")


@dataclass(frozen=True)
class Response:
    """What a step led to; one row a millisecond.

    Attributes:
        times_s: Shape (n,).
        angle_rad: Of the joint, shape (n,).
        torque_nm: Of its motor, shape (n,).
        inertia_kg_m2: That the motor turns, at the start.
        gravity_nm: What gravity asks of the motor at the end.
        damping_nm_s_per_rad: Viscous friction of the joint.
    """

    times_s: Floats
    angle_rad: Floats
    torque_nm: Floats
    inertia_kg_m2: float
    gravity_nm: float
    damping_nm_s_per_rad: float


class Pid(Demo[PidParameters]):
    """Step responses in a simulation of their own, then shown slowly by the arm."""

    name = "pid"
    title = "PID step response, with and without gravity compensation"
    section = "01-what-a-robot-is.md#open-loop-and-closed-loop-control"
    section_title = "Open-loop and closed-loop control"
    Parameters = PidParameters

    async def run(self, stage: Stage, parameters: PidParameters) -> DemoResult:
        """Simulate both, then replay what was measured."""
        model = stage.view.model
        stage.tell("Simulating the joint under torque control, beside the robot.")
        responses = {
            "with_gravity_compensation": await stage.compute(respond, model, parameters, True),
            "without_gravity_compensation": await stage.compute(respond, model, parameters, False),
        }
        await stage.prepare()
        replayed = {
            f"replay_{name}": await replay(stage, parameters, response)
            for name, response in responses.items()
        }
        numbers: dict[str, Any] = {}
        for name, response in responses.items():
            numbers |= {f"{name}_{key}": v for key, v in judge(parameters, response).items()}
        return DemoResult(
            numbers={**numbers, **replayed},
            series=series(responses),
            pictures={
                "response": await stage.compute(
                    style.picture, lambda figure: draw(figure, parameters, responses), 560
                )
            },
        )


def respond(model: RobotModel, parameters: PidParameters, compensated: bool) -> Response:
    """Simulate the step; all other joints are locked."""
    import mujoco

    compiled = lock_others(model, parameters.joint)
    data, limit = mujoco.MjData(compiled), model.max_effort[model.names.index(parameters.joint)]
    target = math.radians(parameters.step_deg)
    mujoco.mj_forward(compiled, data)
    inertia = np.zeros(1)
    mujoco.mj_mulM(compiled, data, inertia, np.ones(1))
    integral, rows = 0.0, []
    for step in range(round(parameters.duration_s / _STEP_S) + 1):
        error, gravity = target - data.qpos[0], data.qfrc_bias[0]
        wanted = (
            parameters.kp_nm_per_rad * error
            + parameters.ki_nm_per_rad_s * integral
            - parameters.kd_nm_s_per_rad * data.qvel[0]
            + (gravity if compensated else 0.0)
        )
        data.qfrc_applied[0] = np.clip(wanted, -limit, limit)
        # Integrating while the motor is at its limit would wind the integral up.
        integral += error * _STEP_S if abs(wanted) < limit else 0.0
        rows.append([step * _STEP_S, data.qpos[0], data.qfrc_applied[0]])
        mujoco.mj_step(compiled, data)
    times_s, turned_rad, torque_nm = np.array(rows).T
    return Response(
        times_s,
        math.radians(START_DEG[model.names.index(parameters.joint)]) + turned_rad,
        torque_nm,
        inertia_kg_m2=float(inertia[0]),
        gravity_nm=float(data.qfrc_bias[0]),
        damping_nm_s_per_rad=float(compiled.dof_damping[0]),
    )


def lock_others(model: RobotModel, joint: str) -> Any:
    """Return a MuJoCo model of the arm at its start in which only one joint moves, from zero."""
    import mujoco

    from lectern.robot.demos.private import spec_of

    spec = spec_of(model.urdf, _STEP_S)
    spec.option.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_CONTACT)
    for coupling in list(spec.equalities):
        spec.delete(coupling)
    for name, angle_deg in zip(model.names, START_DEG, strict=True):
        locked = spec.joint(name)
        turn = np.zeros(4)
        mujoco.mju_axisAngle2Quat(turn, locked.axis, math.radians(angle_deg))
        mujoco.mju_mulQuat(locked.parent.quat, locked.parent.quat.copy(), turn)
    for other in list(spec.joints):
        if other.name != joint:
            spec.delete(other)
    # The angle counts from the start, so the limits of the description do not apply.
    spec.joint(joint).limited = mujoco.mjtLimited.mjLIMITED_FALSE
    return spec.compile()


def judge(parameters: PidParameters, response: Response) -> dict[str, Any]:
    """Return the usual numbers of a step response, and what theory says of them.

    With a constant load a PD law rests where kp times the error is the load; without a load and
    limits it is a second-order system: overshoot exp(-pi z / sqrt(1 - z^2)), damping ratio
    z = (kd + b) / (2 sqrt(kp I)).
    """
    step = math.radians(parameters.step_deg)
    share = (response.angle_rad - response.angle_rad[0]) / step
    late = response.times_s >= response.times_s[-1] - 0.2
    steady = 1.0 - float(share[late].mean())
    damping = (parameters.kd_nm_s_per_rad + response.damping_nm_s_per_rad) / (
        2 * math.sqrt(parameters.kp_nm_per_rad * response.inertia_kg_m2)
    )
    return {
        "overshoot_percent": rounded(100 * max(0.0, float(share.max()) - 1.0), 1),
        "rise_time_ms": _rise_time_ms(response.times_s, share),
        "steady_state_error_deg": rounded(parameters.step_deg * steady, 3),
        "gravity_torque_nm": rounded(response.gravity_nm, 2),
        "gravity_over_kp_deg": rounded(
            math.degrees(response.gravity_nm / parameters.kp_nm_per_rad), 3
        ),
        "highest_torque_nm": rounded(float(np.abs(response.torque_nm).max()), 1),
        "inertia_kg_m2": rounded(response.inertia_kg_m2, 3),
        "damping_ratio": rounded(damping, 3),
        "second_order_overshoot_percent": rounded(_overshoot_percent(damping), 1),
    }


def _overshoot_percent(damping: float) -> float:
    if damping >= 1:
        return 0.0
    return 100 * math.exp(-math.pi * damping / math.sqrt(1 - damping**2))


def _rise_time_ms(times_s: Floats, share: Floats) -> float | str:
    """Return the time from 10 % to 90 % of the step."""
    if share.max() < 0.9:
        return "never reached 90 % of the step"
    low, high = (float(times_s[np.argmax(share >= level)]) for level in (0.1, 0.9))
    return round(1e3 * (high - low), 1)


async def replay(stage: Stage, parameters: PidParameters, response: Response) -> str:
    """Let the arm repeat a measured response, slowly enough for its limits; say how slowly."""
    model, every = stage.view.model, 20
    positions = np.tile(np.radians(START_DEG), (len(response.times_s[::every]), 1))
    positions[:, model.names.index(parameters.joint)] = response.angle_rad[::every]
    motion, factor = slowed(model, sampled(model, response.times_s[::every], positions))
    goal = JointGoal(tuple(positions[0].tolist()))
    await stage.session.move(PlanRequest(goal, seed=stage.seed))
    stage.tell(f"Replaying the measured response {factor:.1f} times slower than it was.")
    try:
        await stage.session.perform(plan_of(model, motion))
    except (LimitsExceeded, PathBlocked) as error:
        return f"refused by the motion gate: {error.detail}"
    return f"replayed by the arm {factor:.1f} times slower than simulated"


def series(responses: dict[str, Response]) -> dict[str, Any]:
    """Return both responses at 100 rows a second."""
    thin = slice(None, None, 10)
    times_s = next(iter(responses.values())).times_s
    table: dict[str, Any] = {"times_s": rounded(times_s[thin], 3)}
    for name, response in responses.items():
        table[f"{name}_angle_deg"] = rounded(np.degrees(response.angle_rad[thin]), 3)
        table[f"{name}_torque_nm"] = rounded(response.torque_nm[thin], 2)
    return table


def draw(figure: Figure, parameters: PidParameters, responses: dict[str, Response]) -> None:
    """Draw angle and torque of both responses over time."""
    grid = figure.add_gridspec(2, 1, height_ratios=[1.7, 1])
    angle = style.plot(figure, grid[0], f"Step of {parameters.joint}", "", "degrees")
    torque = style.plot(figure, grid[1], "Torque of its motor", "time (s)", "N m")
    for (name, response), color in zip(responses.items(), (style.BLUE, style.ORANGE), strict=True):
        degrees = np.degrees(response.angle_rad)
        angle.plot(response.times_s, degrees, color=color)
        torque.plot(response.times_s, response.torque_nm, color=color)
        at = int(0.75 * len(degrees))
        above = 6 if name.startswith("with_") else -14
        place = (response.times_s[at], degrees[at])
        style.mark(angle, place, name.replace("_", " "), color, ha="center", xytext=(0, above))
    target = START_DEG[1 if parameters.joint == "joint_2" else 2] + parameters.step_deg
    angle.axhline(target, color=style.GREY, linestyle="--", linewidth=1)
    style.mark(angle, (0.0, target), "target", style.GREY)
    angle.margins(y=0.12)
