"""Pushing a block: what Coulomb predicts for the force, and what the joint torques say."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from lectern.robot.demos import chain, style
from lectern.robot.demos.base import Demo, DemoResult, Parameters, Stage, rounded
from lectern.robot.demos.motions import while_moving
from lectern.robot.geometry import Floats, Pose
from lectern.robot.goals import LineGoal, PlanRequest
from lectern.robot.model import RobotModel
from lectern.robot.robot import Measurement
from lectern.robot.scene import Box, Scene, SceneObject
from lectern.robot.scenes import bench

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLOCK = "block"
# Broader than it is high, so that it slides rather than tips over at any allowed friction.
_SIZE_M = (0.06, 0.06, 0.05)
_START_M = (0.5, -0.15)
# The block stands this much away from either finger while they are around it.
_PLAY_M = 0.004
_TOOL_Z_M = 0.025
_ABOVE_M = 0.14
_FORCE_N = 5.0
# The finger that pushes must not give way.
_HOLD_N = 40.0
_GRAVITY_M_PER_S2 = 9.81
# Tool pointing down, fingers opening along y.
_DOWN = (1.0, 0.0, 0.0, 0.0)


class PushParameters(Parameters):
    """The block, its friction, and the way."""

    mass_kg: float = Field(0.8, ge=0.2, le=2.0, description="Mass of the block.")
    friction: float = Field(
        0.4, ge=0.1, le=0.9, description="Coulomb friction between the block and the bench."
    )
    distance_m: float = Field(0.3, ge=0.1, le=0.4, description="How far the block is pushed, to y.")
    speed_scale: float = Field(0.15, ge=0.05, le=0.4, description="Share of the speed limits.")


@dataclass(frozen=True)
class Pass:
    """What was measured during one pass along the line.

    Attributes:
        y_m: Of the tool, shape (n,), rising.
        force_n: That the motors push with beyond what the motion itself needs, shape (n, 3).
        block_m: Where the block is, shape (n, 3).
    """

    y_m: Floats
    force_n: Floats
    block_m: Floats


class Push(Demo[PushParameters]):
    """Friction estimated from joint torques, twice along one line: without the block and with."""

    name = "push"
    title = "Pushing a block: friction felt in the joint torques"
    section = "03-forward-kinematics-and-the-jacobian.md#statics-joint-torques-from-tool-forces"
    section_title = "Statics: joint torques from tool forces"
    Parameters = PushParameters

    async def run(self, stage: Stage, parameters: PushParameters) -> DemoResult:
        """Move along the line without the block, then push it along; compare the torques."""
        await stage.prepare(surface(parameters), pose="ready")
        stage.tell("Along the line with nothing in the hand.")
        line = Line(stage, parameters)
        empty = await line.alone()
        stage.tell("Along the same line, pushing the block.")
        await stage.session.set_scene(surface(parameters).add(block(parameters)))
        pushed = await line.pushing()
        await stage.go("home")
        return DemoResult(
            numbers=judge(parameters, empty, pushed, stage.view.scene().get(BLOCK).pose),
            series={
                "tool_y_m": rounded(pushed.y_m),
                "force_along_line_n": rounded(extra_force(empty, pushed)[:, 1], 3),
                "block_m": rounded(pushed.block_m),
            },
            pictures={
                "force": await stage.compute(
                    style.picture, lambda figure: draw(figure, parameters, empty, pushed), 520
                )
            },
        )


def surface(parameters: PushParameters) -> Scene:
    """Return the bare bench; the simulator takes the larger friction of two surfaces."""
    return Scene.of(replace(bench().get("bench"), friction=parameters.friction))


def block(parameters: PushParameters) -> SceneObject:
    """Return the block where the push begins."""
    pose = Pose((*_START_M, _SIZE_M[2] / 2))
    colour = (0.85, 0.55, 0.20)
    return SceneObject(BLOCK, Box(_SIZE_M), pose, parameters.mass_kg, parameters.friction, colour)


class Line:
    """Takes the hand along the line, and notes torques and the block's place on the way."""

    def __init__(self, stage: Stage, parameters: PushParameters) -> None:
        self._stage = stage
        self._scale = parameters.speed_scale
        (x, y), way = _START_M, parameters.distance_m
        self._start_m, self._end_m = (x, y, _TOOL_Z_M), (x, y + way, _TOOL_Z_M)
        self._open_m = stage.view.model.gripper.max_width_m
        self._around_m = _SIZE_M[1] + 2 * _PLAY_M

    async def alone(self) -> Pass:
        """Pass along the line without the block, and go back above its start."""
        await self._to(_raised(self._start_m), 0.5)
        await self._stage.session.grip(self._around_m, _HOLD_N)
        await self._to(self._start_m, 0.5)
        measured = await self._pass()
        await self._to(_raised(self._end_m), 0.5)
        await self._to(_raised(self._start_m), 0.5)
        return measured

    async def pushing(self) -> Pass:
        """Put the fingers around the block and push it with the one behind it."""
        session = self._stage.session
        await session.grip(self._open_m, _FORCE_N)
        await self._to(self._start_m, 0.5)
        # From here on the planner knows that the block comes along. Then the fingers open a little,
        # so that the block stands on the bench by its own weight and is pushed, not carried.
        await session.grip(0.0, _FORCE_N, attach=BLOCK)
        await session.grip(self._around_m, _HOLD_N)
        measured = await self._pass()
        await session.grip(self._open_m, _FORCE_N, detach=BLOCK)
        await self._to(_raised(self._end_m), 0.5)
        return measured

    async def _to(self, place_m: tuple[float, float, float], scale: float) -> None:
        goal = LineGoal(Pose(place_m, _DOWN))
        await self._stage.session.move(PlanRequest(goal, speed_scale=scale, seed=self._stage.seed))

    async def _pass(self) -> Pass:
        view, goal = self._stage.view, LineGoal(Pose(self._end_m, _DOWN))
        plan = await view.plan(PlanRequest(goal, speed_scale=self._scale, seed=self._stage.seed))
        with view.record() as measurements:
            await self._stage.session.perform(plan)
        return measured_pass(view.model, while_moving(measurements))


