"""From a question on the topic to its answer on the topic, over ROS 2 between processes.

python -m benchmarks.ros_latency [--questions FILE] [--rounds N] [--burst N]

Then many questions within one second, with the rate of the joint states meanwhile. Needs a sourced
ROS 2 workspace with `lectern_nodes` in it. `assistant_node` and `robot_node` are started with
`ros2 run` on a domain of their own; the answers are extractive.
"""

from __future__ import annotations

import argparse
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.book import QUESTIONS, indexed_book, read_questions
from benchmarks.rates import asked, at_rest, rate_bar
from benchmarks.report import Stopwatch, publish, say
from benchmarks.topics import BURST, Arrivals, bars, one_by_one
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
def running(executable: str, parameters: Mapping[str, object]) -> Iterator[None]:
    """Run one of Lectern's nodes as a process."""
    given = [part for name, value in parameters.items() for part in ("-p", f"{name}:={value}")]
    command = ["ros2", "run", "lectern_nodes", executable, "--ros-args", *given]
    # A group of its own: `ros2 run` leaves signals to the terminal, which sends them to all.
    process = subprocess.Popen(command, stdout=sys.stderr, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(START_S)


@contextmanager
def both_nodes(settings: Settings) -> Iterator[None]:
    """Run the assistant over an index that exists, and the simulated robot."""
    book = {"home": settings.home, "book": settings.book, "answerer": "extractive"}
    with (
        running("assistant_node", book),
        running("robot_node", {"home": settings.home, "policy": "auto"}),
    ):
        yield


class RosPeer:
    """Somebody on the graph: asks questions, and notes the joint states that arrive.

    Attributes:
        arrivals: Answers that came.
        joint_states: For each: time of arrival (`time.perf_counter`) and its stamp, both in s.
    """

    def __init__(self, node: Any) -> None:
        from lectern_interfaces.msg import Answer, Question
        from sensor_msgs.msg import JointState

        self.arrivals = Arrivals()
        self.joint_states: list[tuple[float, float]] = []
        self._question = Question
        self._publisher = node.create_publisher(Question, names.QUESTION, _DEPTH)
        node.create_subscription(Answer, names.ANSWER, self._answered, _DEPTH)
        node.create_subscription(JointState, names.JOINT_STATES, self._moved, _DEPTH)

    def send(self, question_id: str, text: str) -> None:
        """Ask a question."""
        self._publisher.publish(self._question(id=question_id, text=text))

    def _answered(self, answer: Any) -> None:
        self.arrivals.add(answer.question_id, answer.error_code)

    def _moved(self, state: Any) -> None:
        stamp = state.header.stamp
        self.joint_states.append((time.perf_counter(), stamp.sec + stamp.nanosec * 1e-9))


@contextmanager
def on_the_graph() -> Iterator[RosPeer]:
    """Give a node that is spun on a thread of its own."""
    import rclpy
    from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

    rclpy.init()
    node = rclpy.create_node("asker")
    peer = RosPeer(node)
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
        yield peer
    finally:
        rclpy.shutdown()
        spinning.join()


def wait_for_both(peer: RosPeer, question: str) -> None:
    """Ask until there is an answer, and wait for joint states.

    Raises:
        TimeoutError: There was none within a minute.
    """
    give_up_at = time.monotonic() + START_S
    for number in itertools.count():
        question_id = f"start-{number}"
        peer.send(question_id, question)
        arrived = peer.arrivals.wait([question_id], 0.5).get(question_id)
        if arrived is not None and arrived.error_code == 0 and peer.joint_states:
            return
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"the nodes were not there within {START_S:g} s")


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
    with own_domain(), indexed_book() as settings, both_nodes(settings), on_the_graph() as peer:
        wait_for_both(peer, questions[0])
        resting = at_rest(peer)
        say(f"Asking {len(questions)} questions {options.rounds} times ...")
        one = one_by_one(peer.send, peer.arrivals, questions, options.rounds)
        say(f"Asking {options.burst} questions within a second ...")
        many, meanwhile = asked(peer, questions, options.burst)
    settings_used = {"rounds": options.rounds, **described()}
    held = [*bars(one, many), rate_bar(resting), rate_bar(meanwhile)]
    publish("ros_latency", watch, settings_used, [one, many, resting, meanwhile], held)


if __name__ == "__main__":
    main()
