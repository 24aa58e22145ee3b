"""What the ROS robot uses on the graph and how it is set, as tables; needs no ROS.

A node that uses it declares these parameters; docs/ros/ros_robot.md is made from them.
"""

from __future__ import annotations

from lectern_nodes.interface import Endpoint, NodeInterface, Parameter
from lectern_nodes.ros_robot.settings import PREFIX, RosRobotSettings

_DEFAULTS = RosRobotSettings()


def _parameter(name: str, description: str, **more: object) -> Parameter:
    return Parameter(PREFIX + name, getattr(_DEFAULTS, name), description, **more)  # type: ignore[arg-type]


PARAMETERS = (
    _parameter(
        "planner",
        "Who plans: MoveIt's move_group, or Lectern's own planner in this process.",
        choices=("moveit", "embedded"),
    ),
    _parameter(
        "scene",
        "Whose surroundings count: MoveIt's planning scene, or a scene of this process.",
        choices=("planning_scene", "local"),
    ),
    _parameter(
        "initial_scene",
        "Scene that an empty planning scene is given at the start; empty: none.",
        choices=("bench", "free", "box", "shelf", "narrow_gap", ""),
    ),
    _parameter(
        "reality",
        "Whether people can be hurt: for a real robot every motion waits for an approval.",
        choices=("sim", "real"),
    ),
    _parameter("group", "MoveIt's planning group of the arm."),
    _parameter("pipeline", "MoveIt's planning pipeline; empty: its default."),
    _parameter("joint_states", "Topic of the joint states."),
    _parameter("arm_action", "FollowJointTrajectory action of the arm's controller."),
    _parameter("gripper_action", "GripperCommand action of the gripper's controller."),
    _parameter(
        "gripper_feels",
        "Whether fingers stop at what is between them; false for mock hardware, whose fingers "
        "close through everything.",
    ),
    _parameter("move_action", "MoveIt's MoveGroup action."),
    _parameter("execute_action", "MoveIt's ExecuteTrajectory action."),
    _parameter("stop_service", "Trigger service that a stop calls as well; empty: none."),
    _parameter("overview_camera", "Image topic of the camera `overview`; empty: none."),
    _parameter("tool_camera", "Image topic of the camera `tool`; empty: none."),
    _parameter(
        "wait_s",
        "Longest wait for a server to appear, and for a service to answer, s.",
        lowest=0.1,
        highest=120.0,
    ),
    _parameter(
        "stale_s",
        "Age from which joint states are no news any more and the robot counts as gone, s of the "
        "wall clock.",
        lowest=0.05,
        highest=60.0,
    ),
)

_ENDPOINTS = (
    Endpoint(
        "subscribes",
        _DEFAULTS.joint_states,
        "sensor_msgs/msg/JointState",
        "Joints by name, in any order, over several messages; rad, m, N m.",
        "reliable, volatile, keep last 1000",
    ),
    Endpoint(
        "action client",
        _DEFAULTS.arm_action,
        "control_msgs/action/FollowJointTrajectory",
        "Carries out trajectories when the planner is embedded; a stop cancels all its goals.",
    ),
    Endpoint(
        "action client",
        _DEFAULTS.gripper_action,
        "control_msgs/action/GripperCommand",
        "Position of one finger, m (half the width between them), and force, N.",
    ),
    Endpoint(
        "action client",
        _DEFAULTS.move_action,
        "moveit_msgs/action/MoveGroup",
        "Plans, with `plan_only`; planner moveit.",
    ),
    Endpoint(
        "action client",
        _DEFAULTS.execute_action,
        "moveit_msgs/action/ExecuteTrajectory",
        "Carries out trajectories; planner moveit.",
    ),
    Endpoint(
        "calls",
        "compute_cartesian_path",
        "moveit_msgs/srv/GetCartesianPath",
        "Straight lines of the tool; planner moveit.",
    ),
    Endpoint(
        "calls",
        "get_planning_scene",
        "moveit_msgs/srv/GetPlanningScene",
        "Reads the surroundings; scene planning_scene.",
    ),
    Endpoint(
        "calls",
        "apply_planning_scene",
        "moveit_msgs/srv/ApplyPlanningScene",
        "Changes the surroundings; scene planning_scene.",
    ),
    Endpoint(
        "subscribes",
        "monitored_planning_scene",
        "moveit_msgs/msg/PlanningScene",
        "Tells that the surroundings changed; scene planning_scene.",
        "reliable, volatile, keep last 100",
    ),
    Endpoint(
        "calls",
        _DEFAULTS.stop_service,
        "std_srvs/srv/Trigger",
        "Called by every stop if it exists, without waiting.",
    ),
    Endpoint(
        "subscribes",
        _DEFAULTS.overview_camera,
        "sensor_msgs/msg/Image",
        "Subscribed to while a picture is asked for; rgb8, bgr8, rgba8, bgra8 or mono8.",
        "as published, volatile, keep last 1",
    ),
    Endpoint(
        "subscribes",
        _DEFAULTS.tool_camera,
        "sensor_msgs/msg/Image",
        "The same, for the camera on the gripper.",
        "as published, volatile, keep last 1",
    ),
)

ROS_ROBOT = NodeInterface.of(
    "ros_robot",
    "The robot interface of the core, spoken through ROS: part of a node, not one of its own.",
    _ENDPOINTS,
    PARAMETERS,
)
