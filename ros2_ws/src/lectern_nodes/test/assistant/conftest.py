"""Real nodes on a graph of their own: a domain that nobody else uses, on loopback."""

from __future__ import annotations

import http.server
import itertools
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

LIMIT_S = 60.0
ROOT = Path(__file__).resolve().parents[5]

GRIPPERS = """\
# Grippers

A gripper closes its fingers with a known force. The force is measured in newtons.

## Parallel jaws

Two parallel jaws move along one axis and hold a part by friction. A jaw that presses with 20 N on
rubber with a coefficient of 0.8 holds at most 16 N per finger.

## Suction cups

A suction cup holds smooth parts by a vacuum of about 60 kPa below the air around it. Porous
cardboard leaks, so the ejector must run all the time.
"""

ENCODERS = """\
# Encoders

An encoder turns the angle of a shaft into counts. An absolute encoder knows its angle as soon as
it is switched on; an incremental encoder must first find its index mark.
"""


class Inbox:
    """What arrived, from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.messages: list[Any] = []

    def add(self, message: Any) -> None:
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    def first(self, wanted: Callable[[Any], bool], limit_s: float = LIMIT_S) -> Any:
        """Wait for a message and return it."""

        def found() -> Any:
            return next((message for message in self.messages if wanted(message)), None)

        with self._changed:
            assert self._changed.wait_for(lambda: found() is not None, limit_s), self.messages
            return found()

    def until(self, count: int, limit_s: float = LIMIT_S) -> list[Any]:
        """Wait until so many have arrived and return them."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self.messages) >= count, limit_s)
            assert arrived, f"{len(self.messages)} of {count}"
            return list(self.messages)


