"""The core's robot interface spoken through ROS: joint states, controllers, MoveIt, scene."""
