"""Who plans for the ROS robot: MoveIt's move_group, or Lectern's own planner in this process."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from rclpy.action import ActionClient

from lectern.errors import (
    GoalInCollision,
    GoalUnreachable,
    InvalidInput,
    LecternError,
    PathBlocked,
    RobotUnavailable,
    StartInCollision,
)
from lectern.robot.geometry import Floats
from lectern.robot.goals import JointGoal, LineGoal, NamedGoal, PlanRequest, PoseGoal
from lectern.robot.plan import Move, Plan
from lectern.robot.planning.path import length_rad
from lectern.robot.planning.planner import Planner, check_request
from lectern.robot.robot import START_TOLERANCE_RAD
from lectern.robot.scene import Scene
from lectern.robot.trajectory import Trajectory
from lectern_nodes.ros_robot.error_codes import MOVEIT_SUCCESS, moveit_error
from lectern_nodes.ros_robot.goals import (
    joint_constraints,
    line_request,
    plan_goal,
    pose_constraints,
    start_message,
)
from lectern_nodes.ros_robot.link import Errand, RosLink
from lectern_nodes.ros_robot.objects import SceneMessages
from lectern_nodes.ros_robot.settings import RosRobotSettings
from lectern_nodes.ros_robot.trajectories import retimed, way_of, whole_nanoseconds

_MOVE_GROUP = "move_group (ros2 launch lectern_bringup moveit.launch.py)"
# Time that move_group takes beside planning, s.
_OVERHEAD_S = 5.0
_LOOK_S = 0.25
# How MoveIt's way is rounded where a corner is: not at all, else less and less, rad.
_RADII_RAD = (0.0, 0.05, 0.005)


@dataclass(frozen=True)
class Situation:
    """What a plan begins with.

    Attributes:
        start_rad: Where the arm begins, in the order of `RobotModel.names`.
        finger_m: Where the fingers are.
        scene: The surroundings to plan in.
        present: Those that there are.
    """

    start_rad: tuple[float, ...]
    finger_m: float
    scene: Scene
    present: Scene


class Planning(Protocol):
    """Who makes plans."""

    async def plan(self, request: PlanRequest, situation: Situation) -> Plan:
        """Plan one motion; its times are whole nanoseconds. Raises what `RobotView.plan` names."""


class EmbeddedPlanning:
    """Plans in this process."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner

    async def plan(self, request: PlanRequest, situation: Situation) -> Plan:
        """Plan one motion; see `Planning`."""
        return await asyncio.to_thread(self._plan, request, situation)

    def _plan(self, request: PlanRequest, at: Situation) -> Plan:
        plan = self._planner.plan(request, at.start_rad, at.scene, at.finger_m)
        model, scale = self._planner.model, request.speed_scale
        steps = tuple(
            Move(whole_nanoseconds(step.trajectory, model, scale))
            for step in plan.steps
            if isinstance(step, Move)
        )
        return Plan(plan.robot, steps, plan.figures)


