"""The gate of the base: nobody drives past it, and every stop reaches it."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lectern.errors import (
    ApprovalNeeded,
    AuditFailed,
    DescriptionInvalid,
    InvalidInput,
    LecternError,
    LimitsExceeded,
    MotionOff,
    MotionStopped,
    RobotBusy,
    ShuttingDown,
    ToolNotAllowed,
)
from lectern.motion import open_motion
from lectern.robot.arm import textbook_arm
from lectern.robot.base_gate import BaseGate, GateWithBase
from lectern.robot.description import base_numbers
from lectern.robot.embedded.base.embedded import EmbeddedBase
from lectern.robot.embedded.robot import EmbeddedRobot
from lectern.robot.gate import LOCAL, AuditLog, Policy, User
from lectern.robot.gate.audit import read_audit
from lectern.robot.scene import Scene
from lectern.settings import load_settings

ALICE = User("alice", frozenset({"user"}))
BOB = User("bob", frozenset({"user"}))
VISITOR = User("vic", frozenset({"viewer"}))
LIMIT_S = 30.0


class Rig:
    """A gate in front of a base whose time passes only when a test says so."""

    def __init__(self, folder: Path, policy: Policy | None = None, audit: AuditLog | None = None):
        self.base = EmbeddedBase.start(Scene(), paced=False)
        self.opened = 0
        self.audit = audit or AuditLog(folder / "motion.jsonl")
        self.gate = BaseGate(self.open, base_numbers(), policy or Policy(), self.audit)

    def open(self) -> EmbeddedBase:
        self.opened += 1
        return self.base

    def entries(self) -> list[tuple[str, str, str]]:
        self.audit.settle()
        return [(e["event"], e["user"], e["verdict"]) for e in read_audit(self.audit.path)]

    def reasons(self) -> list[str]:
        self.audit.settle()
        return [e["reason"] for e in read_audit(self.audit.path) if "reason" in e]


class SlowLog(AuditLog):
    """A log whose disk waits until a test lets it go on."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.reached, self.go_on = threading.Event(), threading.Event()

    def write(self, entry: Mapping[str, Any]) -> None:
        self.reached.set()
        assert self.go_on.wait(LIMIT_S)
        super().write(entry)


@pytest.fixture
def rig(tmp_path) -> Rig:
    return Rig(tmp_path)


async def test_driving_moves_the_base_and_is_recorded_when_it_begins_and_ends(rig) -> None:
    for _ in range(20):
        await rig.gate.drive(ALICE, 0.3, 0.0)
        await rig.base.wait(0.1)
    assert rig.base.state().pose.position_m[0] > 0.4
    assert rig.entries() == [("drive", "alice", "allowed")]
    await rig.base.wait(1.0)
    assert rig.entries() == [("drive", "alice", "allowed"), ("drive", "alice", "ended")]
    assert rig.reasons() == ["no command in time"]
    await rig.gate.close()


async def test_nothing_is_made_before_somebody_asks_for_the_base(rig) -> None:
    with pytest.raises(ToolNotAllowed):
        await rig.gate.drive(VISITOR, 0.1, 0.0)
    await rig.gate.drive(ALICE, 0.0, 0.0)
    rig.gate.stop(None, "just so")
    assert (rig.opened, rig.gate.opened) == (0, False)
    assert rig.gate.numbers == base_numbers()
    await rig.gate.view()
    await rig.gate.view()
    assert (rig.opened, rig.gate.opened) == (1, True)
    await rig.gate.close()


@pytest.mark.parametrize(
    ("mode", "refusal"), [("off", MotionOff), ("ask", ApprovalNeeded)], ids=["off", "ask"]
)
async def test_a_policy_that_does_not_let_things_move_by_themselves_refuses_a_drive(
    tmp_path, mode: Any, refusal: type[LecternError]
) -> None:
    rig = Rig(tmp_path, Policy(mode))
    for _ in range(50):
        with pytest.raises(refusal):
            await rig.gate.drive(LOCAL, 0.1, 0.0)
    assert rig.opened == 0
    # A held joystick does not fill the log.
    assert rig.entries() == [("drive", "local", "denied")]
    await rig.gate.close()


