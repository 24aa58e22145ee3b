"""A stop beats everything, from anywhere, whatever else fails."""

from __future__ import annotations

import asyncio
import sys
import threading

import pytest
from gatekit import ALICE, GO_READY, LOCAL, OPERATOR, VISITOR, Rig, swing

from lectern.errors import LecternError, MotionStopped
from lectern.robot.gate import AuditLog, Policy
from lectern.robot.gate.audit import read_audit
from lectern.robot.gate.repeats import Repeats
from lectern.robot.goals import NamedGoal, PlanRequest
from lectern.robot.state import Activity


async def test_a_stop_ends_a_motion(open_rig):
    digest = (await open_rig.gate.propose(ALICE, *GO_READY)).digest
    begun = asyncio.Event()
    running = asyncio.create_task(
        open_rig.gate.execute(ALICE, digest, lambda progress: begun.set())
    )
    await asyncio.wait_for(begun.wait(), 5)
    at_stop_s = open_rig.robot.state().stamp_s
    open_rig.gate.stop(VISITOR, "enough")
    with pytest.raises(MotionStopped):
        await running
    state = open_rig.robot.state()
    assert state.stamp_s - at_stop_s <= 0.05
    assert state.activity is Activity.IDLE
    assert not state.velocities.any()
    assert open_rig.entries()[-1]["verdict"] == "stopped"


@pytest.mark.parametrize("moment", ["proposed", "approved"])
async def test_a_stop_makes_what_waits_void(rig, moment):
    digest = (await rig.gate.propose(ALICE, *GO_READY)).digest
    if moment == "approved":
        await rig.gate.approve(OPERATOR, digest)
    rig.gate.stop(None, "enough")
    assert rig.gate.pending() == ()
    with pytest.raises(MotionStopped, match="enough"):
        await rig.gate.approve(OPERATOR, digest)
    with pytest.raises(MotionStopped, match="enough"):
        await rig.gate.execute(ALICE, digest)
    assert rig.robot.executed == []


async def test_what_begins_after_a_stop_is_not_void(open_rig):
    open_rig.gate.stop(None, "enough")
    digest = (await open_rig.gate.propose(ALICE, *GO_READY)).digest
    await open_rig.gate.execute(ALICE, digest)


async def test_a_stop_during_planning_makes_the_plan_void(open_rig):
    def plan_slowly(request):
        open_rig.gate.stop(None, "while planning")
        return swing()

    open_rig.planner.plan_instead = plan_slowly
    with pytest.raises(MotionStopped):
        await open_rig.gate.propose(ALICE, *GO_READY)
    assert open_rig.gate.pending() == ()


async def test_a_stop_during_the_second_check_wins(rig):
    digest = await rig.approved()
    rig.planner.check = lambda *_: rig.gate.stop(None, "while checking")
    with pytest.raises(MotionStopped):
        await rig.gate.execute(ALICE, digest)
    assert rig.robot.executed == []


class StoppingAudit(AuditLog):
    """Lets a test in when an entry with some verdict is written."""

    def __init__(self, path, verdict) -> None:
        super().__init__(path)
        self.verdict = verdict
        self.then = lambda: None

    def write(self, entry) -> None:
        super().write(entry)
        if entry["verdict"] == self.verdict:
            self.then()


async def test_a_stop_after_the_last_record_and_before_the_motion_wins(tmp_path):
    audit = StoppingAudit(tmp_path / "a.jsonl", "started")
    rig = Rig(tmp_path, audit=audit)
    digest = await rig.approved()
    audit.then = lambda: rig.gate.stop(None, "at the last moment")
    with pytest.raises(MotionStopped):
        await rig.gate.execute(ALICE, digest)
    assert rig.robot.executed == []


async def test_a_stop_while_an_approval_is_recorded_wins(tmp_path):
    audit = StoppingAudit(tmp_path / "a.jsonl", "approved")
    rig = Rig(tmp_path, audit=audit)
    digest = (await rig.gate.propose(ALICE, *GO_READY)).digest
    audit.then = lambda: rig.gate.stop(None, "at the last moment")
    with pytest.raises(MotionStopped):
        await rig.gate.approve(OPERATOR, digest)
    with pytest.raises(MotionStopped):
        await rig.gate.execute(ALICE, digest)


async def test_a_stop_after_the_checks_and_before_the_robot_took_the_plan_wins(open_rig):
    """The narrowest gap: the epoch was checked, and the robot has not looked at the plan yet."""
    digest = (await open_rig.gate.propose(ALICE, *GO_READY)).digest

    def stop_from_another_thread() -> None:
        thread = threading.Thread(target=open_rig.gate.stop, args=(None, "in the gap"))
        thread.start()
        thread.join(5)

    open_rig.robot.on_execute = stop_from_another_thread
    before = open_rig.robot.state()
    with pytest.raises(MotionStopped):
        await open_rig.gate.execute(ALICE, digest)
    # Told twice: once by the stop, which found nothing to stop, and once after it took the plan.
    assert len(open_rig.robot.stops) == 2
    assert (open_rig.robot.state().positions == before.positions).all()