def wait_until(condition: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
    """Wait for a condition of the graph, of which rclpy tells nobody."""
    never = threading.Event()
    for _ in range(int(limit_s / 0.01)):
        if condition():
            return
        never.wait(0.01)
    raise AssertionError(f"not within {limit_s:g} s: {what}")


class Graph:
    """Nodes of one context in a namespace of their own, spun on a thread."""

    _numbers = itertools.count()

    def __init__(self) -> None:
        import rclpy
        from rclpy.executors import SingleThreadedExecutor

        self.namespace = f"/graph_{next(self._numbers)}"
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.nodes: list[Any] = []
        self._executor = SingleThreadedExecutor(context=self.context)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def add(self, node: Any) -> Any:
        self.nodes.append(node)
        self._executor.add_node(node)
        return node

    def assistant(self, *arguments: str, below: str = "", **parameters: Any) -> Any:
        """Add an assistant that is not configured yet.

        Args:
            arguments: After `--ros-args`.
            below: Namespace below the graph's own.
            parameters: By name.
        """
        from lectern_nodes.assistant.node import AssistantNode
        from rclpy.parameter import Parameter

        given = [Parameter(name, value=value) for name, value in parameters.items()]
        options = {
            "context": self.context,
            "namespace": self.namespace + below,
            "cli_args": ["--ros-args", *arguments],
            "use_global_arguments": False,
        }
        return self.add(AssistantNode(parameter_overrides=given, **options))

    def client(self, below: str = "") -> Client:
        return Client(self, self.namespace + below)

    def close(self) -> None:
        """Stop every node in order, then take the graph away."""
        for node in self.nodes:
            if hasattr(node, "stop"):
                assert node.stop(LIMIT_S)
        self._ended.set()
        self._executor.create_task(lambda: None)  # so that it comes back from waiting
        self._thread.join()
        self._executor.shutdown()
        for node in self.nodes:
            node.destroy_node()
        self.context.try_shutdown()

    def _spin(self) -> None:
        while not self._ended.is_set():
            self._executor.spin_once()


class Client:
    """Somebody on the graph who asks."""

    def __init__(self, graph: Graph, namespace: str) -> None:
        from lectern_interfaces.action import Ask
        from lectern_interfaces.msg import Answer, AnswerChunk, Question
        from lectern_interfaces.srv import SearchBook
        from rclpy.action import ActionClient
        from rclpy.node import Node
        from std_msgs.msg import String

        options = {"context": graph.context, "use_global_arguments": False}
        self.node = graph.add(Node("client", namespace=namespace, **options))
        self.answers, self.chunks, self.texts = Inbox(), Inbox(), Inbox()
        self.node.create_subscription(Answer, "assistant/answer", self.answers.add, 1000)
        self.node.create_subscription(AnswerChunk, "assistant/answer_chunk", self.chunks.add, 1000)
        self.node.create_subscription(String, "assistant/answer_text", self.texts.add, 1000)
        self.questions = self.node.create_publisher(Question, "assistant/question", 1000)
        self.question_texts = self.node.create_publisher(String, "assistant/question_text", 1000)
        self.searches = self.node.create_client(SearchBook, "assistant/search")
        self._ask = ActionClient(self.node, Ask, "assistant/ask")

    def meet(self) -> Client:
        """Wait until the assistant is there."""
        for publisher in (self.questions, self.question_texts):
            wait_until(lambda p=publisher: p.get_subscription_count() > 0, publisher.topic_name)
        for topic in ("assistant/answer", "assistant/answer_chunk", "assistant/answer_text"):
            wait_until(lambda t=topic: self.node.count_publishers(t) > 0, topic)
        assert self.searches.wait_for_service(LIMIT_S)
        assert self._ask.wait_for_server(LIMIT_S)
        return self

    def send(self, text: str, question_id: str, conversation_id: str = "") -> None:
        from lectern_interfaces.msg import Question

        self.questions.publish(Question(id=question_id, text=text, conversation_id=conversation_id))

    def ask(self, text: str, question_id: str, conversation_id: str = "") -> Any:
        """Ask on the topic and wait for the answer."""
        self.send(text, question_id, conversation_id)
        return self.answers.first(lambda answer: answer.question_id == question_id)

    def ask_text(self, text: str) -> str:
        from std_msgs.msg import String

        count = len(self.texts.messages)
        self.question_texts.publish(String(data=text))
        return str(self.texts.until(count + 1)[count].data)

    def chunks_of(self, question_id: str) -> list[Any]:
        """Wait for the last chunk of a question and return all."""
        self.chunks.first(
            lambda chunk: chunk.question_id == question_id and chunk.kind == chunk.END
        )
        return [chunk for chunk in self.chunks.messages if chunk.question_id == question_id]

    def search(self, query: str, k: int = 0) -> Any:
        from lectern_interfaces.srv import SearchBook

        return wait_for(self.searches.call_async(SearchBook.Request(query=query, k=k)))

    @staticmethod
    def wait_for(future: Any) -> Any:
        return wait_for(future)

    def send_goal(self, text: str, question_id: str = "") -> Goal:
        return Goal(self._ask, text, question_id)


class Goal:
    """One goal of the action `Ask`."""

    def __init__(self, client: Any, text: str, question_id: str) -> None:
        from lectern_interfaces.action import Ask
        from lectern_interfaces.msg import Question

        self.feedback = Inbox()
        goal = Ask.Goal(question=Question(id=question_id, text=text))
        sent = client.send_goal_async(
            goal, feedback_callback=lambda message: self.feedback.add(message.feedback.chunk)
        )
        self.handle = wait_for(sent)
        assert self.handle.accepted

    def result(self) -> tuple[int, Any]:
        """Wait for status and result."""
        done = wait_for(self.handle.get_result_async())
        return done.status, done.result

    def cancel(self) -> Any:
        return wait_for(self.handle.cancel_goal_async())


def wait_for(future: Any) -> Any:
    """Wait for a future of rclpy, which another thread spins."""
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    assert done.wait(LIMIT_S)
    return future.result()


class Model:
    """A model endpoint on loopback that says what it is told, and notices who hangs up."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.asked, self.may_end, self.hung_up = (threading.Event() for _ in range(3))
        model = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                model.serve(self)

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def serve(self, exchange: Any) -> None:
        exchange.rfile.read(int(exchange.headers["content-length"]))
        exchange.send_response(200)
        exchange.send_header("content-type", "text/event-stream")
        exchange.end_headers()
        for piece in self.pieces:
            self._say(exchange, {"content": piece}, None)
        self.asked.set()
        if not self.may_end.is_set():
            threading.Thread(target=self._watch, args=(exchange,), daemon=True).start()
            self.may_end.wait(LIMIT_S)
        if not self.hung_up.is_set():
            self._say(exchange, {"content": ""}, "stop")
            exchange.wfile.write(b"data: [DONE]\n\n")
        exchange.close_connection = True

    def _say(self, exchange: Any, delta: Any, finish: str | None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        event = {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}
        exchange.wfile.write(f"data: {json.dumps(event)}\n\n".encode())

    def _watch(self, exchange: Any) -> None:
        with suppress(OSError):  # hanging up may be a reset
            assert exchange.connection.recv(1) == b""
        self.hung_up.set()
        self.may_end.set()

    def close(self) -> None:
        self.may_end.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="session", autouse=True)
def _own_domain() -> Iterator[None]:
    from domain_coordinator import domain_id

    with ExitStack() as stack:
        os.environ["ROS_DOMAIN_ID"] = str(stack.enter_context(domain_id()))
        os.environ.setdefault("CYCLONEDDS_URI", f"file://{ROOT}/config/cyclonedds.xml")
        yield


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("LECTERN_", "OPENAI_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Parameters `home` and `book` of a small book that was taken in; nobody may change it."""
    from lectern.ingest import ingest_textbook
    from lectern.settings import Settings

    top = tmp_path_factory.mktemp("book")
    folder = top / "book"
    folder.mkdir()
    (folder / "grippers.md").write_text(GRIPPERS, encoding="utf-8")
    (folder / "encoders.md").write_text(ENCODERS, encoding="utf-8")
    ingest_textbook(Settings(_env_file=None, home=top / "home", book=folder))
    return {"home": str(top / "home"), "book": str(folder)}


@contextmanager
def new_graph() -> Iterator[Graph]:
    made = Graph()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def graph() -> Iterator[Graph]:
    with new_graph() as made:
        yield made


@pytest.fixture(scope="module")
def client(book: dict[str, str]) -> Iterator[Client]:
    """Who asks an assistant that is active."""
    with new_graph() as made:
        assert made.assistant(**book, max_question_chars=500).start()
        yield made.client().meet()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def until() -> Callable[..., None]:
    return wait_until


@pytest.fixture
def call(graph: Graph) -> Callable[..., Any]:
    """Call a service of the graph by name."""
    from rclpy.node import Node

    node = graph.add(Node("caller", context=graph.context, namespace=graph.namespace))

    def call(service_type: Any, name: str, **fields: Any) -> Any:
        client = node.create_client(service_type, name)
        assert client.wait_for_service(LIMIT_S)
        return wait_for(client.call_async(service_type.Request(**fields)))

    return call


@pytest.fixture
def model() -> Iterator[Model]:
    made = Model()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def talker(
    book: dict[str, str], model: Model, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> Client:
    """Who asks an assistant that has the model write its answers."""
    monkeypatch.setenv("OPENAI_BASE_URL", model.url)
    assert graph.assistant(**book, answerer="generative", answer_threshold=0.0).start()
    return graph.client().meet()
