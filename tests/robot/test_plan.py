from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest

from lectern.errors import InvalidInput
from lectern.robot.plan import Grip, Move, Plan
from lectern.robot.trajectory import Trajectory

WAY = Move(Trajectory(("a",), [0.0, 2.0], [[0.0], [1.0]], [[0.0], [0.0]]))
BACK = Move(Trajectory(("a",), [0.0, 3.0], [[1.0], [0.0]], [[0.0], [0.0]]))
OPEN = Grip(0.08, 10.0)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Plan("other", (WAY, OPEN)), id="another robot"),
        pytest.param(Plan("arm", (OPEN, WAY)), id="another order"),
        pytest.param(Plan("arm", (WAY,)), id="a step less"),
        pytest.param(Plan("arm", (WAY, OPEN, OPEN)), id="a step more"),
        pytest.param(Plan("arm", (BACK, OPEN)), id="another way"),
        pytest.param(Plan("arm", (WAY, Grip(0.07, 10.0))), id="another width"),
        pytest.param(Plan("arm", (WAY, Grip(0.08, 11.0))), id="another force"),
        pytest.param(Plan("arm", (WAY, Grip(0.08, 10.0, attach="cube"))), id="takes something"),
        pytest.param(Plan("arm", (WAY, Grip(0.08, 10.0, detach="cube"))), id="lets it go"),
    ],
)
def test_what_differs_has_another_digest(other):
    assert other.digest != Plan("arm", (WAY, OPEN)).digest


def test_figures_are_for_people_and_not_in_the_digest():
    assert Plan("arm", (WAY,), {"planning_ms": 3.0}).digest == Plan("arm", (WAY,)).digest


def test_text_in_a_name_cannot_pose_as_another_field():
    taken = Grip(0.0, 1.0, attach='x", "y')
    assert taken.digest() != Grip(0.0, 1.0, "x", "y").digest()


def test_a_plan_takes_as_long_as_its_moves():
    assert Plan("arm", (WAY, OPEN, BACK)).duration_s == 5.0
    assert Plan("arm", (OPEN,)).duration_s == 0


def test_plans_follow_one_another_and_their_figures_add_up():
    figures = MappingProxyType({"planning_ms": 2.0})
    whole = Plan("arm", (WAY,), figures).then(Plan("arm", (OPEN,)), Plan("arm", (BACK,), figures))
    assert whole.steps == (WAY, OPEN, BACK)
    assert whole.figures == {"planning_ms": 4.0}


def test_another_robots_plan_does_not_follow():
    with pytest.raises(InvalidInput, match="arm"):
        Plan("arm", (WAY,)).then(Plan("other", (BACK,)))


def test_a_digest_is_that_of_the_numbers_and_not_of_their_type():
    whole = Trajectory(("a",), np.array([0, 2]), [[0], [1]], [[0], [0]])
    assert Move(whole).digest() == WAY.digest()


def test_the_clearance_of_plans_in_a_row_is_the_least_of_them():
    first = Plan("arm", (Grip(0.0, 1.0),), {"duration_s": 1.0, "min_clearance_m": 0.03})
    second = Plan("arm", (Grip(0.0, 1.0),), {"duration_s": 2.0, "min_clearance_m": 0.01})
    assert first.then(second).figures == {"duration_s": 3.0, "min_clearance_m": 0.01}
