"""Somebody else on a DDS domain: writes what Lectern reads, reads what it writes.

Made with Cyclone DDS alone and configured as docs/dds.md tells a machine with ROS 2 to be; of
Lectern's code it shares the message classes, which have a test of their own.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cyclonedds
import cyclonedds.core
from cyclonedds._clayer import ddspy_write

from lectern.graph.dds import offers
from lectern.graph.dds.types import class_of, message_types

PAGE = Path(__file__).parents[2] / "docs" / "dds.md"
CONFIGURATION = re.search(r"<CycloneDDS>.*?</CycloneDDS>", PAGE.read_text("utf-8"), re.S)[0]
_domains: dict[int, Any] = {}
LIMIT_S = 60.0
JOINTS = tuple(f"joint_{number}" for number in range(1, 7))
HOME = (0.0, 2.2, -2.4, 0.0, 0.2, 0.0)
T = message_types()


class Peer:
    """A participant; readers and writers are made when they are first used."""

    def __init__(self, domain: int) -> None:
        # One for a process; further peers in it share the domain.
        if domain not in _domains:
            _domains[domain] = cyclonedds.domain.Domain(domain, CONFIGURATION)
        self.me = cyclonedds.domain.DomainParticipant(domain)
        self._readers: dict[str, Any] = {}
        self._writers: dict[str, Any] = {}

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self._readers.clear()
        self._writers.clear()
        del self.me

    def reader(self, topic: offers.Topic, kind: Any = None) -> Any:
        """Return a reader that waits for what comes."""
        if topic.name not in self._readers:
            self._readers[topic.name] = Reader(self.me, topic, kind or class_of(topic.type_name))
        return self._readers[topic.name]

    def writer(self, topic: offers.Topic, kind: Any = None) -> Any:
        """Return a writer that Lectern listens to."""
        if topic.name not in self._writers:
            place = cyclonedds.topic.Topic(
                self.me, f"rt/{topic.name}", kind or class_of(topic.type_name)
            )
            writer = cyclonedds.pub.DataWriter(self.me, place, qos=quality(topic))
            if kind is None:
                wait_for_match(writer, writer.get_publication_matched_status)
            self._writers[topic.name] = writer
        return self._writers[topic.name]

    def forget(self, topic: offers.Topic) -> None:
        self._readers.pop(topic.name, None)
        self._writers.pop(topic.name, None)

    def write(self, topic: offers.Topic, message: Any) -> None:
        self.writer(topic).write(message)

    def write_bytes(self, topic: offers.Topic, data: bytes) -> int:
        """Write what may be no message at all; negative when Cyclone DDS refuses to."""
        return ddspy_write(self.writer(topic)._ref, data)

    def ask(self, question_id: str, text: str, conversation_id: str = "") -> Any:
        """Ask a question and return the answer to it."""
        answers = self.reader(offers.ANSWER)
        question = T.Question(id=question_id, text=text, conversation_id=conversation_id)
        self.write(offers.QUESTION, question)
        return answers.until(lambda answer: answer.question_id == question_id)

    def command(self, *points: Any, names: Any = JOINTS, stamp_s: int = 0) -> Any:
        """Command a trajectory and return the report on it."""
        reports = self.reader(offers.MOTION_REPORT)
        self.write(offers.TRAJECTORY_COMMAND, trajectory(*points, names=names, stamp_s=stamp_s))
        return reports.next()


class Reader:
    """Everything that comes on one topic, in order."""

    def __init__(self, me: Any, topic: offers.Topic, kind: Any) -> None:
        place = cyclonedds.topic.Topic(me, f"rt/{topic.name}", kind)
        self._kind = kind
        self._reader = cyclonedds.sub.DataReader(me, place, qos=quality(topic))
        wait_for_match(self._reader, self._reader.get_subscription_matched_status)
        core = cyclonedds.core
        self._waitset = core.WaitSet(me)
        mask = core.SampleState.NotRead | core.ViewState.Any | core.InstanceState.Any
        self._waitset.attach(core.ReadCondition(self._reader, mask))
        self._waiting: list[Any] = []

    def next(self, limit_s: float = LIMIT_S) -> Any:
        """Return the next message; waits for it."""
        end = time.monotonic() + limit_s
        while not self._waiting:
            left_s = end - time.monotonic()
            assert left_s > 0, f"nothing came within {limit_s:g} s"
            self._waitset.wait(int(left_s * 1e9))
            self._waiting += [s for s in self._reader.take(1000) if isinstance(s, self._kind)]
        return self._waiting.pop(0)

    def until(self, fits: Callable[[Any], bool]) -> Any:
        """Return the first message that fits."""
        while not fits(message := self.next()):
            pass
        return message


def quality(topic: offers.Topic) -> Any:
    """Return the quality of service that ROS 2's defaults ask for."""
    policy = cyclonedds.qos.Policy
    durability = policy.Durability
    return cyclonedds.qos.Qos(
        policy.Reliability.Reliable(1_000_000_000),
        policy.DataRepresentation(use_cdrv0_representation=True),
        policy.History.KeepLast(max(topic.depth, 1000)),
        durability.TransientLocal if topic.latched else durability.Volatile,
    )


def wait_for_match(entity: Any, status: Callable[[], Any]) -> None:
    """Wait until somebody is at the other end."""
    core = cyclonedds.core
    both = core.DDSStatus.PublicationMatched | core.DDSStatus.SubscriptionMatched
    mask = both & (
        core.DDSStatus.PublicationMatched
        if hasattr(entity, "write")
        else core.DDSStatus.SubscriptionMatched
    )
    entity.set_status_mask(mask)
    waitset = core.WaitSet(entity.participant)
    waitset.attach(entity)
    end = time.monotonic() + LIMIT_S
    while not status().current_count:
        left_s = end - time.monotonic()
        assert left_s > 0, "nobody is at the other end"
        waitset.wait(int(left_s * 1e9))


def point(time_s: float, *positions: float) -> Any:
    whole = int(time_s)
    time_from_start = T.Duration(sec=whole, nanosec=int((time_s - whole) * 1e9))
    nothing: dict[str, Any] = {"velocities": [], "accelerations": [], "effort": []}
    return T.JointTrajectoryPoint(
        positions=list(positions), time_from_start=time_from_start, **nothing
    )


def trajectory(*points: Any, names: Any = JOINTS, stamp_s: int = 0) -> Any:
    header = T.Header(stamp=T.Time(sec=stamp_s, nanosec=0), frame_id="")
    return T.JointTrajectory(header=header, joint_names=list(names), points=list(points))


def seconds(stamp: Any) -> float:
    return float(stamp.sec + stamp.nanosec * 1e-9)
