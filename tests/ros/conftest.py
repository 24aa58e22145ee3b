"""Lets the tests import the tables of nodes and launch files, which need no ROS."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1] / "ros2_ws" / "src"

sys.path[:0] = [str(HERE), str(SOURCE / "lectern_bringup"), str(SOURCE / "lectern_nodes")]
