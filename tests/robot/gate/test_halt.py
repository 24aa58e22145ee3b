"""A halt ends one user's motion as fast as a stop, and leaves everything else as it is."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import suppress

import pytest
from gatekit import ALICE, BOB, GO_READY, LOCAL, OPERATOR, Rig

from lectern.errors import MotionStopped
from lectern.robot.gate import AuditLog, Policy
from lectern.robot.goals import NamedGoal, PlanRequest
from lectern.robot.state import Activity

GRIP = ("grip", {"width_m": 0.04})


async def moving(rig, user=ALICE) -> asyncio.Task:
    """Begin a motion, and return once the robot is under way."""
    begun = asyncio.Event()
    task = asyncio.create_task(rig.gate.perform(user, *GO_READY, lambda _: begun.set()))
    await asyncio.wait_for(begun.wait(), 5)
    return task


async def test_a_halt_ends_a_motion_as_fast_as_a_stop(open_rig):
    running = await moving(open_rig)
    at_halt_s = open_rig.robot.state().stamp_s
    assert open_rig.gate.halt(ALICE, "enough")
    with pytest.raises(MotionStopped, match="enough"):
        await running
    state = open_rig.robot.state()
    assert state.stamp_s - at_halt_s <= 0.05
    assert state.activity is Activity.IDLE
    assert not state.velocities.any()


async def test_a_halt_leaves_what_others_proposed_and_got_approved(rig):
    waiting = (await rig.gate.propose(BOB, *GRIP)).digest
    approved = await rig.approved(OPERATOR, ("grip", {"width_m": 0.06}))
    asked = asyncio.Event()
    begun = asyncio.Event()
    running = asyncio.create_task(
        rig.gate.perform(ALICE, *GO_READY, lambda _: begun.set(), lambda _: asked.set())
    )
    await asyncio.wait_for(asked.wait(), 5)
    await rig.gate.approve(OPERATOR, rig.gate.pending()[-1].digest)
    await asyncio.wait_for(begun.wait(), 5)
    rig.gate.halt(ALICE, "enough")
    with pytest.raises(MotionStopped):
        await running
    assert [proposal.digest for proposal in rig.gate.pending()] == [waiting]
    await rig.gate.execute(OPERATOR, approved)


async def test_a_halt_leaves_sessions_to_go_on(open_rig):
    session = await open_rig.gate.session(LOCAL, "run_demo", {"name": "x"})
    running = await moving(open_rig)
    open_rig.gate.halt(ALICE, "enough")
    with pytest.raises(MotionStopped):
        await running
    await session.move(PlanRequest(NamedGoal("ready")))


async def test_a_halted_motion_of_a_session_leaves_its_next_one(open_rig):
    session = await open_rig.gate.session(ALICE, "run_demo", {"name": "x"})
    open_rig.robot.on_execute = lambda: open_rig.gate.halt(ALICE, "this one")
    with pytest.raises(MotionStopped, match="this one"):
        await session.move(PlanRequest(NamedGoal("ready")))
    open_rig.robot.on_execute = lambda: None
    await session.move(PlanRequest(NamedGoal("ready")))


async def test_nobody_halts_anothers_motion(open_rig):
    running = await moving(open_rig)
    assert not open_rig.gate.halt(BOB, "mine, mine")
    await running
    assert open_rig.robot.stops == open_rig.robot.halts == []


async def test_a_halt_while_nothing_runs_changes_and_records_nothing(open_rig):
    digest = (await open_rig.gate.propose(ALICE, *GO_READY)).digest
    before = open_rig.entries()
    assert not open_rig.gate.halt(ALICE, "enough")
    assert open_rig.entries() == before
    await open_rig.gate.execute(ALICE, digest)


async def test_a_halt_is_in_the_log_before_the_end_of_the_motion(open_rig):
    running = await moving(open_rig)
    assert open_rig.gate.halt(ALICE, "enough")
    assert not open_rig.gate.halt(ALICE, "again")
    with pytest.raises(MotionStopped):
        await running
    proposed, _, halted, ended = open_rig.entries()
    assert (halted["event"], halted["verdict"]) == ("halt", "stopped")
    assert (halted["user"], halted["reason"]) == (ALICE.name, "enough")
    assert halted["digest"] == proposed["digest"]
    assert (ended["event"], ended["verdict"], ended["code"]) == (
        "execute",
        "stopped",
        "motion_stopped",
    )


class HaltingAudit(AuditLog):
    """Lets a test in when the start of a motion was written."""

    then = staticmethod(lambda: None)

    def write(self, entry) -> None:
        super().write(entry)
        if entry["verdict"] == "started":
            self.then()


async def test_a_halt_after_the_last_record_and_before_the_motion_wins(tmp_path):
    audit = HaltingAudit(tmp_path / "a.jsonl")
    rig = Rig(tmp_path, Policy("auto"), audit=audit)
    audit.then = lambda: rig.gate.halt(ALICE, "at the last moment")
    with pytest.raises(MotionStopped, match="at the last moment"):
        await rig.gate.perform(ALICE, *GO_READY)
    assert rig.robot.executed == []


async def test_a_halt_before_a_slow_robot_takes_the_plan_wins(open_rig):
    """Told twice: by the halt, which found nothing to end, and after it took the plan."""
    execute = open_rig.robot.execute

    async def slow(plan, on_progress=None):
        await asyncio.sleep(0)
        open_rig.gate.halt(ALICE, "before it was taken")
        return await execute(plan, on_progress)

    open_rig.robot.execute = slow
    before = open_rig.robot.state()
    with pytest.raises(MotionStopped):
        await open_rig.gate.perform(ALICE, *GO_READY)
    assert len(open_rig.robot.halts) >= 2
    assert (open_rig.robot.state().positions == before.positions).all()


async def test_a_halt_does_not_raise_when_the_robot_does(open_rig):
    running = await moving(open_rig)

    def broken(reason):
        raise ValueError("no cable")

    open_rig.robot.halt = broken
    assert open_rig.gate.halt(ALICE, "enough")
    open_rig.gate.stop(None, "then so")
    with pytest.raises(MotionStopped):
        await running


@pytest.mark.parametrize("reason", ["x" * 10_000, None, 7, "\ud800"])
async def test_a_halt_takes_any_reason(open_rig, reason):
    running = await moving(open_rig)
    assert open_rig.gate.halt(ALICE, reason)
    with pytest.raises(MotionStopped):
        await running


@pytest.mark.parametrize("rounds", range(40))
def test_a_halt_that_races_the_end_of_a_motion_never_hits_the_next(tmp_path, rounds):
    """Two real threads: alice's grip ends and bob's begins while alice's is halted."""
    rig = Rig(tmp_path, Policy("auto"))
    line = threading.Barrier(2)
    bobs = []

    async def one_after_another() -> None:
        line.wait(5)
        with suppress(MotionStopped):
            await rig.gate.perform(ALICE, *GRIP)
        bobs.append(await rig.gate.perform(BOB, "grip", {"width_m": 0.06}))

    def halt() -> None:
        line.wait(5)
        for _ in range(rounds * 5000):
            pass
        rig.gate.halt(ALICE, "race")

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        halting = threading.Thread(target=halt)
        halting.start()
        asyncio.run(one_after_another())
        halting.join(20)
    finally:
        sys.setswitchinterval(interval)
    assert bobs[0].gripper_width_m == pytest.approx(0.06)
