"""Changing the scene: checked, recorded, and made while nothing else has the robot."""

from __future__ import annotations

from lectern.robot.gate.arguments import freeze
from lectern.robot.gate.desk import Desk
from lectern.robot.gate.record import Record
from lectern.robot.gate.scenes import check_scene, describe_change
from lectern.robot.gate.tools import TOOLS
from lectern.robot.robot import Robot
from lectern.robot.scene import Scene


class Surroundings:
    """The one way to another scene, for those whose role has been checked."""

    def __init__(self, desk: Desk, robot: Robot) -> None:
        self._desk = desk
        self._robot = robot

    async def change(self, record: Record, scene: Scene, base: Scene | None, epoch: int) -> None:
        """Check a scene, record the change and make it; see `MotionGate.set_scene`.

        Args:
            record: Of the request.
            scene: The scene to be.
            base: The scene that it was made from; None: it replaces everything.
            epoch: In which the request, or its session, began.

        Raises:
            MotionStopped: A stop came since.
            LecternError: As `MotionGate.set_scene` does.
        """
        desk, inspector = self._desk, self._desk.inspector
        record.check = "schema"
        scene = check_scene(scene)
        base = None if base is None else check_scene(base)
        changed = describe_change(inspector.view.scene() if base is None else base, scene)
        record.arguments = freeze(changed, inspector.bounds.argument_bytes)
        TOOLS["change_scene"].parse(record.arguments)
        record.check = "policy"
        inspector.policy.verdict(inspector.view.reality)
        record.check = "audit"
        await desk.write(record.entry(desk.clock, "allowed"))
        record.check = "motion"
        with desk.ledger.occupied("the scene is being changed", epoch):
            await self._robot.set_scene(scene, base)
