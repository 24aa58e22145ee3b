"""The mobile base without ROS: its drive, odometry, IMU and lidar in a small arena."""
