"""From what the robot measures to ROS messages, and from commanded trajectories to points.

As in `lectern.graph.messages`: the functions are given the message classes, as attributes of
`types`, so that `rclpy` nodes and plain DDS say the same.
"""

from __future__ import annotations

import asyncio
import math
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from lectern.errors import TrajectoryInvalid
from lectern.graph.messages import time_message
from lectern.robot.chain import chain_of
from lectern.robot.following import CommandedPoint
from lectern.robot.geometry import Floats, Pose, Quaternion, Vector3, quaternion_of
from lectern.robot.model import RobotModel
from lectern.robot.state import RobotState

# How long ago a trajectory may have begun and still begins now, and how far ahead it may begin, s.
MAX_LATE_S, MAX_AHEAD_S = 1.0, 10.0
# A robot's clock goes on in steps of about 10 ms.
_SHORTEST_WAIT_S = 0.002


def header_message(types: Any, stamp_s: float, frame: str = "") -> Any:
    """Return a `std_msgs/Header` with a time of the robot's own clock."""
    return types.Header(stamp=time_message(types, stamp_s), frame_id=frame)


def clock_message(types: Any, stamp_s: float) -> Any:
    """Return a `rosgraph_msgs/Clock`."""
    return types.Clock(clock=time_message(types, stamp_s))


def joint_state_message(types: Any, state: RobotState, prefix: str = "") -> Any:
    """Return a `sensor_msgs/JointState` of every joint, the fingers included.

    Args:
        types: Holds the message classes.
        state: A measurement.
        prefix: Put in front of every joint's name.
    """
    return types.JointState(
        header=header_message(types, state.stamp_s),
        name=[prefix + name for name in state.names] if prefix else list(state.names),
        position=array("d", state.positions),
        velocity=array("d", state.velocities),
        effort=array("d", state.efforts),
    )


def tf_message(types: Any, transforms: Iterable[Any]) -> Any:
    """Return a `tf2_msgs/TFMessage`."""
    return types.TFMessage(transforms=list(transforms))


def transform_message(types: Any, pose: Pose, child: str, stamp_s: float, prefix: str = "") -> Any:
    """Return a `geometry_msgs/TransformStamped`: where a frame is in the frame of its pose."""
    place, turn = pose.position_m, pose.quaternion_xyzw
    return _transform(
        types, header_message(types, stamp_s, prefix + pose.frame), prefix + child, place, turn
    )


def vector_message(types: Any, xyz: Vector3) -> Any:
    """Return a `geometry_msgs/Vector3`."""
    return types.Vector3(x=xyz[0], y=xyz[1], z=xyz[2])


def quaternion_message(types: Any, xyzw: Quaternion) -> Any:
    """Return a `geometry_msgs/Quaternion`."""
    return types.Quaternion(x=xyzw[0], y=xyzw[1], z=xyzw[2], w=xyzw[3])


def pose_message(types: Any, pose: Pose) -> Any:
    """Return a `geometry_msgs/Pose`."""
    x, y, z = pose.position_m
    orientation = quaternion_message(types, pose.quaternion_xyzw)
    return types.Pose(position=types.Point(x=x, y=y, z=z), orientation=orientation)


class LinkFrames:
    """Where every link of a robot is in its parent link, as robot_state_publisher has it.

    Only joints are computed, no kinematics: at 50 Hz that costs next to nothing.

    Args:
        model: The robot.
        prefix: Put in front of every frame's name.

    Raises:
        DescriptionInvalid: The robot's description is no tree.
    """

    def __init__(self, model: RobotModel, prefix: str = "") -> None:
        chain = chain_of(model.urdf, model.names + model.gripper.joints)
        joints = [
            _Joint(
                hinge.name,
                prefix + hinge.parent,
                prefix + hinge.child,
                hinge.prismatic,
                None if hinge.axis is None else _three(hinge.axis),
                _three(hinge.origin[:3, 3]),
                quaternion_of(hinge.origin[:3, :3]),
            )
            for hinge in chain.hinges
        ]
        self._moving = tuple(joint for joint in joints if joint.axis is not None)
        self._fixed = tuple(joint for joint in joints if joint.axis is None)

    def moving(self, types: Any, state: RobotState) -> list[Any]:
        """Return a `TransformStamped` for each joint that moves, for `tf`."""
        positions = dict(zip(state.names, state.positions.tolist(), strict=True))
        return [joint.message(types, state.stamp_s, positions) for joint in self._moving]

    def fixed(self, types: Any, stamp_s: float) -> list[Any]:
        """Return a `TransformStamped` for each joint that does not, for `tf_static`."""
        return [joint.message(types, stamp_s, {}) for joint in self._fixed]


