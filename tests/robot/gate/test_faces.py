"""What faces and demos use: sessions, events, the view, the scene, reset, closing."""

from __future__ import annotations

import asyncio
import queue
import threading

import numpy as np
import pytest
from gatekit import ALICE, ARM, GO_READY, HOME, LOCAL, OPERATOR, READY, Rig, grip

from lectern.errors import (
    ApprovalInvalid,
    InvalidInput,
    LecternError,
    LimitsExceeded,
    MotionStopped,
    Overloaded,
    RobotBusy,
    RobotUnavailable,
    SceneObjectInvalid,
    ToolNotAllowed,
    TrackingLost,
)
from lectern.robot.gate import Bounds, MotionEvent, Policy, events
from lectern.robot.gate.audit import read_audit
from lectern.robot.geometry import Pose
from lectern.robot.goals import JointGoal, LineGoal, NamedGoal, PlanRequest, PoseGoal
from lectern.robot.scene import Attachment, Box, Scene, SceneObject

DEMO = ("run_demo", {"name": "x", "parameters": {"a": 1}})


async def test_a_session_moves_grips_and_performs(open_rig):
    session = await open_rig.gate.session(LOCAL, *DEMO)
    await session.move(PlanRequest(NamedGoal("ready")))
    done = await session.grip(0.04, 20.0)
    assert done.gripper_width_m == pytest.approx(0.04)
    await session.perform(await open_rig.gate.view.plan(PlanRequest(NamedGoal("home"))))
    assert np.allclose(open_rig.robot.state().of(ARM.names), HOME)
    steps = [e["step"] for e in open_rig.entries() if e["event"] == "propose"]
    assert steps[0] == "NamedGoal(name='ready')"
    assert len(steps) == 3


async def test_each_motion_of_a_session_asks_for_its_own_approval(rig):
    asked = []
    loop = asyncio.get_running_loop()

    def ask(proposal) -> None:
        asked.append(loop.create_task(rig.gate.approve(OPERATOR, proposal.digest)))

    session = await rig.gate.session(ALICE, *DEMO, ask)
    await session.grip(0.04, 20.0)
    await session.grip(0.06, 20.0)
    assert len(asked) == 2
    assert rig.gate.pending() == ()


async def test_a_rejected_motion_of_a_session_raises(rig):
    loop = asyncio.get_running_loop()
    tasks = []
    session = await rig.gate.session(
        ALICE, *DEMO, lambda p: tasks.append(loop.create_task(rig.gate.reject(OPERATOR, p.digest)))
    )
    with pytest.raises(ApprovalInvalid, match="rejected"):
        await session.grip(0.04, 20.0)
    assert rig.robot.executed == []


async def test_a_session_that_nobody_approves_gives_up_and_withdraws(tmp_path):
    rig = Rig(tmp_path, Policy("ask", approval_s=0.05))
    with pytest.raises(ApprovalInvalid, match="in time"):
        await (await rig.gate.session(ALICE, *DEMO)).grip(0.04, 20.0)
    assert rig.gate.pending() == ()
    assert rig.entries()[-1]["check"] == "approval"