class SlowToTake:
    """A robot that takes a plan only some steps after it was given, as one across a network."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.execute = rig.robot.execute

    async def __call__(self, plan, on_progress=None):
        for _ in range(3):
            await asyncio.sleep(0)
        self.rig.gate.stop(None, "before it was taken")
        return await self.execute(plan, on_progress)


async def test_a_stop_before_a_slow_robot_takes_the_plan_wins(open_rig):
    open_rig.robot.execute = SlowToTake(open_rig)
    digest = (await open_rig.gate.propose(ALICE, *GO_READY)).digest
    with pytest.raises(MotionStopped):
        await open_rig.gate.execute(ALICE, digest)


@pytest.mark.parametrize("rounds", range(60))
def test_after_a_stop_has_returned_nothing_moves(tmp_path, rounds):
    """Two real threads, let go together: whichever is first, nothing moves after the stop."""
    rig = Rig(tmp_path, Policy("auto"))
    digest = asyncio.run(rig.gate.propose(ALICE, *GO_READY)).digest
    line = threading.Barrier(2)
    at_stop = []
    outcome = []

    def execute() -> None:
        line.wait(5)
        try:
            outcome.append(asyncio.run(rig.gate.execute(ALICE, digest)))
        except MotionStopped as error:
            outcome.append(error)

    def stop() -> None:
        line.wait(5)
        # From no pause to about the time that the checks and the first steps take.
        for _ in range(rounds * 5000):
            pass
        rig.gate.stop(None, "race")
        at_stop.append(rig.robot.state().stamp_s)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work) for work in (execute, stop)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    finally:
        sys.setswitchinterval(interval)
    # One tick may be under way when the stop comes.
    assert rig.robot.state().stamp_s - at_stop[0] <= 0.05
    # The whole motion takes 6 s of this robot's clock, which a busy machine may let pass before it
    # lets the stop begin.
    assert isinstance(outcome[0], MotionStopped) or at_stop[0] >= 5.95


@pytest.mark.parametrize("rounds", range(10))
def test_an_approval_that_races_a_stop_never_leads_to_a_motion(rig, rounds):
    digest = asyncio.run(rig.gate.propose(ALICE, *GO_READY)).digest
    line = threading.Barrier(2)
    after = []

    def approve() -> None:
        line.wait(5)
        try:
            asyncio.run(rig.gate.approve(OPERATOR, digest))
        except MotionStopped as error:
            after.append(error)

    def stop() -> None:
        line.wait(5)
        rig.gate.stop(None, "race")

    threads = [threading.Thread(target=work) for work in (approve, stop)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    with pytest.raises(MotionStopped):
        asyncio.run(rig.gate.execute(ALICE, digest))
    assert rig.robot.executed == []


async def test_a_stop_ends_a_session_for_good(open_rig):
    session = await open_rig.gate.session(LOCAL, "run_demo", {"name": "x"})
    await session.move(PlanRequest(NamedGoal("ready")))
    open_rig.gate.stop(None, "enough")
    for _ in range(2):
        with pytest.raises(MotionStopped):
            await session.move(PlanRequest(NamedGoal("home")))
        with pytest.raises(MotionStopped):
            await session.grip(0.04, 10.0)
        with pytest.raises(MotionStopped):
            await session.perform(swing())
    assert len(open_rig.robot.executed) == 1


async def test_a_demo_does_not_change_the_scene_after_a_stop(open_rig):
    session = await open_rig.gate.session(LOCAL, "run_demo", {"name": "x"})
    open_rig.gate.stop(None, "enough")
    with pytest.raises(MotionStopped):
        await session.set_scene(open_rig.robot.scene().remove("red_cube"))
    assert "red_cube" in open_rig.robot.scene().objects


@pytest.mark.parametrize("way", ["session", "gate"])
async def test_a_stop_while_a_change_of_scene_is_recorded_keeps_the_scene(tmp_path, way):
    audit = HeldAudit(tmp_path / "a.jsonl", "allowed")
    rig = Rig(tmp_path, Policy("auto"), audit=audit)
    wanted = rig.robot.scene().remove("red_cube")
    if way == "session":
        audit.verdict = ""
        session = await rig.gate.session(LOCAL, "run_demo", {"name": "x"})
        audit.verdict = "allowed"
        changing = asyncio.create_task(session.set_scene(wanted))
    else:
        changing = asyncio.create_task(rig.gate.set_scene(LOCAL, wanted))
    assert await asyncio.to_thread(audit.at_it.wait, 5)
    rig.gate.stop(None, "enough")
    audit.go_on.set()
    with pytest.raises(MotionStopped):
        await changing
    assert "red_cube" in rig.robot.scene().objects


async def test_a_stop_wakes_a_session_that_waits_for_an_approval(rig):
    asked = asyncio.Event()
    session = await rig.gate.session(LOCAL, "run_demo", {"name": "x"}, lambda _: asked.set())
    waiting = asyncio.create_task(session.grip(0.04, 10.0))
    await asyncio.wait_for(asked.wait(), 5)
    rig.gate.stop(None, "enough")
    with pytest.raises(MotionStopped):
        await asyncio.wait_for(waiting, 5)


@pytest.mark.parametrize("reason", ["x" * 10_000, "", None, 7, object(), "\ud800", "\n{}"])
async def test_a_stop_needs_no_reason_and_no_login(open_rig, reason):
    open_rig.gate.stop(None, reason)
    open_rig.gate.stop(reason, reason)
    assert len(open_rig.robot.stops) == 2
    assert [entry["event"] for entry in open_rig.entries()] == ["stop", "stop"]


class HeldAudit(AuditLog):
    """Writes entries with one verdict when it is let."""

    def __init__(self, path, verdict: str) -> None:
        super().__init__(path)
        self.verdict = verdict
        self.at_it, self.go_on = threading.Event(), threading.Event()

    def write(self, entry) -> None:
        if entry["verdict"] == self.verdict:
            self.at_it.set()
            assert self.go_on.wait(5)
        super().write(entry)


class BrokenAudit(AuditLog):
    def owe(self, entry) -> None:
        raise OSError("no disk")


class BrokenThread(AuditLog):
    def _start(self) -> None:
        raise RuntimeError("can't start new thread")


@pytest.mark.parametrize("audit", [BrokenAudit, BrokenThread])
async def test_a_stop_that_cannot_be_recorded_stops_all_the_same(tmp_path, audit):
    rig = Rig(tmp_path, audit=audit(tmp_path / "a.jsonl"))
    digest = await rig.approved()
    rig.gate.stop(None, "enough")
    assert rig.robot.stops == ["enough"]
    with pytest.raises(MotionStopped):
        await rig.gate.execute(ALICE, digest)


async def test_a_stop_does_not_raise_when_the_robot_does(rig):
    digest = await rig.approved()

    def broken(reason):
        raise ValueError("no cable")

    rig.robot.stop = broken
    rig.gate.stop(None, "enough")
    with pytest.raises(MotionStopped):
        await rig.gate.execute(ALICE, digest)


def test_a_stop_takes_effect_while_the_books_are_locked(rig):
    """As in a signal handler that interrupts whoever holds the lock."""
    digest = asyncio.run(rig.approved())
    with rig.gate._ledger._lock:
        rig.gate.stop(None, "enough")
        assert rig.robot.stops == ["enough"]
    with pytest.raises(MotionStopped):
        asyncio.run(rig.gate.execute(ALICE, digest))


def test_a_stop_waits_for_no_disk(rig):
    """A disk that hangs holds the log's lock; the stop returns."""
    digest = asyncio.run(rig.approved())
    with rig.audit._lock:
        stopping = threading.Thread(target=rig.gate.stop, args=(None, "enough"), daemon=True)
        stopping.start()
        stopping.join(2)
        assert not stopping.is_alive()
        assert rig.robot.stops == ["enough"]
    with pytest.raises(LecternError):
        asyncio.run(rig.gate.execute(ALICE, digest))


