"""One participant of a DDS domain: writers, readers, and the thread that listens.

Everything belongs to one event loop. Samples are taken on a thread that waits for them, and handed
to the loop a batch at a time; the next batch is taken when the loop has dealt with the last, so
that whoever writes fast fills the bounded history of a reader and nothing else.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import structlog

from lectern.errors import GraphUnavailable
from lectern.graph.dds.config import Reach
from lectern.graph.dds.library import load
from lectern.graph.dds.offers import ANSWER, Topic
from lectern.graph.dds.others import OtherWriters
from lectern.graph.dds.types import Unreadable, class_of

_log = structlog.get_logger("lectern.graph")
Handler = Callable[[Any], None]

_FOREVER_NS = 2**63 - 1
_BATCH = 50
_UNLIMITED = -1
# For the loop to take its last batch and for the thread to end, s.
_CLOSE_S = 2.0
_ADVICE = "Another Lectern is on this domain, and both answer: give one another ROS_DOMAIN_ID."


class Writer:
    """Writes one topic; from the loop's thread."""

    def __init__(self, writer: Any, topic: Topic, trouble: Counter[str]) -> None:
        self._writer = writer
        self._topic = topic
        self._trouble = trouble

    @property
    def heard(self) -> bool:
        """Whether anybody reads the topic now."""
        return bool(self._writer.get_publication_matched_status().current_count)

    def write(self, message: Any) -> None:
        """Send a message, unless nobody is there; one that cannot be sent is logged and counted."""
        if not (self._topic.latched or self.heard):
            return
        try:
            self._writer.write(message)
        except Exception as error:  # Cyclone DDS raises plain exceptions
            note(self._trouble, self._topic, "not sent", f"{error}"[:200])


