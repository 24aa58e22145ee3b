"""What the robot's node offers: its endpoints and its parameters. Nothing here needs ROS."""

from __future__ import annotations

from lectern.graph import names
from lectern_nodes.common import AUTOSTART
from lectern_nodes.interface import Endpoint, NodeInterface, Parameter

# Topics that only ROS has; those that DDS has as well are in `lectern.graph.names`.
IMAGE = "camera/image_raw"
CAMERA_INFO = "camera/camera_info"
CMD_VEL = "cmd_vel"
ODOM = "odom"
SCAN = "scan"
IMU = "imu"
MARKERS = "scene/markers"
GET_SCENE = "get_planning_scene"
APPLY_SCENE = "apply_planning_scene"
SCENE_NEWS = "monitored_planning_scene"
DIAGNOSTICS = "/diagnostics"

_LATCHED = "reliable, transient local, 1"

_STATE = (
    Endpoint(
        "publishes",
        names.JOINT_STATES,
        "sensor_msgs/msg/JointState",
        "Positions (rad, m), velocities and efforts (N m, N) of arm and fingers, stamped with the "
        "robot's clock.",
        "reliable, 10, 100 Hz",
    ),
    Endpoint(
        "publishes",
        names.CLOCK,
        "rosgraph_msgs/msg/Clock",
        "The robot's clock, for nodes with `use_sim_time`; if `publish_clock`.",
        "reliable, 10, 100 Hz",
    ),
    Endpoint(
        "publishes",
        names.TF,
        "tf2_msgs/msg/TFMessage",
        "The arm's links (if `publish_tf`), `world` to `scene/NAME` of each object that can move, "
        "and `odom` to `base_footprint` of the mobile base once it is at work.",
        "reliable, 100, 50 Hz",
    ),
    Endpoint(
        "publishes",
        names.TF_STATIC,
        "tf2_msgs/msg/TFMessage",
        "The arm's fixed joints (if `publish_tf`), objects that never move, camera and sensors.",
        _LATCHED,
    ),
    Endpoint(
        "publishes",
        names.ROBOT_DESCRIPTION,
        "std_msgs/msg/String",
        "The arm's URDF; if `publish_description`.",
        _LATCHED,
    ),
    Endpoint(
        "publishes",
        MARKERS,
        "visualization_msgs/msg/MarkerArray",
        "Every object of the scene, in its own frame `scene/NAME`, when the objects change.",
        _LATCHED,
    ),
    Endpoint(
        "publishes",
        DIAGNOSTICS,
        "diagnostic_msgs/msg/DiagnosticArray",
        "Robot, simulator, joint states, camera, base and the last motion.",
        "reliable, 10, 1 Hz",
    ),
)

_MOTION = (
    Endpoint(
        "action server",
        names.FOLLOW_TRAJECTORY,
        "control_msgs/action/FollowJointTrajectory",
        "Follow a trajectory of all six arm joints through the motion gate; a new goal replaces "
        "the running one.",
    ),
    Endpoint(
        "subscribes",
        names.TRAJECTORY_COMMAND,
        "trajectory_msgs/msg/JointTrajectory",
        "The same without feedback; what became of it is on `robot/motion_report`.",
        "reliable, 10",
    ),
    Endpoint(
        "action server",
        names.GRIPPER_COMMAND,
        "control_msgs/action/GripperCommand",
        "Move the fingers. `position` is that of `finger_left_joint`, 0 (shut) to 0.04 m (open), "
        "half the gap; `max_effort` in N, 0: `grip_force_n`. Closing takes hold of the object "
        "between the fingers, opening lets go.",
    ),
    Endpoint(
        "action server",
        names.RUN_DEMO,
        "lectern_interfaces/action/RunDemo",
        "Run a demo of the textbook; the result has its pictures if the goal asks for them.",
    ),
    Endpoint(
        "serves",
        names.STOP,
        "std_srvs/srv/Trigger",
        "Bring arm and base to rest now; also while the node is inactive.",
    ),
    Endpoint(
        "publishes",
        names.MOTION_REPORT,
        "lectern_interfaces/msg/MotionReport",
        "What became of each trajectory, grip, demo and refused drive.",
        "reliable, 50",
    ),
)

