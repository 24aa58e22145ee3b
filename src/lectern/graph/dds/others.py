"""Who else writes a topic: two Lecterns on one domain both answer, and both arms obey."""

from __future__ import annotations

from typing import Any

import structlog

from lectern.graph.dds.library import load
from lectern.graph.dds.offers import Topic

_log = structlog.get_logger("lectern.graph")
_MOST = 10_000


class OtherWriters:
    """Watches for writers of one topic that are not this participant's.

    Args:
        participant: Of Cyclone DDS.
        topic: Which nobody else should write.
        advice: For the log, where somebody does.
    """

    def __init__(self, participant: Any, topic: Topic, advice: str) -> None:
        self._dds = load()
        self._me = participant.guid
        self._topic = topic
        self._advice = advice
        self._reader = self._dds.builtin.BuiltinDataReader(
            participant, self._dds.builtin.BuiltinTopicDcpsPublication
        )
        self._there: set[Any] = set()

    @property
    def count(self) -> int:
        """How many there are now."""
        return len(self._there)

    def condition(self) -> Any:
        """Return what is true when somebody has come or gone."""
        core = self._dds.core
        states = core.SampleState.NotRead | core.ViewState.Any | core.InstanceState.Any
        return core.ReadCondition(self._reader, states)

    def look(self) -> None:
        """Take notice of who has come and gone."""
        for sample in self._reader.take(_MOST):
            if sample.sample_info.instance_state != self._dds.core.InstanceState.Alive:
                self._there.discard(sample.key)
            elif self._is_other(sample):
                self._there.add(sample.key)
                _log.warning("topic written by others", topic=self._topic.name, advice=self._advice)

    def _is_other(self, sample: Any) -> bool:
        name = f"rt/{self._topic.name}"
        return bool(sample.topic_name == name and sample.participant_key != self._me)
