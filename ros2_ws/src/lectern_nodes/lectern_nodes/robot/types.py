"""The message classes of rclpy, as `lectern.graph` takes them."""

from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import (
    Point,
    Pose,
    PoseWithCovariance,
    Quaternion,
    Transform,
    TransformStamped,
    Twist,
    TwistWithCovariance,
    Vector3,
)
from lectern_interfaces.msg import MotionReport
from nav_msgs.msg import Odometry
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, Imu, JointState, LaserScan
from std_msgs.msg import ColorRGBA, Header, String
from tf2_msgs.msg import TFMessage
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from visualization_msgs.msg import Marker, MarkerArray

__all__ = [
    "CameraInfo",
    "Clock",
    "ColorRGBA",
    "CompressedImage",
    "Duration",
    "Header",
    "Image",
    "Imu",
    "JointState",
    "JointTrajectory",
    "JointTrajectoryPoint",
    "LaserScan",
    "Marker",
    "MarkerArray",
    "MotionReport",
    "Odometry",
    "Point",
    "Pose",
    "PoseWithCovariance",
    "Quaternion",
    "String",
    "TFMessage",
    "Time",
    "Transform",
    "TransformStamped",
    "Twist",
    "TwistWithCovariance",
    "Vector3",
]
