"""Start the assistant: it answers questions about the book on topics, a service and an action."""

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import OpaqueFunction
from lectern_bringup.arguments import ASSISTANT
from lectern_bringup.starting import FileArgument, declared, given, given_number, node


def _assistant(context: LaunchContext) -> list[Action]:
    return node(
        "lectern_nodes",
        "assistant_node",
        FileArgument("params_file"),
        given_number(context, "bridge_port"),
        given(context, "robot", "robot"),
        given(context, "robot_scene", "ros_robot.scene"),
    )


def generate_launch_description() -> LaunchDescription:
    """Return what is started."""
    return LaunchDescription([*declared(ASSISTANT), OpaqueFunction(function=_assistant)])
