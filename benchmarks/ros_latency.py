"""Time from a question on the topic to its answer on the topic, over ROS 2 between two processes.

python -m benchmarks.ros_latency [--questions FILE] [--rounds N] [--burst N]

Needs a sourced ROS 2 workspace with `lectern_nodes` in it. The node is started with `ros2 run` on
a domain of its own; the answers are extractive.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.book import QUESTIONS, indexed_book, read_questions
from benchmarks.report import Stopwatch, publish, say
from benchmarks.topics import BURST, Arrivals, Send, bars, burst, one_by_one
from lectern.graph import names
from lectern.settings import Settings

START_S = 60.0
_DEPTH = 1_000


@contextmanager
def own_domain() -> Iterator[None]:
    """Use a domain that nobody else on this machine uses."""
    from domain_coordinator import domain_id

    with domain_id() as domain:
        os.environ["ROS_DOMAIN_ID"] = str(domain)
        yield


@contextmanager
def assistant(settings: Settings) -> Iterator[None]:
    """Run `assistant_node` over an index that exists."""
    parameters = {"home": settings.home, "book": settings.book, "answerer": "extractive"}
    given = [part for name, value in parameters.items() for part in ("-p", f"{name}:={value}")]
    command = ["ros2", "run", "lectern_nodes", "assistant_node", "--ros-args", *given]
    # A group of its own: `ros2 run` leaves signals to the terminal, which sends them to all.
    process = subprocess.Popen(command, stdout=sys.stderr, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(START_S)


@contextmanager
def asking(arrivals: Arrivals) -> Iterator[Send]:
    """Give what publishes a question; the answers arrive on a thread of their own."""
    import rclpy
    from lectern_interfaces.msg import Answer, Question
    from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

    rclpy.init()
    node = rclpy.create_node("asker")
    node.create_subscription(
        Answer, names.ANSWER, lambda a: arrivals.add(a.question_id, a.error_code), _DEPTH
    )
    publisher = node.create_publisher(Question, names.QUESTION, _DEPTH)
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def spin() -> None:
        try:
            executor.spin()
        except ExternalShutdownException:
            say("The asker has left the graph.")

    spinning = threading.Thread(target=spin, daemon=True)
    spinning.start()
    try:
        yield lambda question_id, text: publisher.publish(Question(id=question_id, text=text))
    finally:
        rclpy.shutdown()
        spinning.join()


def wait_until_it_answers(send: Send, arrivals: Arrivals, question: str) -> None:
    """Ask until there is an answer.

    Raises:
        TimeoutError: There was none within a minute.
    """
    give_up_at = time.monotonic() + START_S
    for number in range(10_000):
        question_id = f"start-{number}"
        send(question_id, question)
        arrived = arrivals.wait([question_id], 0.5).get(question_id)
        if arrived is not None and arrived.error_code == 0:
            return
        if time.monotonic() > give_up_at:
            break
    raise TimeoutError(f"assistant_node did not answer within {START_S:g} s")


def described() -> dict[str, Any]:
    """Return what of ROS was used."""
    import rclpy

    return {
        "ros_distro": os.environ.get("ROS_DISTRO", ""),
        "rmw": rclpy.get_rmw_implementation_identifier(),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="a queries.jsonl")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is asked")
    parser.add_argument("--burst", type=int, default=BURST, help="questions within one second")
    options = parser.parse_args()
    watch = Stopwatch()
    questions = read_questions(options.questions)
    arrivals = Arrivals()
    with (
        own_domain(),
        indexed_book() as settings,
        assistant(settings),
        asking(arrivals) as send,
    ):
        wait_until_it_answers(send, arrivals, questions[0])
        say(f"Asking {len(questions)} questions {options.rounds} times ...")
        one = one_by_one(send, arrivals, questions, options.rounds)
        say(f"Asking {options.burst} questions within a second ...")
        many = burst(send, arrivals, questions, options.burst)
    settings_used = {"rounds": options.rounds, **described()}
    publish("ros_latency", watch, settings_used, [one, many], bars(one, many))


if __name__ == "__main__":
    main()
