"""Continuous collision checks: a motion is proven free, not sampled.

A motion is a chain of cubic pieces, each given by its four Bernstein control points. The curve
stays in their convex hull, so every joint's distance from its value in the middle is bounded,
for straight lines and for the cubics of a trajectory alike. A piece is free when, for each pair of
shapes, the distance in the middle exceeds what the pair can approach within the piece by more than
the clearance asked for; else it is halved and looked at again. This is the adaptive bisection of
Schwarzer, Saha and Latombe, "Adaptive dynamic collision checking for single and multiple
articulated robots in complex environments", 2005. Distances are bounded by balls first, by Coal
where that is not enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lectern.robot.geometry import Floats
from lectern.robot.planning.collision import GJK_TOLERANCE_M, CollisionWorld

Indices: TypeAlias = NDArray[np.int_]
Mask: TypeAlias = NDArray[np.bool_]

# Coal is asked once shapes cannot move by more within a piece; before, halving is cheaper.
_EXACT_BELOW_M = 0.02
# Where shapes cannot move by more and are still not proven apart, they count as touching.
_GIVE_UP_M = 2e-5
_FIRST_HALF_WIDTH_RAD = 0.06
_BATCH = 192
# So many neighbouring pieces are looked at together first.
_GLANCE = 8


@dataclass(frozen=True)
class Obstruction:
    """Where a motion comes too near.

    Attributes:
        pair: Index of the pair of shapes.
        piece: Index of the piece of the motion.
        fraction: Where in the piece, 0 to 1.
        q_rad: Joint positions there.
        distance_m: Distance of the pair there.
    """

    pair: int
    piece: int
    fraction: float
    q_rad: Floats
    distance_m: float


@dataclass(frozen=True)
class _Cells:
    """Parts of pieces: control points (k, 4, joints), and where they are in which piece."""

    controls: Floats
    piece: Indices
    start: Floats
    length: Floats

    def __len__(self) -> int:
        return len(self.controls)

    def take(self, which: Mask | slice) -> _Cells:
        return _Cells(
            self.controls[which], self.piece[which], self.start[which], self.length[which]
        )

    def halved(self) -> _Cells:
        """Split each cell in the middle: de Casteljau's construction."""
        a, b, c, d = self.controls.transpose(1, 0, 2)
        ab, bc, cd = (a + b) / 2, (b + c) / 2, (c + d) / 2
        abc, bcd = (ab + bc) / 2, (bc + cd) / 2
        middle, half = (abc + bcd) / 2, self.length / 2
        left, right = np.stack([a, ab, abc, middle], 1), np.stack([middle, bcd, cd, d], 1)
        return _joined(
            _Cells(left, self.piece, self.start, half),
            _Cells(right, self.piece, self.start + half, half),
        )

    def middles(self) -> tuple[Floats, Floats]:
        """Return the middle of each cell, and how far each joint may be from it."""
        a, b, c, d = self.controls.transpose(1, 0, 2)
        middle = (a + 3 * b + 3 * c + d) / 8
        return middle, np.abs(self.controls - middle[:, None]).max(axis=1)


def line(start: Floats, end: Floats) -> Floats:
    """Return a straight motion as one piece, shape (1, 4, joints)."""
    shares = np.linspace(0.0, 1.0, 4)[:, None]
    return np.asarray((1 - shares) * start + shares * end)[None]


def polyline(points: Floats) -> Floats:
    """Return straight motions from point to point, shape (points - 1, 4, joints)."""
    return np.concatenate([line(a, b) for a, b in pairwise(points)])


@lru_cache(maxsize=512)
def _scattered(count: int) -> tuple[float, ...]:
    """Return count + 1 shares from 0 to 1, each far from those before, so that hits come early."""
    bits = max(count, 1).bit_length()
    order = sorted(range(count + 1), key=lambda i: int(f"{i:0{bits}b}"[::-1], 2))
    return tuple(i / count for i in order)


