"""The ROS graph: names, messages, and the graph without ROS."""
