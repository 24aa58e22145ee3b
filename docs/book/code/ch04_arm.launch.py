"""Start the nodes of one arm below a namespace of its own."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare


def generate_launch_description() -> LaunchDescription:
    """Return what to start."""
    default_file = PathJoinSubstitution([FindPackageShare("arm_demo"), "config", "arm.yaml"])
    clock = ParameterValue(LaunchConfiguration("use_sim_time"), value_type=bool)
    return LaunchDescription(
        [
            DeclareLaunchArgument("arm", default_value="left", description="Namespace."),
            DeclareLaunchArgument("params_file", default_value=default_file),
            DeclareLaunchArgument("use_sim_time", default_value="false"),
            GroupAction(
                [
                    PushRosNamespace(LaunchConfiguration("arm")),
                    Node(
                        package="arm_demo",
                        executable="tool_point",
                        parameters=[LaunchConfiguration("params_file"), {"use_sim_time": clock}],
                        remappings=[("joint_states", "measured_joint_states")],
                        output="screen",
                    ),
                    Node(package="arm_demo", executable="gripper", output="screen"),
                ]
            ),
        ]
    )
