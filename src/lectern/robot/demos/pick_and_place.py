"""Sense, plan, act: find a cube, grip it, and put it on the tray."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from lectern.errors import GoalUnreachable, GraspFailed
from lectern.robot.demos import style
from lectern.robot.demos.base import Demo, DemoResult, Parameters, Stage, rounded
from lectern.robot.demos.values import SpeedScale
from lectern.robot.geometry import Floats, Pose
from lectern.robot.goals import JointGoal, LineGoal, PlanRequest, PoseGoal
from lectern.robot.robot import Execution, Measurement
from lectern.robot.scene import Scene, SceneObject
from lectern.robot.scenes import CUBE_EDGE_M, bench

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CUBE = "red_cube"
TRAY = "tray"
# How far above its place the gripper comes and goes.
_ABOVE_M = 0.12
# The fingers must not press the cube into the tray.
_GAP_M = 0.001
# Where the seed may put the cube: free of the other cubes and the tray.
_AREA_X_M, _AREA_Y_M = (0.35, 0.60), (-0.15, 0.10)
# Rows of the cube's way in the result, and what counts as having moved.
_SHOWN = 400
_MOVED_M = 0.0005


class PickAndPlaceParameters(Parameters):
    """Where the cube stands; what is not given is drawn from the seed."""

    cube_x_m: float | None = Field(None, ge=0.3, le=0.65, description="Place of the cube, forward.")
    # Farther to the left the green cube is in the way of the fingers.
    cube_y_m: float | None = Field(None, ge=-0.2, le=0.1, description="Place of the cube, left.")
    cube_yaw_deg: float | None = Field(None, ge=-180, le=180, description="Turn of the cube.")
    grip_force_n: float = Field(15.0, ge=2, le=40, description="Force of the fingers.")
    speed_scale: SpeedScale = Field(0.8, description="Share of the speed limits to move with.")


class PickAndPlace(Demo[PickAndPlaceParameters]):
    """Picking up a 4 cm cube and placing it on the tray, checked by what is measured."""

    name = "pick_and_place"
    title = "Pick and place: a cube from the bench to the tray"
    section = "01-what-a-robot-is.md#the-sense-plan-act-loop"
    section_title = "The sense-plan-act loop"
    Parameters = PickAndPlaceParameters

    async def run(self, stage: Stage, parameters: PickAndPlaceParameters) -> DemoResult:
        """Pick, place, and judge by the gripper's width and by where the cube ends."""
        start = cube_pose(parameters, stage.seed)
        await stage.prepare(bench().move(CUBE, start), pose="ready")
        hand = Hand(stage, parameters)
        stage.tell("Gripping the cube.")
        seen = stage.view.scene().get(CUBE).pose
        place = place_on(stage.view.scene().get(TRAY))
        with stage.view.record() as measurements:
            held = await hand.pick(seen)
            stage.tell("Placing it on the tray.")
            await hand.place(place)
        await stage.go("home", parameters.speed_scale)
        scene, way = stage.view.scene(), way_of_the_cube(measurements)
        return DemoResult(
            numbers=judge(scene, start, place, held),
            series={"times_s": rounded(way[:, 0], 2), "way_of_the_cube_m": rounded(way[:, 1:])},
            pictures={
                "table": await stage.compute(
                    style.picture, lambda figure: draw(figure, scene, way, start), 560
                )
            },
        )


def way_of_the_cube(measurements: list[Measurement]) -> Floats:
    """Return when the cube was where, at most `_SHOWN` rows of s, x, y, z in m.

    Time begins when the cube first moves, and ends when it rests.
    """
    table = np.array([[m.state.stamp_s, *m.scene.get(CUBE).pose.position_m] for m in measurements])
    away_m = np.linalg.norm(table[:, 1:] - table[0, 1:], axis=1)
    left_m = np.linalg.norm(table[:, 1:] - table[-1, 1:], axis=1)
    moving = np.flatnonzero((away_m > _MOVED_M) & (left_m > _MOVED_M))
    if len(moving):
        table = table[max(0, moving[0] - 1) : moving[-1] + 2]
    rows = np.linspace(0, len(table) - 1, min(_SHOWN, len(table))).astype(int)
    table = table[rows]
    table[:, 0] -= table[0, 0]
    return np.asarray(table)


