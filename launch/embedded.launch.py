"""Start the assistant and the embedded robot; RViz shows it with `rviz:=true`."""

from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import Command, LaunchConfiguration
from launch_ros.parameter_descriptions import ParameterValue
from lectern_bringup.arguments import EMBEDDED
from lectern_bringup.starting import FileArgument, declared, installed, node, require

ARM = installed("lectern_description", "urdf", "arm.urdf.xacro")
VIEW = installed("lectern_description", "rviz", "arm.rviz")
SHOWN = ("robot_description", "scene/markers", "camera/image_raw", "odom", "scan")


def generate_launch_description() -> LaunchDescription:
    """Return what is started."""
    rviz = IfCondition(LaunchConfiguration("rviz"))
    assistant = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(
            installed("lectern_bringup", "launch", "assistant.launch.py")
        ),
        launch_arguments={"params_file": LaunchConfiguration("assistant_params_file")}.items(),
    )
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
            assistant,
            *robot,
            *state_publisher,
            GroupAction(view, condition=rviz),
        ]
    )
