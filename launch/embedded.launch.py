"""Start the assistant and the embedded robot; RViz shows it with `rviz:=true`."""

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import GroupAction, IncludeLaunchDescription, OpaqueFunction
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import Command, LaunchConfiguration
from launch_ros.parameter_descriptions import ParameterValue
from lectern_bringup.arguments import EMBEDDED
from lectern_bringup.starting import FileArgument, declared, installed, node, require

ARM = installed("lectern_description", "urdf", "arm.urdf.xacro")
VIEW = installed("lectern_description", "rviz", "arm.rviz")
SHOWN = ("robot_description", "scene/markers", "camera/image_raw", "odom", "scan")


def _assistant(context: LaunchContext) -> list[Action]:
    robot = LaunchConfiguration("robot").perform(context)
    if not robot and LaunchConfiguration("bridge_port").perform(context):
        robot = "ros"
    given = {"robot": robot, "robot_scene": "planning_scene" if robot == "ros" else ""}
    params_file = LaunchConfiguration("assistant_params_file")
    file = installed("lectern_bringup", "launch", "assistant.launch.py")
    return [
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(file),
            launch_arguments={"params_file": params_file, **given}.items(),
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """Return what is started."""
    rviz = IfCondition(LaunchConfiguration("rviz"))
    robot = node(
        "lectern_nodes",
        "robot_node",
        FileArgument("robot_params_file"),
        {"publish_tf": False, "publish_description": False},
    )
    state_publisher = node(
        "robot_state_publisher",
        "robot_state_publisher",
        {
            "robot_description": ParameterValue(Command(["xacro ", ARM]), value_type=str),
            "publish_frequency": 50.0,
        },
    )
    view = node(
        "rviz2",
        "rviz2",
        arguments=["--display-config", VIEW],
        remappings=[(f"/{topic}", topic) for topic in SHOWN],
    )
    return LaunchDescription(
        [
            *declared(EMBEDDED),
            require(
                "rviz2", "rviz:=true", "Install it: apt install ros-humble-rviz2.", condition=rviz
            ),
            OpaqueFunction(function=_assistant),
            *robot,
            *state_publisher,
            GroupAction(view, condition=rviz),
        ]
    )
