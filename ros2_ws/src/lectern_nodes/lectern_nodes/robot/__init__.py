"""The embedded robot on the ROS graph."""
