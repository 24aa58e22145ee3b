"""An approval is for one exact plan, one user, one use, and a while."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter

import numpy as np
import pytest
from gatekit import ALICE, BOB, GO_READY, HOME, LOCAL, OPERATOR, VISITOR, Rig, grip, swing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lectern.errors import (
    ApprovalInvalid,
    ApprovalNeeded,
    LecternError,
    MotionOff,
    Overloaded,
    PathBlocked,
    PlanOutdated,
    PlanUnknown,
    RobotBusy,
    SettingsError,
    ToolNotAllowed,
)
from lectern.robot.gate import Bounds, Policy, User
from lectern.robot.plan import Grip


async def test_an_approved_plan_is_executed_by_its_user(rig):
    digest = await rig.approved()
    await rig.gate.execute(ALICE, digest)
    assert [plan.digest for plan in rig.robot.executed] == [digest]


async def test_a_plan_that_nobody_approved_is_not_executed(rig):
    proposal = await rig.gate.propose(ALICE, *GO_READY)
    assert proposal.verdict == "ask"
    with pytest.raises(ApprovalNeeded):
        await rig.gate.execute(ALICE, proposal.digest)
    assert rig.robot.executed == []


async def test_an_approval_is_used_once(rig):
    digest = await rig.approved()
    await rig.gate.execute(ALICE, digest)
    with pytest.raises(ApprovalInvalid, match="was used"):
        await rig.gate.execute(ALICE, digest)
    assert len(rig.robot.executed) == 1


async def test_a_replay_after_the_way_back_needs_a_new_approval(rig):
    digest = await rig.approved()
    await rig.gate.execute(ALICE, digest)
    await rig.gate.execute(ALICE, await rig.approved(call=("move_named", {"name": "home"})))
    with pytest.raises(ApprovalInvalid):
        await rig.gate.execute(ALICE, digest)
    again = await rig.gate.propose(ALICE, *GO_READY)
    assert again.digest == digest
    with pytest.raises(ApprovalNeeded):
        await rig.gate.execute(ALICE, digest)
    assert len(rig.robot.executed) == 2


async def test_proposing_an_approved_plan_again_makes_its_approval_void(rig):
    digest = await rig.approved()
    await rig.gate.propose(ALICE, *GO_READY)
    with pytest.raises(ApprovalNeeded):
        await rig.gate.execute(ALICE, digest)


async def test_another_user_cannot_use_an_approval(rig):
    digest = await rig.approved(ALICE)
    for thief in (BOB, OPERATOR, User("alice ", ALICE.roles), User("ALICE", ALICE.roles)):
        with pytest.raises(ApprovalInvalid, match="another user"):
            await rig.gate.execute(thief, digest)
    assert rig.robot.executed == []
    await rig.gate.execute(ALICE, digest)


async def test_a_user_who_lost_the_role_cannot_use_an_approval(rig):
    digest = await rig.approved(ALICE)
    with pytest.raises(ToolNotAllowed):
        await rig.gate.execute(User("alice", frozenset()), digest)


async def test_one_approval_does_not_serve_two_users_of_the_same_plan(rig):
    first = await rig.gate.propose(ALICE, *GO_READY)
    second = await rig.gate.propose(BOB, *GO_READY)
    assert first.digest == second.digest
    with pytest.raises(ApprovalInvalid, match="Two users"):
        await rig.gate.approve(OPERATOR, first.digest)
    for user in (ALICE, BOB):
        with pytest.raises(ApprovalNeeded):
            await rig.gate.execute(user, first.digest)


@pytest.mark.parametrize("who", [ALICE, VISITOR, User("x", frozenset({"Operator", "admin "}))])
async def test_only_operators_and_admins_approve(rig, who):
    proposal = await rig.gate.propose(ALICE, *GO_READY)
    with pytest.raises(ToolNotAllowed):
        await rig.gate.approve(who, proposal.digest)
    with pytest.raises(ApprovalNeeded):
        await rig.gate.execute(ALICE, proposal.digest)


@pytest.mark.parametrize("who", [BOB, VISITOR, User("alice", frozenset()), User("x", {"Admin"})])
async def test_only_who_proposed_a_plan_or_may_approve_it_rejects_it(rig, who):
    digest = await rig.approved(ALICE)
    with pytest.raises(ToolNotAllowed):
        await rig.gate.reject(who, digest)
    await rig.gate.execute(ALICE, digest)


async def test_a_user_rejects_the_own_proposal_and_no_other(rig):
    digest = (await rig.gate.propose(ALICE, *GO_READY)).digest
    assert (await rig.gate.propose(BOB, *GO_READY)).digest == digest
    await rig.gate.reject(ALICE, digest)
    assert [proposal.user for proposal in rig.gate.pending()] == ["bob"]
    with pytest.raises(ApprovalInvalid, match="rejected"):
        await rig.gate.execute(ALICE, digest)


class EveryRole(frozenset):
    def __and__(self, other):
        return other

    def __rand__(self, other):
        return other


class Impostor(User):
    @property
    def roles(self):
        return frozenset({"admin"})


async def test_who_only_claims_to_be_a_user_may_nothing(rig):
    digest = (await rig.gate.propose(ALICE, *GO_READY)).digest
    impostor = Impostor.__new__(Impostor)
    object.__setattr__(impostor, "name", "alice")
    for who in (impostor, "operator", None, {"name": "olga", "roles": ["operator"]}):
        for act in (rig.gate.approve, rig.gate.reject, rig.gate.execute):
            with pytest.raises(ToolNotAllowed):
                await act(who, digest)
        with pytest.raises(ToolNotAllowed):
            await rig.gate.propose(who, *GO_READY)
    assert User("x", EveryRole()).roles & frozenset({"operator"}) == frozenset()


@pytest.mark.parametrize("late_s", [60.0, 61.0, 1e9])
async def test_an_approval_expires(rig, late_s):
    digest = await rig.approved()
    rig.hands.turn(late_s)
    with pytest.raises(ApprovalInvalid, match="expired"):
        await rig.gate.execute(ALICE, digest)
    assert rig.robot.executed == []


async def test_an_approval_is_good_until_it_expires(rig):
    digest = await rig.approved()
    rig.hands.turn(59.9)
    await rig.gate.execute(ALICE, digest)


async def test_only_what_waits_for_a_person_is_pending(tmp_path):
    rig = Rig(tmp_path, Policy("auto"))
    await rig.gate.propose(ALICE, *GO_READY)
    assert rig.gate.pending() == ()
    object.__setattr__(rig.gate.policy, "sim", "ask")
    proposal = await rig.gate.propose(ALICE, *GO_READY)
    assert rig.gate.pending() == (proposal,)
    await rig.gate.approve(OPERATOR, proposal.digest)
    assert rig.gate.pending() == ()


async def test_a_proposal_that_expired_cannot_be_approved(rig):
    proposal = await rig.gate.propose(ALICE, *GO_READY)
    assert proposal.expires_at == rig.hands.wall_s + 60.0
    rig.hands.turn(60.0)
    with pytest.raises(ApprovalInvalid, match="expired"):
        await rig.gate.approve(OPERATOR, proposal.digest)
    assert rig.gate.pending() == ()


async def test_a_clock_that_is_set_back_does_not_extend_an_approval(rig):
    digest = await rig.approved()
    rig.hands.turn(60.0)
    rig.hands.wall_s -= 3600.0
    with pytest.raises(ApprovalInvalid, match="expired"):
        await rig.gate.execute(ALICE, digest)


async def test_time_asleep_counts_though_the_steady_clock_stood_still(rig):
    digest = await rig.approved()
    rig.hands.wall_s += 3600.0
    with pytest.raises(ApprovalInvalid, match="expired"):
        await rig.gate.execute(ALICE, digest)


@pytest.mark.parametrize("hand", ["wall_s", "steady_s"])
async def test_a_clock_that_shows_no_number_lets_everything_expire(rig, hand):
    digest = await rig.approved()
    setattr(rig.hands, hand, float("nan"))
    with pytest.raises(LecternError):
        await rig.gate.execute(ALICE, digest)
    assert rig.robot.executed == []


async def test_an_approval_that_expires_while_the_plan_is_checked_again_is_void(rig):
    digest = await rig.approved()
    rig.planner.check = lambda *_: rig.hands.turn(60.0)
    with pytest.raises(ApprovalInvalid, match="expired"):
        await rig.gate.execute(ALICE, digest)
    assert rig.robot.executed == []


async def test_a_rejected_plan_is_gone_even_when_it_was_approved(rig):
    digest = await rig.approved()
    await rig.gate.reject(OPERATOR, digest)
    with pytest.raises(ApprovalInvalid, match="rejected"):
        await rig.gate.execute(ALICE, digest)
    with pytest.raises(ApprovalInvalid, match="rejected"):
        await rig.gate.approve(OPERATOR, digest)


@pytest.mark.parametrize(
    "digest", ["", "0" * 64, None, ["x"], b"x", 7, "\x00", "'; --", "é" * 9999]
)
async def test_a_digest_of_nothing_is_unknown(rig, digest):
    await rig.approved()
    for act, who in (
        (rig.gate.approve, OPERATOR),
        (rig.gate.reject, OPERATOR),
        (rig.gate.execute, ALICE),
    ):
        with pytest.raises(PlanUnknown):
            await act(who, digest)


async def test_a_digest_with_something_after_it_is_another_digest(rig):
    digest = await rig.approved()
    with pytest.raises(PlanUnknown):
        await rig.gate.execute(ALICE, digest + "0")
    with pytest.raises(PlanUnknown):
        await rig.gate.execute(ALICE, digest.upper() if digest != digest.upper() else "x")


async def test_a_second_approval_is_refused(rig):
    digest = await rig.approved()
    with pytest.raises(ApprovalInvalid, match="no further approval"):
        await rig.gate.approve(OPERATOR, digest)


def _tamper_steps(plan):
    object.__setattr__(plan, "steps", swing(HOME, np.array(HOME) + 0.5).steps)


def _tamper_trajectory(plan):
    object.__setattr__(plan.steps[0], "trajectory", swing(duration_s=0.2).steps[0].trajectory)


def _tamper_positions(plan):
    positions = plan.steps[0].trajectory.positions
    positions.setflags(write=True)
    positions[10] += 1.0


def _tamper_robot(plan):
    object.__setattr__(plan, "robot", "another")


def _tamper_digest(plan):
    plan.__dict__["digest"] = "0" * 64


@pytest.mark.parametrize(
    "tamper",
    [_tamper_steps, _tamper_trajectory, _tamper_positions, _tamper_robot, _tamper_digest],
)
async def test_changing_a_proposals_plan_changes_nothing_that_is_executed(rig, tamper):
    proposal = await rig.gate.propose(ALICE, *GO_READY)
    tamper(proposal.plan)
    await rig.gate.approve(OPERATOR, proposal.digest)
    await rig.gate.execute(ALICE, proposal.digest)
    assert [plan.digest for plan in rig.robot.executed] == [swing().digest]


@pytest.mark.parametrize("tamper", [_tamper_steps, _tamper_trajectory, _tamper_positions])
async def test_changing_the_plan_that_the_planner_made_changes_nothing(rig, tamper):
    made = []
    rig.planner.plan_instead = lambda request: made.append(swing()) or made[-1]
    digest = await rig.approved()
    tamper(made[0])
    await rig.gate.execute(ALICE, digest)
    assert [plan.digest for plan in rig.robot.executed] == [swing().digest]


@pytest.mark.parametrize("tamper", [_tamper_steps, _tamper_trajectory, _tamper_positions])
async def test_even_the_gates_own_copy_is_not_trusted(rig, tamper):
    digest = await rig.approved()
    ticket = rig.gate._ledger._tickets[ALICE.name, digest]
    assert ticket.plan.digest == digest  # a cached digest survives what follows
    tamper(ticket.plan)
    with pytest.raises(LecternError, match="not the one that was approved"):
        await rig.gate.execute(ALICE, digest)
    assert rig.robot.executed == []


async def test_what_is_executed_is_the_object_that_was_checked_last(rig):
    digest = await rig.approved()
    await rig.gate.execute(ALICE, digest)
    assert rig.robot.executed[0] is rig.planner.checked[-1]
    assert len(rig.planner.checked) == 2


async def test_the_scene_is_looked_at_again_when_a_plan_is_executed(rig):
    digest = await rig.approved()
    rig.planner.blocked = True
    with pytest.raises(PathBlocked):
        await rig.gate.execute(ALICE, digest)
    rig.planner.blocked = False
    with pytest.raises(ApprovalInvalid):
        await rig.gate.execute(ALICE, digest)
    assert rig.robot.executed == []


async def test_the_robot_is_looked_at_again_when_a_plan_is_executed(rig):
    digest = await rig.approved()
    await rig.perform(swing(HOME, np.array(HOME) + 0.1))
    rig.robot.executed.clear()
    with pytest.raises(PlanOutdated):
        await rig.gate.execute(ALICE, digest)
    assert rig.robot.executed == []


async def test_a_busy_robot_leaves_an_approval_good(rig):
    first = await rig.approved()
    second = await rig.approved(BOB, ("grip", {"width_m": 0.04}))
    rig.robot.hold = asyncio.Event()
    running = asyncio.create_task(rig.gate.execute(ALICE, first))
    await asyncio.to_thread(rig.robot.began.wait, 5)
    with pytest.raises(RobotBusy):
        await rig.gate.execute(BOB, second)
    rig.robot.hold.set()
    await running
    await rig.gate.execute(BOB, second)


@pytest.mark.parametrize("rounds", range(5))
async def test_of_many_executes_of_one_approval_exactly_one_runs(rig, rounds):
    digest = await rig.approved()
    tries = [rig.gate.execute(ALICE, digest) for _ in range(20)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    kinds = Counter(type(result).__name__ for result in results)
    assert kinds["Execution"] == 1
    assert kinds["Execution"] + kinds["ApprovalInvalid"] == 20
    assert len(rig.robot.executed) == 1


@pytest.mark.parametrize("rounds", range(5))
def test_of_executes_from_many_threads_exactly_one_runs(rig, rounds):
    digest = asyncio.run(rig.approved())
    line = threading.Barrier(8)
    results = []

    def race() -> None:
        line.wait(5)
        try:
            results.append(asyncio.run(rig.gate.execute(ALICE, digest)))
        except LecternError as error:
            results.append(error)

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(results) == 8
    assert sum(not isinstance(result, LecternError) for result in results) == 1
    assert len(rig.robot.executed) == 1


@pytest.mark.parametrize("rounds", range(5))
def test_of_approvals_from_many_threads_exactly_one_counts(rig, rounds):
    digest = asyncio.run(rig.gate.propose(ALICE, *GO_READY)).digest
    line = threading.Barrier(8)
    results = []

    def race() -> None:
        line.wait(5)
        try:
            results.append(asyncio.run(rig.gate.approve(OPERATOR, digest)))
        except ApprovalInvalid as error:
            results.append(error)

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert results.count(None) == 1
    assert len(results) == 8


async def test_where_the_policy_allows_a_plan_still_runs_only_once(open_rig):
    proposal = await open_rig.gate.propose(ALICE, *GO_READY)
    assert proposal.verdict == "allowed"
    with pytest.raises(ApprovalInvalid, match="no further approval"):
        await open_rig.gate.approve(OPERATOR, proposal.digest)
    await open_rig.gate.execute(ALICE, proposal.digest)
    with pytest.raises(ApprovalInvalid):
        await open_rig.gate.execute(ALICE, proposal.digest)


@pytest.mark.parametrize("reality", ["sim", "real"])
async def test_nothing_moves_when_the_policy_is_off(tmp_path, reality):
    rig = Rig(tmp_path, Policy("off", "off"), reality=reality)
    with pytest.raises(MotionOff):
        await rig.gate.propose(LOCAL, *GO_READY)
    with pytest.raises(MotionOff):
        await rig.gate.session(LOCAL, "run_demo", {"name": "x"})
    with pytest.raises(MotionOff):
        await rig.gate.set_scene(LOCAL, rig.robot.scene())
    assert rig.gate.pending() == ()
    assert rig.entries()[0]["check"] == "policy"


async def test_a_policy_that_tightens_after_the_proposal_holds(open_rig):
    proposal = await open_rig.gate.propose(ALICE, *GO_READY)
    object.__setattr__(open_rig.gate.policy, "sim", "ask")
    with pytest.raises(ApprovalNeeded):
        await open_rig.gate.execute(ALICE, proposal.digest)


@pytest.mark.parametrize("mode", ["auto", "", "AUTO", None, "asks", True])
def test_a_real_robot_cannot_be_let_move_by_itself(mode):
    with pytest.raises(SettingsError):
        Policy("auto", mode)


async def test_a_real_robot_asks_even_when_its_policy_was_tampered_with(tmp_path):
    policy = Policy("auto", "ask")
    rig = Rig(tmp_path, policy, reality="real")
    assert (await rig.gate.propose(ALICE, *GO_READY)).verdict == "ask"
    object.__setattr__(policy, "real", "auto")
    with pytest.raises(MotionOff):
        await rig.gate.propose(ALICE, *GO_READY)


@pytest.mark.parametrize("reality", ["", "Sim", "approval_s", None])
async def test_a_robot_of_an_unknown_kind_does_not_move(tmp_path, reality):
    rig = Rig(tmp_path, Policy("auto"), reality=reality)
    with pytest.raises(ToolNotAllowed):
        await rig.gate.propose(LOCAL, *GO_READY)
    assert rig.gate.policy.mode(reality) == "off"


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), 3601])
def test_an_approval_cannot_be_good_for_ever(seconds):
    with pytest.raises(SettingsError):
        Policy(approval_s=seconds)


async def test_a_users_oldest_proposal_gives_way_to_the_ninth(rig):
    digests = []
    for number in range(9):
        call = ("grip", {"width_m": 0.01 + 0.001 * number})
        digests.append((await rig.gate.propose(ALICE, *call)).digest)
    assert [proposal.digest for proposal in rig.gate.pending()] == digests[1:]
    with pytest.raises(ApprovalInvalid, match="Newer"):
        await rig.gate.approve(OPERATOR, digests[0])


async def test_approved_plans_do_not_give_way(tmp_path):
    rig = Rig(tmp_path, bounds=Bounds(proposals_per_user=2))
    for number in range(2):
        await rig.approved(call=("grip", {"width_m": 0.01 + 0.001 * number}))
    with pytest.raises(Overloaded):
        await rig.gate.propose(ALICE, "grip", {"width_m": 0.05})
    await rig.gate.propose(BOB, "grip", {"width_m": 0.05})


async def test_all_users_together_cannot_fill_the_gate(tmp_path):
    rig = Rig(tmp_path, bounds=Bounds(proposals=3))
    for number in range(3):
        await rig.gate.propose(User(f"u{number}", ALICE.roles), "grip", {"width_m": 0.01})
    with pytest.raises(Overloaded):
        await rig.gate.propose(ALICE, "grip", {"width_m": 0.05})
    rig.hands.turn(60.0)
    await rig.gate.propose(ALICE, "grip", {"width_m": 0.05})


class Books:
    """What must hold: whatever runs was proposed by this user and approved since, and once."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.waiting: set[tuple[str, str]] = set()
        self.approved: set[tuple[str, str]] = set()

    async def call(self, what: str, user: User, width_m: float) -> None:
        digest = grip(width_m=width_m, force_n=20.0).digest
        await getattr(self, what)(user, digest, width_m)

    async def propose(self, user, digest, width_m) -> None:
        proposal = await self.rig.gate.propose(user, "grip", {"width_m": width_m})
        assert proposal.digest == digest
        self.waiting.add((user.name, digest))
        self.approved.discard((user.name, digest))

    async def approve(self, user, digest, width_m) -> None:
        found = [key for key in self.waiting if key[1] == digest]
        if len(found) == 1 and found[0] not in self.approved:
            await self.rig.gate.approve(OPERATOR, digest)
            self.approved.add(found[0])
        else:
            with pytest.raises(LecternError):
                await self.rig.gate.approve(OPERATOR, digest)

    async def reject(self, user, digest, width_m) -> None:
        await self.take_away(OPERATOR, digest, {k for k in self.waiting if k[1] == digest})

    async def reject_own(self, user, digest, width_m) -> None:
        await self.take_away(user, digest, self.waiting & {(user.name, digest)})

    async def take_away(self, who, digest, found) -> None:
        self.waiting -= found
        self.approved -= found
        if found:
            await self.rig.gate.reject(who, digest)
        else:
            with pytest.raises(LecternError):
                await self.rig.gate.reject(who, digest)

    async def execute(self, user, digest, width_m) -> None:
        before, key = len(self.rig.robot.executed), (user.name, digest)
        if key in self.approved:
            await self.rig.gate.execute(user, digest)
            assert self.rig.robot.executed[before].steps == (Grip(width_m, 20.0),)
        else:
            with pytest.raises(LecternError):
                await self.rig.gate.execute(user, digest)
            assert len(self.rig.robot.executed) == before
        self.waiting -= self.approved & {key}
        self.approved.discard(key)

    async def stop(self, user, digest, width_m) -> None:
        self.rig.gate.stop(None, "test")
        self.waiting, self.approved = set(), set()

    async def expire(self, user, digest, width_m) -> None:
        self.rig.hands.turn(60.0)
        self.waiting, self.approved = set(), set()

    async def all(self, calls) -> None:
        for call in calls:
            await self.call(*call)
            pending = {(p.user, p.digest) for p in self.rig.gate.pending()}
            assert pending == self.waiting - self.approved


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["propose", "approve", "execute", "reject", "reject_own", "stop", "expire"]
            ),
            st.sampled_from([ALICE, BOB]),
            st.sampled_from([0.01, 0.05]),
        ),
        max_size=25,
    )
)
def test_no_sequence_of_calls_moves_more_than_was_approved(tmp_path_factory, calls):
    asyncio.run(Books(Rig(tmp_path_factory.mktemp("rig"))).all(calls))
