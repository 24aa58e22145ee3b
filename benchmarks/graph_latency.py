"""From a question on a DDS topic to its answer on a DDS topic, between two processes, without ROS.

python -m benchmarks.graph_latency [--questions FILE] [--rounds N] [--domain N]

Then 50 questions within one second, with the rate of the joint states meanwhile.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.book import QUESTIONS, indexed_book, read_questions
from benchmarks.graph_peer import GraphPeer
from benchmarks.report import Bar, Figures, Stopwatch, publish, say, tidy
from benchmarks.server import running
from benchmarks.topics import BURST, BurstFigures, bars, burst, one_by_one
from lectern.graph.names import JOINT_STATES_HZ

START_S = 60.0
REST_S = 3.0
# Of the rate that is stated, what must arrive in any situation.
SHARE_OF_RATE = 0.95


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


def at_rest(peer: GraphPeer) -> RateFigures:
    """Watch the joint states while nobody asks anything."""
    first = len(peer.joint_states)
    time.sleep(REST_S)
    return rate("at rest", peer.joint_states[first:])


def asked(peer: GraphPeer, questions: Sequence[str]) -> tuple[BurstFigures, RateFigures]:
    """Ask many questions at once and watch the joint states meanwhile."""
    first = len(peer.joint_states)
    many = burst(peer.send, peer.arrivals, questions)
    return many, rate(f"{BURST} questions in a second", peer.joint_states[first:])


def rate_bar(figures: RateFigures) -> Bar:
    """Hold a rate against the stated one."""
    what = f"joint states, {figures.situation}"
    return Bar.at_least(what, figures.arrived_hz, SHARE_OF_RATE * JOINT_STATES_HZ, "Hz")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="a queries.jsonl")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is asked")
    parser.add_argument("--domain", type=int, default=97, help="DDS domain to measure on")
    options = parser.parse_args()
    watch = Stopwatch()
    questions = read_questions(options.questions)
    os.environ.pop("CYCLONEDDS_URI", None)
    os.environ["LECTERN_DDS"] = "true"
    os.environ["ROS_DOMAIN_ID"] = str(options.domain)
    with indexed_book() as settings, running(settings) as server:
        server.wait_for_answer(questions[0], START_S)
        server.wait_for_robot(START_S)
        with GraphPeer(options.domain) as peer:
            peer.wait_for_lectern()
            resting = at_rest(peer)
            say(f"Asking {len(questions)} questions {options.rounds} times ...")
            one = one_by_one(peer.send, peer.arrivals, questions, options.rounds)
            many, meanwhile = asked(peer, questions)
    settings_used = {"rounds": options.rounds, "domain": options.domain}
    held = [*bars(one, many), rate_bar(resting), rate_bar(meanwhile)]
    publish("graph_latency", watch, settings_used, [one, many, resting, meanwhile], held)


if __name__ == "__main__":
    main()
