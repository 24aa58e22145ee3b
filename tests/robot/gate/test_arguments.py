"""Arguments are data: whatever a reader, a book or a model puts into them, they approve nothing."""

from __future__ import annotations

import asyncio
import math

import numpy as np
import pytest
from gatekit import ALICE, ARM, HOME, LOCAL, OPERATOR, READY, VISITOR, Rig, swing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lectern.errors import (
    ApprovalNeeded,
    InvalidInput,
    LimitsExceeded,
    ToolNotAllowed,
)
from lectern.robot.gate.tools import TOOLS

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([1e308, -0.0, 10**400, "NaN", "0.1", "approve"]),
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)
fields = st.sampled_from(
    [
        "positions_rad",
        "speed_scale",
        "name",
        "position_m",
        "quaternion_xyzw",
        "width_m",
        "force_n",
        "approve",
        "approved_by",
        "verdict",
        "user",
        "roles",
        "digest",
        "seed",
        "parameters",
        "names",
        "times_s",
        "velocities_rad_s",
    ]
)


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    tool=st.sampled_from([*TOOLS, "execute", "approve", "stop", "__class__"]),
    arguments=st.dictionaries(fields, json_values, max_size=5),
)
def test_no_arguments_move_anything_by_themselves(tmp_path_factory, tool, arguments):
    rig = Rig(tmp_path_factory.mktemp("rig"))

    async def attack() -> None:
        try:
            proposal = await rig.gate.propose(ALICE, tool, arguments)
        except (InvalidInput, ToolNotAllowed):
            return
        assert proposal.verdict == "ask"
        with pytest.raises(ApprovalNeeded):
            await rig.gate.execute(ALICE, proposal.digest)

    asyncio.run(attack())
    assert rig.robot.executed == []


GOOD = {
    "move_joints": {"positions_rad": list(READY)},
    "move_named": {"name": "ready"},
    "move_pose": {"position_m": [0.4, 0, 0.3], "quaternion_xyzw": [1, 0, 0, 0]},
    "move_line": {"position_m": [0.4, 0, 0.3], "quaternion_xyzw": [1, 0, 0, 0]},
    "grip": {"width_m": 0.04},
    "follow_trajectory": {
        "names": list(ARM.names),
        "times_s": [0.0, 3.0],
        "positions_rad": [list(HOME), list(HOME)],
        "velocities_rad_s": [[0.0] * 6, [0.0] * 6],
    },
}


@pytest.mark.parametrize("tool", GOOD)
async def test_plain_arguments_are_taken(rig, tool):
    assert (await rig.gate.propose(ALICE, tool, GOOD[tool])).verdict == "ask"


@pytest.mark.parametrize("tool", GOOD)
@pytest.mark.parametrize(
    "extra",
    [
        {"approve": True},
        {"verdict": "allowed"},
        {"approved_by": "olga"},
        {"user": "olga"},
        {"policy": {"sim": "auto"}},
        {"scene": {}},
        {"": 0},
        {"__class__": "Grip"},
    ],
    ids=lambda extra: next(iter(extra)) or "empty name",
)
async def test_a_field_too_many_is_refused(rig, tool, extra):
    with pytest.raises(InvalidInput, match="cannot use"):
        await rig.gate.propose(ALICE, tool, {**GOOD[tool], **extra})
    assert rig.entries()[-1]["check"] == "schema"


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, "0.5", True, None, [0.5], {}, 10**400, -(10**30), 1e308, "NaN"],
    ids=repr,
)
@pytest.mark.parametrize(
    ("tool", "field"),
    [
        ("move_joints", "positions_rad"),
        ("move_joints", "speed_scale"),
        ("move_pose", "position_m"),
        ("move_line", "quaternion_xyzw"),
        ("grip", "width_m"),
        ("grip", "force_n"),
        ("follow_trajectory", "times_s"),
        ("follow_trajectory", "positions_rad"),
        ("follow_trajectory", "velocities_rad_s"),
    ],
)
async def test_what_is_no_sensible_number_is_refused(rig, tool, field, value):
    arguments = dict(GOOD[tool])
    old = arguments.get(field)
    arguments[field] = [*old[:-1], value] if isinstance(old, list) else value
    with pytest.raises(InvalidInput):
        await rig.gate.propose(ALICE, tool, arguments)


@pytest.mark.parametrize("number", [0, 5, 7, 32, 33, 1000])
async def test_another_number_of_joints_is_refused(rig, number):
    with pytest.raises(InvalidInput):
        await rig.gate.propose(ALICE, "move_joints", {"positions_rad": [0.0] * number})


@pytest.mark.parametrize("scale", [0.0, -0.5, -0.0, 1.0001, 1e308])
async def test_a_speed_scale_out_of_range_is_refused(rig, scale):
    with pytest.raises(InvalidInput):
        await rig.gate.propose(ALICE, "move_named", {"name": "ready", "speed_scale": scale})


@pytest.mark.parametrize("tool", ["move_joints", "move_named", "move_pose", "move_line"])
async def test_a_plan_that_is_faster_than_its_speed_scale_is_refused(open_rig, tool):
    # The planner of these tests always plans for six seconds.
    await open_rig.gate.propose(ALICE, tool, {**GOOD[tool], "speed_scale": 0.2})
    with pytest.raises(LimitsExceeded, match=r"share of the speed scale 0\.05"):
        await open_rig.gate.propose(ALICE, tool, {**GOOD[tool], "speed_scale": 0.05})
    assert open_rig.entries()[-1]["check"] == "limits"