def measured_pass(model: RobotModel, measurements: list[Measurement]) -> Pass:
    """Return what was seen on the way; the wrench is that which the motors hold, W = J^-T tau."""
    rows = []
    for measurement in measurements:
        state, scene = measurement.state, measurement.scene
        q = state.of(model.names)
        torque = state.efforts[[state.names.index(name) for name in model.names]]
        wrench = np.linalg.solve(chain.tool_jacobian(q).T, torque)
        seen = scene.objects.get(BLOCK)
        place = seen.pose.position_m if seen else (math.nan,) * 3
        rows.append([chain.tool_pose(q)[1, 3], *wrench[:3], *place])
    table = np.array(rows)
    # Interpolation needs the places to rise; at both ends the hand rests.
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(table[:, 0])) > 1e-6])
    table = table[rising]
    return Pass(table[:, 0], table[:, 1:4], table[:, 4:])


def extra_force(empty: Pass, pushed: Pass) -> Floats:
    """Return the force that pushing takes beyond moving, shape (n, 3), N."""
    alone = [np.interp(pushed.y_m, empty.y_m, column) for column in empty.force_n.T]
    return np.asarray(pushed.force_n - np.column_stack(alone))


def judge(parameters: PushParameters, empty: Pass, pushed: Pass, end: Pose) -> dict[str, Any]:
    """Return the friction that the torques tell, beside Coulomb's force mu N.

    The finger rubs on the block's face, so a hand that comes down by a hair presses the block onto
    the bench, and one that goes up lifts it; the torques tell that force as well.
    """
    share = (pushed.y_m - pushed.y_m[0]) / parameters.distance_m
    middle = (share > 0.25) & (share < 0.75)
    _, force, lifting = np.mean(extra_force(empty, pushed)[middle], axis=0)
    weight = weight_n(parameters)
    normal = max(weight - lifting, 1e-3)
    turned = end.matrix()
    return {
        "pushing_force_n": rounded(force, 2),
        "coulomb_force_n": rounded(parameters.friction * normal, 2),
        "weight_n": rounded(weight, 2),
        "pressed_down_by_the_hand_n": rounded(-lifting, 2),
        "friction_estimated": rounded(force / normal, 3),
        "friction_set": parameters.friction,
        "block_moved_m": rounded(end.position_m[1] - _START_M[1], 4),
        "hand_moved_m": parameters.distance_m,
        "block_off_the_line_mm": rounded(1e3 * (end.position_m[0] - _START_M[0]), 2),
        "block_turned_deg": rounded(math.degrees(math.atan2(turned[1, 0], turned[0, 0])), 2),
        "measurements": int(middle.sum()),
    }


def weight_n(parameters: PushParameters) -> float:
    """Return the weight of the block, N."""
    return parameters.mass_kg * _GRAVITY_M_PER_S2


def _raised(place_m: tuple[float, float, float]) -> tuple[float, float, float]:
    x, y, z = place_m
    return x, y, z + _ABOVE_M


def draw(figure: Figure, parameters: PushParameters, empty: Pass, pushed: Pass) -> None:
    """Draw the force over the way, and the block's path from above."""
    grid = figure.add_gridspec(1, 2, width_ratios=[1.5, 1])
    axes = style.plot(figure, grid[0], "Force of the push, from joint torques", "tool y (m)", "N")
    _, force, lifting = extra_force(empty, pushed).T
    weight = weight_n(parameters)
    coulomb = parameters.friction * (weight - lifting)
    axes.plot(pushed.y_m, coulomb, color=style.ORANGE, linewidth=1.2)
    axes.axhline(parameters.friction * weight, color=style.GREY, linestyle="--")
    axes.plot(pushed.y_m, force, color=style.BLUE)
    names = {
        "friction times weight": style.GREY,
        "the same, with what the hand presses": style.ORANGE,
        "push felt in the joints": style.BLUE,
    }
    for line, (name, color) in enumerate(names.items()):
        place = (0.98, 0.18 - 0.07 * line)
        axes.text(*place, name, color=color, fontsize=8.5, ha="right", transform=axes.transAxes)
    highest = max(parameters.friction * weight, float(np.quantile(force, 0.95)))
    axes.set_ylim(-0.35 * highest, 1.5 * highest)
    above = style.plot(figure, grid[1], "The block, from above", "x (m)", "y (m)")
    for place, color in ((pushed.block_m[0], style.GREY), (pushed.block_m[-1], style.ORANGE)):
        corners = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1], [1, 1]]) * np.array(_SIZE_M[:2]) / 2
        above.plot(*(corners + place[:2]).T, color=color)
    above.plot(*pushed.block_m[:, :2].T, color=style.BLUE)
    above.set_aspect("equal")
    above.set_xlim(_START_M[0] - 0.12, _START_M[0] + 0.12)
