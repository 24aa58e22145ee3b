"""MoveIt's services of a planning scene over the scene that physics has."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from rclpy.node import Node

from lectern.errors import MotionStopped, RobotUnavailable, SceneObjectInvalid
from lectern.motion import Motion
from lectern.robot.chain import chain_of
from lectern.robot.gate.users import User
from lectern.robot.geometry import WORLD, Pose
from lectern.robot.scene import Scene
from lectern.robot.state import RobotState
from lectern_nodes.core_loop import CoreLoop
from lectern_nodes.robot.offers import APPLY_SCENE
from lectern_nodes.robot.plans import ROS
from lectern_nodes.robot.stream import Pace
from lectern_nodes.ros_robot.objects import SceneMessages
from lectern_nodes.ros_robot.scene_service import SceneService

# How often to look whether physics moved an object, Hz.
_WATCH_HZ = 10.0


class SharedScene:
    """Serves the scene, so that whoever plans elsewhere plans around what is there.

    What the hand holds is what the gripper's action took: attaching and detaching through the
    planning scene changes nothing.

    Args:
        node: Whose services they are.
        loop: Where the core works.
        motion: The robot behind its gate.
        accepts: Tells whether changes are taken now.

    Raises:
        RobotUnavailable: The messages of MoveIt are not installed.
    """

    def __init__(
        self, node: Node, loop: CoreLoop, motion: Motion, accepts: Callable[[], bool]
    ) -> None:
        self._loop = loop
        self._gate = motion.gate
        self._view = motion.view
        self._accepts = accepts
        self._pace = Pace(_WATCH_HZ)
        model, types = motion.view.model, _moveit_types()
        self._chain = chain_of(model.urdf, model.names)
        touch = chain_of(model.urdf, model.names[-1:]).moved()
        self._messages = SceneMessages(types, touch, self._chain.root, self._link_pose)
        self._service = SceneService(
            node, types, self._messages, scene=motion.view.scene, change=self._start_change
        )
        # The scene of a simulated robot belongs to whoever is on its graph, as MoveIt's does; the
        # role is for this and is given to nothing else that comes from there.
        source = node.resolve_service_name(APPLY_SCENE)
        self._user = User(f"{ROS}{source}"[:200], frozenset({"operator"}))

    def see(self, state: RobotState) -> None:
        """Take a measurement: tell of objects that moved by themselves."""
        if self._pace.due(state.stamp_s):
            self._service.look()

    def close(self) -> None:
        """Remove the files of others' meshes."""
        self._messages.close()

    def _start_change(self, wanted: Scene, present: Scene) -> Future[None]:
        return self._loop.submit(self._change(wanted, present))

    async def _change(self, wanted: Scene, present: Scene) -> None:
        if not self._accepts():
            raise MotionStopped("The robot's node is not active.", "Activate it.")
        wanted = as_held(wanted, present)
        if wanted != present:
            await self._gate.set_scene(self._user, wanted, base=present)

    def _link_pose(self, link: str) -> Pose:
        at = self._view.state().of(self._view.model.names)[None, :]
        poses = self._chain.poses(at)
        if link not in poses:
            raise SceneObjectInvalid(
                f"An object is attached to {link[:80]!r}, which is no link.", "Name a link."
            )
        return Pose.from_matrix(poses[link][0], WORLD)


def as_held(wanted: Scene, present: Scene) -> Scene:
    """Return a scene in which the hand holds what it holds at present, where it holds it.

    Raises:
        SceneObjectInvalid: It should hold something else.
    """
    for name in wanted.attached.keys() - present.attached.keys():
        raise SceneObjectInvalid(
            f"The hand does not hold {name!r}.", "Close the gripper on it: that attaches it."
        )
    result = Scene(wanted.objects)
    for name, hold in present.attached.items():
        if name in wanted.objects:
            result = result.remove(name).add(present.objects[name]).attach(name, hold)
    return present if dict(result.objects) == dict(present.objects) else result


def _moveit_types() -> Any:
    try:
        return importlib.import_module("lectern_nodes.ros_robot.moveit_types")
    except ImportError as error:
        raise RobotUnavailable(
            f"The planning scene needs the package {str(error.name).partition('.')[0]}, which is "
            "not installed.",
            "Install it (rosdep install --from-paths ros2_ws/src), or set planning_scene:=false.",
        ) from error