def commanded_points(message: Any) -> tuple[list[str], list[CommandedPoint]]:
    """Return the joints and the points of a `trajectory_msgs/JointTrajectory`.

    Raises:
        TrajectoryInvalid: A point has efforts, which the arm cannot be commanded.
    """
    points = []
    for number, point in enumerate(message.points, start=1):
        if len(point.effort):
            raise TrajectoryInvalid(
                f"Point {number} has efforts, which the arm is not commanded by.",
                "Send positions, with velocities and accelerations or without.",
            )
        time_s = seconds_of(point.time_from_start)
        given = (list(v) for v in (point.positions, point.velocities, point.accelerations))
        points.append(CommandedPoint(time_s, *given))
    return list(message.joint_names), points


def waiting_time_s(message: Any, now_s: float) -> float:
    """Return how long to wait before a `JointTrajectory` begins; its header's stamp says when.

    Zero means at once. A sender that stamps with the present is always a little late, which does
    not matter.

    Args:
        message: The trajectory.
        now_s: Time of the robot's own clock.

    Raises:
        TrajectoryInvalid: It should have begun long ago, or begins in the distant future: its
            sender goes by another clock.
    """
    stamp_s = seconds_of(message.header.stamp)
    if stamp_s == 0:
        return 0.0
    ahead_s = stamp_s - now_s
    if not -MAX_LATE_S <= ahead_s <= MAX_AHEAD_S:
        raise TrajectoryInvalid(
            f"The trajectory should begin at {stamp_s:.3f} s, and the robot's clock shows "
            f"{now_s:.3f} s.",
            "Leave its stamp at zero to begin at once, or stamp with the robot's clock (/clock).",
        )
    return max(0.0, ahead_s)


async def wait_for_begin(message: Any, now_s: Callable[[], float]) -> None:
    """Wait until the robot's own clock shows the time at which a `JointTrajectory` begins.

    A simulation may run slower than the wall clock that `asyncio` sleeps by, so the robot's clock
    is asked again after each sleep.

    Args:
        message: The trajectory.
        now_s: Gives the time of the robot's own clock.

    Raises:
        TrajectoryInvalid: As `waiting_time_s` does.
    """
    # A clock tells nobody when it shows a time.
    while (ahead_s := waiting_time_s(message, now_s())) > 0:  # noqa: ASYNC110
        await asyncio.sleep(max(ahead_s, _SHORTEST_WAIT_S))


def seconds_of(time: Any) -> float:
    """Return a `builtin_interfaces` Time or Duration in seconds."""
    return float(time.sec) + float(time.nanosec) * 1e-9


@dataclass(frozen=True)
class _Joint:
    """One joint: parent and child frame, and the child's pose when the joint is at 0."""

    name: str
    parent: str
    child: str
    prismatic: bool
    axis: Vector3 | None
    place_m: Vector3
    turn: Quaternion

    def message(self, types: Any, stamp_s: float, positions: dict[str, float]) -> Any:
        place, turn = self._pose(positions.get(self.name, 0.0))
        header = header_message(types, stamp_s, self.parent)
        return _transform(types, header, self.child, place, turn)

    def _pose(self, position: float) -> tuple[Vector3, Quaternion]:
        if self.axis is None or position == 0.0:
            return self.place_m, self.turn
        if self.prismatic:
            x, y, z = (position * value for value in self.axis)
            dx, dy, dz = _rotated((x, y, z), self.turn)
            px, py, pz = self.place_m
            return (px + dx, py + dy, pz + dz), self.turn
        half = position / 2
        sin = math.sin(half)
        x, y, z = (sin * value for value in self.axis)
        return self.place_m, _product(self.turn, (x, y, z, math.cos(half)))


def _transform(types: Any, header: Any, child: str, place_m: Vector3, turn: Quaternion) -> Any:
    return types.TransformStamped(
        header=header,
        child_frame_id=child,
        transform=types.Transform(
            translation=vector_message(types, place_m), rotation=quaternion_message(types, turn)
        ),
    )


def _product(first: Quaternion, second: Quaternion) -> Quaternion:
    """Return the rotation that turns by `second`, seen in the axes that `first` has turned."""
    x1, y1, z1, w1 = first
    x2, y2, z2, w2 = second
    return (
        w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
        w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
        w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
        w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
    )


def _rotated(vector: Vector3, turn: Quaternion) -> Vector3:
    x, y, z, w = turn
    back = (-x, -y, -z, w)
    rx, ry, rz, _ = _product(_product(turn, (*vector, 0.0)), back)
    return rx, ry, rz


def _three(values: Floats) -> Vector3:
    x, y, z = (float(value) for value in values)
    return x, y, z
