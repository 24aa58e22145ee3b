"""Lectern on the ROS graph: thin nodes around the core, and the ROS robot."""
