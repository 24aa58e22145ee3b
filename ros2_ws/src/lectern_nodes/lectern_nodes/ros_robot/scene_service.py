"""MoveIt's services of a planning scene, served for a robot whose scene is kept elsewhere.

With these, whoever keeps the scene (a simulator, a robot's node) shares it with everybody who
speaks to planning scenes, without MoveIt.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node

from lectern.robot.scene import Scene
from lectern_nodes.deferred import answer_later, no_callback
from lectern_nodes.ros_robot.objects import SceneMessages

# An object whose pose changes by less has not moved, m and as a share of a turn.
_MOVED = 1e-4


class SceneService:
    """Serves `get_planning_scene` and `apply_planning_scene`, and tells of each change.

    Args:
        node: Whose services they are.
        types: Message classes of MoveIt.
        messages: Converts scenes.
        scene: Returns the present scene, from any thread, at once.
        change: Starts to turn one scene into another: the wanted one, and the one it was made from.
        watch_hz: How often to look whether physics moved an object; 0: when `look` is called.
    """

    def __init__(
        self,
        node: Node,
        types: Any,
        messages: SceneMessages,
        *,
        scene: Callable[[], Scene],
        change: Callable[[Scene, Scene], Future[None]],
        watch_hz: float = 0.0,
    ) -> None:
        self._node = node
        self._told = scene()
        self._messages = messages
        self._scene = scene
        self._change = change
        group = MutuallyExclusiveCallbackGroup()
        self._news = node.create_publisher(types.PlanningScene, "monitored_planning_scene", 100)
        node.create_service(
            types.GetPlanningScene, "get_planning_scene", self._on_get, callback_group=group
        )
        apply = node.create_service(
            types.ApplyPlanningScene, "apply_planning_scene", no_callback, callback_group=group
        )
        answer_later(apply, self._on_apply)
        if watch_hz:
            node.create_timer(1.0 / watch_hz, self.look, callback_group=group)

    def look(self) -> None:
        """Tell of objects that moved by themselves; what is held goes where the hand goes."""
        if not self._news.get_subscription_count():
            return
        now = self._scene()
        if moved(self._told, now):
            self._news.publish(self._messages.change(self._told, now))
            self._told = now

    def _on_get(self, _: Any, response: Any) -> Any:
        response.scene = self._messages.whole(self._scene())
        return response

    def _on_apply(self, request: Any, response: Any) -> Future[Any]:
        answer: Future[Any] = Future()

        def over(done: Future[None]) -> None:
            error = done.exception()
            response.success = error is None
            if error is None:
                self._told = self._scene()
                self._news.publish(request.scene)
            else:
                self._node.get_logger().warning(f"apply_planning_scene: {error}")
            answer.set_result(response)

        try:
            present = self._scene()
            self._change(self._messages.applied(present, request.scene), present).add_done_callback(
                over
            )
        except Exception as error:  # the service must answer, whatever was sent
            failed: Future[None] = Future()
            failed.set_exception(error)
            over(failed)
        return answer


def moved(before: Scene, now: Scene) -> bool:
    """Tell whether an object came, went or moved, other than in the hand."""
    if before.objects.keys() != now.objects.keys() or before.attached.keys() != now.attached.keys():
        return True
    free = now.objects.keys() - now.attached.keys()
    return any(
        np.abs(before.objects[n].pose.matrix() - now.objects[n].pose.matrix()).max() > _MOVED
        for n in free
    )
