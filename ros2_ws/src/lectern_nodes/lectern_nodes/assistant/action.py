"""The action `Ask`: the pieces of the answer as feedback, and cancelling that stops the model."""

from __future__ import annotations

from typing import Any

from lectern_interfaces.action import Ask
from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import GoalEvent, ServerGoalHandle
from rclpy.node import Node

from lectern.errors import Cancelled
from lectern.graph import names
from lectern_nodes.assistant.asking import Asked, Outcome, QuestionAtWork
from lectern_nodes.assistant.front import Front
from lectern_nodes.assistant.offers import DEPTH
from lectern_nodes.assistant.topics import qos
from lectern_nodes.deferred import begin_goal, end_goal

# How long a result is kept for who has not fetched it yet, s; 15 minutes are usual.
_KEPT_S = 60
# rclpy's clients drop the feedback that they have not read when the result arrives.
_SETTLE_S = 0.05


class AskAction:
    """The action server of one node.

    Args:
        node: Where it is.
        front: Where the questions go.
    """

    def __init__(self, node: Node, front: Front) -> None:
        self._front = front
        self._clock = node.get_clock()
        self._at_work: dict[bytes, QuestionAtWork] = {}
        self._server = ActionServer(
            node,
            Ask,
            names.ASK,
            _never_executed,
            handle_accepted_callback=self._on_accepted,
            cancel_callback=self._on_cancel,
            feedback_pub_qos_profile=qos(DEPTH),
            result_timeout=_KEPT_S,
        )

    def destroy(self) -> None:
        """Take the server off the graph; a node does not do it by itself."""
        self._server.destroy()

    def _on_accepted(self, goal: ServerGoalHandle) -> None:
        begin_goal(goal)
        question = goal.request.question
        key = bytes(goal.goal_id.uuid)
        asked = Asked(question.id or key.hex(), question.text, question.conversation_id)
        at_work = QuestionAtWork(
            asked,
            lambda chunk: goal.publish_feedback(Ask.Feedback(chunk=chunk)),
            lambda: self._clock.now().to_msg(),
            _SETTLE_S,
        )
        self._at_work[key] = at_work
        self._front.ask(at_work, lambda outcome: self._end(key, goal, outcome))

    def _on_cancel(self, goal: ServerGoalHandle) -> CancelResponse:
        question = self._at_work.get(bytes(goal.goal_id.uuid))
        if question is None:
            return CancelResponse.REJECT
        self._front.take_back(question, Cancelled("The question was cancelled."))
        return CancelResponse.ACCEPT

    def _end(self, key: bytes, goal: ServerGoalHandle, outcome: Outcome) -> None:
        del self._at_work[key]
        answer = outcome.message
        result = Ask.Result(answer=answer, error_code=answer.error_code, error_msg=answer.error_msg)
        end_goal(self._server, goal, _event(outcome), result)


def _event(outcome: Outcome) -> GoalEvent:
    if outcome.refusal is None:
        return GoalEvent.SUCCEED
    cancelled = isinstance(outcome.refusal, Cancelled)
    return GoalEvent.CANCELED if cancelled else GoalEvent.ABORT


def _never_executed(goal: Any) -> Any:
    raise AssertionError("goals are begun when they are accepted, and end with `end_goal`")