class MoveItPlanning:
    """Asks move_group.

    What cannot be planned at all (limits, touching at the start or at the goal, out of reach) is
    found out here first, so that the error names the joint or what touches, which MoveIt's code
    does not. What MoveIt found is timed anew (see `trajectories`) and proven free of collisions.
    """

    def __init__(
        self,
        link: RosLink,
        types: Any,
        settings: RosRobotSettings,
        planner: Planner,
        messages: SceneMessages,
    ) -> None:
        self._link = link
        self._types = types
        self._settings = settings
        self._planner = planner
        self._model = planner.model
        self._messages = messages
        self._action = ActionClient(link.node, types.MoveGroup, settings.move_action)
        self._lines = link.node.create_client(types.GetCartesianPath, "compute_cartesian_path")

    async def plan(self, request: PlanRequest, situation: Situation) -> Plan:
        """Plan one motion; see `Planning`.

        Raises:
            RobotUnavailable: move_group is not there, or went away.
        """
        began_s = time.monotonic()
        check_request(request)
        await asyncio.to_thread(self._check_ends, request, situation)
        if isinstance(request.goal, LineGoal):
            way = await self._line(request.goal, situation)
        else:
            way = await self._path(request, situation)
        found_s = time.monotonic()
        trajectory = await asyncio.to_thread(self._timed, way, request, situation)
        figures = {
            "planning_ms": 1e3 * (time.monotonic() - began_s),
            "timing_ms": 1e3 * (time.monotonic() - found_s),
            "path_length_rad": length_rad(trajectory.positions),
            "duration_s": trajectory.duration_s,
        }
        return Plan(self._model.name, (Move(trajectory),), MappingProxyType(figures))

    def _check_ends(self, request: PlanRequest, at: Situation) -> None:
        start = np.array(at.start_rad)
        self._model.check_positions(start, "start", START_TOLERANCE_RAD)
        touching = self._touching(start, at)
        if touching:
            raise StartInCollision(
                f"Where the motion begins, {touching} touch.", "Move the robot or the object apart."
            )
        goals = self._goals(request, start)
        contacts = [self._touching(goal, at) for goal in goals]
        if all(contacts) and contacts:
            raise GoalInCollision(
                f"At the goal, {contacts[0]} touch.", "Choose another goal, or make room."
            )

    def _goals(self, request: PlanRequest, start: Floats) -> list[Floats]:
        goal = request.goal
        if isinstance(goal, (PoseGoal, LineGoal)):
            return self._planner.kinematics.reach(goal.pose, start)
        positions = np.asarray(self._joints(goal), dtype=np.float64)
        self._model.check_positions(positions, "goal")
        return [positions]

    def _joints(self, goal: Any) -> tuple[float, ...]:
        if isinstance(goal, JointGoal):
            return goal.positions_rad
        if isinstance(goal, NamedGoal):
            return self._model.pose_named(goal.name)
        raise InvalidInput(f"{type(goal).__name__} is no goal.", "Give one of lectern.robot.goals.")

    def _touching(self, q: Floats, at: Situation) -> str:
        pairs = self._planner.robot_contacts(q, at.finger_m, at.scene)
        return ", ".join(f"{first} and {second}" for first, second in pairs[:3])

    async def _path(self, request: PlanRequest, at: Situation) -> Floats:
        goal = request.goal
        if isinstance(goal, PoseGoal):
            constraints = pose_constraints(self._types, self._model, goal.pose)
        else:
            constraints = joint_constraints(self._types, self._model, self._joints(goal))
        message = plan_goal(
            self._types,
            request,
            start=self._start(at),
            constraints=constraints,
            group=self._settings.group,
            pipeline=self._settings.pipeline,
            scene_diff=self._difference(at),
        )
        result = await self._ask(message, request.timeout_s + _OVERHEAD_S)
        error = moveit_error(result.error_code.val)
        if error is not None:
            raise error
        way = way_of(result.planned_trajectory.joint_trajectory, self._model)
        if isinstance(goal, PoseGoal):
            return way
        way[-1] = self._joints(goal)  # MoveIt ends within its tolerance of it
        return way

    async def _ask(self, message: Any, limit_s: float) -> Any:
        name = f"action server {self._settings.move_action}"
        await self._link.ready(
            self._action.server_is_ready, name, self._settings.wait_s, _MOVE_GROUP
        )
        errand = Errand(self._link, self._action, message)
        try:
            return await self._result(errand, limit_s)
        except BaseException:
            errand.cancel()  # nobody waits for it any more
            raise

    async def _result(self, errand: Errand, limit_s: float) -> Any:
        until_s = time.monotonic() + limit_s
        gone = 0
        for wanted in (errand.accepted, errand.result):
            while not (await asyncio.wait({wanted}, timeout=_LOOK_S))[0]:
                gone = 0 if errand.server_is_there() else gone + 1
                if gone > 2 or time.monotonic() > until_s:
                    what = "went away" if gone > 2 else f"did not answer within {limit_s:g} s"
                    raise RobotUnavailable(
                        f"MoveIt's action server {self._settings.move_action} {what}.",
                        f"Start {_MOVE_GROUP}.",
                    )
            if wanted is errand.accepted and not wanted.result():
                raise RobotUnavailable(
                    "MoveIt rejected the request for a plan.", "Look at move_group's log."
                )
        return errand.result.result()[1]

    async def _line(self, goal: LineGoal, at: Situation) -> Floats:
        if at.scene != at.present:
            raise InvalidInput(
                "MoveIt plans straight lines in the present scene only.",
                "Change the scene first, or use the planner embedded.",
            )
        answer = await self._cartesian(goal, at, avoid=True)
        if answer.error_code.val == MOVEIT_SUCCESS and answer.fraction >= 1.0:
            return way_of(answer.solution.joint_trajectory, self._model)
        free = await self._cartesian(goal, at, avoid=False)
        where = f"at {100 * max(0.0, answer.fraction):.0f} % of the straight line"
        if free.error_code.val == MOVEIT_SUCCESS and free.fraction >= 1.0:
            raise PathBlocked(f"Something is in the way {where}.", "Make room, or choose another.")
        error = moveit_error(free.error_code.val)
        if isinstance(error, RobotUnavailable):
            raise error
        raise GoalUnreachable(
            f"The arm cannot go on {where}: out of reach, at a limit, or at a singularity.",
            "Choose another line, or a pose goal, which may take any path.",
        )

    async def _cartesian(self, goal: LineGoal, at: Situation, avoid: bool) -> Any:
        request = line_request(
            self._types,
            self._model,
            goal.pose,
            start=self._start(at),
            group=self._settings.group,
            avoid=avoid,
        )
        return await self._link.call(self._lines, request, self._settings.wait_s, _MOVE_GROUP)

    def _start(self, at: Situation) -> Any:
        return start_message(self._types, self._model, at.start_rad, at.finger_m)

    def _difference(self, at: Situation) -> Any | None:
        """Return what must change for the scene to plan in; None: nothing."""
        return None if at.scene == at.present else self._messages.change(at.present, at.scene)

    def _timed(self, way: Floats, request: PlanRequest, at: Situation) -> Trajectory:
        """Time a way so that the motion is proven free; corners are rounded less and less."""
        if np.abs(way[0] - at.start_rad).max() > START_TOLERANCE_RAD:
            raise RobotUnavailable(
                "MoveIt's plan begins elsewhere than asked for.", "Look at its joint states."
            )
        way = np.clip(way, self._model.lower, self._model.upper)
        blocked: LecternError | None = None
        for radius_rad in _RADII_RAD:
            trajectory = retimed(way, self._model, request.speed_scale, radius_rad)
            plan = Plan(self._model.name, (Move(trajectory),))
            try:
                self._planner.check(plan, at.scene, at.start_rad, at.finger_m)
            except PathBlocked as error:
                blocked = blocked or error
            else:
                return trajectory
        assert blocked is not None
        raise blocked