async def test_a_session_whose_caller_goes_away_leaves_nothing_to_approve(rig):
    asked = asyncio.Event()
    session = await rig.gate.session(ALICE, *DEMO, lambda _: asked.set())
    task = asyncio.create_task(session.grip(0.04, 20.0))
    await asyncio.wait_for(asked.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert rig.gate.pending() == ()


async def test_a_caller_that_goes_away_as_the_approval_comes_moves_nothing(rig):
    asked = asyncio.Event()
    session = await rig.gate.session(ALICE, *DEMO, lambda _: asked.set())
    task = asyncio.create_task(session.grip(0.04, 20.0))
    await asyncio.wait_for(asked.wait(), 5)
    ledger = rig.gate._ledger
    ledger.approve(ledger.undecided(rig.gate.pending()[0].digest), OPERATOR)
    await asyncio.sleep(0)  # the approval is there, and the task has not gone on yet
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert rig.robot.executed == []


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        pytest.param(PlanRequest(NamedGoal("moon")), InvalidInput, id="unknown pose"),
        pytest.param(PlanRequest(JointGoal((np.nan,) * 6)), InvalidInput, id="no numbers"),
        pytest.param(PlanRequest(JointGoal((9.0,) * 6)), LimitsExceeded, id="out of limits"),
        pytest.param(PlanRequest(NamedGoal("home"), speed_scale=1.5), LimitsExceeded, id="fast"),
        pytest.param(PlanRequest(NamedGoal("home"), speed_scale=np.nan), LimitsExceeded, id="nan"),
        pytest.param(PlanRequest(NamedGoal("home"), timeout_s=1e9), LimitsExceeded, id="for ever"),
        pytest.param(PlanRequest(NamedGoal("home"), timeout_s=np.nan), LimitsExceeded, id="never"),
        pytest.param(
            PlanRequest(NamedGoal("home"), start_rad=(np.inf,) * 6), InvalidInput, id="start"
        ),
        pytest.param(PlanRequest(PoseGoal(Pose((0, 0, -1)))), LimitsExceeded, id="underground"),
        pytest.param(
            PlanRequest(LineGoal(Pose((0.4, 0, 0.2), frame="tool_link"))), InvalidInput, id="frame"
        ),
        pytest.param(PlanRequest("home"), InvalidInput, id="no goal"),
        pytest.param({"goal": "home"}, InvalidInput, id="no request"),
    ],
)
async def test_a_request_of_a_session_is_checked_like_any_other(open_rig, request_, error):
    with pytest.raises(error):
        await (await open_rig.gate.session(LOCAL, *DEMO)).move(request_)
    assert open_rig.robot.executed == []


@pytest.mark.parametrize("tool", ["grip", "move_named", "reset", "nothing"])
async def test_a_session_is_for_demos_only(open_rig, tool):
    with pytest.raises(ToolNotAllowed):
        await open_rig.gate.session(LOCAL, tool, {"name": "x"})


async def test_what_the_gate_shows_cannot_move_the_robot(open_rig):
    view = open_rig.gate.view
    for name in ("execute", "stop", "set_scene", "reset", "close"):
        assert not hasattr(view, name)
    assert view.model is ARM
    assert view.reality == "sim"
    assert set(view.scene().objects) == set(open_rig.robot.scene().objects)


async def test_listeners_hear_of_everything(rig):
    heard: queue.Queue[MotionEvent] = queue.Queue()
    unsubscribe = rig.gate.subscribe(heard.put)
    digest = await rig.approved()
    await rig.gate.execute(ALICE, digest)
    await rig.gate.propose(ALICE, "grip", {"width_m": 0.02})
    await rig.gate.reject(OPERATOR, rig.gate.pending()[0].digest)
    rig.gate.stop(None, "enough")
    phases, fractions = [], []
    while not phases or phases[-1] != "stopped":
        event = heard.get(timeout=5)
        if event.phase == "progress":
            fractions.append(event.fraction)
        else:
            phases.append(event.phase)
    assert phases == [
        "proposal", "approved", "started", "ended", "proposal", "rejected", "stopped",
    ]  # fmt: skip
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    unsubscribe()
    other: queue.Queue[MotionEvent] = queue.Queue()
    rig.gate.subscribe(other.put)
    await rig.gate.propose(ALICE, "grip", {"width_m": 0.03})
    assert other.get(timeout=5).phase == "proposal"
    assert heard.empty()


async def test_a_listener_that_hangs_or_breaks_delays_nothing(open_rig):
    release, heard = threading.Event(), queue.Queue()

    def broken(event):
        raise ValueError("a broken listener")

    open_rig.gate.subscribe(broken)
    open_rig.gate.subscribe(lambda event: release.wait(10))
    open_rig.gate.subscribe(heard.put)
    digest = (await open_rig.gate.propose(ALICE, *GO_READY)).digest
    await open_rig.gate.execute(ALICE, digest)
    open_rig.gate.stop(None, "enough")
    assert len(open_rig.robot.stops) == 1
    release.set()
    assert heard.get(timeout=5).phase == "proposal"


async def test_listeners_are_bounded(tmp_path):
    rig = Rig(tmp_path, bounds=Bounds(listeners=2))
    rig.gate.subscribe(print)
    unsubscribe = rig.gate.subscribe(print)
    with pytest.raises(Overloaded):
        rig.gate.subscribe(print)
    unsubscribe()
    rig.gate.subscribe(print)


