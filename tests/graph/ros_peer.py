"""A node of ROS 2 that talks to Lectern; run by test_against_ros.py, prints one JSON document.

`ros_peer.py ask|type|watch|command`; needs ROS 2 sourced.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import rclpy
from lectern_interfaces.msg import Answer, AnswerChunk, MotionReport, Question
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

LIMIT_S = 60.0
QUESTION = "How do I get the tool velocity from the joint velocities?"
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Peer(Node):
    """Collects what comes on the topics it reads."""

    def __init__(self) -> None:
        super().__init__("ros_peer")
        self.came: dict[str, list[Any]] = {}

    def read(self, kind: Any, topic: str, quality: Any = 100) -> list[Any]:
        came = self.came[topic] = []
        self.create_subscription(kind, topic, came.append, quality)
        self.until(lambda: self.count_publishers(topic))
        return came

    def write(self, kind: Any, topic: str, *messages: Any) -> None:
        publisher = self.create_publisher(kind, topic, 100)
        self.until(publisher.get_subscription_count)
        for message in messages:
            publisher.publish(message)

    def until(self, true: Any) -> None:
        end = time.monotonic() + LIMIT_S
        while not true():
            if time.monotonic() > end:
                raise TimeoutError(f"waited in vain; came: {self.came}")
            rclpy.spin_once(self, timeout_sec=0.1)


def ask(peer: Peer) -> dict[str, Any]:
    answers = peer.read(Answer, "/assistant/answer")
    chunks = peer.read(AnswerChunk, "/assistant/answer_chunk", 1000)
    questions = [Question(id="good", text=QUESTION), Question(id="bad", text="")]
    peer.write(Question, "/assistant/question", *questions)
    peer.until(lambda: len(answers) == 2)
    peer.until(lambda: sum(chunk.kind == AnswerChunk.END for chunk in chunks) == 2)
    found = {answer.question_id: answer for answer in answers}
    good = [chunk for chunk in chunks if chunk.question_id == "good"]
    tokens = [chunk.text for chunk in good if chunk.kind == AnswerChunk.TOKEN]
    cited = [chunk.citation[0].quote for chunk in good if chunk.kind == AnswerChunk.CITATION]
    return {
        "text": found["good"].text,
        "grounded": found["good"].grounded,
        "heading": list(found["good"].citations[0].heading),
        "quotes": [citation.quote for citation in found["good"].citations],
        "refused": [found["bad"].error_code, found["bad"].error_msg],
        "indices": [chunk.index for chunk in good],
        "tokens": "".join(tokens),
        "cited": cited,
    }


def type_(peer: Peer) -> dict[str, Any]:
    texts = peer.read(String, "/assistant/answer_text")
    peer.write(String, "/assistant/question_text", String(data=QUESTION))
    peer.until(lambda: texts)
    return {"text": texts[0].data}


def watch(peer: Peer) -> dict[str, Any]:
    description = peer.read(String, "/robot_description", LATCHED)
    fixed = peer.read(TFMessage, "/tf_static", LATCHED)
    moving = peer.read(TFMessage, "/tf")
    clock = peer.read(Clock, "/clock")
    joints = peer.read(JointState, "/joint_states", 1000)
    peer.until(lambda: len(joints) >= 300 and moving and fixed and clock and description)
    return {
        "description": description[0].data,
        "links": [t.child_frame_id for t in (*fixed[0].transforms, *moving[0].transforms)],
        "names": list(joints[0].name),
        "positions": list(joints[0].position),
        "stamps": [j.header.stamp.sec + j.header.stamp.nanosec * 1e-9 for j in joints],
        "clock": clock[-1].clock.sec + clock[-1].clock.nanosec * 1e-9,
    }


def command(peer: Peer) -> dict[str, Any]:
    joints = peer.read(JointState, "/joint_states", 1)
    reports = peer.read(MotionReport, "/robot/motion_report")
    names = [f"joint_{number}" for number in range(1, 7)]
    goals = ([0.3, 2.2, -2.4, 0.0, 0.2, 0.0], [0.0, 0.0, -1.0, 0.0, 0.0, 0.0])
    for number, goal in enumerate(goals, start=1):
        point = JointTrajectoryPoint(positions=goal)
        point.time_from_start.sec = 4
        trajectory = JointTrajectory(joint_names=names, points=[point])
        peer.write(JointTrajectory, "/arm_controller/joint_trajectory", trajectory)
        peer.until(lambda number=number: len(reports) == number)
    here = len(joints)
    peer.until(lambda: len(joints) > here)
    return {
        "codes": [report.error_code for report in reports],
        "messages": [report.error_msg for report in reports],
        "position": joints[-1].position[0],
    }


if __name__ == "__main__":
    rclpy.init()
    node = Peer()
    found = {"ask": ask, "type": type_, "watch": watch, "command": command}[sys.argv[1]](node)
    print(json.dumps(found))  # noqa: T201  it is what the test reads
    node.destroy_node()
    rclpy.try_shutdown()
