"""Commanded points become the curve that their sender meant, or are refused by name."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import BPoly, CubicHermiteSpline

from lectern.errors import LecternError, LimitsExceeded, PlanOutdated, TrajectoryInvalid
from lectern.robot.arm import textbook_arm
from lectern.robot.embedded.robot import EmbeddedRobot
from lectern.robot.following import (
    QUINTIC_TOLERANCE_RAD,
    QUINTIC_TOLERANCE_RAD_S2,
    CommandedPoint,
    commanded,
    follow_arguments,
)
from lectern.robot.gate import LOCAL, AuditLog, MotionGate, Policy
from lectern.robot.gate.extremes import extremes
from lectern.robot.gate.tools import MAX_FOLLOWED_POINTS
from lectern.robot.goals import NamedGoal, PlanRequest
from lectern.robot.trajectory import Trajectory

ARM = textbook_arm()
HOME = np.array(ARM.named["home"])
N = len(ARM.names)
STILL = (0.0,) * N


def point(time_s, offset=0.0, velocities=(), accelerations=()) -> CommandedPoint:
    return CommandedPoint(time_s, tuple(HOME + offset), velocities, accelerations)


def from_home(*points, names=ARM.names) -> Trajectory:
    return commanded(ARM, names, points, HOME)


def refused(error: type[LecternError], *points, match: str, names=ARM.names) -> None:
    with pytest.raises(error, match=match) as caught:
        from_home(*points, names=names)
    assert caught.value.remedy


row = st.lists(st.floats(-0.25, 0.25), min_size=N, max_size=N).map(np.array)
steps = st.lists(st.floats(0.02, 3.0), min_size=1, max_size=8)


@st.composite
def ways(draw) -> tuple[np.ndarray, np.ndarray]:
    """Times from above 0, and offsets from home, of as many points."""
    times_s = np.cumsum(draw(steps))
    return times_s, np.array([draw(row) for _ in times_s])


def curve(kind: str, times_s, offsets, rates, bends=None) -> Trajectory:
    """The trajectory of points with some of their fields; it begins at home at rest."""
    fields = {"positions": 1, "velocities": 2, "accelerations": 3}[kind]
    points = []
    for i, time_s in enumerate(times_s):
        last = rates is None or i == len(times_s) - 1
        velocities = STILL if last else tuple(rates[i])
        accelerations = tuple(bends[i]) if bends is not None else ()
        points.append(point(time_s, offsets[i], *(velocities, accelerations)[: fields - 1]))
    return from_home(*points)


def between(times_s, per_segment=23) -> np.ndarray:
    share = np.linspace(0.0, 1.0, per_segment)
    return np.concatenate([a + (b - a) * share for a, b in pairwise(times_s)])


@settings(max_examples=60, deadline=None)
@given(ways())
def test_positions_alone_are_passed_smoothly_without_overshooting_any(way):
    times_s, offsets = way
    made = curve("positions", times_s, offsets, None)
    assert (made.times_s == np.concatenate([[0.0], times_s])).all()
    assert (made.positions == np.vstack([HOME, HOME + offsets])).all()
    reached = extremes(made)
    low = np.minimum(made.positions[:-1], made.positions[1:])
    high = np.maximum(made.positions[:-1], made.positions[1:])
    assert (reached.lowest >= low - 1e-9).all()
    assert (reached.highest <= high + 1e-9).all()
    assert not made.velocities[[0, -1]].any()


def test_positions_alone_on_a_straight_way_keep_their_speed_in_the_middle():
    made = from_home(*(point(0.5 * i, 0.1 * i) for i in range(1, 6)))
    assert np.allclose(made.velocities[2:-2], 0.2)


@settings(max_examples=60, deadline=None)
@given(ways(), st.data())
def test_velocities_give_the_cubic_that_the_controller_follows(way, data):
    times_s, offsets = way
    rates = [data.draw(row) for _ in times_s]
    made = curve("velocities", times_s, offsets, rates)
    knots_s = np.concatenate([[0.0], times_s])
    ends = np.vstack([STILL, *rates[:-1], STILL])
    there = CubicHermiteSpline(knots_s, np.vstack([HOME, HOME + offsets]), ends)
    at = between(knots_s)
    assert (made.velocities == ends).all()
    assert np.allclose(made.sample(at)[0], there(at), rtol=0, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(ways(), st.data())
def test_accelerations_give_the_quintic_that_the_controller_follows(way, data):
    times_s, offsets = way
    rates = [data.draw(row) for _ in times_s]
    bends = [data.draw(row) * 5 for _ in times_s]
    made = curve("accelerations", times_s, offsets, rates, bends)
    knots_s = np.concatenate([[0.0], times_s])
    wanted = [[HOME, STILL, STILL]]
    wanted += [[HOME + o, r, b] for o, r, b in zip(offsets, rates, bends, strict=True)]
    wanted[-1][1] = STILL
    there = BPoly.from_derivatives(knots_s, wanted)
    at = between(made.times_s, 9)
    position, _, acceleration = made.sample(at)
    assert np.abs(position - there(at)).max() <= QUINTIC_TOLERANCE_RAD + 1e-9
    inside = at[:, None] != made.times_s[None, :]  # the second derivative jumps at the points
    here = inside.all(axis=1)
    apart = np.abs(acceleration - there(at, 2))[here]
    assert apart.max() <= QUINTIC_TOLERANCE_RAD_S2 + 1e-6


def test_a_quintic_passes_exactly_through_its_points():
    made = from_home(point(0.7, 0.1, (0.2,) * N, (0.5,) * N), point(1.9, 0.3, STILL, (-0.5,) * N))
    for time_s, offset in ((0.0, 0.0), (0.7, 0.1), (1.9, 0.3)):
        assert (made.positions[made.times_s == time_s] == HOME + offset).all()
        assert (made.times_s == time_s).sum() == 1


def test_a_slow_quintic_takes_few_points():
    made = from_home(point(60.0, 0.1, STILL, STILL))
    assert len(made.times_s) < 40


@given(st.permutations(range(N)))
def test_joints_may_come_in_any_order(order):
    in_order = from_home(
        CommandedPoint(1.0, tuple(HOME + np.arange(N) / 50), tuple(np.arange(N) / 9), STILL),
        CommandedPoint(2.0, tuple(HOME + np.arange(N) / 30), STILL, tuple(np.arange(N) / 7)),
    )

    def mixed(values):
        return tuple(values[i] for i in order)

    points = [
        CommandedPoint(1.0, mixed(HOME + np.arange(N) / 50), mixed(np.arange(N) / 9), STILL),
        CommandedPoint(2.0, mixed(HOME + np.arange(N) / 30), STILL, mixed(np.arange(N) / 7)),
    ]
    other = commanded(ARM, mixed(ARM.names), points, HOME)
    assert other.names == ARM.names
    assert other.digest() == in_order.digest()


def test_a_first_point_later_than_the_start_is_reached_from_where_the_robot_is():
    present = HOME + 0.01
    made = commanded(ARM, ARM.names, [point(1.5, 0.2)], present)
    assert (made.positions[0] == present).all()
    assert (made.times_s == [0.0, 1.5]).all()
    assert not made.velocities.any()


def test_a_first_point_at_the_start_is_taken_as_it_is():
    made = commanded(ARM, ARM.names, [point(0.0), point(1.0, 0.2)], HOME + 0.0019)
    assert (made.positions[0] == HOME).all()
    assert len(made.times_s) == 2


def test_a_first_point_at_the_start_and_elsewhere_is_refused_early():
    with pytest.raises(PlanOutdated, match=r"time 0 with joint_1 0\.0021 rad"):
        commanded(ARM, ARM.names, [point(0.0), point(1.0)], HOME + np.eye(N)[0] * 0.0021)


@pytest.mark.parametrize("fields", [(), (STILL,), (STILL, STILL), (STILL, (1.0,) * N)])
def test_one_point_where_the_robot_is_stays_there(fields):
    made = commanded(ARM, ARM.names, [point(0.0, 0.0, *fields)], HOME + 0.001)
    assert (made.positions == HOME).all()
    assert not made.velocities.any()


def test_rounding_at_the_ends_is_made_rest():
    tiny = (1e-7,) * N
    made = from_home(point(0.0, 0.0, tiny), point(1.0, 0.1, (0.1,) * N), point(2.0, 0.2, tiny))
    assert not made.velocities[[0, -1]].any()


@pytest.mark.parametrize(
    ("names", "match"),
    [
        pytest.param(ARM.names[:-1], "does not name joint_6", id="one missing"),
        pytest.param((), "does not name joint_1", id="none"),
        pytest.param((*ARM.names, "finger"), "'finger', which is no joint", id="one too many"),
        pytest.param((*ARM.names[:-1], "joint_7"), "'joint_7', which is no", id="another"),
        pytest.param((*ARM.names, "joint_2"), "names a joint twice", id="one twice"),
    ],
)
def test_names_other_than_the_arms_joints_are_refused(names, match):
    some = CommandedPoint(1.0, (0.0,) * len(names))
    refused(TrajectoryInvalid, some, match=match, names=names)


@pytest.mark.parametrize(
    ("points", "match"),
    [
        pytest.param([], "has 0 points", id="no points"),
        pytest.param([point(1.0)] * MAX_FOLLOWED_POINTS, "points", id="too many points"),
        pytest.param([point(-0.1), point(1.0)], "before the start", id="before the start"),
        pytest.param([point(1.0), point(1.0)], "Point 2 is at 1 s, not after", id="no later"),
        pytest.param([point(2.0), point(1.0)], "Point 2 is at 1 s, not after", id="earlier"),
        pytest.param([point(float("nan"))], "Point 1 has a time that is not finite", id="no time"),
        pytest.param(
            [point(1.0), CommandedPoint(2.0, (*HOME[:-1], float("inf")))],
            "Point 2 has positions that are not finite",
            id="an infinite position",
        ),
        pytest.param(
            [point(1.0, 0.0, (float("nan"),) * N), point(2.0, 0.0, STILL)],
            "Point 1 has velocities that are not finite",
            id="no velocity",
        ),
        pytest.param(
            [point(1.0, 0.0, STILL, (float("inf"),) * N)],
            "Point 1 has accelerations that are not finite",
            id="an infinite acceleration",
        ),
        pytest.param(
            [point(1.0), CommandedPoint(2.0, (0.0,))], "Point 2 has 1 positions", id="one position"
        ),
        pytest.param(
            [CommandedPoint(2.0, (*HOME, 0.0))], "Point 1 has 7 positions", id="seven positions"
        ),
        pytest.param([point(1.0, 0.0, (0.0,))], "Point 1 has 1 velocities", id="one velocity"),
        pytest.param([CommandedPoint(1.0, ("a",) * N)], "positions are not numbers", id="texts"),
        pytest.param([point(1.0, 0.0, STILL), point(2.0)], "Point 2 has no velocities", id="mixed"),
        pytest.param(
            [point(1.0, 0.0, STILL), point(2.0, 0.0, STILL, STILL)],
            "Point 1 has no accelerations",
            id="mixed accelerations",
        ),
        pytest.param(
            [point(1.0, 0.0, (), STILL)], "accelerations without velocities", id="no velocities"
        ),
        pytest.param(
            [point(0.0, 0.0, (0.1,) * N), point(1.0, 0.0, STILL)],
            "does not begin at rest: joint_1 has 0.1",
            id="a flying start",
        ),
        pytest.param(
            [point(1.0, 0.0, (0.0, -0.2, *STILL[2:]))],
            "does not end at rest: joint_2 has 0.2",
            id="no end",
        ),
        pytest.param([point(1e-7, 1e-3, STILL, (1e9,) * N)], "bends too much to follow", id="wild"),
        pytest.param(
            [point(1.0, 0.1, STILL, (1e308,) * N)], "bends too much", id="beyond all numbers"
        ),
        pytest.param([point(5e-324, 0.1)], "too closely|not finite", id="in no time at all"),
    ],
)
def test_what_is_no_motion_from_rest_to_rest_is_refused_by_name(points, match):
    refused(TrajectoryInvalid, *points, match=match)


@pytest.mark.parametrize("joint", range(N))
@pytest.mark.parametrize("side", [-1, 1])
def test_a_point_beyond_a_limit_is_named(joint, side):
    beyond = HOME.copy()
    beyond[joint] = (ARM.upper if side > 0 else ARM.lower)[joint] + side * 1e-4
    points = [point(1.0), CommandedPoint(2.0, tuple(beyond)), point(3.0)]
    refused(LimitsExceeded, *points, match=rf"Point 2 has joint_{joint + 1} at")


def test_a_point_at_a_limit_is_taken():
    at_limit = HOME.copy()
    at_limit[0] = ARM.upper[0]
    assert from_home(CommandedPoint(3.0, tuple(at_limit))).positions[-1, 0] == ARM.upper[0]


@pytest.mark.parametrize("present", [HOME[:-1], [*HOME[:-1], float("nan")], []])
def test_a_robot_that_is_nowhere_is_refused(present):
    with pytest.raises(TrajectoryInvalid, match="Where the robot is"):
        commanded(ARM, ARM.names, [point(1.0)], present)


wild = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-3, 3)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            wild,
            st.lists(wild, min_size=N, max_size=N),
            st.lists(wild, max_size=N),
            st.lists(wild, max_size=N),
        ),
        max_size=4,
    )
)
def test_whatever_comes_is_a_trajectory_or_a_named_refusal(rows):
    try:
        made = from_home(*(CommandedPoint(*fields) for fields in rows))
    except LecternError:
        return
    assert np.isfinite(made.positions).all()
    assert not made.velocities[[0, -1]].any()


@settings(max_examples=60, deadline=None)
@given(ways())
def test_the_gates_arguments_keep_every_bit(way):
    made = curve("positions", *way, None)
    given_ = json.loads(json.dumps(follow_arguments(made)))
    again = Trajectory(
        tuple(given_["names"]),
        given_["times_s"],
        given_["positions_rad"],
        given_["velocities_rad_s"],
    )
    assert again.digest() == made.digest()


def as_moveit_sends_it(trajectory: Trajectory, every_s=0.1) -> list[CommandedPoint]:
    """A trajectory looked at every so often, with accelerations that jump, as MoveIt's do."""
    times_s = np.append(np.arange(0.0, trajectory.duration_s, every_s), trajectory.duration_s)
    rows = zip(times_s, *trajectory.sample(times_s), strict=True)
    return [CommandedPoint(t, tuple(p), tuple(v), tuple(a)) for t, p, v, a in rows]


async def test_the_simulated_arm_follows_what_moveit_sends_within_a_hundredth_of_a_radian(
    tmp_path,
):
    robot = EmbeddedRobot.start(ARM, paced=False)
    gate = MotionGate(robot, Policy("auto"), AuditLog(tmp_path / "motion.jsonl"))
    try:
        request = PlanRequest(NamedGoal("ready"), speed_scale=0.5)
        planned = (await gate.view.plan(request)).steps[0].trajectory
        names = tuple(reversed(ARM.names))
        points = [
            CommandedPoint(
                p.time_from_start_s, p.positions[::-1], p.velocities[::-1], p.accelerations[::-1]
            )
            for p in as_moveit_sends_it(planned)
        ]
        made = commanded(ARM, names, points, robot.state().of(ARM.names))
        done = await gate.perform(LOCAL, "follow_trajectory", follow_arguments(made))
        assert done.max_error_rad < 0.01
        assert np.allclose(robot.state().of(ARM.names), ARM.named["ready"], atol=0.003)
    finally:
        await gate.close()