def test_many_stops_at_once_make_everything_void(rig):
    digest = asyncio.run(rig.approved())
    line = threading.Barrier(16)

    def stop() -> None:
        line.wait(5)
        rig.gate.stop(None, "all at once")

    threads = [threading.Thread(target=stop) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(rig.robot.stops) == 16
    with pytest.raises(MotionStopped):
        asyncio.run(rig.gate.execute(ALICE, digest))
    assert sum(e.get("times", 1) for e in rig.entries() if e["event"] == "stop") == 16


async def test_a_caller_that_goes_away_leaves_the_robot_at_rest_and_a_record(open_rig):
    digest = (await open_rig.gate.propose(ALICE, *GO_READY)).digest
    begun = asyncio.Event()
    running = asyncio.create_task(open_rig.gate.execute(ALICE, digest, lambda _: begun.set()))
    await asyncio.wait_for(begun.wait(), 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert open_rig.robot.state().activity is Activity.IDLE
    assert open_rig.entries()[-1]["verdict"] == "stopped"
    digest = (await open_rig.gate.propose(ALICE, *GO_READY)).digest
    await open_rig.gate.execute(ALICE, digest)


async def test_a_caller_that_goes_away_while_the_start_is_recorded_leaves_an_end(tmp_path):
    audit = HeldAudit(tmp_path / "a.jsonl", "started")
    rig = Rig(tmp_path, Policy("auto"), audit=audit)
    digest = (await rig.gate.propose(ALICE, *GO_READY)).digest
    running = asyncio.create_task(rig.gate.execute(ALICE, digest))
    assert await asyncio.to_thread(audit.at_it.wait, 5)
    for _ in range(2):
        running.cancel()
        await asyncio.sleep(0)
    audit.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [e["verdict"] for e in rig.entries()] == ["allowed", "started", "stopped"]
    assert rig.robot.executed == []
    await rig.gate.execute(ALICE, (await rig.gate.propose(ALICE, *GO_READY)).digest)


async def test_a_slow_disk_holds_up_no_loop(tmp_path):
    audit = HeldAudit(tmp_path / "a.jsonl", "allowed")
    rig = Rig(tmp_path, Policy("auto"), audit=audit)
    opening = asyncio.create_task(rig.gate.session(LOCAL, "run_demo", {"name": "x"}))
    assert await asyncio.to_thread(audit.at_it.wait, 5)
    audit.go_on.set()  # which a loop that waits for the disk would never come to
    await asyncio.wait_for(opening, 5)


def stops(rig) -> list[dict]:
    return [entry for entry in rig.entries() if entry["event"] == "stop"]


def test_stops_that_change_nothing_do_not_flood_the_log_and_are_counted(rig):
    for number in range(500):
        rig.gate.stop(None, f"stop {number}")
    assert len(rig.robot.stops) == 500
    lines = stops(rig)
    assert sum(line.get("times", 1) for line in lines) == 500
    assert len(lines) < 50
    assert lines[-1]["reason"] == "stop 499"


async def test_a_stop_that_makes_something_void_has_a_line_of_its_own(rig):
    for _ in range(3):
        rig.gate.stop(None, "idle")
    await rig.gate.propose(ALICE, *GO_READY)
    rig.gate.stop(OPERATOR, "this one counts")
    rig.gate.stop(None, "idle again")
    lines = [(e["event"], e.get("reason"), e["user"]) for e in rig.entries()]
    assert ("stop", "this one counts", "olga") in lines
    (counts,) = [e for e in stops(rig) if e["user"] == "olga"]
    assert "times" not in counts


async def test_a_stop_that_ends_a_session_between_its_motions_has_a_line_of_its_own(open_rig):
    open_rig.gate.stop(None, "idle")
    await open_rig.gate.session(LOCAL, "run_demo", {"name": "x"})
    open_rig.gate.stop(OPERATOR, "this one counts")
    assert [e["user"] for e in stops(open_rig)] == ["", "olga"]


async def test_stops_held_back_are_on_record_before_anything_later(rig, monkeypatch):
    monkeypatch.setattr("lectern.robot.gate.audit.EVERY_S", 60.0)
    monkeypatch.setattr(rig.audit, "_often", Repeats(lambda: 0.0))
    for _ in range(4):
        rig.gate.stop(None, "idle")
    await rig.gate.propose(ALICE, *GO_READY)
    lines = [(e["event"], e.get("times", 1)) for e in read_audit(rig.audit.path)]
    assert lines == [("stop", 1), ("stop", 3), ("propose", 1)]


def test_stops_held_back_reach_the_disk_by_themselves(rig, monkeypatch):
    monkeypatch.setattr("lectern.robot.gate.audit.EVERY_S", 0.01)
    monkeypatch.setattr(rig.audit, "_often", Repeats(lambda: 0.0))
    held = threading.Event()
    append = rig.audit._append

    def watch(line) -> None:
        append(line)
        if b'"times": 4' in line:
            held.set()

    monkeypatch.setattr(rig.audit, "_append", watch)
    rig.audit.owe_often({"event": "stop"})
    with rig.audit._lock:
        for _ in range(4):
            rig.audit.owe_often({"event": "stop"})
    assert held.wait(10)


async def test_closing_leaves_no_stop_unrecorded(rig):
    for _ in range(7):
        rig.gate.stop(None, "idle")
    await rig.gate.close()
    assert sum(e.get("times", 1) for e in read_audit(rig.audit.path)) == 8


def test_one_line_a_second_stands_for_all_in_between():
    now_s = [10.0]
    repeats = Repeats(lambda: now_s[0])
    assert repeats.take({"n": 1}) == {"n": 1}
    assert repeats.take({"n": 2}) is None
    now_s[0] = 10.999
    assert repeats.take({"n": 3}) is None
    assert repeats.waiting
    now_s[0] = 11.0
    assert repeats.take({"n": 4}) == {"n": 4, "times": 3}
    assert not repeats.waiting
    assert repeats.take({"n": 5}) is None
    assert repeats.left() == {"n": 5}
    assert repeats.left() is None
