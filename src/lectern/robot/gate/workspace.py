"""The volume that the arm must stay in, whatever the planner thinks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lectern.errors import InvalidInput, LimitsExceeded
from lectern.robot.chain import Chain
from lectern.robot.gate.extremes import Extremes
from lectern.robot.geometry import Floats, Vector3
from lectern.robot.trajectory import Trajectory

# Between two looks no link origin moves farther than twice this.
_GAP_M = 0.0025
_CHUNK = 4096


@dataclass(frozen=True)
class Workspace:
    """Where link origins and the tool frame may be, in the world, m.

    Attributes:
        floor_z_m: Nothing goes below this plane.
        low_m: Lower corner of a box to stay in.
        high_m: Upper corner of that box.
        centre_m: Of a ball to stay in.
        radius_m: Of that ball.
        tolerance_m: By which anything may be outside; more than the path is sampled to, 2.5 mm.

    Raises:
        InvalidInput: A number is no number, or the volume is empty.
    """

    floor_z_m: float = 0.0
    low_m: Vector3 = (-np.inf, -np.inf, -np.inf)
    high_m: Vector3 = (np.inf, np.inf, np.inf)
    centre_m: Vector3 = (0.0, 0.0, 0.0)
    radius_m: float = np.inf
    tolerance_m: float = 0.005

    def __post_init__(self) -> None:
        rises = all(low < high for low, high in zip(self.low_m, self.high_m, strict=True))
        if not (rises and self.floor_z_m < self.high_m[2] and self.radius_m > 0):
            raise InvalidInput("The workspace has no inside.", "Give corners that span a volume.")
        if not self.tolerance_m > _GAP_M or not np.isfinite(self.centre_m).all():
            raise InvalidInput(
                "The workspace has a centre that is not finite or too small a tolerance.",
                f"Use more than {_GAP_M} m.",
            )

    def outside_m(self, points_m: Floats) -> Floats:
        """Return by how much each point is outside, shape (...,), m; negative inside.

        Args:
            points_m: Shape (..., 3).
        """
        low = np.maximum(self.low_m, (-np.inf, -np.inf, self.floor_z_m))
        box = np.maximum(low - points_m, points_m - self.high_m).max(axis=-1)
        ball = np.linalg.norm(points_m - self.centre_m, axis=-1) - self.radius_m
        return np.asarray(np.maximum(box, ball))

    def check_point(self, point_m: Vector3, what: str) -> None:
        """Check one point.

        Raises:
            LimitsExceeded: It is outside.
        """
        if not self.outside_m(np.asarray(point_m)) <= self.tolerance_m:
            place = ", ".join(f"{value:.3f}" for value in point_m)
            raise _left(f"The {what} at ({place}) m is outside the workspace.")

    def check_path(self, chain: Chain, trajectory: Trajectory, reached: Extremes) -> None:
        """Check every link origin at every instant of a trajectory.

        Raises:
            LimitsExceeded: One leaves; the message names the link and the moment.
        """
        links = chain.moved()
        for times_s in _looks(chain, trajectory, reached):
            positions, _, _ = trajectory.sample(times_s)
            outside = self.outside_m(chain.origins_m(positions, links))
            # Fails closed: a number that is none is not inside.
            bad = np.argwhere(~(outside <= self.tolerance_m - _GAP_M))
            if len(bad):
                sample, link = bad[0]
                raise _left(f"{links[link]} leaves the workspace {times_s[sample]:.3f} s in.")


def _looks(chain: Chain, trajectory: Trajectory, reached: Extremes) -> Iterator[Floats]:
    """Yield instants, in chunks, between which no link origin moves more than twice the gap."""
    h = np.diff(trajectory.times_s)
    farthest = h * (reached.speed @ chain.reach_m())
    counts = np.maximum(1, np.ceil(farthest / (2 * _GAP_M))).astype(np.int64)
    ends = np.cumsum(counts)
    for start in range(0, int(ends[-1]) + 1, _CHUNK):
        numbers = np.arange(start, min(start + _CHUNK, int(ends[-1]) + 1))
        k = np.minimum(np.searchsorted(ends, numbers, side="right"), len(h) - 1)
        share = (numbers - (ends[k] - counts[k])) / counts[k]
        yield trajectory.times_s[k] + share * h[k]


def _left(detail: str) -> LimitsExceeded:
    return LimitsExceeded(detail, "Choose a goal and a path inside the workspace.")
