"""From what is measured on the mobile base to ROS messages."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np

from lectern.graph.robot_messages import (
    header_message,
    pose_message,
    quaternion_message,
    transform_message,
    vector_message,
)
from lectern.robot.base import (
    BASE_FOOTPRINT,
    IMU_FRAME,
    LIDAR_FRAME,
    ODOM,
    WHEELS,
    BaseState,
    ImuSample,
    Scan,
)
from lectern.robot.chain import chain_of
from lectern.robot.description import unfold_base
from lectern.robot.geometry import Pose
from lectern_nodes.robot import types

# Variances along x, y, z and about them, m^2 and rad^2: wheels slip a little, and on a floor
# nothing happens in the other three.
_VARIANCES = (1e-3, 1e-3, 1e-9, 1e-9, 1e-9, 1e-2)
_COVARIANCE = np.diag(_VARIANCES).ravel().tolist()


def odometry_message(state: BaseState, prefix: str) -> Any:
    """Return a `nav_msgs/Odometry` of `base_footprint` in `odom`."""
    forward, turning = (state.linear_m_s, 0.0, 0.0), (0.0, 0.0, state.angular_rad_s)
    twist = types.Twist(
        linear=vector_message(types, forward), angular=vector_message(types, turning)
    )
    return types.Odometry(
        header=header_message(types, state.stamp_s, prefix + ODOM),
        child_frame_id=prefix + BASE_FOOTPRINT,
        pose=types.PoseWithCovariance(
            pose=pose_message(types, state.footprint), covariance=_COVARIANCE
        ),
        twist=types.TwistWithCovariance(twist=twist, covariance=_COVARIANCE),
    )


def base_transform(state: BaseState, stamp_s: float, prefix: str) -> Any:
    """Return the transform of `base_footprint` in `odom`."""
    return transform_message(types, state.footprint, BASE_FOOTPRINT, stamp_s, prefix)


def sensor_transforms(prefix: str) -> list[Any]:
    """Return the transforms of IMU and lidar in `base_footprint`.

    The base's other links stay off the graph: the arm has a `base_link` too, and a frame has one
    parent.
    """
    poses = chain_of(unfold_base(), WHEELS).poses(np.zeros((1, len(WHEELS))))
    return [
        transform_message(
            types, Pose.from_matrix(poses[frame][0], BASE_FOOTPRINT), frame, 0.0, prefix
        )
        for frame in (IMU_FRAME, LIDAR_FRAME)
    ]


def imu_message(sample: ImuSample, prefix: str) -> Any:
    """Return a `sensor_msgs/Imu`."""
    return types.Imu(
        header=header_message(types, sample.stamp_s, prefix + IMU_FRAME),
        orientation=quaternion_message(types, sample.orientation_xyzw),
        orientation_covariance=list(sample.orientation_covariance),
        angular_velocity=vector_message(types, sample.angular_velocity_rad_s),
        angular_velocity_covariance=list(sample.angular_velocity_covariance),
        linear_acceleration=vector_message(types, sample.linear_acceleration_m_s2),
        linear_acceleration_covariance=list(sample.linear_acceleration_covariance),
    )


def scan_message(scan: Scan, prefix: str) -> Any:
    """Return a `sensor_msgs/LaserScan`; all rays are of one moment."""
    return types.LaserScan(
        header=header_message(types, scan.stamp_s, prefix + LIDAR_FRAME),
        angle_min=scan.angle_min_rad,
        angle_max=scan.angle_max_rad,
        angle_increment=scan.angle_increment_rad,
        time_increment=0.0,
        scan_time=scan.scan_time_s,
        range_min=scan.range_min_m,
        range_max=scan.range_max_m,
        ranges=array("f", scan.ranges_m),
    )