async def test_who_follows_a_motion_cannot_break_it(open_rig):
    def broken(progress):
        raise ValueError("a broken progress bar")

    digest = (await open_rig.gate.propose(ALICE, *GO_READY)).digest
    await open_rig.gate.execute(ALICE, digest, broken)
    assert np.allclose(open_rig.robot.state().of(ARM.names), READY)


async def test_an_error_of_the_robot_is_passed_on_and_recorded(open_rig):
    async def lost(plan, on_progress=None):
        raise TrackingLost("joint_2 is 0.3 rad behind.", "Look at the load.")

    open_rig.robot.execute = lost
    digest = (await open_rig.gate.propose(ALICE, *GO_READY)).digest
    with pytest.raises(TrackingLost):
        await open_rig.gate.execute(ALICE, digest)
    assert open_rig.entries()[-1]["verdict"] == "failed"
    assert open_rig.entries()[-1]["code"] == "tracking_lost"


async def test_a_robot_that_breaks_is_stopped(open_rig):
    async def broken(plan, on_progress=None):
        raise ConnectionResetError("by peer")

    open_rig.robot.execute = broken
    digest = (await open_rig.gate.propose(ALICE, *GO_READY)).digest
    with pytest.raises(RobotUnavailable):
        await open_rig.gate.execute(ALICE, digest)
    assert open_rig.robot.stops == ["its execution broke"]


def crate(name="crate", **more) -> SceneObject:
    return SceneObject(name, Box((0.1, 0.1, 0.1)), Pose((0.6, 0.4, 0.05)), **more)


async def test_an_operator_changes_the_scene(open_rig):
    await open_rig.gate.set_scene(OPERATOR, open_rig.robot.scene().add(crate()))
    assert "crate" in open_rig.robot.scene().objects
    arguments = open_rig.entries()[-1]["arguments"]
    assert '"changed":["crate"]' in arguments
    assert '"objects":6' in arguments


async def test_a_user_changes_the_scene_of_a_simulation_within_a_demo(open_rig):
    session = await open_rig.gate.session(ALICE, *DEMO)
    await session.set_scene(open_rig.robot.scene().add(crate()))
    assert "crate" in open_rig.robot.scene().objects
    last = open_rig.entries()[-1]
    assert (last["event"], last["user"], last["tool"]) == ("change_scene", "alice", "run_demo")
    assert '"changed":["crate"]' in last["arguments"]


async def test_a_user_does_not_take_an_object_from_the_scene_of_a_real_robot(tmp_path):
    rig = Rig(tmp_path, Policy("auto", "ask"), reality="real")
    session = await rig.gate.session(ALICE, *DEMO)
    with pytest.raises(ToolNotAllowed):
        await session.set_scene(Scene())
    assert "red_cube" in rig.robot.scene().objects


async def test_a_change_of_scene_leaves_alone_what_it_does_not_change(open_rig):
    seen = open_rig.robot.scene()
    await open_rig.perform(grip(width_m=0.04, attach="red_cube"))
    await open_rig.gate.set_scene(OPERATOR, seen.add(crate()), base=seen)
    assert "crate" in open_rig.robot.scene().objects
    assert set(open_rig.robot.scene().attached) == {"red_cube"}
    await open_rig.gate.set_scene(OPERATOR, seen)
    assert set(open_rig.robot.scene().attached) == set()


async def test_a_user_does_not_change_the_scene(open_rig):
    with pytest.raises(ToolNotAllowed):
        await open_rig.gate.set_scene(ALICE, Scene())
    with pytest.raises(ToolNotAllowed):
        await open_rig.gate.reset(ALICE)
    assert "red_cube" in open_rig.robot.scene().objects


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param({"objects": {}}, id="no scene"),
        pytest.param(Scene({"other": crate()}), id="another name"),
        pytest.param(Scene({"crate": "crate"}), id="no object"),
        pytest.param(
            Scene({}, {"ghost": Attachment("tool_link", Pose((0, 0, 0)))}), id="holds nothing"
        ),
        pytest.param(
            Scene.of(crate()).attach("crate", Attachment("tool_link", Pose((0, 0, 0)))),
            id="holds what is fixed",
        ),
        pytest.param(
            Scene.of(SceneObject("crate", Box((1, 1, 1)), Pose((0, 0, 0), frame="tool_link"))),
            id="another frame",
        ),
    ],
)
async def test_a_scene_that_contradicts_itself_is_refused(open_rig, scene):
    with pytest.raises(SceneObjectInvalid):
        await open_rig.gate.set_scene(OPERATOR, scene)
    assert "red_cube" in open_rig.robot.scene().objects


