from __future__ import annotations

import math

import numpy as np
import pytest

from lectern.errors import InvalidInput, LimitsExceeded
from lectern.robot.arm import textbook_arm
from lectern.robot.model import LIMIT_TOLERANCE

ARM = textbook_arm()


def test_limits_are_in_the_order_of_the_joints():
    assert ARM.names == tuple(f"joint_{n}" for n in range(1, 7))
    for index, joint in enumerate(ARM.joints):
        assert ARM.lower[index] == joint.limits.lower
        assert ARM.upper[index] == joint.limits.upper
        assert ARM.max_velocity[index] == joint.limits.velocity
        assert ARM.max_acceleration[index] == joint.limits.acceleration
        assert ARM.max_effort[index] == joint.limits.effort


@pytest.mark.parametrize(
    "limits", [ARM.lower, ARM.upper, ARM.max_velocity, ARM.max_acceleration, ARM.max_effort]
)
def test_nobody_raises_a_limit(limits):
    with pytest.raises(ValueError, match="read-only"):
        limits *= 100
    with pytest.raises(ValueError, match="WRITEABLE"):
        limits.setflags(write=True)


def test_every_named_pose_is_within_the_limits():
    for name in ARM.named:
        ARM.check_positions(np.array(ARM.pose_named(name)), name)


def test_an_unknown_pose_is_named_with_those_that_there_are():
    with pytest.raises(InvalidInput, match="home"):
        ARM.pose_named("moon")


@pytest.mark.parametrize("index", range(6))
def test_the_joint_that_leaves_its_limits_is_named(index):
    for limit, side in ((ARM.upper, 1), (ARM.lower, -1)):
        q = np.array(ARM.named["home"])
        q[index] = limit[index] + side * 0.5 * LIMIT_TOLERANCE
        ARM.check_positions(q, "goal")
        q[index] = limit[index] + side * 2 * LIMIT_TOLERANCE
        with pytest.raises(LimitsExceeded, match=f"The goal has joint_{index + 1}"):
            ARM.check_positions(q, "goal")


@pytest.mark.parametrize(
    "q", [(), (0.0,) * 5, (0.0,) * 7, (0.0,) * 5 + (math.nan,), (math.inf,) * 6, ((0.0,) * 6,)]
)
def test_what_is_no_set_of_joint_positions_is_refused(q):
    with pytest.raises(InvalidInput, match="not 6 finite numbers"):
        ARM.check_positions(np.array(q), "goal")
