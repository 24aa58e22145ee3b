"""A small move_group: MoveIt's actions and services, with the core's own planner behind them."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from lectern_nodes.core_loop import CoreLoop
from lectern_nodes.deferred import answer_later, no_callback
from lectern_nodes.ros_robot import moveit_types as types
from lectern_nodes.ros_robot.link import SUCCEEDED, Errand, RosLink
from lectern_nodes.ros_robot.objects import pose_of
from lectern_nodes.ros_robot.trajectories import duration_message, way_of
from rclpy.action import ActionClient
from rclpy.action.server import GoalEvent, ServerGoalHandle
from rclpy.node import Node
from small_robot import Served, SmallRobot

from lectern import errors
from lectern.errors import GoalUnreachable, LecternError
from lectern.robot.geometry import Pose
from lectern.robot.goals import JointGoal, PlanRequest, PoseGoal
from lectern.robot.planning.line import along_line
from lectern.robot.planning.planner import Planner
from lectern.robot.planning.timing import through, timed
from lectern.robot.scene import Scene
from lectern.robot.trajectory import Trajectory

_CODES = {
    errors.StartInCollision: -10,
    errors.GoalInCollision: -12,
    errors.GoalUnreachable: -31,
    errors.PlanningTimeout: -1,
    errors.PathBlocked: -2,
    errors.LimitsExceeded: -27,
}
_Plan, _Execute = types.MoveGroup, types.ExecuteTrajectory


class SmallMoveGroup:
    """Plans, executes through the arm's controller, and computes straight lines.

    `faults`: `reject`, `silent` as for `SmallRobot`; `code N` answers with that error code;
    `through` plans straight through everything, so that only the asking side's own proof finds it.
    """

    def __init__(self, node: Node, loop: CoreLoop, small: SmallRobot) -> None:
        self.faults: set[str] = set()
        self.asked: list[Any] = []
        self._small = small
        self._model = small.robot.model
        self._planner = Planner(self._model)
        self._link = RosLink(node, "client")
        follow = "arm_controller/follow_joint_trajectory"
        self._arm = ActionClient(self._link.node, types.FollowJointTrajectory, follow)
        self._link.start()
        self.planning = Served(_Plan, "move_action", loop=loop, work=self._plan, faults=self.faults)
        self.executing = Served(
            _Execute,
            "execute_trajectory",
            loop=loop,
            work=self._execute,
            faults=self.faults,
        )
        lines = node.create_service(types.GetCartesianPath, "compute_cartesian_path", no_callback)
        answer_later(lines, lambda asked, answer: loop.submit(self._line(asked, answer)))

    def close(self) -> None:
        """Leave the graph."""
        self.planning.die()
        self.executing.die()
        self._link.close()

    async def _plan(self, handle: ServerGoalHandle) -> tuple[GoalEvent, Any]:
        goal, result = handle.request, _Plan.Result()
        self.asked.append(goal)
        assert goal.planning_options.plan_only
        told = next((int(f.split()[1]) for f in self.faults if f.startswith("code ")), None)
        if told is not None:
            result.error_code.val = told
            return GoalEvent.ABORT, result
        try:
            trajectory = await asyncio.to_thread(self._found, goal)
        except LecternError as error:
            result.error_code.val = _CODES.get(type(error), 99999)
            return GoalEvent.ABORT, result
        result.error_code.val = 1
        result.planned_trajectory.joint_trajectory = as_moveit_sends(trajectory)
        return GoalEvent.SUCCEED, result

    def _found(self, goal: Any) -> Trajectory:
        wanted = goal.request
        present = self._small.present()
        scene = self._small.messages.applied(present, goal.planning_options.planning_scene_diff)
        if "through" in self.faults:
            scene = Scene()
        start = self._start(wanted.start_state)
        finger_m = wanted.start_state.joint_state.position[-1]
        (constraints,) = wanted.goal_constraints
        if constraints.joint_constraints:
            by_name = {each.joint_name: each.position for each in constraints.joint_constraints}
            aim: Any = JointGoal(tuple(by_name[name] for name in self._model.names))
        else:
            aim = PoseGoal(_pose_of(constraints))
        request = PlanRequest(aim, timeout_s=wanted.allowed_planning_time)
        return self._planner.plan(request, start, scene, finger_m).steps[0].trajectory

    def _start(self, state: Any) -> tuple[float, ...]:
        at = dict(zip(state.joint_state.name, state.joint_state.position, strict=True))
        return tuple(at[name] for name in self._model.names)

    async def _execute(self, handle: ServerGoalHandle) -> tuple[GoalEvent, Any]:
        goal = types.FollowJointTrajectory.Goal(
            trajectory=handle.request.trajectory.joint_trajectory
        )
        errand = Errand(self._link, self._arm, goal)
        try:
            if not await errand.accepted:
                return GoalEvent.ABORT, _executed(-4)
            status, _ = await errand.result
        except asyncio.CancelledError:
            errand.cancel()
            raise
        if status != SUCCEEDED:
            return GoalEvent.ABORT, _executed(-4)
        return GoalEvent.SUCCEED, _executed(1)

    async def _line(self, asked: Any, answer: Any) -> Any:
        start = np.array(self._start(asked.start_state))
        goal = pose_of(asked.waypoints[0])
        answer.error_code.val = 1
        try:
            points = await asyncio.to_thread(along_line, self._planner.kinematics, start, goal)
        except GoalUnreachable:
            answer.fraction = 0.0
            return answer
        free = len(points)
        if asked.avoid_collisions:
            scene, finger_m = self._small.present(), asked.start_state.joint_state.position[-1]
            touching = (bool(self._planner.robot_contacts(q, finger_m, scene)) for q in points)
            free = next((n for n, hit in enumerate(touching) if hit), len(points))
        answer.fraction = free / len(points)
        if free > 1:
            trajectory = timed(through(points[:free]), self._model, 1.0)
            way = as_moveit_sends(trajectory)
            assert np.allclose(way_of(way, self._model)[-1], points[free - 1])
            answer.solution.joint_trajectory = way
        return answer


def as_moveit_sends(trajectory: Trajectory) -> Any:
    """Return points every tenth of a second, with accelerations, as MoveIt's timing has them."""
    count = max(2, int(trajectory.duration_s / 0.1))
    times = np.linspace(0.0, trajectory.duration_s, count)
    rows = zip(times, *trajectory.sample(times), strict=True)
    points = [
        types.JointTrajectoryPoint(
            positions=q.tolist(),
            velocities=v.tolist(),
            accelerations=a.tolist(),
            time_from_start=duration_message(types, float(t)),
        )
        for t, q, v, a in rows
    ]
    return types.JointTrajectory(joint_names=list(trajectory.names), points=points)


def _executed(code: int) -> Any:
    result = _Execute.Result()
    result.error_code.val = code
    return result


def _pose_of(constraints: Any) -> Pose:
    (place,), (turn,) = constraints.position_constraints, constraints.orientation_constraints
    centre = pose_of(place.constraint_region.primitive_poses[0])
    q = turn.orientation
    return Pose(centre.position_m, (q.x, q.y, q.z, q.w))
