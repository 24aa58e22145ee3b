"""A small robot on the graph: controllers, joint states and planning scene of a simulated arm.

Real actions and real physics, few lines; what it does wrong on purpose is told by its `faults`.
"""

from __future__ import annotations

import inspect
import threading
from typing import Any

import rclpy
from lectern_nodes.core_loop import CoreLoop
from lectern_nodes.deferred import begin_goal, end_goal
from lectern_nodes.ros_robot import moveit_types as types
from lectern_nodes.ros_robot.objects import SceneMessages
from lectern_nodes.ros_robot.scene_service import SceneService
from lectern_nodes.ros_robot.trajectories import seconds_of
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import GoalEvent, ServerGoalHandle
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.node import Node

from lectern.errors import LecternError, PlanOutdated, TrackingLost
from lectern.robot.chain import chain_of
from lectern.robot.embedded.robot import EmbeddedRobot
from lectern.robot.following import CommandedPoint, commanded
from lectern.robot.geometry import Pose
from lectern.robot.plan import Grip, Move, Plan
from lectern.robot.scene import Attachment, Scene

_Follow, _Gripper = types.FollowJointTrajectory, types.GripperCommand


class Served:
    """One action on the graph, with a node, a thread and a context of its own, as a process has.

    Args:
        kind: Of the action.
        name: Of the action.
        loop: Where its goals are carried out.
        work: Returns the event and the result of a goal.
        faults: `reject`: goals; `silent`: they are taken and nothing happens.
    """

    def __init__(
        self, kind: Any, name: str, *, loop: CoreLoop, work: Any, faults: set[str]
    ) -> None:
        self._kind, self._loop, self._work, self._faults = kind, loop, work, faults
        self._tasks: dict[bytes, Any] = {}
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node(f"server_{kind.__name__.lower()}", context=self._context)
        self._server = ActionServer(
            self._node,
            kind,
            name,
            execute_callback=lambda handle: kind.Result(),
            goal_callback=self._on_goal,
            handle_accepted_callback=self._on_accepted,
            cancel_callback=self._on_cancel,
        )
        executor = SingleThreadedExecutor(context=self._context)
        executor.add_node(self._node)
        self._spinning = Spinning(executor)
        self._spinning.start()

    def die(self) -> None:
        """Leave the graph with all goals, as a process that ends; again: nothing."""
        if not self._context.ok():
            return
        self._spinning.end()
        for handle in self._server._goal_handles.values():
            handle.destroy()
        self._server.destroy()
        self._node.destroy_node()
        self._context.shutdown()

    def _on_goal(self, _: Any) -> GoalResponse:
        return GoalResponse.REJECT if "reject" in self._faults else GoalResponse.ACCEPT

    def _on_accepted(self, handle: ServerGoalHandle) -> None:
        begin_goal(handle)
        if "silent" not in self._faults:
            self._tasks[bytes(handle.goal_id.uuid)] = self._loop.submit(self._run(handle))

    def _on_cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        task = self._tasks.get(bytes(handle.goal_id.uuid))
        if task is not None:
            task.cancel()
        return CancelResponse.ACCEPT

    async def _run(self, handle: ServerGoalHandle) -> None:
        try:
            event, result = await self._work(handle)
        except BaseException as error:
            event = GoalEvent.ABORT if isinstance(error, Exception) else GoalEvent.CANCELED
            self._end(handle, event, self._kind.Result())
            raise
        self._end(handle, event, result)

    def _end(self, handle: ServerGoalHandle, event: GoalEvent, result: Any) -> None:
        if self._context.ok():
            end_goal(self._server, handle, event, result)


class Spinning:
    """Spins an executor on a thread of its own."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._thread = threading.Thread(target=executor.spin, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """End, and wait until it has ended."""
        self._executor.shutdown()
        self._thread.join(10)
        for task, _, _ in self._executor._tasks:  # nobody will run them any more
            if inspect.iscoroutine(task._handler):
                task._handler.close()


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
        self.held: tuple[str, ...] = ()
        self._loop = loop
        self._states = node.create_publisher(types.JointState, "joint_states", 1000)
        follow, grip = "arm_controller/follow_joint_trajectory", "gripper_controller/gripper_cmd"
        self.arm = Served(_Follow, follow, loop=loop, work=self._follow, faults=self.faults)
        self.gripper = Served(_Gripper, grip, loop=loop, work=self._grip, faults=self.faults)
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
            scene=self.present,
            change=lambda wanted, present: loop.submit(self._change(wanted, present)),
            watch_hz=10.0,
        )
        robot._simulator.listen(self._tell)

        self._link_pose = link_pose

    def present(self) -> Scene:
        """The scene as physics has it, with what a planning scene says is held."""
        scene, link = self.robot.scene(), self.robot.model.tool_frame
        for name in self.held:
            pose = self._link_pose(link).inverse(link) @ scene.get(name).pose
            scene = scene.attach(name, Attachment(link, pose))
        return scene

    async def _change(self, wanted: Scene, present: Scene) -> None:
        for name in present.attached:  # physics says where it falls
            if name in wanted.objects:
                wanted = wanted.move(name, present.get(name).pose)
        self.held, bare = tuple(wanted.attached), Scene(wanted.objects)
        for name in wanted.attached:
            bare = bare.move(name, present.get(name).pose)
        await self.robot.set_scene(bare, Scene(present.objects))

    def close(self) -> None:
        """Leave the graph."""
        self.arm.die()
        self.gripper.die()
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
