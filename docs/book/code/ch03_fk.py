"""Forward kinematics three ways: standard DH, modified DH and the product of exponentials.

Lengths in metres, angles in radians. A twist or screw axis has its linear part first: (v, omega).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ch02_transforms import exp, screw_axis


def dh_standard(a: float, alpha: float, d: float, theta: float) -> np.ndarray:
    """Return the transform from frame {i} to frame {i-1}: Rz(theta) Tz(d) Tx(a) Rx(alpha)."""
    ct, st, ca, sa = np.cos(theta), np.sin(theta), np.cos(alpha), np.sin(alpha)
    return np.array(
        [
            [ct, -st * ca, st * sa, a * ct],
            [st, ct * ca, -ct * sa, a * st],
            [0.0, sa, ca, d],
            [0.0, 0.0, 0.0, 1.0],
        ]
    )


def dh_modified(a_prev: float, alpha_prev: float, d: float, theta: float) -> np.ndarray:
    """Return the transform from frame {i} to frame {i-1}: Rx(alpha) Tx(a) Rz(theta) Tz(d)."""
    ct, st, ca, sa = np.cos(theta), np.sin(theta), np.cos(alpha_prev), np.sin(alpha_prev)
    return np.array(
        [
            [ct, -st, 0.0, a_prev],
            [st * ca, ct * ca, -sa, -d * sa],
            [st * sa, ct * sa, ca, d * ca],
            [0.0, 0.0, 0.0, 1.0],
        ]
    )


def poe(screws: Sequence[np.ndarray], home: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the tool pose exp(S1 q1) ... exp(Sn qn) M, with M the pose at q = 0."""
    T = np.eye(4)
    for screw, angle in zip(screws, q, strict=True):
        T = T @ exp(screw, angle)
    return T @ home


# The 3R elbow arm of the text: (a, alpha, d) of each row; theta is the joint angle.
ELBOW_STANDARD = [(0.0, np.pi / 2, 0.4), (0.5, 0.0, 0.0), (0.4, 0.0, 0.0)]
ELBOW_MODIFIED = [(0.0, 0.0, 0.4), (0.0, np.pi / 2, 0.0), (0.5, 0.0, 0.0)]
ELBOW_SCREWS = [
    screw_axis([0.0, 0.0, 0.0], [0.0, 0.0, 1.0]),
    screw_axis([0.0, 0.0, 0.4], [0.0, -1.0, 0.0]),
    screw_axis([0.5, 0.0, 0.4], [0.0, -1.0, 0.0]),
]


def elbow_frames(q: np.ndarray) -> list[np.ndarray]:
    """Return the poses of frames {0} to {3} of the elbow arm in the base frame."""
    frames = [np.eye(4)]
    for (a, alpha, d), theta in zip(ELBOW_STANDARD, q, strict=True):
        frames.append(frames[-1] @ dh_standard(a, alpha, d, theta))
    return frames


if __name__ == "__main__":
    np.set_printoptions(precision=4, suppress=True)
    q = np.radians([90.0, 30.0, 60.0])
    by_dh = elbow_frames(q)[-1]
    by_poe = poe(ELBOW_SCREWS, elbow_frames(np.zeros(3))[-1], q)
    print(by_dh)
    print(
        "largest difference between DH and product of exponentials:", np.abs(by_dh - by_poe).max()
    )
