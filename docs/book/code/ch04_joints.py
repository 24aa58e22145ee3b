"""What the nodes of chapter 4 compute, free of ROS."""

from __future__ import annotations

import math
from collections.abc import Sequence

INT32_MAX = 2**31 - 1


def pick(names: Sequence[str], positions: Sequence[float], wanted: Sequence[str]) -> list[float]:
    """Return the positions of the wanted joints, in that order.

    Raises:
        KeyError: If a wanted joint is not among the names.
    """
    by_name = dict(zip(names, positions, strict=True))
    return [by_name[name] for name in wanted]


def yaw_quaternion(yaw: float) -> tuple[float, float, float, float]:
    """Return the quaternion (w, x, y, z) of a turn about z by `yaw` radians."""
    return math.cos(yaw / 2.0), 0.0, 0.0, math.sin(yaw / 2.0)


def next_term(sequence: Sequence[int]) -> int:
    """Return the next Fibonacci number.

    Raises:
        OverflowError: If it does not fit the 32-bit field of the message.
    """
    term = sequence[-1] + sequence[-2]
    if term > INT32_MAX:
        raise OverflowError(f"{term} does not fit into 32 bits")
    return term
