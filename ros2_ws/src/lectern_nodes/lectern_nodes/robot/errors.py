"""What FollowJointTrajectory tells apart more finely than the rest of Lectern does."""

from __future__ import annotations

from lectern.errors import TrackingLost, TrajectoryInvalid


class WrongJoints(TrajectoryInvalid):
    """A trajectory names other joints than the arm's."""


class WrongTime(TrajectoryInvalid):
    """A trajectory should have begun long ago, or goes by another clock."""


class PathLeft(TrackingLost):
    """A joint left the path by more than its tolerance."""


class GoalMissed(TrackingLost):
    """A joint was not at the goal, within its tolerance, in time."""