@pytest.mark.parametrize(
    ("user", "speeds", "refusal", "says"),
    [
        (VISITOR, (0.1, 0.0), ToolNotAllowed, "may not drive the base"),
        ("alice", (0.1, 0.0), ToolNotAllowed, "may not"),
        (ALICE, (math.nan, 0.0), InvalidInput, "linear speed nan"),
        (ALICE, (0.0, math.inf), InvalidInput, "angular speed inf"),
        (ALICE, (0.8, 0.0), LimitsExceeded, "max_wheel_velocity_rad_s is 12"),
    ],
)
async def test_a_wrong_command_is_refused_by_name_and_recorded(
    rig, user: Any, speeds: tuple[float, float], refusal: type[LecternError], says: str
) -> None:
    with pytest.raises(refusal, match=says):
        await rig.gate.drive(user, *speeds)
    assert [verdict for _, _, verdict in rig.entries()] == ["denied"]
    assert rig.opened == 0
    await rig.gate.close()


async def test_one_user_drives_at_a_time(rig) -> None:
    await rig.gate.drive(ALICE, 0.1, 0.0)
    with pytest.raises(RobotBusy):
        await rig.gate.drive(BOB, 0.1, 0.0)
    await rig.gate.drive(BOB, 0.0, 0.0)
    await rig.base.wait(0.4)
    assert rig.base.state().linear_m_s > 0.09  # another's letting go brakes nothing
    await rig.base.wait(0.2)
    await rig.gate.drive(BOB, 0.1, 0.0)
    await rig.gate.close()


async def test_letting_go_brakes_before_the_watchdog_does(rig) -> None:
    await rig.gate.drive(ALICE, 0.3, 0.0)
    await rig.base.wait(0.2)
    await rig.gate.drive(ALICE, 0.0, 0.0)
    await rig.base.wait(0.25)
    assert abs(rig.base.state().linear_m_s) < 0.01
    await rig.gate.close()


async def test_after_a_stop_each_user_must_let_go_before_driving_again(rig) -> None:
    await rig.gate.drive(ALICE, 0.3, 0.0)
    await rig.base.wait(0.3)
    rig.gate.stop(None, "a cat")
    for _ in range(5):
        with pytest.raises(MotionStopped, match="stopped"):
            await rig.gate.drive(ALICE, 0.3, 0.0)
        await rig.base.wait(0.1)
    assert abs(rig.base.state().linear_m_s) < 1e-3
    await rig.gate.drive(BOB, 0.0, 0.0)
    with pytest.raises(MotionStopped, match="let go"):
        await rig.gate.drive(ALICE, 0.3, 0.0)
    await rig.gate.drive(ALICE, 0.0, 0.0)
    await rig.gate.drive(ALICE, 0.3, 0.0)
    await rig.base.wait(0.3)
    assert rig.base.state().linear_m_s > 0.28
    verdicts = [verdict for _, _, verdict in rig.entries()]
    assert verdicts == ["allowed", "ended", "stopped", "denied", "allowed"]
    assert "stopped: a cat" in rig.reasons()
    await rig.gate.close()


async def test_the_stop_of_the_arms_gate_stops_the_base(rig, tmp_path) -> None:
    robot = EmbeddedRobot.start(textbook_arm(), paced=False)
    arm = GateWithBase(robot, Policy(), rig.audit, rig.gate)
    await rig.gate.drive(ALICE, 0.3, 0.0)
    await rig.base.wait(0.3)
    arm.stop(None, "a cat")
    with pytest.raises(MotionStopped):
        await rig.gate.drive(ALICE, 0.3, 0.0)
    await rig.base.wait(0.4)
    assert abs(rig.base.state().linear_m_s) < 1e-3
    await rig.gate.close()
    await arm.close()


async def test_a_stop_while_the_beginning_is_recorded_lets_nothing_move(tmp_path) -> None:
    log = SlowLog(tmp_path / "motion.jsonl")
    rig = Rig(tmp_path, audit=log)
    driving = asyncio.create_task(rig.gate.drive(ALICE, 0.3, 0.0))
    assert await asyncio.to_thread(log.reached.wait, LIMIT_S)
    assert not driving.done()
    rig.gate.stop(None, "a cat")
    log.go_on.set()
    with pytest.raises(MotionStopped):
        await driving
    assert not rig.base.driving
    # The end is recorded after the beginning, although it was faster; the refusal, at any time.
    beginning, *rest = (e for e in rig.entries() if e[0] == "drive")
    assert beginning == ("drive", "alice", "allowed")
    assert sorted(rest) == [("drive", "alice", "denied"), ("drive", "alice", "ended")]
    await rig.gate.close()


