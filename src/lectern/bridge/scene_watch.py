"""What is near the robot, looked at once for each state, however many rates it is sent at."""

from __future__ import annotations

from lectern.bridge.messages import Poses, SceneKey, movable_poses, scene_key
from lectern.robot.robot import RobotView
from lectern.robot.state import RobotState


class SceneWatch:
    """Poses of the objects, counted anew whenever one of them has moved.

    Attributes:
        poses: Of everything that can move, by name.
        version: Another number whenever `poses` differs from before.
    """

    def __init__(self) -> None:
        self.poses: Poses = {}
        self.version = 0
        self._seen_with: RobotState | None = None
        self._key: SceneKey | None = None

    def look(self, view: RobotView, state: RobotState) -> bool:
        """Read the scene unless it was read with this state; tell whether it was changed.

        A change is one that was asked for; objects that move on their own are none.
        """
        if state is self._seen_with:
            return False
        scene, before = view.scene(), self._key
        self._seen_with, self._key = state, scene_key(scene)
        poses = movable_poses(scene)
        self.version += poses != self.poses
        self.poses = poses
        return before is not None and before != self._key
