"""What the launch files of Lectern share."""
