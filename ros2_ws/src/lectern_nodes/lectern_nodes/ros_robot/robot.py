"""The robot on the ROS graph, behind the core's `Robot` interface."""

from __future__ import annotations

import asyncio
import importlib
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy

from lectern.errors import (
    CameraUnavailable,
    InvalidInput,
    ObjectInRobot,
    PlanOutdated,
    RobotBusy,
    RobotUnavailable,
    SceneObjectUnknown,
)
from lectern.robot.chain import chain_of
from lectern.robot.fitting import check_fits
from lectern.robot.geometry import WORLD, Pose
from lectern.robot.goals import NamedGoal, PlanRequest
from lectern.robot.model import RobotModel
from lectern.robot.plan import Move, Plan
from lectern.robot.planning.planner import Planner
from lectern.robot.robot import (
    MAX_RECORDED,
    START_TOLERANCE_RAD,
    Execution,
    Measurement,
    OnProgress,
    Reality,
)
from lectern.robot.scene import Attachment, Scene
from lectern.robot.scenes import SCENES
from lectern.robot.state import Activity, RobotState
from lectern_nodes.ros_robot.controllers import Controllers
from lectern_nodes.ros_robot.execution import Hand, Run
from lectern_nodes.ros_robot.joints import JointStates
from lectern_nodes.ros_robot.link import RosLink
from lectern_nodes.ros_robot.news import News
from lectern_nodes.ros_robot.objects import SceneMessages
from lectern_nodes.ros_robot.pictures import check_size, png_of
from lectern_nodes.ros_robot.planners import (
    EmbeddedPlanning,
    MoveItPlanning,
    Planning,
    Situation,
)
from lectern_nodes.ros_robot.settings import RosRobotSettings
from lectern_nodes.ros_robot.surroundings import LocalScene, PlanningScene, Surroundings
from lectern_nodes.ros_robot.trajectories import seconds_of

_MAX_RATE_HZ = 1000.0
_PICTURE_S = 6.0
# Faster than this, somebody else moves the arm, rad/s.
_MOVING_RAD_S = 0.05
# Longest wait for whoever has the robot when it is reset or closed, s.
_IDLE_S = 10.0


