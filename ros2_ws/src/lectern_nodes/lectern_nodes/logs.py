"""The logs of the core and the bridge, on the ROS logger of the node they run in."""

from __future__ import annotations

import logging
from typing import Any

import structlog
from rclpy.logging import LoggingSeverity
from rclpy.node import Node

from lectern.graph.messages import printable

SEVERITIES = {
    "default": LoggingSeverity.UNSET,  # as --log-level says
    "debug": LoggingSeverity.DEBUG,
    "info": LoggingSeverity.INFO,
    "warning": LoggingSeverity.WARN,
    "error": LoggingSeverity.ERROR,
}


def send_to(node: Node) -> None:
    """Send the logs of this process to a node's logger, and so to `/rosout`.

    Only a program that runs one node may call it: logging is one for the whole process.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"], drop_missing=True),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_RosHandler(node)]
    root.setLevel(logging.WARNING)
    # The node's logger decides, so that its level can be changed while it lives.
    logging.getLogger("lectern").setLevel(logging.DEBUG)


class _RosHandler(logging.Handler):
    def __init__(self, node: Node) -> None:
        super().__init__()
        self._logger = node.get_logger()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._pass_on(record.levelno, printable(self.format(record)))
        except Exception:
            self.handleError(record)

    def _pass_on(self, level: int, text: str) -> None:
        log: Any = self._logger
        # One line each: rclpy keeps the severity of every place that logs.
        if level >= logging.ERROR:
            log.error(text)
        elif level >= logging.WARNING:
            log.warning(text)
        elif level >= logging.INFO:
            log.info(text)
        else:
            log.debug(text)
