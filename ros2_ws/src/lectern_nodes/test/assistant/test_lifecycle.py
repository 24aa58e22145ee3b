"""The states of the node, and several nodes at once."""

from __future__ import annotations

import threading

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from lifecycle_msgs.msg import State, Transition, TransitionEvent
from lifecycle_msgs.srv import ChangeState, GetState

QUESTION = "How does a suction cup hold a part?"


@pytest.fixture
def manager(graph):
    """Somebody who manages the assistant of a graph."""
    from rclpy.node import Node

    node = graph.add(Node("manager", context=graph.context, namespace=graph.namespace))
    return Manager(node)


class Manager:
    def __init__(self, node):
        self.node = node
        self._change = node.create_client(ChangeState, "assistant_node/change_state")
        self._get = node.create_client(GetState, "assistant_node/get_state")

    def begin(self, transition):
        assert self._change.wait_for_service(60)
        request = ChangeState.Request(transition=Transition(id=transition))
        return self._change.call_async(request)

    def change(self, transition):
        return _result(self.begin(transition)).success

    @property
    def state(self):
        assert self._get.wait_for_service(60)
        return _result(self._get.call_async(GetState.Request())).current_state


def _result(future):
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    assert done.wait(60)
    return future.result()


def test_the_node_goes_through_its_states_and_answers_in_the_active_one_only(book, graph, manager):
    graph.assistant(**book)
    client = graph.client().meet()

    def refusal(question_id):
        answer = client.ask(QUESTION, question_id)
        assert answer.error_code == 601
        return answer.error_msg

    assert manager.state.id == State.PRIMARY_STATE_UNCONFIGURED
    assert "is unconfigured, not active" in refusal("unconfigured")
    assert manager.change(Transition.TRANSITION_CONFIGURE)
    assert manager.state.id == State.PRIMARY_STATE_INACTIVE
    assert "is inactive, not active" in refusal("inactive")
    assert manager.change(Transition.TRANSITION_ACTIVATE)
    assert client.ask(QUESTION, "active").error_code == 0
    assert manager.change(Transition.TRANSITION_DEACTIVATE)
    assert "is inactive, not active" in refusal("inactive again")
    assert manager.change(Transition.TRANSITION_CLEANUP)
    assert "is unconfigured, not active" in refusal("unconfigured again")
    assert manager.change(Transition.TRANSITION_CONFIGURE)
    assert manager.change(Transition.TRANSITION_ACTIVATE)
    assert client.ask(QUESTION, "active again").error_code == 0
    assert manager.change(Transition.TRANSITION_ACTIVE_SHUTDOWN)
    assert manager.state.id == State.PRIMARY_STATE_FINALIZED
    assert "is finalized, not active" in refusal("finalized")


def test_every_face_refuses_by_name_while_the_node_is_not_active(book, graph):
    graph.assistant(**book)
    client = graph.client().meet()

    assert "not active" in client.ask_text(QUESTION)
    assert client.search("force").error_code == 601
    status, result = client.send_goal(QUESTION).result()
    assert (status, result.error_code) == (6, 601)


def test_an_impossible_transition_is_refused_and_ends_nothing(book, graph, manager):
    graph.assistant(**book)

    assert not manager.change(Transition.TRANSITION_DEACTIVATE)
    assert not manager.change(99)
    assert manager.state.id == State.PRIMARY_STATE_UNCONFIGURED


def test_the_node_answers_services_while_it_is_configured(book, graph, manager, monkeypatch):
    held, entered = threading.Event(), threading.Event()
    node = graph.assistant(**book)
    configure = node.configure

    def hold() -> None:
        entered.set()
        assert held.wait(60)
        configure()

    monkeypatch.setattr(node, "configure", hold)
    client = graph.client().meet()
    configured = manager.begin(Transition.TRANSITION_CONFIGURE)
    assert entered.wait(60)

    assert manager.state.id == State.TRANSITION_STATE_CONFIGURING
    assert "is still configuring" in client.ask(QUESTION, "early").error_msg
    assert not manager.change(Transition.TRANSITION_CONFIGURE)
    held.set()
    assert _result(configured).success


def test_a_book_that_is_missing_is_named_and_the_node_stays_unconfigured(graph, tmp_path):
    node = graph.assistant(home=str(tmp_path / "home"), book=str(tmp_path / "nowhere"))

    assert not node.start()

    assert str(tmp_path / "nowhere") in node.trouble
    assert node.state == "unconfigured"


def test_a_file_whose_name_is_no_text_is_named_and_the_node_stays_unconfigured(graph, tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "caf\udce9.md").write_text("# Names\n\nA name in another encoding.\n")
    node = graph.assistant(home=str(tmp_path / "home"), book=str(tmp_path / "book"))

    assert not node.start()

    assert "caf?.md" in node.trouble
    assert node.state == "unconfigured"


