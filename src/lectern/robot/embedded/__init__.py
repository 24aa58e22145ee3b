"""The robot without ROS: physics by MuJoCo on a thread of its own, and planning beside it."""
