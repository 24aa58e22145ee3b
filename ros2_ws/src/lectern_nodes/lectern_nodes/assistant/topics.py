"""Questions and answers on topics."""

from __future__ import annotations

import uuid
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from lectern.graph import names
from lectern_nodes.assistant import types
from lectern_nodes.assistant.asking import Asked, Outcome, QuestionAtWork
from lectern_nodes.assistant.front import Front
from lectern_nodes.assistant.offers import DEPTH


class Topics:
    """The topics of one node.

    Args:
        node: Where they are.
        front: Where the questions go.
    """

    def __init__(self, node: Node, front: Front) -> None:
        self._node = node
        self._front = front
        self._clock = node.get_clock()
        self._answers = node.create_publisher(types.Answer, names.ANSWER, qos(DEPTH))
        self._texts = node.create_publisher(String, names.ANSWER_TEXT, qos(DEPTH))
        self._chunks = node.create_publisher(types.AnswerChunk, names.ANSWER_CHUNK, qos(DEPTH))
        node.create_subscription(types.Question, names.QUESTION, self._on_question, qos(DEPTH))
        node.create_subscription(String, names.QUESTION_TEXT, self._on_text, qos(DEPTH))

    @property
    def others(self) -> int:
        """How many more publish answers under the same name."""
        return self._node.count_publishers(self._answers.topic_name) - 1

    def _on_question(self, message: Any) -> None:
        asked = Asked(message.id or uuid.uuid4().hex, message.text, message.conversation_id)
        self._front.ask(self._at_work(asked), self._publish)

    def _on_text(self, message: Any) -> None:
        asked = Asked(uuid.uuid4().hex, message.data)
        self._front.ask(self._at_work(asked), self._publish_text)

    def _at_work(self, asked: Asked) -> QuestionAtWork:
        return QuestionAtWork(asked, self._tell, lambda: self._clock.now().to_msg())

    def _tell(self, chunk: Any) -> None:
        if self._chunks.get_subscription_count():
            self._chunks.publish(chunk)

    def _publish(self, outcome: Outcome) -> None:
        self._answers.publish(outcome.message)

    def _publish_text(self, outcome: Outcome) -> None:
        self._texts.publish(String(data=outcome.text))
        self._publish(outcome)


def qos(depth: int) -> QoSProfile:
    """Return a reliable, volatile profile."""
    return QoSProfile(depth=depth, reliability=ReliabilityPolicy.RELIABLE)
