"""A small robot on the graph: controllers, joint states and planning scene of a simulated arm.

Real actions and real physics, few lines; what it does wrong on purpose is told by its `faults`.
"""

from __future__ import annotations

import threading
from typing import Any

from lectern_nodes.core_loop import CoreLoop
from lectern_nodes.deferred import begin_goal, end_goal
from lectern_nodes.ros_robot import moveit_types as types
from lectern_nodes.ros_robot.objects import SceneMessages
from lectern_nodes.ros_robot.scene_service import SceneService
from lectern_nodes.ros_robot.trajectories import seconds_of
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import GoalEvent, ServerGoalHandle
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node

from lectern.errors import LecternError, PlanOutdated, TrackingLost
from lectern.robot.chain import chain_of
from lectern.robot.embedded.robot import EmbeddedRobot
from lectern.robot.following import CommandedPoint, commanded
from lectern.robot.geometry import Pose
from lectern.robot.plan import Grip, Move, Plan

_Follow, _Gripper = types.FollowJointTrajectory, types.GripperCommand


def serve(node: Node, kind: Any, name: str, *, loop: CoreLoop, work: Any, faults: set[str]) -> Any:
    """Serve an action whose goals a coroutine carries out: it returns the event and the result."""
    tasks: dict[bytes, Any] = {}

    def on_accepted(handle: ServerGoalHandle) -> None:
        begin_goal(handle)
        if "silent" not in faults:
            tasks[bytes(handle.goal_id.uuid)] = loop.submit(run(handle))

    async def run(handle: ServerGoalHandle) -> None:
        try:
            event, result = await work(handle)
        except BaseException as error:
            event = GoalEvent.CANCELED if not isinstance(error, Exception) else GoalEvent.ABORT
            result = kind.Result()
            end_goal(server, handle, event, result)
            raise
        end_goal(server, handle, event, result)

    def on_cancel(handle: ServerGoalHandle) -> CancelResponse:
        task = tasks.get(bytes(handle.goal_id.uuid))
        if task is not None:
            task.cancel()
        return CancelResponse.ACCEPT

    server = ActionServer(
        node,
        kind,
        name,
        execute_callback=lambda handle: kind.Result(),
        callback_group=MutuallyExclusiveCallbackGroup(),
        goal_callback=lambda _: GoalResponse.REJECT if "reject" in faults else GoalResponse.ACCEPT,
        handle_accepted_callback=on_accepted,
        cancel_callback=on_cancel,
    )
    return server


class SmallRobot:
    """Puts a simulated arm on the graph.

    `faults`: `reject` (goals), `silent` (goals are taken and nothing happens), `lie` (says that it
    succeeded and did not move), `abort` (gives up at once), `mute` (no joint states).
    """

    def __init__(self, node: Node, loop: CoreLoop, robot: EmbeddedRobot) -> None:
        self.robot = robot
        self.faults: set[str] = set()
        self.stops = 0
        self.followed: list[Any] = []
        self._loop = loop
        self._states = node.create_publisher(types.JointState, "joint_states", 1000)
        follow, grip = "arm_controller/follow_joint_trajectory", "gripper_controller/gripper_cmd"
        self.arm = serve(node, _Follow, follow, loop=loop, work=self._follow, faults=self.faults)
        self.gripper = serve(node, _Gripper, grip, loop=loop, work=self._grip, faults=self.faults)
        node.create_service(types.Trigger, "robot/stop", self._on_stop)
        chain = chain_of(robot.model.urdf, robot.model.names)
        touch = chain_of(robot.model.urdf, robot.model.names[-1:]).moved()

        def link_pose(link: str) -> Pose:
            at = robot.state().of(robot.model.names)[None, :]
            return Pose.from_matrix(chain.poses(at)[link][0])

        self.messages = SceneMessages(types, touch, chain.root, link_pose)
        self.scene = SceneService(
            node,
            types,
            self.messages,
            scene=robot.scene,
            change=lambda wanted, present: loop.submit(robot.set_scene(wanted, present)),
        )
        robot._simulator.listen(self._tell)

    def close(self) -> None:
        """Say nothing any more."""
        self.robot._simulator.unlisten(self._tell)
        self.messages.close()

    def _tell(self, snapshot: Any) -> None:
        if "mute" in self.faults:
            return
        state = snapshot.state
        whole, rest = divmod(round(state.stamp_s * 1e9), 10**9)
        message = types.JointState(
            header=types.Header(stamp=types.Time(sec=whole, nanosec=rest)),
            name=list(reversed(state.names)),  # as they come, in any order
            position=state.positions[::-1].tolist(),
            velocity=state.velocities[::-1].tolist(),
            effort=state.efforts[::-1].tolist(),
        )
        self._states.publish(message)

    async def _follow(self, handle: ServerGoalHandle) -> tuple[GoalEvent, Any]:
        message = handle.request.trajectory
        self.followed.append(message)
        if "lie" in self.faults:
            return GoalEvent.SUCCEED, _Follow.Result()
        if "abort" in self.faults:
            result = _Follow.Result(
                error_code=_Follow.Result.PATH_TOLERANCE_VIOLATED, error_string="joint_2"
            )
            return GoalEvent.ABORT, result
        try:
            points = [
                CommandedPoint(
                    seconds_of(p.time_from_start), p.positions, p.velocities, p.accelerations
                )
                for p in message.points
            ]
            model = self.robot.model
            present = self.robot.state().of(model.names)
            way = commanded(model, message.joint_names, points, present)
            await self.robot.execute(Plan(model.name, (Move(way),)))
        except LecternError as error:
            code = _Follow.Result.INVALID_GOAL
            if isinstance(error, TrackingLost):
                code = _Follow.Result.PATH_TOLERANCE_VIOLATED
            if isinstance(error, PlanOutdated):
                code = _Follow.Result.OLD_HEADER_TIMESTAMP
            return GoalEvent.ABORT, _Follow.Result(error_code=code, error_string=str(error))
        return GoalEvent.SUCCEED, _Follow.Result()

    async def _grip(self, handle: ServerGoalHandle) -> tuple[GoalEvent, Any]:
        command, model = handle.request.command, self.robot.model
        grip = Grip(2 * command.position, command.max_effort)
        done = await self.robot.execute(Plan(model.name, (grip,)))
        reached = abs(done.gripper_width_m - grip.width_m) < 1e-3
        result = _Gripper.Result(
            position=done.gripper_width_m / 2, stalled=not reached, reached_goal=reached
        )
        return GoalEvent.SUCCEED, result

    def _on_stop(self, request: Any, response: Any) -> Any:
        self.stops += 1
        self.robot.stop("robot/stop was called")
        response.success = True
        return response


class Spinning:
    """Spins an executor on a thread of its own until the block ends."""

    def __init__(self, executor: Any) -> None:
        self._executor = executor
        self._thread = threading.Thread(target=executor.spin, daemon=True)

    def __enter__(self) -> Any:
        self._thread.start()
        return self._executor

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()
        self._thread.join(10)
