"""The ROS graph without ROS: topics on plain DDS that ROS 2 nodes see as their own."""
