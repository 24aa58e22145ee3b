"""The robot without ROS: physics by MuJoCo, planning by OMPL, kinematics by Pinocchio."""
