"""Shortening of paths: deterministic shortcuts, each as well checked as the path."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lectern.robot.geometry import Floats

MotionFree = Callable[[Floats, Floats], bool]
_SHORTCUTS = 40
_END_AFTER_FAILURES = 10


def length_rad(path: Floats) -> float:
    """Return the sum of the joint-space distances between points, shape (points, n)."""
    return float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())


def shortened(path: Floats, motion_free: MotionFree, seed: int) -> Floats:
    """Return a path with the same ends that is as short or shorter, shape (points, n).

    First whole corners are skipped, then shortcuts between random places are tried: Geraerts and
    Overmars, "Creating high-quality paths for motion planning", 2007. It ends after a number of
    attempts and not after a time, so that a seed decides the result.
    """
    random = np.random.default_rng(seed)
    path = _without_corners(path, motion_free)
    failures = 0
    for _ in range(_SHORTCUTS):
        if len(path) <= 2 or failures >= _END_AFTER_FAILURES:
            break
        shorter = _shortcut(path, np.sort(random.uniform(0.0, 1.0, 2)), motion_free)
        failures = failures + 1 if shorter is None else 0
        path = path if shorter is None else shorter
    return _without_corners(path, motion_free)


def _without_corners(path: Floats, motion_free: MotionFree) -> Floats:
    """Go from each point straight to the last one that can be reached."""
    kept, at, last = [0], 0, len(path) - 1
    while at < last:
        skips = (k for k in range(last, at + 1, -1) if motion_free(path[at], path[k]))
        at = next(skips, at + 1)
        kept.append(at)
    return path[kept]


def _shortcut(path: Floats, shares: Floats, motion_free: MotionFree) -> Floats | None:
    """Return the path cut short between two shares of its length; None: blocked, or no gain."""
    marks = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    low, high = shares * marks[-1]
    first, last = np.searchsorted(marks, [low, high], side="right") - 1
    if first == last:
        return None
    start, end = (_at(path, marks, place) for place in (low, high))
    if not motion_free(start, end):
        return None
    return np.concatenate([path[: first + 1], [start, end], path[last + 1 :]])


def _at(path: Floats, marks: Floats, place: float) -> Floats:
    return np.array([np.interp(place, marks, column) for column in path.T])
