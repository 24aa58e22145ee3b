"""The service `SearchBook`."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any

import structlog
from lectern_interfaces.srv import SearchBook
from rclpy.node import Node
from rclpy.qos import QoSProfile

from lectern.error_numbers import message_of, number_of
from lectern.errors import LecternError
from lectern.graph import names
from lectern.graph.messages import hit_messages, printable
from lectern_nodes.assistant import types
from lectern_nodes.assistant.front import Front
from lectern_nodes.assistant.offers import DEPTH
from lectern_nodes.deferred import answer_later, no_callback

_log = structlog.get_logger("lectern.assistant_node")
_RESULTS = 10


class Searching:
    """The search service of one node.

    Args:
        node: Where it is.
        front: Where the queries go.
    """

    def __init__(self, node: Node, front: Front) -> None:
        self._front = front
        # ROS's usual ten would lose the eleventh of requests that arrive together.
        profile = QoSProfile(depth=DEPTH)
        service = node.create_service(SearchBook, names.SEARCH, no_callback, qos_profile=profile)
        answer_later(service, self._on_request)

    def _on_request(self, request: Any, response: Any) -> Future[Any]:
        started = time.perf_counter()
        answer: Future[Any] = Future()

        def conclude(found: Future[Any]) -> None:
            _fill(response, found)
            response.duration_s = time.perf_counter() - started
            answer.set_result(response)

        self._front.search(request.query, request.k or _RESULTS).add_done_callback(conclude)
        return answer


def _fill(response: Any, found: Future[Any]) -> None:
    try:
        response.results = hit_messages(types, found.result().hits)
    except Exception as error:
        if not isinstance(error, LecternError):
            _log.error("search failed", exc_info=error)
        response.error_code = number_of(error)
        response.error_msg = printable(message_of(error))
