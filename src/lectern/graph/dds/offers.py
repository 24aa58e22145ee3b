"""The topics that Lectern has on DDS, as one table: for the code, docs/dds.md and their test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lectern.graph import names


@dataclass(frozen=True)
class Topic:
    """One topic.

    Attributes:
        name: On the ROS graph, without the leading slash.
        type_name: Of its messages, `package/msg/Type`.
        direction: `in`: Lectern reads it; `out`: Lectern writes it.
        depth: How many messages are kept for who is slow.
        latched: Whether who comes late gets the last message (transient local).
        about: What it carries, for docs/dds.md.
    """

    name: str
    type_name: str
    direction: Literal["in", "out"]
    depth: int
    about: str
    latched: bool = False

    @property
    def quality(self) -> str:
        """The quality of service in words."""
        durability = "transient local" if self.latched else "volatile"
        return f"reliable, {durability}, last {self.depth}"


# Deep enough for a burst: what a queue of DDS cannot hold is lost without a word, while refusing by
# name is the business of the desk.
_BURST = 1_000

QUESTION = Topic(
    names.QUESTION, "lectern_interfaces/msg/Question", "in", _BURST, "a question about the book"
)
QUESTION_TEXT = Topic(
    names.QUESTION_TEXT, "std_msgs/msg/String", "in", _BURST, "the same, for hands on a keyboard"
)
ANSWER = Topic(
    names.ANSWER, "lectern_interfaces/msg/Answer", "out", _BURST, "the answer, or why there is none"
)
ANSWER_CHUNK = Topic(
    names.ANSWER_CHUNK, "lectern_interfaces/msg/AnswerChunk", "out", _BURST, "the answer in pieces"
)
ANSWER_TEXT = Topic(
    names.ANSWER_TEXT, "std_msgs/msg/String", "out", _BURST, "the answer to `question_text`"
)
CLOCK = Topic(names.CLOCK, "rosgraph_msgs/msg/Clock", "out", 10, "the robot's clock, 100 Hz")
JOINT_STATES = Topic(
    names.JOINT_STATES,
    "sensor_msgs/msg/JointState",
    "out",
    10,
    "position, velocity and effort of every joint, 100 Hz",
)
TF = Topic(names.TF, "tf2_msgs/msg/TFMessage", "out", 100, "the links that move, 50 Hz")
TF_STATIC = Topic(
    names.TF_STATIC, "tf2_msgs/msg/TFMessage", "out", 1, "the links that do not", latched=True
)
ROBOT_DESCRIPTION = Topic(
    names.ROBOT_DESCRIPTION, "std_msgs/msg/String", "out", 1, "the arm's URDF", latched=True
)
TRAJECTORY_COMMAND = Topic(
    names.TRAJECTORY_COMMAND,
    "trajectory_msgs/msg/JointTrajectory",
    "in",
    10,
    "a trajectory for the arm, through the motion gate; it replaces the one before",
)
MOTION_REPORT = Topic(
    names.MOTION_REPORT,
    "lectern_interfaces/msg/MotionReport",
    "out",
    50,
    "what became of each trajectory",
)

ASSISTANT = (QUESTION, QUESTION_TEXT, ANSWER, ANSWER_CHUNK, ANSWER_TEXT)
ROBOT = (
    *(CLOCK, JOINT_STATES, TF, TF_STATIC, ROBOT_DESCRIPTION),
    *(TRAJECTORY_COMMAND, MOTION_REPORT),
)
TOPICS = (*ASSISTANT, *ROBOT)


def as_table() -> str:
    """Return the table of topics for docs/dds.md."""
    rows = [
        f"| `/{topic.name}` | {topic.direction} | `{topic.type_name}` | {topic.quality} "
        f"| {topic.about} |"
        for topic in TOPICS
    ]
    head = ["| topic | to Lectern | type | quality of service | carries |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"
