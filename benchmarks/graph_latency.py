"""From a question on a DDS topic to its answer on a DDS topic, between two processes, without ROS.

python -m benchmarks.graph_latency [--questions FILE] [--rounds N] [--domain N]

Then 50 questions within one second, with the rate of the joint states meanwhile.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from benchmarks.book import QUESTIONS, indexed_book, read_questions
from benchmarks.graph_peer import GraphPeer
from benchmarks.rates import asked, at_rest, rate_bar
from benchmarks.report import Stopwatch, publish, say
from benchmarks.server import running
from benchmarks.topics import BURST, bars, one_by_one

START_S = 60.0


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
            many, meanwhile = asked(peer, questions, BURST)
    settings_used = {"rounds": options.rounds, "domain": options.domain}
    held = [*bars(one, many), rate_bar(resting), rate_bar(meanwhile)]
    publish("graph_latency", watch, settings_used, [one, many, resting, meanwhile], held)


if __name__ == "__main__":
    main()