def cube_pose(parameters: PickAndPlaceParameters, seed: int) -> Pose:
    """Return where the cube stands at first: as asked for, and otherwise by chance."""
    chance = np.random.default_rng(seed)
    drawn = (
        float(chance.uniform(*_AREA_X_M)),
        float(chance.uniform(*_AREA_Y_M)),
        float(chance.uniform(-180, 180)),
    )
    asked = (parameters.cube_x_m, parameters.cube_y_m, parameters.cube_yaw_deg)
    x, y, yaw = (d if a is None else a for a, d in zip(asked, drawn, strict=True))
    half = math.radians(yaw) / 2
    return Pose((x, y, CUBE_EDGE_M / 2), (0.0, 0.0, math.sin(half), math.cos(half)))


def place_on(tray: SceneObject) -> Pose:
    """Return the cube's place in the middle of the tray's top."""
    thickness = tray.shape.size_m[2]  # type: ignore[union-attr]
    x, y, z = tray.pose.position_m
    return Pose((x, y, z + thickness / 2 + CUBE_EDGE_M / 2))


def grasp(place_m: tuple[float, float, float], yaw_rad: float) -> Pose:
    """Return the pose of a tool that points down and grips two faces of a cube.

    A cube looks the same after a quarter turn, so the nearest one to straight ahead will do: the
    least turning of the wrist.
    """
    turn = (yaw_rad + math.pi / 4) % (math.pi / 2) - math.pi / 4
    # Down is half a turn about x; the turn about the vertical comes on top of it.
    return Pose(place_m, (math.cos(turn / 2), math.sin(turn / 2), 0.0, 0.0))


def yaw_of(pose: Pose) -> float:
    """Return the turn about the vertical, rad."""
    matrix = pose.matrix()
    return float(math.atan2(matrix[1, 0], matrix[0, 0]))


class Hand:
    """Comes from above, grips or lets go, and leaves upwards."""

    def __init__(self, stage: Stage, parameters: PickAndPlaceParameters) -> None:
        from lectern.robot.planning.kinematics import Kinematics

        self._stage = stage
        self._kinematics = Kinematics(stage.view.model)
        self._scale = parameters.speed_scale
        self._force_n = parameters.grip_force_n
        self._open_m = stage.view.model.gripper.max_width_m

    async def pick(self, cube: Pose) -> Execution:
        """Grip the cube and lift it.

        Raises:
            GraspFailed: The fingers closed beside it.
        """
        pose = grasp(cube.position_m, yaw_of(cube))
        await self._stage.session.grip(self._open_m, self._force_n)
        await self._over(pose)
        await self._line(pose)
        held = await self._stage.session.grip(0.0, self._force_n, attach=CUBE)
        if abs(held.gripper_width_m - CUBE_EDGE_M) > 0.004:
            raise GraspFailed(
                f"The fingers closed to {1000 * held.gripper_width_m:.1f} mm on a cube of "
                f"{1000 * CUBE_EDGE_M:.0f} mm.",
                "Try another place of the cube.",
            )
        await self._line(_raised(pose))
        return held

    async def place(self, place: Pose) -> None:
        """Put the cube down and leave it."""
        x, y, z = place.position_m
        pose = grasp((x, y, z + _GAP_M), 0.0)
        await self._over(pose)
        await self._line(pose)
        await self._stage.session.grip(self._open_m, self._force_n, detach=CUBE)
        await self._line(_raised(pose))

    async def _over(self, pose: Pose) -> None:
        goal = PoseGoal(_raised(pose))
        request = PlanRequest(goal, speed_scale=self._scale, seed=self._stage.seed)
        await self._stage.session.move(request)

    async def _line(self, pose: Pose) -> None:
        scale, seed = 0.5 * self._scale, self._stage.seed
        request = PlanRequest(LineGoal(pose), speed_scale=scale, seed=seed)
        try:
            await self._stage.view.plan(request)
        except GoalUnreachable:
            # The line meets a singularity. Over so short a way the straight motion of the joints
            # stays within millimetres of it.
            request = PlanRequest(self._nearest(pose), speed_scale=scale, seed=seed)
        await self._stage.session.move(request)

    def _nearest(self, pose: Pose) -> JointGoal:
        model = self._stage.view.model
        now = self._stage.view.state().of(model.names)
        return JointGoal(tuple(self._kinematics.inverse(pose, near=now)[0].tolist()))


