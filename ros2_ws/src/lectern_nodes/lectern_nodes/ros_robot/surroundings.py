"""The robot's surroundings: those of this process, or MoveIt's planning scene."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Protocol

from lectern.errors import LecternError, RobotUnavailable
from lectern.robot.scene import Scene
from lectern_nodes.ros_robot.link import RosLink
from lectern_nodes.ros_robot.objects import SceneMessages

_MOVE_GROUP = "move_group (ros2 launch lectern_bringup moveit.launch.py)"
# Components of a planning scene that make up ours, as PlanningSceneComponents numbers them:
# attached objects, names and geometry of the world's, octomap.
_COMPONENTS = 4 | 8 | 16 | 32


class Surroundings(Protocol):
    """Where the scene is kept."""

    def present(self) -> Scene:
        """Return the scene; poses of held objects may be old."""

    def check(self) -> None:
        """Raise what keeps the scene from being complete.

        Raises:
            SceneObjectInvalid: It has an object that Lectern cannot check for collisions.
        """

    async def change(self, present: Scene, wanted: Scene) -> None:
        """Turn one scene into another.

        Raises:
            RobotUnavailable: Who keeps it does not answer or refuses.
        """

    async def open(self) -> None:
        """Get the scene for the first time; raises what `change` does."""

    async def refresh(self) -> None:
        """Get the scene as it is now, where others may have changed it; raises what `change` does.

        Who keeps the scene tells of changes too, but maybe later than it is planned again.
        """

    def close(self) -> None:
        """Let go of what was opened."""


class LocalScene:
    """A scene of this process."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def present(self) -> Scene:
        """Return the scene."""
        return self._scene

    def check(self) -> None:
        """Find nothing: it has only what was put there."""

    async def change(self, present: Scene, wanted: Scene) -> None:
        """Replace it."""
        self._scene = wanted

    async def open(self) -> None:
        """Nothing to get."""

    async def refresh(self) -> None:
        """Nothing to get."""

    def close(self) -> None:
        """Nothing to let go of."""


class PlanningScene:
    """MoveIt's planning scene, mirrored here and read anew whenever MoveIt says that it changed.

    Args:
        link: To the graph.
        types: Message classes of MoveIt.
        messages: Converts scenes.
        wait_s: Longest wait for an answer.
        initial: What an empty planning scene is given at the start.
    """

    def __init__(
        self, link: RosLink, types: Any, messages: SceneMessages, wait_s: float, initial: Scene
    ) -> None:
        self._link = link
        self._types = types
        self._messages = messages
        self._wait_s = wait_s
        self._initial = initial
        self._scene = Scene()
        self._fault: LecternError | None = None
        self._turn = threading.Lock()
        self._reading = False
        self._again = False
        node = link.node
        self._get = node.create_client(types.GetPlanningScene, "get_planning_scene")
        self._apply = node.create_client(types.ApplyPlanningScene, "apply_planning_scene")
        node.create_subscription(
            types.PlanningScene, "monitored_planning_scene", self._on_change, 100
        )

    def present(self) -> Scene:
        """Return the scene as MoveIt last told it."""
        return self._scene

    def check(self) -> None:
        """Raise why the scene that MoveIt has is not one that Lectern can check; see above."""
        if self._fault is not None:
            raise type(self._fault)(self._fault.detail, self._fault.remedy)

    async def open(self) -> None:
        """Read the planning scene; give an empty one the initial scene.

        Raises:
            RobotUnavailable: There is no move_group, or it does not answer.
        """
        await self._refresh(Scene())
        if not self._scene.objects and self._fault is None and self._initial.objects:
            await self.change(Scene(), self._initial)

    async def refresh(self) -> None:
        """Read the planning scene."""
        await self._refresh(self._scene)

    async def change(self, present: Scene, wanted: Scene) -> None:
        """Apply the difference between two scenes; see `Surroundings`.

        Once it is sent, whoever goes away does not keep the mirror from following.
        """
        await asyncio.shield(asyncio.ensure_future(self._change(present, wanted)))

    async def _change(self, present: Scene, wanted: Scene) -> None:
        request = self._types.ApplyPlanningScene.Request()
        request.scene = self._messages.change(present, wanted)
        answer = await self._link.call(self._apply, request, self._wait_s, _MOVE_GROUP)
        if not answer.success:
            await self._refresh(present)
            raise RobotUnavailable(
                "MoveIt did not take the change of the planning scene.", "Look at its log."
            )
        await self._refresh(wanted)

    def close(self) -> None:
        """Remove temporary files."""
        self._messages.close()

    async def _refresh(self, known: Scene) -> None:
        request = self._request()
        answer = await self._link.call(self._get, request, self._wait_s, _MOVE_GROUP)
        self._mirror(answer.scene, known)

    def _request(self) -> Any:
        request = self._types.GetPlanningScene.Request()
        request.components.components = _COMPONENTS
        return request

    def _mirror(self, message: Any, known: Scene) -> None:
        try:
            scene = self._messages.scene(message, known)
        except LecternError as error:
            self._fault = error
        else:
            self._scene, self._fault = scene, None

    def _on_change(self, message: Any) -> None:
        """Read the scene anew; on the executor's thread. Several changes are one reading."""
        if _only_joints(message):
            return
        with self._turn:
            self._again = self._reading
            if self._reading:
                return
            self._reading = True
        self._read()

    def _read(self) -> None:
        self._get.call_async(self._request()).add_done_callback(self._on_scene)

    def _on_scene(self, done: Any) -> None:
        if done.exception() is None and done.result() is not None:
            self._mirror(done.result().scene, self._scene)
        with self._turn:
            self._reading, self._again = self._again, False
            again = self._reading
        if again:
            self._read()


def _only_joints(message: Any) -> bool:
    """Tell whether a difference says only how the joints are, which others say more often."""
    world, state = message.world, message.robot_state
    changed = world.collision_objects or state.attached_collision_objects
    octomap = len(world.octomap.octomap.data)
    return bool(message.is_diff and state.is_diff and not changed and not octomap)