class Participant:
    """Lectern as a participant of a domain; ends with `close`.

    Args:
        domain: Its number.
        reach: How far the domain reaches.

    Attributes:
        fault: Why nothing is read any more; empty while all is well.
        others: Who else answers; they are told of in the log.

    Raises:
        GraphUnavailable: DDS cannot be opened; the message says why.
    """

    def __init__(self, domain: int, reach: Reach) -> None:
        self._dds = load()
        self._loop = asyncio.get_running_loop()
        self._trouble: Counter[str] = Counter()
        self._readers: list[tuple[Any, Topic, Handler]] = []
        self._thread: threading.Thread | None = None
        self._ended = False
        self.fault = ""
        try:
            self._domain = self._dds.domain.Domain(domain, reach.configuration)
            self._me = self._dds.domain.DomainParticipant(domain)
            self._waitset = self._dds.core.WaitSet(self._me)
            self._wake = self._dds.core.GuardCondition(self._me)
            self._waitset.attach(self._wake)
            self.others = OtherWriters(self._me, ANSWER, _ADVICE)
            self._waitset.attach(self.others.condition())
        except Exception as error:  # Cyclone DDS raises plain exceptions
            raise _unavailable(domain, reach, error) from error

    @property
    def trouble(self) -> dict[str, int]:
        """How many samples could not be used or sent, by topic and cause."""
        return dict(self._trouble)

    def writer(self, topic: Topic) -> Writer:
        """Return a writer of a topic."""
        place, quality = self._topic(topic), self._quality(topic)
        writer = self._dds.pub.DataWriter(self._me, place, qos=quality)
        return Writer(writer, topic, self._trouble)

    def read(self, topic: Topic, handler: Handler) -> None:
        """Call a handler, on the loop, for each message of a topic."""
        reader = self._dds.sub.DataReader(self._me, self._topic(topic), qos=self._quality(topic))
        core = self._dds.core
        mask = core.SampleState.NotRead | core.ViewState.Any | core.InstanceState.Any
        self._readers.append((reader, topic, handler))
        self._waitset.attach(core.ReadCondition(reader, mask))

    def listen(self) -> None:
        """Begin to take what comes."""
        self._thread = threading.Thread(target=self._run, name="dds", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Leave the domain; the others are told."""
        self._ended = True
        self._wake.set(True)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, _CLOSE_S)
        self._readers.clear()
        del self.others
        # In this order, and now: garbage would leave the domain whenever it is collected.
        del self._waitset, self._wake, self._me, self._domain

    def _topic(self, topic: Topic) -> Any:
        return self._dds.topic.Topic(self._me, f"rt/{topic.name}", class_of(topic.type_name))

    def _quality(self, topic: Topic) -> Any:
        """Return what `rmw_cyclonedds_cpp` asks for and offers with ROS 2's default profiles."""
        policy = self._dds.qos.Policy
        history = policy.History.KeepLast(topic.depth)
        if topic.latched:
            unlimited = (_UNLIMITED, _UNLIMITED, _UNLIMITED)
            durable = [
                policy.Durability.TransientLocal,
                policy.DurabilityService(0, history, *unlimited),
            ]
        else:
            durable = [policy.Durability.Volatile]
        return self._dds.qos.Qos(
            policy.Reliability.Reliable(0),  # whoever is slow is not waited for
            policy.DataRepresentation(use_cdrv0_representation=True),
            history,
            *durable,
        )

    def _run(self) -> None:
        try:
            while self._take_all():
                self._waitset.wait(_FOREVER_NS)
        except Exception as error:
            if not self._ended:
                self._fail("Nothing on the graph can be read any more", error)

    def _take_all(self) -> bool:
        """Take what waits on every topic; False when no more is to be taken."""
        self.others.look()
        for reader, topic, handler in tuple(self._readers):
            if self._ended or not self._take(reader, topic, handler):
                return False
        return not self._ended

    def _take(self, reader: Any, topic: Topic, handler: Handler) -> bool:
        """Hand the messages that wait over to the loop; False when the loop is gone."""
        try:
            samples = reader.take(_BATCH)
        except Exception as error:  # Cyclone DDS raises plain exceptions
            # What cannot be taken would wake this thread again at once, without end.
            self._fail(f"/{topic.name} cannot be read any more", error)
            return False
        messages = [sample for sample in samples if self._is_message(sample, topic)]
        return not messages or self._hand_over(messages, topic, handler)

    def _fail(self, what: str, error: Exception) -> None:
        self.fault = f"{what}: {error}"[:300]
        _log.error("graph not read", reason=self.fault)

    def _is_message(self, sample: Any, topic: Topic) -> bool:
        if isinstance(sample, Unreadable):
            note(self._trouble, topic, "unreadable", sample.reason)
        return isinstance(sample, class_of(topic.type_name))

    def _hand_over(self, messages: list[Any], topic: Topic, handler: Handler) -> bool:
        taken = threading.Event()

        def deliver() -> None:
            for message in messages:
                try:
                    handler(message)
                except Exception as error:
                    note(self._trouble, topic, "not dealt with", repr(error)[:200])
            taken.set()

        try:
            self._loop.call_soon_threadsafe(deliver)
        except RuntimeError:  # the loop is closed
            return False
        while not taken.wait(_CLOSE_S):
            if self._ended or self._loop.is_closed():
                return False
        return True


def note(trouble: Counter[str], topic: Topic, what: str, why: str) -> None:
    """Count a sample that could not be used; the first of each kind is logged."""
    key = f"{topic.name}: {what}"
    trouble[key] += 1
    if trouble[key] == 1:
        _log.warning(f"sample {what}", topic=topic.name, type=topic.type_name, reason=why)


def _unavailable(domain: int, reach: Reach, error: Exception) -> GraphUnavailable:
    return GraphUnavailable(
        f"DDS domain {domain} cannot be opened ({reach.words}): {error}.",
        "Check LECTERN_DDS_NETWORK and CYCLONEDDS_URI, set another ROS_DOMAIN_ID, or leave it "
        "out (--no-dds).",
    )
