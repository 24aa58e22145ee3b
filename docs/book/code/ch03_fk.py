"""Forward kinematics three ways: standard DH, modified DH and the product of exponentials.

Lengths in metres, angles in radians. A twist or screw axis has its linear part first: (v, omega).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


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


def skew(w: np.ndarray) -> np.ndarray:
    """Return the matrix [w] with [w] p = w x p."""
    return np.array([[0.0, -w[2], w[1]], [w[2], 0.0, -w[0]], [-w[1], w[0], 0.0]])


def exp_screw(screw: np.ndarray, angle: float) -> np.ndarray:
    """Return the motion along a screw axis (v, omega) with |omega| = 1, or omega = 0 and |v| = 1.

    Args:
        screw: Screw axis of the joint.
        angle: Joint value in radians (revolute) or metres (prismatic).
    """
    v, w = screw[:3], screw[3:]
    motion = np.eye(4)
    if not np.any(w):
        motion[:3, 3] = v * angle
        return motion
    W = skew(w)
    W2 = W @ W
    motion[:3, :3] = np.eye(3) + np.sin(angle) * W + (1.0 - np.cos(angle)) * W2
    G = angle * np.eye(3) + (1.0 - np.cos(angle)) * W + (angle - np.sin(angle)) * W2
    motion[:3, 3] = G @ v
    return motion


def revolute(axis: Sequence[float], point: Sequence[float]) -> np.ndarray:
    """Return the screw axis (-omega x p, omega) of a revolute joint through `point`."""
    w = np.asarray(axis, dtype=float)
    return np.concatenate([-np.cross(w, point), w])


def poe(screws: Sequence[np.ndarray], home: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the tool pose exp(S1 q1) ... exp(Sn qn) M, with M the pose at q = 0."""
    T = np.eye(4)
    for screw, angle in zip(screws, q, strict=True):
        T = T @ exp_screw(screw, angle)
    return T @ home


# The 3R elbow arm of the text: (a, alpha, d) of each row; theta is the joint angle.
ELBOW_STANDARD = [(0.0, np.pi / 2, 0.4), (0.5, 0.0, 0.0), (0.4, 0.0, 0.0)]
ELBOW_MODIFIED = [(0.0, 0.0, 0.4), (0.0, np.pi / 2, 0.0), (0.5, 0.0, 0.0)]
ELBOW_SCREWS = [
    revolute([0.0, 0.0, 1.0], [0.0, 0.0, 0.0]),
    revolute([0.0, -1.0, 0.0], [0.0, 0.0, 0.4]),
    revolute([0.0, -1.0, 0.0], [0.5, 0.0, 0.4]),
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