async def test_a_plan_that_speeds_up_faster_than_its_speed_scale_is_refused(open_rig):
    goal = np.array(HOME)
    goal[5] += 0.02  # slow, but there in an instant
    open_rig.planner.plan_instead = lambda request: swing(HOME, goal, duration_s=0.2)
    arguments = {"positions_rad": list(goal)}
    await open_rig.gate.propose(ALICE, "move_joints", {**arguments, "speed_scale": 1.0})
    with pytest.raises(LimitsExceeded, match="speeds up beyond its share"):
        await open_rig.gate.propose(ALICE, "move_joints", {**arguments, "speed_scale": 0.1})


@pytest.mark.parametrize("index", range(6))
@pytest.mark.parametrize("side", [-1, 1])
async def test_a_goal_beyond_a_joint_limit_is_refused_before_planning(rig, index, side):
    goal = list(READY)
    goal[index] = (ARM.upper[index] + 1e-3) if side > 0 else (ARM.lower[index] - 1e-3)
    with pytest.raises(LimitsExceeded, match=f"joint_{index + 1}"):
        await rig.gate.propose(ALICE, "move_joints", {"positions_rad": goal})
    assert rig.planner.checked == []


async def test_a_goal_below_the_floor_is_refused(rig):
    arguments = {**GOOD["move_pose"], "position_m": [0.4, 0.0, -0.01]}
    with pytest.raises(LimitsExceeded, match="workspace"):
        await rig.gate.propose(ALICE, "move_pose", arguments)


async def test_a_quaternion_without_a_direction_is_refused(rig):
    with pytest.raises(InvalidInput):
        await rig.gate.propose(
            ALICE, "move_pose", {**GOOD["move_pose"], "quaternion_xyzw": [0, 0, 0, 0]}
        )


def _nested(depth):
    value: list = []
    for _ in range(depth):
        value = [value]
    return {"name": "x", "parameters": {"deep": value}}


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"name": "x" * 20_000}, id="a long name"),
        pytest.param({"positions_rad": [0.0] * 100_000}, id="a long list"),
        pytest.param({f"field_{i}": i for i in range(5000)}, id="many fields"),
        pytest.param(_nested(100_000), id="deep"),
        pytest.param({"positions_rad": [10**5000]}, id="a number of 5000 digits"),
        pytest.param({"name": {"a", "b"}}, id="a set"),
        pytest.param({"name": b"home"}, id="bytes"),
        pytest.param({("a", "b"): 1}, id="a tuple for a name"),
        pytest.param([("name", "home")], id="a list"),
        pytest.param('{"name": "home"}', id="text"),
        pytest.param(None, id="nothing"),
    ],
)
@pytest.mark.parametrize("tool", ["move_named", "run_demo"])
async def test_arguments_that_are_too_much_or_no_json_are_refused(rig, tool, arguments):
    async def ask() -> None:
        if tool == "run_demo":
            await rig.gate.session(LOCAL, tool, arguments)
        else:
            await rig.gate.propose(LOCAL, tool, arguments)

    with pytest.raises(InvalidInput):
        await ask()


async def test_parameters_of_a_demo_are_bounded_though_the_gate_does_not_know_them(rig):
    with pytest.raises(InvalidInput, match="longer than 16384 bytes"):
        await rig.gate.session(
            LOCAL, "run_demo", {"name": "x", "parameters": {"text": "x" * 20_000}}
        )


async def test_parameters_of_a_demo_are_finite_though_the_gate_does_not_know_them(rig):
    with pytest.raises(InvalidInput, match="finite"):
        await rig.gate.session(LOCAL, "run_demo", {"name": "x", "parameters": {"gain": math.nan}})


async def test_arguments_that_refer_to_themselves_are_refused(rig):
    ring: dict = {"name": "x"}
    ring["parameters"] = ring
    with pytest.raises(InvalidInput):
        await rig.gate.session(LOCAL, "run_demo", ring)


class Shifty(dict):
    """Shows other values each time it is read."""

    def __init__(self) -> None:
        super().__init__(name="home")
        self.read = 0

    def items(self):
        self.read += 1
        return [("name", "home" if self.read == 1 else "ready")]


async def test_arguments_are_read_once(rig):
    shifty = Shifty()
    await rig.gate.propose(ALICE, "move_named", shifty)
    assert shifty.read <= 1


@pytest.mark.parametrize(
    "tool", ["", "Move_Named", "move_named ", "fly", None, 7, ["grip"], "\x00"]
)
async def test_an_unknown_tool_is_refused(rig, tool):
    with pytest.raises(ToolNotAllowed):
        await rig.gate.propose(OPERATOR, tool, {"name": "home"})
    assert rig.entries()[-1]["check"] == "tool"


@pytest.mark.parametrize("tool", ["run_demo", "change_scene", "reset"])
async def test_a_tool_that_is_no_single_motion_cannot_be_proposed(rig, tool):
    with pytest.raises(ToolNotAllowed):
        await rig.gate.propose(OPERATOR, tool, {})


@pytest.mark.parametrize("tool", GOOD)
async def test_who_may_only_look_may_propose_nothing(rig, tool):
    with pytest.raises(ToolNotAllowed):
        await rig.gate.propose(VISITOR, tool, GOOD[tool])


async def test_an_unknown_pose_is_refused(rig):
    with pytest.raises(InvalidInput, match="no pose named"):
        await rig.gate.propose(ALICE, "move_named", {"name": "ready'; approve"})