async def test_the_scene_stays_as_it_is_while_a_plan_is_executed(open_rig):
    open_rig.robot.hold = asyncio.Event()
    digest = (await open_rig.gate.propose(ALICE, *GO_READY)).digest
    running = asyncio.create_task(open_rig.gate.execute(ALICE, digest))
    await asyncio.to_thread(open_rig.robot.began.wait, 5)
    with pytest.raises(RobotBusy):
        await open_rig.gate.set_scene(OPERATOR, Scene())
    open_rig.robot.hold.set()
    await running


async def test_the_scene_stays_as_it_is_while_a_plan_is_checked_for_its_execution(open_rig):
    digest = (await open_rig.gate.propose(ALICE, *GO_READY)).digest
    errors = []

    def meddle(*_):
        try:
            asyncio.run(open_rig.gate.set_scene(OPERATOR, Scene()))
        except LecternError as error:
            errors.append(error)

    open_rig.planner.check = meddle
    await open_rig.gate.execute(ALICE, digest)
    assert [type(error) for error in errors] == [RobotBusy]
    assert "red_cube" in open_rig.robot.scene().objects


async def test_a_reset_stops_what_runs_and_starts_over(open_rig):
    digest = (await open_rig.gate.propose(ALICE, *GO_READY)).digest
    begun = asyncio.Event()
    running = asyncio.create_task(open_rig.gate.execute(ALICE, digest, lambda _: begun.set()))
    await asyncio.wait_for(begun.wait(), 5)
    await open_rig.gate.reset(OPERATOR, 3)
    with pytest.raises(MotionStopped):
        await running
    assert np.allclose(open_rig.robot.state().of(ARM.names), HOME)
    await open_rig.gate.execute(ALICE, (await open_rig.gate.propose(ALICE, *GO_READY)).digest)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "1", True, None])
async def test_a_seed_that_is_none_is_refused(open_rig, seed):
    with pytest.raises(InvalidInput):
        await open_rig.gate.reset(OPERATOR, seed)
    assert open_rig.robot.stops == []


async def test_a_real_robot_cannot_be_reset(tmp_path):
    rig = Rig(tmp_path, Policy("auto", "ask"), reality="real")
    with pytest.raises(ToolNotAllowed):
        await rig.gate.reset(OPERATOR)


async def test_closing_stops_and_records(open_rig):
    open_rig.gate.subscribe(print)
    await open_rig.gate.close()
    assert open_rig.robot.stops[0] == "the gate is being closed"
    assert open_rig.entries()[-1]["event"] == "stop"


async def test_closing_waits_for_a_slow_listener_beside_the_loop_and_records(open_rig):
    hold, heard = threading.Event(), queue.SimpleQueue()

    def slow(event) -> None:
        hold.wait(20)
        heard.put(event.phase)

    open_rig.gate.subscribe(slow)
    for _ in range(1100):  # more than may wait
        open_rig.gate._desk.announce("ended")
    closing = asyncio.create_task(open_rig.gate.close())
    asyncio.get_running_loop().call_later(0.05, hold.set)
    await asyncio.wait_for(closing, 15)
    assert heard.qsize() >= 1000
    assert open_rig.entries()[-1]["event"] == "stop"


async def test_closing_gives_up_on_a_listener_that_is_stuck_and_records(open_rig, monkeypatch):
    monkeypatch.setattr(events, "_CLOSE_S", 0.1)
    hold = threading.Event()
    open_rig.gate.subscribe(lambda _: hold.wait(20))
    for _ in range(1100):
        open_rig.gate._desk.announce("ended")
    open_rig.audit.owe({"event": "owed"})
    await open_rig.gate.close()
    assert {"owed", "stop"} <= {entry["event"] for entry in read_audit(open_rig.audit.path)}
    hold.set()
