"""The embedded robot as a lifecycle node; run it with `ros2 run lectern_nodes robot_node`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lectern.motion import open_motion
from lectern.settings import Settings, load_settings
from lectern_nodes.core_loop import CoreLoop
from lectern_nodes.diagnostics import ERROR, OK, Diagnostics, PartHealth
from lectern_nodes.lifecycle import ManagedNode
from lectern_nodes.parameters import declare, value
from lectern_nodes.robot.face import RobotFace
from lectern_nodes.robot.offers import ROBOT
from lectern_nodes.running import run


class RobotNode(ManagedNode):
    """Opens the robot when it is configured, and puts it on the graph.

    Args:
        options: As for `rclpy.node.Node`.

    Raises:
        SettingsError: A parameter cannot be used.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(ROBOT.name, **options)
        declare(self, ROBOT)
        self._loop: CoreLoop | None = None
        self._face: RobotFace | None = None
        Diagnostics(self, self._health)

    def configure(self) -> None:
        """Start the simulator; raises `RobotUnavailable` if a package of it is missing."""
        self._loop = CoreLoop()
        motion = self._loop.run(open_motion(self._settings()))
        self._face = RobotFace(self, self._loop, motion)

    def activate(self) -> None:
        """Publish, and take goals."""
        if self._face is not None:
            self._face.activate()
            self.get_logger().info(self._face.greeting())

    def deactivate(self) -> None:
        """Bring the robot to rest; `robot/stop` stays."""
        if self._face is not None:
            self._face.deactivate()

    def clean_up(self) -> None:
        """End the simulator."""
        face, self._face = self._face, None
        loop, self._loop = self._loop, None
        if face is not None:
            face.close()
        if loop is not None:
            loop.close()

    def _health(self) -> Iterable[PartHealth]:
        face = self._face
        if face is not None:
            return face.health.read()
        return [PartHealth("robot", ERROR if self.trouble else OK, self.trouble or self.state)]

    def _settings(self) -> Settings:
        policy, home = value(self, "policy"), value(self, "home")
        return load_settings(
            robot="embedded",
            robot_policy=None if policy == "settings" else policy,
            robot_seed=value(self, "seed"),
            home=Path(home) if home else None,
        )


def main(args: list[str] | None = None) -> None:
    """Run the node until it is told to stop."""
    sys.exit(run(RobotNode, args))


if __name__ == "__main__":
    main()
