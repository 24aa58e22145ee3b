"""How often joint states arrive on a topic, whatever carries the topic."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from benchmarks.report import Bar, Figures, tidy
from benchmarks.topics import Arrivals, BurstFigures, burst
from lectern.graph.names import JOINT_STATES_HZ

REST_S = 3.0
# Of the rate that is stated, what must arrive in any situation.
SHARE_OF_RATE = 0.95


class Peer(Protocol):
    """Somebody on the graph: asks, and notes answers and joint states."""

    arrivals: Arrivals
    # Of each: when it arrived, s of `time.perf_counter`, and its stamp, s.
    joint_states: list[tuple[float, float]]

    def send(self, question_id: str, text: str) -> None:
        """Ask a question."""


class RateFigures(Figures):
    """Joint states in one situation, at their reader."""

    situation: str
    seconds: float
    arrived_hz: float
    by_stamps_hz: float
    longest_gap_ms: float


def rate(situation: str, states: Sequence[tuple[float, float]]) -> RateFigures:
    """Summarise at least two joint states: when each arrived, and its stamp, s."""
    arrived, stamps = np.array(states).T
    seconds = float(arrived[-1] - arrived[0])
    return RateFigures(
        situation=situation,
        seconds=tidy(seconds),
        arrived_hz=tidy((len(states) - 1) / seconds),
        by_stamps_hz=tidy((len(states) - 1) / float(stamps[-1] - stamps[0])),
        longest_gap_ms=tidy(float(np.diff(arrived).max()) * 1e3),
    )


def at_rest(peer: Peer) -> RateFigures:
    """Watch the joint states while nobody asks anything."""
    first = len(peer.joint_states)
    time.sleep(REST_S)
    return rate("at rest", peer.joint_states[first:])


def asked(peer: Peer, questions: Sequence[str], count: int) -> tuple[BurstFigures, RateFigures]:
    """Ask `count` questions within a second and watch the joint states meanwhile."""
    first = len(peer.joint_states)
    many = burst(peer.send, peer.arrivals, questions, count)
    return many, rate(f"{count} questions in a second", peer.joint_states[first:])


def rate_bar(figures: RateFigures) -> Bar:
    """Hold a rate against the stated one."""
    what = f"joint states, {figures.situation}"
    return Bar.at_least(what, figures.arrived_hz, SHARE_OF_RATE * JOINT_STATES_HZ, "Hz")
