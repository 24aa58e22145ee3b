"""Names on the ROS graph, relative to a node's namespace; the contract of docs/ros."""

from __future__ import annotations

QUESTION = "assistant/question"
QUESTION_TEXT = "assistant/question_text"
ANSWER = "assistant/answer"
ANSWER_CHUNK = "assistant/answer_chunk"
ANSWER_TEXT = "assistant/answer_text"
SEARCH = "assistant/search"
ASK = "assistant/ask"

CLOCK = "clock"
TF = "tf"
TF_STATIC = "tf_static"
JOINT_STATES = "joint_states"
ROBOT_DESCRIPTION = "robot_description"
TRAJECTORY_COMMAND = "arm_controller/joint_trajectory"
FOLLOW_TRAJECTORY = "arm_controller/follow_joint_trajectory"
GRIPPER_COMMAND = "gripper_controller/gripper_cmd"
RUN_DEMO = "robot/run_demo"
STOP = "robot/stop"
MOTION_REPORT = "robot/motion_report"

JOINT_STATES_HZ = 100.0
CLOCK_HZ = 100.0
TF_HZ = 50.0

MAX_ID = 128
