"""Degrees of freedom of a mechanism, counted with Gruebler's formula."""

from __future__ import annotations

from collections.abc import Sequence


def mobility(links: int, joint_freedoms: Sequence[int], *, planar: bool = False) -> int:
    """Return the degrees of freedom of a mechanism with independent joint constraints.

    Args:
        links: Number of links, the ground included.
        joint_freedoms: Freedoms of each joint: 1 for revolute or prismatic, 2 for universal,
            3 for spherical.
        planar: Whether all motion stays in parallel planes.
    """
    rigid_body = 3 if planar else 6
    return rigid_body * (links - 1 - len(joint_freedoms)) + sum(joint_freedoms)


if __name__ == "__main__":
    print("four-bar linkage:  ", mobility(4, [1] * 4, planar=True))
    print("serial arm, 6R:    ", mobility(7, [1] * 6))
    print("Stewart platform:  ", mobility(14, [2, 1, 3] * 6))
