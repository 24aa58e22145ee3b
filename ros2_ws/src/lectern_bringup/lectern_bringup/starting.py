"""Building blocks of the launch files: arguments from their table, nodes that come back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch import LaunchContext, SomeSubstitutionsType, Substitution
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit
from launch.events import matches_action
from launch.events.process import ProcessExited, ShutdownProcess
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from lectern_bringup.arguments import Argument

# In a namespace these belong to it too, although ROS's own nodes use them by absolute names.
_IN_NAMESPACE = [(f"/{name}", name) for name in ("clock", "tf", "tf_static")]
_RESPAWN_DELAY_S = 2.0


def installed(package: str, *path: str) -> PathJoinSubstitution:
    """Return the path of a file that a package installs."""
    return PathJoinSubstitution([FindPackageShare(package), *path])


def declared(arguments: Iterable[Argument]) -> list[DeclareLaunchArgument]:
    """Return launch arguments that are declared as their table says."""
    return [_declared(argument) for argument in arguments]


def node(
    package: str,
    executable: str,
    *parameters: SomeSubstitutionsType | Mapping[str, Any],
    remappings: Iterable[tuple[str, str]] = (),
    **options: Any,
) -> list[Action]:
    """Return a node that takes the common launch arguments, and what watches over its end.

    Args:
        package: Where the executable is.
        executable: Its name.
        parameters: Files and tables; the later win.
        remappings: From name to name.
        options: As for `launch_ros.actions.Node`.
    """
    process = Node(
        package=package,
        executable=executable,
        namespace=LaunchConfiguration("namespace"),
        parameters=[*parameters, {"use_sim_time": flag("use_sim_time")}],
        remappings=[*_IN_NAMESPACE, *remappings],
        ros_arguments=["--log-level", LaunchConfiguration("log_level")],
        output="both",
        respawn=LaunchConfiguration("respawn"),
        respawn_delay=_RESPAWN_DELAY_S,
        **options,
    )
    watch = RegisterEventHandler(OnProcessExit(target_action=process, on_exit=_stay_down))
    return [watch, process]


class FileArgument(Substitution):
    """The path that a launch argument gives; launch itself would go on without the file."""

    def __init__(self, argument: str) -> None:
        super().__init__()
        self._argument = argument

    def describe(self) -> str:
        """Return it as text, for logs."""
        return f"FileArgument({self._argument})"

    def perform(self, context: LaunchContext) -> str:
        """Return the path.

        Raises:
            RuntimeError: There is no such file.
        """
        path = LaunchConfiguration(self._argument).perform(context)
        if not Path(path).is_file():
            raise RuntimeError(f"{self._argument}:={path} is no file.")
        return path


def flag(argument: str) -> ParameterValue:
    """Return a launch argument as a parameter that is true or false."""
    return ParameterValue(LaunchConfiguration(argument), value_type=bool)


def given(context: LaunchContext, argument: str, parameter: str) -> dict[str, str]:
    """Return a text as a parameter; nothing if it was not given."""
    text = LaunchConfiguration(argument).perform(context)
    return {parameter: text} if text else {}


def given_number(context: LaunchContext, argument: str) -> dict[str, int]:
    """Return a whole number as the parameter of the same name; nothing if it was not given.

    Raises:
        RuntimeError: It is no whole number.
    """
    text = LaunchConfiguration(argument).perform(context)
    if not text:
        return {}
    try:
        return {argument: int(text)}
    except ValueError:
        raise RuntimeError(f"{argument}:={text} is no whole number.") from None


def require(package: str, argument: str, remedy: str, **options: Any) -> OpaqueFunction:
    """Return a check that ends the launch with a named error where a package is missing."""

    def check(context: LaunchContext) -> None:
        try:
            get_package_prefix(package)
        except PackageNotFoundError:
            raise RuntimeError(f"{argument} needs the package {package}. {remedy}") from None

    return OpaqueFunction(function=check, **options)


def _declared(argument: Argument) -> DeclareLaunchArgument:
    default: SomeSubstitutionsType = argument.default
    if argument.in_config:
        default = installed("lectern_bringup", "config", argument.default)
    return DeclareLaunchArgument(
        argument.name,
        default_value=default,
        description=argument.description,
        choices=list(argument.choices) or None,
    )


def _stay_down(event: ProcessExited, context: LaunchContext) -> list[Action] | None:
    """Let a node that ended by itself stay down: started again, it would say the same for ever."""
    killed = event.returncode < 0
    if killed or context.is_shutdown:
        return None
    return [
        LogInfo(msg=f"{event.process_name} ended by itself and is not started again."),
        EmitEvent(event=ShutdownProcess(process_matcher=matches_action(event.action))),
    ]