def test_a_second_assistant_on_the_same_topics_is_named_in_the_diagnostics(
    book, graph, manager, inbox
):
    from diagnostic_msgs.msg import DiagnosticArray

    def tells_of_another(array):
        return any("1 more on the same topics" in status.message for status in array.status)

    manager.node.create_subscription(DiagnosticArray, "/diagnostics", inbox.add, 10)
    for name in ("first", "second"):
        assert graph.assistant("-r", f"__node:={name}", **book).start()

    assert inbox.first(tells_of_another)


def test_a_node_that_is_told_to_end_while_it_configures_does_not_become_active(
    book, graph, monkeypatch
):
    node = graph.assistant(**book)
    configure, activated = node.configure, []
    monkeypatch.setattr(node, "configure", lambda: (configure(), node.stopping.set()))
    monkeypatch.setattr(node, "activate", lambda: activated.append(True))

    assert not node.start()

    assert (node.state, activated) == ("inactive", [])


def test_an_index_that_is_broken_is_named_and_can_be_repaired(graph, book, tmp_path):
    import shutil

    home = tmp_path / "home"
    shutil.copytree(book["home"], home)
    segments = [path for path in home.rglob("*") if path.is_file() and "book" in str(path)]
    whole = {path: path.read_bytes() for path in segments}
    for path in segments:
        path.write_bytes(b"not an index")
    node = graph.assistant(home=str(home), book=book["book"])

    assert not node.start()
    assert "index" in node.trouble.lower()

    for path, content in whole.items():
        path.write_bytes(content)
    assert node.start()
    assert node.trouble == ""


def test_a_question_at_work_is_refused_by_name_when_the_node_is_deactivated(talker, model, graph):
    talker.send(QUESTION, "at work")
    goal = talker.send_goal(QUESTION)
    assert model.asked.wait(60)
    (node,) = [node for node in graph.nodes if hasattr(node, "stop")]

    node.trigger_deactivate()

    answer = talker.answers.first(lambda a: a.question_id == "at work")
    assert answer.error_code == 601
    assert "deactivating" in answer.error_msg
    assert goal.result()[1].error_code == 601
    assert model.hung_up.wait(60)


def test_a_question_at_work_is_refused_by_name_when_the_node_stops(talker, model, graph):
    talker.send(QUESTION, "at work")
    assert model.asked.wait(60)
    (node,) = [node for node in graph.nodes if hasattr(node, "stop")]

    assert node.stop(60)

    answer = talker.answers.first(lambda a: a.question_id == "at work")
    assert answer.error_code == 5
    assert "is shutting down" in answer.error_msg


def test_transitions_are_announced(book, graph, manager, inbox, until):
    manager.node.create_subscription(
        TransitionEvent, "assistant_node/transition_event", inbox.add, 10
    )
    graph.assistant(**book)
    until(lambda: manager.node.count_publishers("assistant_node/transition_event") > 0, "publisher")

    assert manager.change(Transition.TRANSITION_CONFIGURE)

    assert inbox.first(lambda event: event.goal_state.label == "inactive")


def test_two_assistants_in_two_namespaces_share_an_index(book, graph):
    for name in ("/left", "/right"):
        assert graph.assistant(below=name, **book).start()
    left, right = graph.client("/left").meet(), graph.client("/right").meet()

    answers = [left.ask(QUESTION, "left"), right.ask(QUESTION, "right")]

    assert answers[0].text == answers[1].text != ""
    assert [a.question_id for a in left.answers.messages] == ["left"]
    assert [a.question_id for a in right.answers.messages] == ["right"]


def test_two_assistants_that_start_together_take_one_book_in_once(book, graph, tmp_path):
    nodes = [
        graph.assistant(below=name, home=str(tmp_path), book=book["book"])
        for name in ("/left", "/right")
    ]
    started = {}
    threads = [
        threading.Thread(target=lambda n=node: started.update({n: n.start()})) for node in nodes
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert list(started.values()) == [True, True], [node.trouble for node in nodes]


def test_names_can_be_remapped(book, graph, until):
    arguments = ("-r", "assistant/question_text:=ask_here", "-r", "__node:=librarian")
    node = graph.assistant(*arguments, **book)

    assert node.get_name() == "librarian"

    def topics():
        return dict(node.get_topic_names_and_types())

    until(lambda: f"{graph.namespace}/ask_here" in topics(), "the new name")
    assert f"{graph.namespace}/assistant/question_text" not in topics()
    assert node.start()