class MotionChecker:
    """Proves motions free in one world; for one thread.

    Attributes:
        checked: How many configurations have been looked at.
        apart_m: What each pair that moves is proven to keep at least along the motion that was
            last proven free, m.
    """

    def __init__(self, world: CollisionWorld) -> None:
        self.world = world
        self.checked = 0
        self.apart_m = np.inf

    def looks_free(self, first: Floats, second: Floats, step_rad: float) -> bool:
        """Tell whether a straight motion is free where it is sampled, which proves nothing.

        It is much faster than a proof, and right nearly always, because the search demands more
        room than the proof that follows it. Set the room with `CollisionWorld.demand`.
        """
        count = max(1, int(np.ceil(np.abs(second - first).max() / step_rad)))
        for share in _scattered(count):
            self.checked += 1
            if self.world.crowded(first + share * (second - first)):
                return False
        return True

    def obstruction(self, pieces: Floats, clearance_m: Floats) -> Obstruction | None:
        """Return a place where a motion comes nearer than it may; None: proven, there is none.

        Args:
            pieces: Control points, shape (pieces, 4, joints).
            clearance_m: Distance that each pair of the world must keep, shape (pairs,).
        """
        self.apart_m = np.inf
        cells = _started(pieces, self._close_calls(pieces, clearance_m))
        while len(cells):
            rest = []
            for begin in range(0, len(cells), _BATCH):
                found, unproven = self._examine(
                    cells.take(slice(begin, begin + _BATCH)), clearance_m
                )
                if found:
                    return found
                if unproven is not None:
                    rest.append(unproven)
            cells = _joined(*rest).halved() if rest else cells.take(slice(0, 0))
        return None

    def _close_calls(self, pieces: Floats, clearance_m: Floats) -> Indices:
        """Return the pieces that are not proven by a glance at several neighbours together."""
        count = len(pieces)
        if count < 2 * _GLANCE:
            return np.arange(count)
        groups = np.arange(-(-count // _GLANCE) * _GLANCE).reshape(-1, _GLANCE).clip(max=count - 1)
        controls = pieces[groups].reshape(len(groups), 4 * _GLANCE, -1)
        middles = pieces[groups[:, _GLANCE // 2], 0]
        half_widths = np.abs(controls - middles[:, None]).max(axis=1)
        self.checked += len(groups)
        low, _, change = self.world.bounds(middles, half_widths)
        kept = low - change
        close = ((kept <= clearance_m) & self.world.moves).any(axis=1)
        self._note(kept[~close])
        return np.asarray(np.unique(groups[close]))

    def _note(self, kept_m: Floats) -> None:
        """Note distances that are kept for certain, shape (cells, pairs)."""
        least = kept_m.min(axis=0, initial=np.inf, where=self.world.moves)
        self.apart_m = min(self.apart_m, float(least.min(initial=np.inf)))

    def _examine(
        self, cells: _Cells, clearance_m: Floats
    ) -> tuple[Obstruction | None, _Cells | None]:
        """Return where cells are obstructed for certain, or those that are not yet proven free."""
        q, half_widths = cells.middles()
        self.checked += len(cells)
        low, high, change = self.world.bounds(q, half_widths)
        moves = self.world.moves
        hit = (high <= clearance_m) & moves
        if hit.any():
            cell, pair = np.argwhere(hit)[0]
            return _at(cells, q, int(cell), int(pair), float(high[cell, pair])), None
        kept = low - change
        open_ = (kept <= clearance_m) & moves
        unproven = np.zeros(len(cells), dtype=bool)
        for cell in np.flatnonzero(open_.any(axis=1)):
            pairs = np.flatnonzero(open_[cell])
            if change[cell, pairs].max() > _EXACT_BELOW_M:
                unproven[cell] = True
                continue
            distances = self.world.distances_of(q[cell], pairs) - GJK_TOLERANCE_M
            spare = distances - clearance_m[pairs]
            short = (spare <= 0) | (
                (spare <= change[cell, pairs]) & (change[cell, pairs] < _GIVE_UP_M)
            )
            if short.any():
                worst = int(np.argmin(np.where(short, spare, np.inf)))
                place = _at(cells, q, int(cell), int(pairs[worst]), float(distances[worst]))
                return place, None
            unproven[cell] = bool((spare <= change[cell, pairs]).any())
            kept[cell, pairs] = distances - change[cell, pairs]
        self._note(kept[~unproven])
        return None, cells.take(unproven) if unproven.any() else None


def _started(pieces: Floats, which: Indices) -> _Cells:
    """Cut some of the pieces until no joint turns far within a cell."""
    count = len(which)
    cells = _Cells(pieces[which], which, np.zeros(count), np.ones(count))
    done = [cells.take(slice(0, 0))]
    while len(cells):
        wide = cells.middles()[1].max(axis=1) > _FIRST_HALF_WIDTH_RAD
        done.append(cells.take(~wide))
        cells = cells.take(wide)
        if len(cells):
            cells = cells.halved()
    return _joined(*done)


def _joined(*cells: _Cells) -> _Cells:
    return _Cells(
        np.concatenate([c.controls for c in cells]),
        np.concatenate([c.piece for c in cells]),
        np.concatenate([c.start for c in cells]),
        np.concatenate([c.length for c in cells]),
    )


def _at(cells: _Cells, q: Floats, cell: int, pair: int, distance_m: float) -> Obstruction:
    fraction = float(cells.start[cell] + cells.length[cell] / 2)
    return Obstruction(pair, int(cells.piece[cell]), fraction, q[cell], distance_m)
