"""All parts of the robot's node, put together; each does one thing."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, wait
from typing import Any

from control_msgs.action import FollowJointTrajectory, GripperCommand
from lectern_interfaces.action import RunDemo
from lectern_interfaces.msg import MotionReport
from rclpy.node import Node

from lectern.graph import names
from lectern.graph.robot_messages import LinkFrames
from lectern.motion import Motion
from lectern_nodes.core_loop import CoreLoop
from lectern_nodes.parameters import value
from lectern_nodes.robot import types
from lectern_nodes.robot.arm import Arm
from lectern_nodes.robot.base import BaseFace
from lectern_nodes.robot.camera import CameraPublisher
from lectern_nodes.robot.demos import DemoWork
from lectern_nodes.robot.entities import Entities, between_callbacks
from lectern_nodes.robot.frames import FramePublisher
from lectern_nodes.robot.goals import GoalServer, Work
from lectern_nodes.robot.gripper import GripperWork
from lectern_nodes.robot.health import Health
from lectern_nodes.robot.latched import StaticFrames, publish_description
from lectern_nodes.robot.planning_scene import SharedScene
from lectern_nodes.robot.plans import Plans
from lectern_nodes.robot.publishing import StatePublisher
from lectern_nodes.robot.reports import Reports, user_of
from lectern_nodes.robot.scene import SceneFrames, SceneMarkers
from lectern_nodes.robot.stopping import StopService
from lectern_nodes.robot.stream import StateStream
from lectern_nodes.robot.trajectory import FollowTrajectoryWork, TrajectoryTopic

# Longest time that the end of what runs is waited for, s; braking takes a twentieth of that.
_PATIENCE_S = 2.0


class RobotFace:
    """A robot on the graph: there while it is inactive, publishing and moving while it is active.

    Args:
        node: Whose parameters and names count.
        loop: Where the core works.
        motion: The robot behind its gate.
    """

    def __init__(self, node: Node, loop: CoreLoop, motion: Motion) -> None:
        self._node = node
        self._loop = loop
        self._motion = motion
        self._entities = Entities(node)
        self._active = False
        self._running: list[Future[Any]] = []
        self._prefix = str(value(node, "frame_prefix"))
        self._stream = StateStream(motion.view)
        self._plans = Plans()
        self._unsubscribe = motion.gate.subscribe(self._plans.hear)
        report = node.create_publisher(MotionReport, names.MOTION_REPORT, 50)
        self._reports = Reports(report.publish, self._now_s)
        StopService(node, motion)
        self._static = StaticFrames(node)
        self._camera = self._make_camera()
        self._base = self._make_base()
        self._make_publishers()
        self._scene = self._make_scene()
        self._make_servers()

    def activate(self) -> None:
        """Begin to publish, and take goals."""
        if value(self._node, "publish_description"):
            publish_description(self._node, self._motion.view.model.urdf)
        self._active = True
        self._running = [self._loop.submit(self._stream.run())]
        if self._camera is not None:
            self._running.append(self._loop.submit(self._camera.run()))

    def greeting(self) -> str:
        """Say in a line what is there, for the log."""
        follow, stop = self._named(names.FOLLOW_TRAJECTORY), self._named(names.STOP)
        return (
            f"The arm is ready: {self._motion.view.model.name}, policy {self._motion.policy}; "
            f"move it with {follow}, stop it with {stop}."
        )

    def deactivate(self) -> None:
        """Bring everything to rest, end all goals, and publish no more."""
        self._active = False
        self._motion.gate.stop(user_of(self._node.get_fully_qualified_name()), "deactivated")
        self._loop.run(self._end_goals(), _PATIENCE_S)
        for future in self._running:
            future.cancel()
        wait(self._running, _PATIENCE_S)
        self._running = []

    def close(self) -> None:
        """Take everything off the graph, and let go of the robot."""
        self._unsubscribe()
        between_callbacks(self._node, self._take_off)
        if self._scene is not None:
            self._scene.close()
        self._loop.run(self._motion.close())

    def _take_off(self) -> None:
        for server in self._servers:
            server.destroy()
        self._entities.destroy()

    async def _end_goals(self) -> None:
        await asyncio.gather(self._topic.end(), *(server.end() for server in self._servers))

    def _make_camera(self) -> CameraPublisher | None:
        node, cameras = self._node, self._motion.cameras
        camera = str(value(node, "camera"))
        if camera == "off" or cameras is None:
            return None
        made = CameraPublisher(
            node,
            cameras,
            camera=camera,
            size=(value(node, "camera_width"), value(node, "camera_height")),
            rate_hz=lambda: float(value(node, "camera_rate_hz")),
            now_s=self._now_s,
            prefix=self._prefix,
        )
        made.put_frame(self._static)
        return made

    def _make_base(self) -> BaseFace | None:
        mode = value(self._node, "base")
        if mode == "off" or self._motion.base is None:
            return None
        return BaseFace(
            self._node,
            self._loop,
            self._motion.base,
            self._reports,
            static=self._static,
            prefix=self._prefix,
            at_once=mode == "on",
            accepts=self._accepts,
        )

    def _make_scene(self) -> SharedScene | None:
        if not value(self._node, "planning_scene"):
            return None
        made = SharedScene(self._node, self._loop, self._motion, self._accepts)
        self._stream.listen(made.see)
        return made

    def _make_publishers(self) -> None:
        node, view = self._node, self._motion.view
        rate_hz = float(value(node, "joint_state_rate_hz"))
        states = StatePublisher(node, rate_hz, clock=value(node, "publish_clock"))
        links = LinkFrames(view.model, self._prefix) if value(node, "publish_tf") else None
        if links is not None:
            self._static.put("arm", links.fixed(types, 0.0))
        scene = SceneFrames(view, self._static, self._prefix, SceneMarkers(node, self._prefix))
        others = [scene.moving, *([self._base.transforms] if self._base else [])]
        frames = FramePublisher(node, float(value(node, "tf_rate_hz")), links, others)
        for listener in (states.see, frames.see, *([self._base.see] if self._base else [])):
            self._stream.listen(listener)
        self.health = Health(
            self._motion,
            states,
            rate_hz,
            self._reports,
            camera=self._camera,
            base=self._base,
            active=self._accepts,
        )

    def _make_servers(self) -> None:
        node, motion, stream = self._node, self._motion, self._stream
        arm = Arm(motion, stream, self._plans, self._reports)
        self._topic = TrajectoryTopic(node, self._loop, arm, self._accepts)
        follow = FollowTrajectoryWork(motion, arm, self._named(names.FOLLOW_TRAJECTORY))
        grip = GripperWork(
            motion,
            stream,
            self._reports,
            source=self._named(names.GRIPPER_COMMAND),
            force_n=lambda: float(value(node, "grip_force_n")),
        )
        demos = DemoWork(motion, stream, self._plans, self._reports, self._named(names.RUN_DEMO))
        self._servers = [
            self._server(FollowJointTrajectory, names.FOLLOW_TRAJECTORY, follow),
            self._server(GripperCommand, names.GRIPPER_COMMAND, grip),
            self._server(RunDemo, names.RUN_DEMO, demos),
        ]

    def _server(self, action_type: Any, name: str, work: Work) -> GoalServer:
        return GoalServer(
            self._node, self._loop, action_type, name, work=work, accepts=self._accepts
        )

    def _named(self, name: str) -> str:
        return str(self._node.resolve_topic_name(name))

    def _accepts(self) -> bool:
        return self._active

    def _now_s(self) -> float:
        return self._motion.view.state().stamp_s