_SCENE = (
    Endpoint(
        "serves",
        GET_SCENE,
        "moveit_msgs/srv/GetPlanningScene",
        "The whole scene, if `planning_scene`.",
    ),
    Endpoint(
        "serves",
        APPLY_SCENE,
        "moveit_msgs/srv/ApplyPlanningScene",
        "Add, move and remove objects of the simulation, if `planning_scene`; not while the arm "
        "moves.",
    ),
    Endpoint(
        "publishes",
        SCENE_NEWS,
        "moveit_msgs/msg/PlanningScene",
        "Every change of the scene, as a difference, if `planning_scene`.",
        "reliable, 100",
    ),
)

_CAMERA = (
    Endpoint(
        "publishes",
        IMAGE,
        "sensor_msgs/msg/Image",
        "Pictures, rgb8, rendered only while somebody subscribes.",
        "reliable, 2, `camera_rate_hz`",
    ),
    Endpoint(
        "publishes",
        CAMERA_INFO,
        "sensor_msgs/msg/CameraInfo",
        "The calibration that belongs to each picture, with the same stamp.",
        "reliable, 2, `camera_rate_hz`",
    ),
)

_BASE = (
    Endpoint(
        "subscribes",
        CMD_VEL,
        "geometry_msgs/msg/Twist",
        "Speed of the base: linear.x in m/s, angular.z in rad/s; holds for half a second. After a "
        "stop, send zero once before driving on.",
        "reliable, 10",
    ),
    Endpoint(
        "publishes",
        ODOM,
        "nav_msgs/msg/Odometry",
        "The pose of `base_footprint` in `odom` from the wheels, and its speed.",
        "reliable, 10, 50 Hz",
    ),
    Endpoint(
        "publishes",
        IMU,
        "sensor_msgs/msg/Imu",
        "The IMU in `imu_link`.",
        "reliable, 10, 100 Hz",
    ),
    Endpoint(
        "publishes",
        SCAN,
        "sensor_msgs/msg/LaserScan",
        "The lidar in `lidar_link`, 360 rays.",
        "reliable, 5, 10 Hz",
    ),
)

ROBOT = NodeInterface.of(
    "robot_node",
    "The embedded robot: a simulated arm with gripper and camera, and a mobile base.",
    (*_STATE, *_MOTION, *_SCENE, *_CAMERA, *_BASE),
    (
        AUTOSTART,
        Parameter(
            "policy",
            "settings",
            "What the motion gate does with plans that pass every check; `settings`: what "
            "LECTERN_ROBOT_POLICY says.",
            choices=("settings", "auto", "ask", "off"),
        ),
        Parameter("seed", 0, "Seed of everything random.", 0, 2**31 - 1),
        Parameter(
            "home",
            "",
            "Folder of the audit log; empty: what LECTERN_HOME says.",
        ),
        Parameter(
            "publish_clock",
            True,
            "Whether the node publishes `clock`; false if something else is the clock.",
        ),
        Parameter(
            "publish_tf",
            True,
            "Whether the arm's links are on `tf`; false if robot_state_publisher does that.",
        ),
        Parameter(
            "publish_description",
            True,
            "Whether the node publishes `robot_description`; false if robot_state_publisher does.",
        ),
        Parameter(
            "planning_scene",
            True,
            "Whether the node serves its scene as MoveIt's planning scene; false where move_group "
            "runs, which serves its own.",
        ),
        Parameter(
            "frame_prefix",
            "",
            "Put in front of every frame, such as `left/`, where two robots share one `tf`.",
        ),
        Parameter(
            "joint_state_rate_hz",
            100.0,
            "Rate of `joint_states` and `clock`, Hz of the robot's clock.",
            1.0,
            100.0,
        ),
        Parameter("tf_rate_hz", 50.0, "Rate of `tf`, Hz of the robot's clock.", 1.0, 100.0),
        Parameter(
            "camera",
            "overview",
            "Which camera takes the pictures; `off`: none.",
            choices=("off", "overview", "tool"),
        ),
        Parameter("camera_width", 640, "Width of a picture, pixels.", 16, 1280),
        Parameter("camera_height", 480, "Height of a picture, pixels.", 16, 960),
        Parameter("camera_rate_hz", 5.0, "Pictures a second.", 0.1, 30.0, read_only=False),
        Parameter(
            "base",
            "auto",
            "When the mobile base is at work: `auto`: from the first who subscribes to it or "
            "drives it; `on`: from the start; `off`: never.",
            choices=("auto", "on", "off"),
        ),
        Parameter(
            "grip_force_n",
            20.0,
            "Force of the fingers where a command does not say, N.",
            0.1,
            40.0,
            read_only=False,
        ),
    ),
)