async def test_commands_that_come_while_the_beginning_is_recorded_wait_for_it(tmp_path) -> None:
    log = SlowLog(tmp_path / "motion.jsonl")
    rig = Rig(tmp_path, audit=log)
    commands = [asyncio.create_task(rig.gate.drive(ALICE, 0.3, 0.0)) for _ in range(3)]
    assert await asyncio.to_thread(log.reached.wait, LIMIT_S)
    assert not rig.base.driving
    log.go_on.set()
    await asyncio.gather(*commands)
    assert rig.base.driving
    assert rig.entries() == [("drive", "alice", "allowed")]
    await rig.gate.close()


async def test_a_command_that_is_given_up_leaves_the_base_to_others(tmp_path) -> None:
    log = SlowLog(tmp_path / "motion.jsonl")
    rig = Rig(tmp_path, audit=log)
    driving = asyncio.create_task(rig.gate.drive(ALICE, 0.3, 0.0))
    assert await asyncio.to_thread(log.reached.wait, LIMIT_S)
    driving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await driving
    # Called after what the gate itself does then.
    recorded = threading.Event()
    rig.gate._drive.recorded.add_done_callback(lambda _: recorded.set())
    log.go_on.set()
    assert await asyncio.to_thread(recorded.wait, LIMIT_S)
    await rig.gate.drive(BOB, 0.3, 0.0)
    assert rig.base.driving
    assert [user for _, user, _ in rig.entries()] == ["alice", "alice", "bob"]
    await rig.gate.close()


async def test_what_cannot_be_recorded_does_not_begin(tmp_path) -> None:
    (tmp_path / "file").write_text("no folder")
    rig = Rig(tmp_path, audit=AuditLog(tmp_path / "file" / "motion.jsonl"))
    for _ in range(2):
        with pytest.raises(AuditFailed):
            await rig.gate.drive(ALICE, 0.3, 0.0)
        assert not rig.base.driving
    await rig.gate.close()


async def test_a_base_that_cannot_be_made_is_named_and_tried_again(tmp_path) -> None:
    made = iter([DescriptionInvalid("base.yaml cannot be used."), None])
    base = EmbeddedBase.start(Scene(), paced=False)

    def open_base() -> EmbeddedBase:
        failure = next(made)
        if failure is not None:
            raise failure
        return base

    gate = BaseGate(open_base, base_numbers(), Policy(), AuditLog(tmp_path / "motion.jsonl"))
    with pytest.raises(DescriptionInvalid, match=r"base\.yaml"):
        await gate.drive(ALICE, 0.3, 0.0)
    await gate.drive(ALICE, 0.3, 0.0)
    assert base.driving
    await gate.close()


async def test_whoever_may_look_cannot_drive(rig) -> None:
    view = await rig.gate.view()
    names = {name for name in dir(view) if not name.startswith("_")}
    assert names == {"imu", "numbers", "reality", "scan", "state"}
    assert view.reality == "sim"
    assert view.state() == rig.base.state()
    assert view.imu() == rig.base.imu()
    assert view.scan() is rig.base.scan()
    await rig.gate.close()


async def test_a_closed_gate_takes_no_commands(rig) -> None:
    await rig.gate.drive(ALICE, 0.3, 0.0)
    await rig.gate.close()
    await rig.gate.drive(ALICE, 0.0, 0.0)
    with pytest.raises(ShuttingDown):
        await rig.gate.drive(ALICE, 0.3, 0.0)
    with pytest.raises(ShuttingDown):
        await rig.gate.view()
    rig.gate.stop(None, "once more")


async def test_the_motion_line_has_a_base_on_the_arms_clock_and_cameras(tmp_path) -> None:
    motion = await open_motion(load_settings(home=tmp_path))
    try:
        assert motion.base is not None
        assert motion.cameras is not None
        assert not motion.base.opened
        before_s = motion.view.state().stamp_s
        view = await motion.base.view()
        stamp_s = view.state().stamp_s
        assert before_s <= stamp_s + 1e-6
        assert stamp_s <= motion.view.state().stamp_s + 1e-6
        await motion.base.drive(LOCAL, 0.1, 0.0)
        motion.gate.stop(None, "a cat")
        with pytest.raises(MotionStopped):
            await motion.base.drive(LOCAL, 0.1, 0.0)
        assert motion.cameras.info(320, 240, "tool").width == 320
    finally:
        await motion.close()
    entries = list(read_audit(tmp_path / "audit" / "motion.jsonl"))
    assert [e["verdict"] for e in entries if e["event"] == "drive"] == [
        "allowed",
        "ended",
        "denied",
    ]
