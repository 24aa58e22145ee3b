"""What Prometheus may know: how much, how fast, how it ended; never what was asked."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from lectern import __version__
from lectern.assistant.model import Answer

_RETRIEVAL = ("embed", "search")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The numbers of one bridge, in a registry of their own so that two bridges never mix."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        Gauge("lectern_build_info", "Constant 1.", ["version"], registry=self._registry).labels(
            __version__
        ).set(1)
        self.requests = Histogram(
            "lectern_http_request_seconds",
            "Time from request to the end of the response.",
            ["method", "route", "status"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.in_flight = Gauge(
            "lectern_http_requests_in_flight",
            "Requests being answered now.",
            registry=self._registry,
        )
        self._answers = Counter(
            "lectern_answers",
            "Answers by outcome: grounded, abstained, fallback (the endpoint failed), failed.",
            ["outcome", "answerer"],
            registry=self._registry,
        )
        self._abstentions = Counter(
            "lectern_abstentions",
            "Questions the book does not answer.",
            registry=self._registry,
        )
        self._steps = Histogram(
            "lectern_answer_step_seconds",
            "Time of each step of an answer.",
            ["step"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._retrieval = Histogram(
            "lectern_retrieval_seconds",
            "Time to find passages, for a search or for an answer.",
            buckets=_SECONDS,
            registry=self._registry,
        )

        self.states_sent = Counter(
            "lectern_robot_messages_sent",
            "Messages that readers of the robot have taken.",
            registry=self._registry,
        )
        self.states_skipped = Counter(
            "lectern_robot_states_skipped",
            "States that a reader did not take before the next one came.",
            registry=self._registry,
        )

    def watch(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """Add a gauge that is read when the metrics are asked for."""
        Gauge(name, help_text, registry=self._registry).set_function(read)

    def answered(self, answer: Answer) -> None:
        """Count one finished answer."""
        self._answers.labels(outcome_of(answer), answer.answerer).inc()
        if not answer.grounded:
            self._abstentions.inc()
        for step, milliseconds in answer.timings_ms.items():
            self._steps.labels(step).observe(milliseconds / 1_000)
        if spent := [answer.timings_ms[step] for step in _RETRIEVAL if step in answer.timings_ms]:
            self._retrieval.observe(sum(spent) / 1_000)

    def failed(self) -> None:
        """Count one question that ended in an error."""
        self._answers.labels("failed", "none").inc()

    def searched(self, timings_ms: dict[str, float]) -> None:
        """Count one search."""
        self._retrieval.observe(timings_ms.get("total", 0.0) / 1_000)

    def render(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)


def outcome_of(answer: Answer) -> str:
    """Name how an answer ended."""
    if not answer.grounded:
        return "abstained"
    return "fallback" if answer.notice_code else "grounded"
