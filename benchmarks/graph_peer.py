"""Somebody on Lectern's DDS domain: asks questions, and notes the joint states that arrive."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import cyclonedds
import cyclonedds.core

from benchmarks.topics import Arrivals
from lectern.graph.dds import offers
from lectern.graph.dds.config import reach_of
from lectern.graph.dds.types import class_of, message_types
from lectern.settings import Settings

_WAIT_NS = 100_000_000
_START_S = 60.0


class GraphPeer:
    """A participant that listens on a thread of its own until the block ends.

    Attributes:
        arrivals: Answers that came.
        joint_states: For each: time of arrival (`time.perf_counter`) and its stamp, both in s.
    """

    def __init__(self, domain: int) -> None:
        self.arrivals = Arrivals()
        self.joint_states: list[tuple[float, float]] = []
        self._types = message_types()
        configuration = reach_of(Settings(_env_file=None)).configuration
        self._domain = cyclonedds.domain.Domain(domain, configuration)
        self._me = cyclonedds.domain.DomainParticipant(domain)
        self._questions = cyclonedds.pub.DataWriter(
            self._me, self._topic(offers.QUESTION), qos=_quality(offers.QUESTION)
        )
        self._waitset = cyclonedds.core.WaitSet(self._me)
        self._readers: list[tuple[Any, Callable[[Any], None]]] = [
            (self._reader(offers.ANSWER), self._answered),
            (self._reader(offers.JOINT_STATES), self._moved),
        ]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> GraphPeer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def send(self, question_id: str, text: str) -> None:
        """Ask a question."""
        self._questions.write(self._types.Question(id=question_id, text=text, conversation_id=""))

    def wait_for_lectern(self) -> None:
        """Wait until Lectern hears questions and sends joint states.

        Raises:
            TimeoutError: It does not.
        """
        end = time.monotonic() + _START_S
        while not (self._heard() and self.joint_states):
            if time.monotonic() > end:
                raise TimeoutError("Lectern is not on the graph")
            time.sleep(0.01)

    def _heard(self) -> bool:
        return bool(self._questions.get_publication_matched_status().current_count)

    def _topic(self, topic: offers.Topic) -> Any:
        name = f"rt/{topic.name}"
        return cyclonedds.topic.Topic(self._me, name, class_of(topic.type_name))

    def _reader(self, topic: offers.Topic) -> Any:
        reader = cyclonedds.sub.DataReader(self._me, self._topic(topic), qos=_quality(topic))
        core = cyclonedds.core
        mask = core.SampleState.NotRead | core.ViewState.Any | core.InstanceState.Any
        self._waitset.attach(core.ReadCondition(reader, mask))
        return reader

    def _listen(self) -> None:
        while not self._ended.is_set():
            self._waitset.wait(_WAIT_NS)
            for reader, note in self._readers:
                for sample in reader.take(1000):
                    note(sample)

    def _answered(self, sample: Any) -> None:
        if isinstance(sample, self._types.Answer):
            self.arrivals.add(sample.question_id, sample.error_code)

    def _moved(self, sample: Any) -> None:
        if isinstance(sample, self._types.JointState):
            stamp = sample.header.stamp
            self.joint_states.append((time.perf_counter(), stamp.sec + stamp.nanosec * 1e-9))


def _quality(topic: offers.Topic) -> Any:
    policy = cyclonedds.qos.Policy
    return cyclonedds.qos.Qos(
        policy.Reliability.Reliable(1_000_000_000),
        policy.DataRepresentation(use_cdrv0_representation=True),
        policy.History.KeepLast(max(topic.depth, 1000)),
    )
