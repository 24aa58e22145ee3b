"""Where does a mobile base believe it is? Its wheels are counted, and the error grows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from lectern.robot.demos import style
from lectern.robot.demos.base import Demo, DemoResult, Parameters, Playback, Stage, rounded
from lectern.robot.description import BaseNumbers, base_numbers, unfold_base
from lectern.robot.geometry import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STEP_S = 0.001
_ENCODER_S = 0.01
_FRAME_S = 0.05
_ENCODER_COUNTS = 4096
# Torque of a wheel's motor for each rad/s that it is too slow, N m s/rad.
_SERVO = 2.0


class OdometryParameters(Parameters):
    """The route, what the odometry believes of the base, and the floor."""

    route: Literal["square", "circle"] = Field("square", description="Route, to the left.")
    size_m: float = Field(1.0, ge=0.5, le=3, description="Side of the square, or diameter.")
    laps: int = Field(1, ge=1, le=5, description="How often the route is driven.")
    speed_m_per_s: float = Field(0.3, ge=0.1, le=0.6, description="Speed on the straights.")
    radius_error_percent: float = Field(
        0.0, ge=-10, le=10, description="By how much the wheel radius is believed too large."
    )
    track_error_percent: float = Field(
        2.0,
        ge=-10,
        le=10,
        description="By how much the distance of the wheels is believed too large.",
    )
    floor_friction: float = Field(
        0.9,
        ge=0.02,
        le=1.5,
        description="Coulomb friction of the floor; little of it lets wheels slip.",
    )
    acceleration_m_per_s2: float = Field(0.5, ge=0.1, le=2, description="How hard the base drives.")


@dataclass(frozen=True)
class Drive:
    """A simulated drive; one row for each reading of the encoders.

    Attributes:
        times_s: Shape (n,).
        wheels_rad: What the encoders say, left and right, shape (n, 2).
        truth: Where the base is: x, y in m, heading in rad without jumps, shape (n, 3).
    """

    times_s: Floats
    wheels_rad: Floats
    truth: Floats


class Odometry(Demo[OdometryParameters]):
    """Wheel odometry of a differential-drive base against the truth."""

    name = "odometry"
    title = "Differential drive: wheel odometry against the truth"
    section = "01-what-a-robot-is.md#kinds-of-robots-arms-mobile-robots-humanoids"
    section_title = "Kinds of robots: arms, mobile robots, humanoids"
    Parameters = OdometryParameters

    async def run(self, stage: Stage, parameters: OdometryParameters) -> DemoResult:
        """Drive the route in a simulation of its own and integrate the encoders."""
        stage.tell("Driving the base in a simulation of its own; the arm stays where it is.")
        base = base_numbers()
        drive = await stage.compute(simulate, parameters, base)
        believed = integrate(drive.wheels_rad, *believed_size(parameters, base))
        return DemoResult(
            numbers=judge(parameters, base, drive, believed),
            series=series(drive, believed),
            pictures={
                "route": await stage.compute(
                    style.picture, lambda figure: draw(figure, drive, believed), 520
                )
            },
            playback=playback(drive, believed),
        )


def believed_size(parameters: OdometryParameters, base: BaseNumbers) -> tuple[float, float]:
    """Return wheel radius and track as the odometry has them, m."""
    return (
        base.wheel_radius_m * (1 + parameters.radius_error_percent / 100),
        base.wheel_separation_m * (1 + parameters.track_error_percent / 100),
    )


def integrate(wheels_rad: Floats, radius_m: float, track_m: float) -> Floats:
    """Return the poses that wheel angles, shape (n, 2), amount to: x, y, heading, shape (n, 3).

    Between two readings the base drives an arc; its chord points along the middle heading.
    """
    turned = np.diff(wheels_rad, axis=0) * radius_m
    forward, turn = turned.mean(axis=1), (turned[:, 1] - turned[:, 0]) / track_m
    heading = np.concatenate([[0.0], np.cumsum(turn)])
    middle = heading[:-1] + turn / 2
    x, y = np.cumsum(forward * np.cos(middle)), np.cumsum(forward * np.sin(middle))
    return np.column_stack([np.append(0.0, x), np.append(0.0, y), heading])


def commands(parameters: OdometryParameters, base: BaseNumbers) -> Floats:
    """Return the wheel speeds to drive, left and right, shape (steps, 2), rad/s."""
    speed, push = parameters.speed_m_per_s, parameters.acceleration_m_per_s2
    half = base.wheel_separation_m / 2
    if parameters.route == "circle":
        radius = parameters.size_m / 2
        v = trapezium(2 * math.pi * radius * parameters.laps, speed, push)
        track = np.column_stack([v * (1 - half / radius), v * (1 + half / radius)])
    else:
        straight = trapezium(parameters.size_m, speed, push)
        # On the spot, both wheels roll a quarter of the circle they stand on.
        corner = trapezium(math.pi / 2 * half, speed / 2, push)
        side = np.concatenate(
            [np.column_stack([straight, straight]), np.column_stack([-corner, corner])]
        )
        track = np.tile(side, (4 * parameters.laps, 1))
    return track / base.wheel_radius_m


def trapezium(distance_m: float, speed_m_per_s: float, acceleration_m_per_s2: float) -> Floats:
    """Return speeds, one for each step, that cover a distance from rest to rest."""
    speed = min(speed_m_per_s, math.sqrt(distance_m * acceleration_m_per_s2))
    ramp_s = speed / acceleration_m_per_s2
    total_s = distance_m / speed + ramp_s
    count = math.ceil(total_s / _STEP_S)
    middles_s = (np.arange(count) + 0.5) * _STEP_S
    shape = np.clip(np.minimum(middles_s, total_s - middles_s) / ramp_s, 0.0, 1.0)
    return np.asarray(shape * distance_m / (shape.sum() * _STEP_S))


def simulate(parameters: OdometryParameters, base: BaseNumbers) -> Drive:
    """Drive the route on the floor."""
    import mujoco

    model = build(parameters.floor_friction, base)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    wheels = [int(model.joint(f"wheel_{side}_joint").qposadr[0]) for side in ("left", "right")]
    speeds = commands(parameters, base)
    # Half a second to come to rest, at the start on the wheels and at the end.
    rest = np.zeros((round(0.5 / _STEP_S), 2))
    every, rows = round(_ENCODER_S / _STEP_S), []
    for step, speed in enumerate(np.concatenate([rest, speeds, rest])):
        if step % every == 0 and step >= len(rest):
            rows.append([data.time, *data.qpos[wheels], *_planar(data.qpos)])
        data.ctrl[:] = speed
        mujoco.mj_step(model, data)
    return _drive(np.array(rows))


def _planar(qpos: Floats) -> tuple[float, float, float]:
    x, y, _, w, qx, qy, z = qpos[:7]
    return float(x), float(y), math.atan2(2 * (w * z + qx * qy), 1 - 2 * (qy * qy + z * z))


def _drive(table: Floats) -> Drive:
    """Let time, wheels and pose begin at zero, and read the wheels in whole counts."""
    start = table[0]
    wheels = table[:, 1:3] - start[1:3]
    count = 2 * math.pi / _ENCODER_COUNTS
    heading = np.unwrap(table[:, 5]) - start[5]
    c, s = math.cos(start[5]), math.sin(start[5])
    place = (table[:, 3:5] - start[3:5]) @ np.array([[c, -s], [s, c]])
    return Drive(
        table[:, 0] - start[0],
        np.floor(wheels / count) * count,
        np.column_stack([place, heading]),
    )


def build(floor_friction: float, base: BaseNumbers) -> Any:
    """Return the MuJoCo model of the base on a floor."""
    import mujoco

    from lectern.robot.demos.private import spec_of

    spec = spec_of(unfold_base(), _STEP_S)
    # Stiff contacts: otherwise tyres creep where real ones grip.
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10.0
    spec.body("base_footprint").add_freejoint()
    for geom in spec.geoms:
        geom.contype, geom.conaffinity = 0, int(geom.parent.name == "caster_link")
        geom.priority, geom.friction = 2, (0.01, 0.0, 0.0)
    for side in ("left", "right"):
        # A tyre touches in one point: the track is then the distance of the wheels' middles.
        spec.body(f"wheel_{side}_link").add_geom(
            type=mujoco.mjtGeom.mjGEOM_SPHERE,
            size=(base.wheel_radius_m, 0, 0),
            mass=0.0,
            contype=0,
            conaffinity=1,
        )
    for geom in spec.geoms:
        geom.solref = (5 * _STEP_S, 1.0)
    # Contacts take the friction of the surface with the higher priority.
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=(10, 10, 0.1),
        priority=1,
        contype=1,
        conaffinity=0,
        friction=(floor_friction, 0.0, 0.0),
        solref=(5 * _STEP_S, 1.0),
    )
    for side in ("left", "right"):
        motor = spec.add_actuator(name=side, target=f"wheel_{side}_joint")
        motor.trntype = mujoco.mjtTrn.mjTRN_JOINT
        motor.set_to_velocity(kv=_SERVO)
        motor.forcelimited = True
        motor.forcerange = (-base.max_wheel_effort_nm, base.max_wheel_effort_nm)
    return spec.compile()


def judge(
    parameters: OdometryParameters, base: BaseNumbers, drive: Drive, believed: Floats
) -> dict[str, Any]:
    """Return the error at the end, what it should be by the wrong sizes alone, and the rest."""
    length = float(np.linalg.norm(np.diff(drive.truth[:, :2], axis=0), axis=1).sum())
    error = believed[-1] - drive.truth[-1]
    exact = integrate(drive.wheels_rad, base.wheel_radius_m, base.wheel_separation_m)
    slip = exact[-1] - drive.truth[-1]
    ratio = (1 + parameters.radius_error_percent / 100) / (1 + parameters.track_error_percent / 100)
    turned = 2 * math.pi * parameters.laps
    final = float(np.hypot(*error[:2]))
    return {
        "path_length_m": rounded(length, 3),
        "final_position_error_mm": rounded(1e3 * final, 1),
        "drift_mm_per_m": rounded(1e3 * final / length, 2),
        "final_heading_error_deg": rounded(math.degrees(error[2]), 2),
        # Heading is radius / track times what the encoders count, so their ratio decides.
        "heading_error_by_wrong_sizes_deg": rounded(math.degrees(turned * (ratio - 1)), 2),
        "position_error_by_slip_mm": rounded(1e3 * float(np.hypot(*slip[:2])), 1),
        "heading_error_by_slip_deg": rounded(math.degrees(slip[2]), 2),
        "truth_misses_start_by_mm": rounded(1e3 * float(np.hypot(*drive.truth[-1, :2])), 1),
    }


def series(drive: Drive, believed: Floats) -> dict[str, Any]:
    """Return both routes, five rows a second."""
    thin = slice(None, None, round(0.2 / _ENCODER_S))
    return {
        "times_s": rounded(drive.times_s[thin], 3),
        "truth_m": rounded(drive.truth[thin, :2]),
        "odometry_m": rounded(believed[thin, :2]),
        "heading_error_deg": rounded(np.degrees(believed[thin, 2] - drive.truth[thin, 2]), 3),
    }


def playback(drive: Drive, believed: Floats) -> Playback:
    """Return what the page shows moving."""
    thin = slice(None, None, round(_FRAME_S / _ENCODER_S))
    poses = {"truth": rounded(drive.truth[thin]), "odometry": rounded(believed[thin])}
    return Playback("base", rounded(drive.times_s[thin], 3), poses)


def draw(figure: Figure, drive: Drive, believed: Floats) -> None:
    """Draw both routes from above, and the errors over the way driven."""
    grid = figure.add_gridspec(2, 2, width_ratios=[1.1, 1])
    above = style.plot(figure, grid[:, 0], "The route, from above", "x (m)", "y (m)")
    for poses, color, name in (
        (drive.truth, style.INK, "truth"),
        (believed, style.ORANGE, "odometry"),
    ):
        above.plot(poses[:, 0], poses[:, 1], color=color)
        above.plot(*poses[-1, :2], "o", color=color, markersize=6)
        third = len(poses) * (6 if name == "truth" else 5) // 16
        style.mark(above, poses[third, :2], name, color, xytext=(6, 4))
    above.set_aspect("equal")
    above.margins(0.18)
    way = np.append(0.0, np.linalg.norm(np.diff(drive.truth[:, :2], axis=0), axis=1).cumsum())
    error = believed - drive.truth
    top = style.plot(figure, grid[0, 1], "Position error", "", "mm")
    top.plot(way, 1e3 * np.hypot(error[:, 0], error[:, 1]), color=style.ORANGE)
    below = style.plot(figure, grid[1, 1], "Heading error", "way driven (m)", "degrees")
    below.plot(way, np.degrees(error[:, 2]), color=style.ORANGE)
