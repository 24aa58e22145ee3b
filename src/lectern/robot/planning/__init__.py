"""Planning for any robot: kinematics, collision, search, proof and timing of motions."""