class RosRobot:
    """A robot on the ROS graph; see `lectern.robot.robot.Robot`.

    Stamps are those of the joint states' messages, in seconds.
    """

    def __init__(self, parent: Node, settings: RosRobotSettings, model: RobotModel) -> None:
        """Make clients and subscriptions; `open` is the way to a robot that is there.

        Raises:
            RobotUnavailable: The messages of MoveIt are needed and not installed.
        """
        self._settings = settings
        self._model = model
        self._types = _types(settings)
        self._planner = Planner(model)
        self._chain = chain_of(model.urdf, model.names)
        self._joints = JointStates(model, settings.stale_s)
        self._link = RosLink(parent)
        self._controllers = Controllers(self._link, self._types, settings, model)
        self._surroundings, self._planning = self._made_of(settings)
        self._first_scene = Scene()
        self._lock = threading.Lock()
        self._run: Run | None = None
        self._occupied: Future[None] | None = None
        self._stops = 0
        self._stop_reason = ""
        self._closed = False
        self._link.node.create_subscription(
            self._types.JointState, settings.joint_states, self._on_joint_state, 1000
        )
        self._link.start()

    @classmethod
    async def open(cls, parent: Node, settings: RosRobotSettings, model: RobotModel) -> RosRobot:
        """Find the robot on the graph.

        Args:
            parent: The node that it belongs to; a node beside it with a thread of its own speaks
                to the robot, so it does not matter how the parent is spun.
            settings: Names and limits.
            model: The robot's description and limits.

        Raises:
            RobotUnavailable: It sends no joint states, or a server is missing; the message names
                it and what starts it.
        """
        robot = await asyncio.to_thread(cls, parent, settings, model)
        try:
            await robot._first_state()
            await robot._surroundings.open()
            robot._first_scene = robot.scene()
        except BaseException:
            await robot.close()
            raise
        return robot

    @property
    def model(self) -> RobotModel:
        """The robot's description and limits."""
        return self._model

    @property
    def reality(self) -> Reality:
        """What the settings say."""
        return self._settings.reality

    def state(self) -> RobotState:
        """Return the newest measurement, from any thread, at once.

        Its activity is `failed` while no joint states come.
        """
        return self._shown(self._measured())

    async def states(self, rate_hz: float) -> AsyncIterator[RobotState]:
        """Yield newest measurements at up to `rate_hz` of the wall clock; see `RobotView`.

        While no joint states come, the last one comes again, its activity `failed`.

        Raises:
            InvalidInput: The rate is not above 0 and at most 1000.
        """
        if not 0 < rate_hz <= _MAX_RATE_HZ:
            raise InvalidInput(f"The rate {rate_hz} Hz is out of range.", "Use 1 to 1000 Hz.")
        with News(self._joints) as news:
            due_s = time.monotonic()
            while not self._closed:
                news.expect()
                yield self.state()
                due_s = max(due_s + 1.0 / rate_hz, time.monotonic())
                await asyncio.sleep(due_s - time.monotonic())
                await news.come(self._settings.stale_s)

    @contextmanager
    def record(self) -> Iterator[list[Measurement]]:
        """Collect every measurement within a block; see `RobotView.record`."""
        taken: list[Measurement] = []
        measurements: list[Measurement] = []

        def take(state: RobotState) -> None:
            if taken and state.stamp_s == taken[-1].state.stamp_s:
                taken.pop()  # the rest of a state that came in several messages
            rises = not taken or state.stamp_s > taken[-1].state.stamp_s
            if rises and len(taken) < MAX_RECORDED:
                taken.append(Measurement(self._shown(state), self._scene_at(state)))

        self._joints.listen(take)
        try:
            yield measurements
        finally:
            self._joints.unlisten(take)
            measurements.extend(tuple(taken))

    def scene(self) -> Scene:
        """Return the surroundings; what is held is where the hand is."""
        return self._scene_at(self._measured())

    async def plan(self, request: PlanRequest) -> Plan:
        """Plan one motion without moving, with the fingers as they are; see `RobotView.plan`.

        Raises:
            RobotUnavailable: No joint states come, or move_group does not answer.
            SceneObjectInvalid: The planning scene has what cannot be checked for collisions.
        """
        self._check_present()
        present = self.scene()
        start = self._at() if request.start_rad is None else request.start_rad
        scene = present if request.scene is None else request.scene
        situation = Situation(tuple(start), self._finger_m(), scene, present)
        return await self._planning.plan(request, situation)

    async def check(self, plan: Plan, scene: Scene | None = None) -> None:
        """Check a plan for collisions by the core's own proof, whoever planned it."""
        self._check_present()
        around = self.scene() if scene is None else scene
        start, finger_m = self._at(), self._finger_m()
        await asyncio.to_thread(self._planner.check, plan, around, start, finger_m)

    async def picture(self, width: int = 640, height: int = 480, camera: str = "overview") -> bytes:
        """Return the next picture of a camera's topic as PNG; see `RobotView.picture`."""
        check_size(width, height)
        topics = self._settings.cameras
        if camera not in ("overview", "tool"):
            raise InvalidInput(f"There is no camera {camera[:80]!r}.", "Use overview or tool.")
        if camera not in topics:
            raise CameraUnavailable(
                f"The camera {camera} has no topic.", f"Set ros_robot.{camera}_camera."
            )
        message = await self._image(topics[camera])
        return await asyncio.to_thread(png_of, message, width, height)

    async def has_picture(self) -> bool:
        """Tell whether somebody publishes pictures of a camera."""
        node, topics = self._link.node, self._settings.cameras.values()
        return any([await asyncio.to_thread(node.count_publishers, topic) for topic in topics])

    async def execute(self, plan: Plan, on_progress: OnProgress | None = None) -> Execution:
        """Carry out a plan; see `Robot.execute`.

        Raises:
            RobotUnavailable: No joint states come, or a controller is missing, rejects the motion,
                goes away, or does not answer; the message names it.
            GraspFailed: The fingers closed and hold nothing of what should be attached.
        """
        epoch = self._stops
        self._check_present()
        check_fits(plan, self._model, self.scene())
        with self._claim():
            self._check_start(plan)
            return await self._carry_out(plan, epoch, on_progress)

    def stop(self, reason: str) -> None:
        """Bring everything to rest now; callable from any thread, never waits, never fails.

        Cancels every goal of every controller, and calls the stop service if there is one.
        """
        run = self._void(reason)
        self._controllers.stop()
        if run is not None:
            run.end(reason)

    def halt(self, reason: str) -> None:
        """Cancel the goal of the plan that is being executed; see `Robot.halt`.

        How fast the arm then rests is its controller's affair: robot_node's brakes as for a stop.
        """
        if (run := self._void(reason)) is not None:
            run.end(reason)

    async def set_scene(self, scene: Scene, base: Scene | None = None) -> None:
        """Change the surroundings; see `Robot.set_scene`."""
        self._surroundings.check()
        with self._claim():
            present = self.scene()
            wanted, placed = _change(present, scene, base)
            await self._check_apart(wanted, placed)
            await self._surroundings.change(present, wanted)

    async def reset(self, seed: int = 0) -> None:
        """Stop, let go of everything, go home, and put the scene back to what it was at first.

        A robot on the graph cannot be put anywhere: it moves, along a planned way.
        """
        self.stop("the robot was reset")
        await self._idle()
        epoch = self._stops
        with self._claim():
            movable = {n for n, o in self._first_scene.objects.items() if o.mass_kg is not None}
            bare = self._first_scene
            for name in movable:
                bare = bare.remove(name)
            await self._surroundings.change(self.scene(), bare)
            await self._go_home(epoch, seed)
            await self._surroundings.change(self.scene(), self._first_scene)

    async def close(self) -> None:
        """Bring the robot to rest and let go of all resources."""
        self.stop("the robot is being switched off")
        self._closed = True
        await self._idle()
        self._surroundings.close()
        await asyncio.to_thread(self._link.close)

    async def _first_state(self) -> None:
        topic, until_s = self._settings.joint_states, time.monotonic() + self._settings.wait_s
        with News(self._joints) as news:
            news.expect()
            while self._joints.state is None:
                if time.monotonic() > until_s or not self._link.alive:
                    missing = ", ".join(self._joints.missing())
                    raise RobotUnavailable(
                        f"No joint states of {missing} come on {topic} within "
                        f"{self._settings.wait_s:g} s.",
                        "Start the robot: `ros2 run lectern_nodes robot_node`, or its controllers.",
                    )
                await news.come(0.1)

    def _made_of(self, settings: RosRobotSettings) -> tuple[Surroundings, Planning]:
        initial = SCENES[settings.initial_scene]() if settings.initial_scene else Scene()
        own = EmbeddedPlanning(self._planner)
        if settings.scene == "local":
            return LocalScene(initial), own
        touch = self._hand_links()
        messages = SceneMessages(self._types, touch, self._chain.root, self._link_pose)
        scene = PlanningScene(self._link, self._types, messages, settings.wait_s, initial)
        if settings.planner == "embedded":
            return scene, own
        return scene, MoveItPlanning(self._link, self._types, settings, self._planner, messages)

    def _hand_links(self) -> tuple[str, ...]:
        """Return the links that move with the hand, which what it holds may touch."""
        return chain_of(self._model.urdf, self._model.names[-1:]).moved()

    def _on_joint_state(self, message: Any) -> None:
        stamp_s = seconds_of(message.header.stamp)
        if stamp_s == 0.0:  # not set: when it came
            stamp_s = self._link.node.get_clock().now().nanoseconds / 1e9
        self._joints.take(stamp_s, message.name, message.position, message.velocity, message.effort)

    def _measured(self) -> RobotState:
        state = self._joints.state
        if state is None:
            raise RobotUnavailable("No joint states have come yet.", "Start the robot.")
        return state

    def _shown(self, state: RobotState) -> RobotState:
        return replace(state, activity=self._activity(state))

    def _activity(self, state: RobotState) -> Activity:
        if self._joints.stale() or self._closed:
            return Activity.FAILED
        if (run := self._run) is not None:
            return Activity.STOPPING if run.stopping else Activity.MOVING
        fastest = np.abs(state.velocities[: len(self._model.names)]).max()
        return Activity.MOVING if fastest > _MOVING_RAD_S else Activity.IDLE

    def _scene_at(self, state: RobotState) -> Scene:
        scene = self._surroundings.present()
        if not scene.attached:
            return scene
        poses = self._chain.poses(state.of(self._model.names)[None, :])
        for name, held in scene.attached.items():
            scene = scene.move(name, Pose.from_matrix(poses[held.link][0], WORLD) @ held.pose)
        return scene

    def _link_pose(self, link: str) -> Pose:
        poses = self._chain.poses(self._measured().of(self._model.names)[None, :])
        if link not in poses:
            raise SceneObjectUnknown(
                f"An object of the planning scene is attached to {link[:80]!r}, which is no link.",
                "Attach it to a link of the robot.",
            )
        return Pose.from_matrix(poses[link][0], WORLD)

    def _at(self) -> tuple[float, ...]:
        return tuple(float(q) for q in self._measured().of(self._model.names))

    def _finger_m(self) -> float:
        """Return where the fingers are, as finely as planning tells them apart."""
        fingers = self._measured().of(self._model.gripper.joints)
        return round(max(0.0, float(fingers.mean())), 4)

    def _check_present(self) -> None:
        """Check that robot and scene are known as they are now."""
        if self._joints.stale() or self._closed:
            raise RobotUnavailable(
                f"The robot has sent no joint states for {self._joints.age_s():.1f} s.",
                "See whether the robot or its simulation runs, and is not paused.",
            )
        self._surroundings.check()

    def _check_start(self, plan: Plan) -> None:
        first = next((step for step in plan.steps if isinstance(step, Move)), None)
        if first is None:
            return
        gap = np.abs(first.trajectory.positions[0] - self._at()).max()
        if not gap <= START_TOLERANCE_RAD:
            raise PlanOutdated(f"The plan begins {gap:.4f} rad away.", "Plan from where it is.")

    async def _carry_out(
        self, plan: Plan, epoch: int, on_progress: OnProgress | None = None
    ) -> Execution:
        """Run a plan; if the waiting is cancelled, wait until the robot is at rest."""
        hand = Hand(
            lambda name: self.scene().get(name),
            self._attach,
            self._detach,
            self._surroundings.refresh,
            self._settings.gripper_feels,
        )
        parts = (self._model, self._controllers, self._joints)
        run = Run(plan, *parts, hand=hand, on_progress=on_progress)
        with self._lock:
            self._run = run
            if self._stops != epoch:
                run.end(self._stop_reason)
        task = asyncio.create_task(run.carry_out())
        task.add_done_callback(lambda _: self._over())
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            run.end("whoever waited for it went away")
            await _until_done(task)
            raise

    def _over(self) -> None:
        self._run = None

    def _void(self, reason: str) -> Run | None:
        """Let nothing begin that was given before now; return what runs."""
        with self._lock:
            self._stops += 1
            self._stop_reason = reason
            return self._run

    async def _idle(self) -> None:
        """Wait until nobody has the robot."""
        if (occupied := self._occupied) is not None:
            await asyncio.wait([asyncio.wrap_future(occupied)], timeout=_IDLE_S)

    async def _attach(self, name: str) -> None:
        present = self.scene()
        frame = self._model.tool_frame
        pose = self._link_pose(frame).inverse(frame) @ present.get(name).pose
        await self._surroundings.change(present, present.attach(name, Attachment(frame, pose)))

    async def _detach(self, name: str) -> None:
        present = self.scene()
        await self._surroundings.change(present, present.detach(name, present.get(name).pose))

    async def _check_apart(self, scene: Scene, placed: frozenset[str]) -> None:
        q, finger_m = np.array(self._at()), self._finger_m()
        for pair in await asyncio.to_thread(self._planner.robot_contacts, q, finger_m, scene):
            if set(pair) & placed:
                raise ObjectInRobot(
                    f"{pair[0]!r} and {pair[1]!r} would overlap.", "Put the object elsewhere."
                )

    async def _go_home(self, epoch: int, seed: int) -> None:
        home = np.array(self._model.pose_named("home"))
        if np.abs(home - self._at()).max() <= START_TOLERANCE_RAD:
            return
        scene = self.scene()
        situation = Situation(self._at(), self._finger_m(), scene, scene)
        plan = await self._planning.plan(PlanRequest(NamedGoal("home"), seed=seed), situation)
        await self._carry_out(plan, epoch)

    async def _image(self, topic: str) -> Any:
        """Return the next picture of a topic, subscribed to while one is waited for."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        node = self._link.node
        made: list[Any] = []

        def show(message: Any) -> None:
            if not future.done():
                future.set_result(message)

        def take(message: Any) -> None:
            with suppress(RuntimeError):  # the loop may be closed by now
                loop.call_soon_threadsafe(show, message)

        def subscribe() -> None:
            qos = _as_published(node, topic)
            made.append(node.create_subscription(self._types.Image, topic, take, qos))

        def unsubscribe() -> None:
            for each in made:
                node.destroy_subscription(each)

        self._link.post(subscribe)
        try:
            return await asyncio.wait_for(future, _PICTURE_S)
        except asyncio.TimeoutError as error:
            raise CameraUnavailable(
                f"No picture came on {topic} within {_PICTURE_S:g} s.",
                "Start the camera, or name another topic.",
            ) from error
        finally:
            self._link.post(unsubscribe)

    @contextmanager
    def _claim(self) -> Iterator[None]:
        """Take the robot for one caller."""
        with self._lock:
            if self._occupied is not None:
                raise RobotBusy("The robot is carrying out another plan.", "Wait until it is done.")
            occupied = self._occupied = Future()
        try:
            yield
        finally:
            self._occupied = None
            occupied.set_result(None)


def _as_published(node: Node, topic: str) -> QoSProfile:
    """Return how to subscribe to pictures: reliably where they are published so.

    Otherwise a large picture is lost with any part of it; but who asks for more than is offered
    gets nothing.
    """
    offered = [each.qos_profile.reliability for each in node.get_publishers_info_by_topic(topic)]
    reliable = bool(offered) and all(each == QoSReliabilityPolicy.RELIABLE for each in offered)
    chosen = QoSReliabilityPolicy.RELIABLE if reliable else QoSReliabilityPolicy.BEST_EFFORT
    return QoSProfile(depth=1, reliability=chosen)


def _types(settings: RosRobotSettings) -> Any:
    """Return the message classes that the settings need.

    Raises:
        RobotUnavailable: They are not installed.
    """
    needed = "moveit_types" if settings.scene == "planning_scene" else "types"
    try:
        return importlib.import_module(f"lectern_nodes.ros_robot.{needed}")
    except ImportError as error:
        raise RobotUnavailable(
            f"The ROS robot needs the package {str(error.name).partition('.')[0]}, which is not "
            "installed.",
            "Install it (rosdep install --from-paths ros2_ws/src), and source its setup file.",
        ) from error


def _change(present: Scene, wanted: Scene, base: Scene | None) -> tuple[Scene, frozenset[str]]:
    """Return what the scene becomes, and the objects that are put somewhere in it.

    Raises:
        SceneObjectInvalid: A name to add is taken meanwhile.
        SceneObjectUnknown: An object to move is gone meanwhile.
    """
    before = present if base is None else base
    scene = wanted if base is None else present.changed(base, wanted)
    placed = frozenset(n for n, item in wanted.objects.items() if before.objects.get(n) != item)
    for name in placed & set(scene.attached):
        scene = scene.detach(name, scene.get(name).pose)
    return scene, placed


async def _until_done(task: asyncio.Task[Execution]) -> None:
    """Wait for what ends soon, however often the waiting is cancelled."""
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])
    task.exception()  # retrieved, so that nothing complains that nobody looked
