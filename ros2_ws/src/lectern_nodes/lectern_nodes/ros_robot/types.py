"""The message classes of rclpy in one namespace; importing this needs ROS."""

from builtin_interfaces.msg import Duration, Time
from control_msgs.action import FollowJointTrajectory, GripperCommand
from control_msgs.msg import GripperCommand as GripperCommandMessage
from control_msgs.msg import JointTolerance
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import ColorRGBA, Header
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

__all__ = [
    "ColorRGBA",
    "Duration",
    "FollowJointTrajectory",
    "GripperCommand",
    "GripperCommandMessage",
    "Header",
    "Image",
    "JointState",
    "JointTolerance",
    "JointTrajectory",
    "JointTrajectoryPoint",
    "Point",
    "Pose",
    "Quaternion",
    "Time",
    "Trigger",
    "Vector3",
]
