"""One call for a whole motion: proposed, approved where the policy asks, executed."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from gatekit import ALICE, ARM, GO_READY, OPERATOR, READY, VISITOR, Rig

from lectern.errors import (
    ApprovalInvalid,
    InvalidInput,
    MotionOff,
    MotionStopped,
    PathBlocked,
    RobotBusy,
    ToolNotAllowed,
)
from lectern.robot.gate import Policy
from lectern.robot.state import Activity


async def test_where_the_policy_allows_a_motion_is_made_at_once(open_rig):
    fractions = []
    done = await open_rig.gate.perform(ALICE, *GO_READY, lambda p: fractions.append(p.fraction))
    assert done.duration_s == pytest.approx(6.0)
    assert fractions[-1] == pytest.approx(1.0)
    assert np.allclose(open_rig.robot.state().of(ARM.names), READY)
    assert [e["verdict"] for e in open_rig.entries()] == ["allowed", "started", "ended"]


async def waiting(rig) -> asyncio.Task:
    """Begin a motion, and return once it waits for a person."""
    asked = asyncio.Event()
    task = asyncio.create_task(
        rig.gate.perform(ALICE, *GO_READY, on_approval=lambda proposal: asked.set())
    )
    await asyncio.wait_for(asked.wait(), 5)
    return task


async def test_where_the_policy_asks_it_waits_for_a_person(rig):
    performing = await waiting(rig)
    assert rig.robot.executed == []
    (proposal,) = rig.gate.pending()
    await rig.gate.approve(OPERATOR, proposal.digest)
    await performing
    assert [plan.digest for plan in rig.robot.executed] == [proposal.digest]
    assert [e["verdict"] for e in rig.entries()] == ["ask", "approved", "started", "ended"]


@pytest.mark.parametrize("policy", ["auto", "ask"])
async def test_the_proposal_is_told_before_anything_moves_whatever_the_policy(tmp_path, policy):
    rig, told = Rig(tmp_path, Policy(policy)), []
    performing = asyncio.create_task(
        rig.gate.perform(
            ALICE,
            *GO_READY,
            on_approval=lambda p: approving.append(
                asyncio.ensure_future(rig.gate.approve(OPERATOR, p.digest))
            ),
            on_proposal=lambda p: told.append((p.digest, len(rig.robot.executed))),
        )
    )
    approving: list[asyncio.Future] = []
    await performing
    assert told == [(rig.robot.executed[0].digest, 0)]


async def test_a_face_that_breaks_at_the_proposal_moves_nothing(open_rig):
    def broken(proposal) -> None:
        raise ZeroDivisionError

    with pytest.raises(Exception, match="ZeroDivisionError"):
        await open_rig.gate.perform(ALICE, *GO_READY, on_proposal=broken)
    assert open_rig.robot.executed == []


async def test_a_rejection_ends_it(rig):
    performing = await waiting(rig)
    await rig.gate.reject(OPERATOR, rig.gate.pending()[0].digest)
    with pytest.raises(ApprovalInvalid, match="rejected"):
        await performing
    assert rig.robot.executed == []
    assert rig.entries()[-1]["check"] == "approval"


async def test_a_stop_ends_the_waiting(rig):
    performing = await waiting(rig)
    rig.gate.stop(None, "enough")
    with pytest.raises(MotionStopped, match="enough"):
        await performing
    assert rig.robot.executed == []


async def test_nobody_approving_ends_it_and_leaves_nothing_to_approve(tmp_path):
    rig = Rig(tmp_path, Policy("ask", approval_s=0.05))
    with pytest.raises(ApprovalInvalid, match="in time"):
        await rig.gate.perform(ALICE, *GO_READY)
    assert rig.gate.pending() == ()


async def test_going_away_while_it_waits_leaves_nothing_to_approve(rig):
    performing = await waiting(rig)
    performing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await performing
    assert rig.gate.pending() == ()
    assert rig.robot.executed == []


async def test_a_face_that_breaks_while_it_asks_leaves_nothing_to_approve(rig):
    def broken(proposal) -> None:
        raise ZeroDivisionError

    with pytest.raises(Exception, match="ZeroDivisionError"):
        await rig.gate.perform(ALICE, *GO_READY, on_approval=broken)
    assert rig.gate.pending() == ()


async def test_going_away_while_it_moves_brings_the_robot_to_rest(open_rig):
    begun = asyncio.Event()
    performing = asyncio.create_task(open_rig.gate.perform(ALICE, *GO_READY, lambda _: begun.set()))
    await asyncio.wait_for(begun.wait(), 5)
    performing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await performing
    assert open_rig.robot.state().activity is Activity.IDLE
    assert not np.allclose(open_rig.robot.state().of(ARM.names), READY)
    assert open_rig.entries()[-1]["verdict"] == "stopped"


async def test_a_busy_robot_refuses_and_leaves_no_proposal_behind(open_rig):
    open_rig.robot.hold = asyncio.Event()
    first = asyncio.create_task(open_rig.gate.perform(ALICE, *GO_READY))
    assert await asyncio.to_thread(open_rig.robot.began.wait, 5)
    with pytest.raises(RobotBusy):
        await open_rig.gate.perform(OPERATOR, "grip", {"width_m": 0.04})
    open_rig.robot.hold.set()
    await first
    (refused,) = {e["digest"] for e in open_rig.entries() if e["tool"] == "grip"} - {""}
    with pytest.raises(ApprovalInvalid, match="withdrawn"):
        await open_rig.gate.execute(OPERATOR, refused)
    assert len(open_rig.robot.executed) == 1


async def test_the_robot_is_looked_at_again_after_the_approval(rig):
    performing = await waiting(rig)
    rig.planner.blocked = True
    await rig.gate.approve(OPERATOR, rig.gate.pending()[0].digest)
    with pytest.raises(PathBlocked):
        await performing
    assert rig.robot.executed == []


async def test_nothing_is_performed_that_could_not_be_proposed(tmp_path):
    rig = Rig(tmp_path, Policy("auto"))
    with pytest.raises(ToolNotAllowed):
        await rig.gate.perform(VISITOR, *GO_READY)
    with pytest.raises(ToolNotAllowed):
        await rig.gate.perform(OPERATOR, "reset", {})
    with pytest.raises(InvalidInput):
        await rig.gate.perform(ALICE, "move_named", {"name": "ready", "approve": True})
    off = Rig(tmp_path / "off", Policy("off"))
    with pytest.raises(MotionOff):
        await off.gate.perform(OPERATOR, *GO_READY)
    assert rig.robot.executed == off.robot.executed == []
