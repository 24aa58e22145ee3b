"""The core's robot interface spoken through ROS: joint states, controllers, MoveIt, scene."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lectern_nodes.ros_robot.motion import RosMotion, open_ros_motion

__all__ = ["RosMotion", "open_ros_motion"]


def __getattr__(name: str) -> Any:
    """Load what needs ROS when it is asked for: conversions and tables are used without."""
    if name not in __all__:
        raise AttributeError(name)
    from lectern_nodes.ros_robot import motion

    return getattr(motion, name)
