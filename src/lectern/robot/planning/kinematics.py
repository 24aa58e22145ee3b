"""Forward and differential kinematics of the arm by Pinocchio, and its inverse."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pinocchio as pin

from lectern.errors import DescriptionInvalid, GoalUnreachable, InvalidInput
from lectern.robot.geometry import WORLD, Floats, Pose
from lectern.robot.model import LIMIT_TOLERANCE, RobotModel
from lectern.robot.planning.inverse import SphericalWrist, damped_least_squares

# Two sets of joint positions are one solution when no joint differs by more, rad.
DISTINCT_RAD = 1e-6
# How far a solution's tool may be from the pose asked for, m and rad.
POSE_TOLERANCE = 1e-9


def arm_model(model: RobotModel, finger_m: float = 0.0) -> pin.Model:
    """Return the arm as Pinocchio has it, its joints in the order of `model.names`.

    Args:
        model: The robot.
        finger_m: Position at which the fingers are held, m.

    Raises:
        DescriptionInvalid: The description cannot be read, or lacks a joint or the tool frame.
    """
    try:
        full = pin.buildModelFromXML(model.urdf)
    except ValueError as error:
        raise DescriptionInvalid(
            f"The description of {model.name} cannot be read: {error}.", "Repair the URDF."
        ) from error
    missing = [name for name in model.names if not full.existJointName(name)]
    if missing or not full.existFrame(model.tool_frame):
        raise DescriptionInvalid(
            f"The description of {model.name} lacks {', '.join([*missing, model.tool_frame])}.",
            "Name the joints and the tool frame as the description does.",
        )
    position = pin.neutral(full)
    for name in model.gripper.joints:
        position[full.joints[full.getJointId(name)].idx_q] = finger_m
    locked = [i for i in range(1, full.njoints) if full.names[i] not in model.names]
    arm = pin.buildReducedModel(full, locked, position)
    if tuple(arm.names[1:]) != model.names or arm.nq != len(model.names):
        raise DescriptionInvalid(
            f"The joints of {model.name} are no chain of single turns and slides.",
            f"Joints found: {', '.join(arm.names[1:])}.",
        )
    return arm


class Kinematics:
    """Where the links are, how they move, and which joint positions reach a pose; thread-safe.

    Raises:
        DescriptionInvalid: The description of the robot cannot be used.
    """

    def __init__(self, model: RobotModel) -> None:
        self.model = model
        self._arm = arm_model(model)
        self._tool = self._arm.getFrameId(model.tool_frame)
        self._wrist = SphericalWrist.of(self._arm, self._tool)
        self._local = threading.local()

    @property
    def closed_form(self) -> bool:
        """Whether `inverse` is solved in closed form, which finds every solution."""
        return self._wrist is not None

    def forward(self, q_rad: Floats | Sequence[float]) -> Pose:
        """Return the pose of the tool frame in the world, for joint positions of shape (n,)."""
        return self.link_pose(q_rad, self.model.tool_frame)

    def link_pose(self, q_rad: Floats | Sequence[float], link: str) -> Pose:
        """Return the pose of a link in the world; fingers as when the gripper is shut.

        Raises:
            InvalidInput: There is no such link, or the joint positions are malformed.
        """
        if not self._arm.existFrame(link, pin.FrameType.BODY):
            links = [f.name for f in self._arm.frames if f.type == pin.FrameType.BODY]
            raise InvalidInput(
                f"The robot has no link {link[:80]!r}.", f"Links: {', '.join(links)}."
            )
        return Pose.from_matrix(self._frame(q_rad, self._arm.getFrameId(link, pin.FrameType.BODY)))

    def jacobian(self, q_rad: Floats | Sequence[float]) -> Floats:
        """Return the Jacobian of the tool frame's origin, shape (6, n).

        Mixed, as in the book: rows 0 to 2 are m/s, rows 3 to 5 rad/s, both along the axes of the
        world, per rad/s (or m/s) of each joint.
        """
        q, data = self._checked(q_rad), self._data()
        frame = pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
        return np.array(pin.computeFrameJacobian(self._arm, data, q, self._tool, frame))

    def manipulability(self, q_rad: Floats | Sequence[float]) -> float:
        """Return Yoshikawa's measure, the square root of det(J J^T); 0 at a singularity.

        Yoshikawa, "Manipulability of robotic mechanisms", 1985.
        """
        return float(np.prod(np.linalg.svd(self.jacobian(q_rad), compute_uv=False)))

    def inverse(
        self,
        pose: Pose,
        near: Floats | Sequence[float] | None = None,
        seed: int = 0,
        attempts: int = 40,
    ) -> list[Floats]:
        """Return joint positions within the limits that bring the tool to a pose, nearest first.

        For arms with a spherical wrist and parallel second and third axes these are all that
        exist, up to 8 and their full turns; at a singularity, where there are infinitely many,
        those that keep the free joint where `near` has it. For other arms they are those that
        damped least squares finds from random starts.

        Args:
            pose: Of the tool frame, in the world.
            near: Joint positions to be near to, shape (n,); None: the middle of the limits.
            seed: Of the random starts; the closed form needs none.
            attempts: How many random starts.

        Returns:
            Distinct solutions of shape (n,), sorted by their distance from `near`; perhaps none.

        Raises:
            InvalidInput: The pose is not in the world frame, or `near` is malformed.
        """
        refuse_other_frames(pose)
        middle = (self.model.lower + self.model.upper) / 2
        start = middle if near is None else self._checked(near)
        target = pose.matrix()
        if self._wrist is not None:
            found = self._wrist.solutions(target, start)
        else:
            found = self._by_iteration(target, start, seed, attempts)
        polished = (self._polished(q, target) for q in found)
        turned = [t for q in polished if q is not None for t in self._turns(q)]
        return _distinct(sorted(turned, key=lambda q: float(np.linalg.norm(q - start))))

    def reach(self, pose: Pose, near: Floats | Sequence[float] | None = None) -> list[Floats]:
        """Return what `inverse` does, or say that the pose cannot be reached.

        Raises:
            GoalUnreachable: No joint positions within the limits reach the pose.
            InvalidInput: See `inverse`.
        """
        solutions = self.inverse(pose, near)
        if solutions:
            return solutions
        place = ", ".join(f"{v:.3f}" for v in pose.position_m)
        beyond = self._beyond_limits(pose)
        reason = f"only with {beyond} outside the limits" if beyond else "with no joint positions"
        raise GoalUnreachable(
            f"The tool reaches ({place}) m in this orientation {reason}.",
            "Choose a pose nearer to the robot, or turn the tool.",
        )

    def _beyond_limits(self, pose: Pose) -> str:
        """Name the joints that would have to leave their limits; empty: no solution at all."""
        if self._wrist is None:
            return ""
        middle = (self.model.lower + self.model.upper) / 2
        found = self._wrist.solutions(pose.matrix(), middle)
        turned = [middle + _wrapped(q - middle) for q in found]
        outside = [(q < self.model.lower) | (q > self.model.upper) for q in turned]
        if not outside:
            return ""
        fewest = min(outside, key=lambda mask: int(mask.sum()))
        return " and ".join(n for n, out in zip(self.model.names, fewest, strict=True) if out)

    def _by_iteration(
        self, target: Floats, start: Floats, seed: int, attempts: int
    ) -> list[Floats]:
        random = np.random.default_rng(seed)
        starts = [
            start,
            *random.uniform(self.model.lower, self.model.upper, (attempts, start.size)),
        ]
        found = (damped_least_squares(self._arm, self._tool, target, q) for q in starts)
        return [q for q in found if q is not None]

    def _polished(self, q: Floats, target: Floats) -> Floats | None:
        """Take Newton steps: closed forms lose half of the digits next to a singularity."""
        for _ in range(4):
            error = pose_error(self._frame(q, self._tool), target)
            if np.abs(error).max() <= POSE_TOLERANCE / 10:
                return q
            q = q + np.linalg.lstsq(self.jacobian(q), error, rcond=1e-6)[0]
        close = np.abs(pose_error(self._frame(q, self._tool), target)).max() <= POSE_TOLERANCE
        return q if close else None

    def _turns(self, q: Floats) -> list[Floats]:
        """Return the solution with every number of full turns that the limits have room for."""
        choices: list[list[float]] = []
        limits = zip(q, self.model.lower, self.model.upper, self._arm.joints[1:], strict=True)
        for value, low, high, joint in limits:
            period = 0.0 if "P" in joint.shortname().removeprefix("JointModel") else 2 * np.pi
            choices.append(_within(float(value), low, high, period))
        grid = np.array(np.meshgrid(*choices, indexing="ij")).reshape(len(choices), -1)
        return [np.clip(row, self.model.lower, self.model.upper) for row in grid.T]

    def _frame(self, q_rad: Floats | Sequence[float], frame: int) -> Floats:
        data = self._data()
        pin.forwardKinematics(self._arm, data, self._checked(q_rad))
        return np.array(pin.updateFramePlacement(self._arm, data, frame).homogeneous)

    def _checked(self, q_rad: Floats | Sequence[float]) -> Floats:
        q = np.asarray(q_rad, dtype=np.float64)
        if q.shape != (self._arm.nq,) or not np.isfinite(q).all():
            raise InvalidInput(
                f"The joint positions are not {self._arm.nq} finite numbers.",
                f"Give one for each of {', '.join(self.model.names)}.",
            )
        return q

    def _data(self) -> pin.Data:
        if not hasattr(self._local, "data"):
            self._local.data = self._arm.createData()
        return self._local.data


def refuse_other_frames(pose: Pose) -> None:
    """Check that a pose is given in the world.

    Raises:
        InvalidInput: It is given in another frame.
    """
    if pose.frame != WORLD:
        raise InvalidInput(f"The pose is given in {pose.frame[:80]!r}.", f"Give it in {WORLD!r}.")


def pose_error(present: Floats, target: Floats) -> Floats:
    """Return how far a pose is from another, m and rad along the world's axes, shape (6,)."""
    turn = pin.log3(target[:3, :3] @ present[:3, :3].T)
    return np.concatenate([target[:3, 3] - present[:3, 3], turn])


def _wrapped(angle: Floats) -> Floats:
    return np.asarray((angle + np.pi) % (2 * np.pi) - np.pi)


def _within(value: float, low: float, high: float, period: float) -> list[float]:
    low, high = low - LIMIT_TOLERANCE, high + LIMIT_TOLERANCE
    if period == 0.0:
        return [value] if low <= value <= high else []
    first = value + period * np.ceil((low - value) / period)
    return list(np.arange(first, high, period))


def _distinct(solutions: list[Floats]) -> list[Floats]:
    kept: list[Floats] = []
    for q in solutions:
        if all(np.abs(q - other).max() > DISTINCT_RAD for other in kept):
            kept.append(q)
    return kept