def _raised(pose: Pose) -> Pose:
    x, y, z = pose.position_m
    return Pose((x, y, z + _ABOVE_M), pose.quaternion_xyzw)


def judge(scene: Scene, start: Pose, place: Pose, held: Execution) -> dict[str, Any]:
    """Return whether the cube ended where it should, and how well."""
    end = scene.get(CUBE).pose
    miss = np.subtract(end.position_m, place.position_m)
    upright = float(end.matrix()[2, 2])
    sideways_mm = 1e3 * float(np.hypot(*miss[:2]))
    placed = sideways_mm < 20 and abs(float(miss[2])) < 0.004 and _is_flat(end)
    return {
        "success": bool(placed and CUBE not in scene.attached),
        "cube_start_m": rounded(start.position_m, 3),
        "cube_end_m": rounded(end.position_m, 4),
        "placing_error_mm": rounded(sideways_mm, 2),
        "height_error_mm": rounded(1e3 * float(miss[2]), 2),
        "tilt_deg": rounded(math.degrees(math.acos(min(1.0, abs(upright)))), 2),
        "gripper_width_on_cube_mm": rounded(1e3 * held.gripper_width_m, 2),
    }


def _is_flat(pose: Pose, within_deg: float = 3.0) -> bool:
    """Tell whether a cube stands on one of its faces."""
    steepest = float(np.abs(pose.matrix()[2, :3]).max())
    return steepest > math.cos(math.radians(within_deg))


def draw(figure: Figure, scene: Scene, way: Floats, start: Pose) -> None:
    """Draw the bench from above with the way of the cube, and the cube's height over time."""
    grid = figure.add_gridspec(1, 2, width_ratios=[1.1, 1])
    above = style.plot(figure, grid[0], "The bench, from above", "y (m)", "x (m)")
    for item in scene.objects.values():
        if item.name != "bench":
            _draw_box(above, item.pose, item, item.colour)
    _draw_box(above, start, scene.get(CUBE), style.GREY, filled=False)
    above.plot(way[:, 2], way[:, 1], color=style.RED, linewidth=1.5)
    style.mark(
        above, (start.position_m[1], start.position_m[0]), "start", style.GREY, xytext=(14, 8)
    )
    above.plot(0, 0, "o", color=style.INK, markersize=8)
    style.mark(above, (0, 0), "base", style.INK, xytext=(8, -2))
    above.set_aspect("equal")
    above.set_xlim(0.45, -0.6)
    above.set_ylim(-0.08, 0.75)
    side = style.plot(figure, grid[1], "Height of the cube", "time since it left (s)", "z (m)")
    side.plot(way[:, 0], way[:, 3], color=style.RED)
    side.set_ylim(0.0, 1.15 * float(way[:, 3].max()))


def _draw_box(axes: Any, pose: Pose, item: SceneObject, color: Any, filled: bool = True) -> None:
    size = np.array(item.shape.size_m[:2]) / 2  # type: ignore[union-attr]
    corners: Floats = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]]) * size
    matrix = pose.matrix()
    placed = corners @ matrix[:2, :2].T + matrix[:2, 3]
    axes.fill(placed[:, 1], placed[:, 0], facecolor=color if filled else "none", edgecolor=color)
