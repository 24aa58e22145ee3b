"""`lectern up` and the graph: on, off, apart from other domains, broken, and ended."""

from __future__ import annotations

import signal

import pytest

pytest.importorskip("cyclonedds", reason="needs Python 3.11 and the extra dds")

from cyclonedds.builtin import BuiltinDataReader, BuiltinTopicDcpsSubscription
from ddspeer import CONFIGURATION, HOME, JOINTS, Peer, T, point, trajectory
from graphkit import QUESTION

from lectern.graph.dds import offers

NO_ROBOT = {"LECTERN_ROBOT": "none"}


def graph_of(program):
    status, parts = program.parts()
    return status, parts["graph"]["ready"], parts["graph"]["detail"]


def ask_over_http(program):
    return program.post("chat", {"question": QUESTION})["grounded"]


def test_what_is_on_the_graph_is_said_at_start_and_in_the_readiness(start, domain):
    program = start(ROS_DOMAIN_ID=str(domain), **NO_ROBOT)

    line = program.wait_for_log("The graph")
    assert line == f"The graph: DDS domain {domain}, loopback.\n"
    assert graph_of(program) == (200, True, f"DDS domain {domain}, loopback")


@pytest.mark.parametrize(
    ("flags", "settings"), [(("--no-dds",), {}), ((), {"LECTERN_DDS": "false"})]
)
def test_off_by_one_setting(start, domain, flags, settings):
    program = start(*flags, ROS_DOMAIN_ID=str(domain), **NO_ROBOT, **settings)

    assert graph_of(program) == (200, True, "left out (--no-dds or LECTERN_DDS=false)")
    assert "The graph" not in program.log


def test_domains_are_apart(start, domain):
    here = start(ROS_DOMAIN_ID=str(domain), **NO_ROBOT)
    there = start(ROS_DOMAIN_ID=str(domain + 1), **NO_ROBOT)
    here.wait_for_log("The graph")
    there.wait_for_log("The graph")

    with Peer(domain) as one, Peer(domain + 1) as other:
        one_answers, other_answers = one.reader(offers.ANSWER), other.reader(offers.ANSWER)
        one.write(offers.QUESTION, T.Question(id="here", text=QUESTION, conversation_id=""))
        other.write(offers.QUESTION, T.Question(id="there", text=QUESTION, conversation_id=""))

        assert one_answers.next().question_id == "here"
        assert other_answers.next().question_id == "there"
        assert one.ask("again", QUESTION).question_id == "again"


def test_two_on_one_domain_tell_of_each_other(start, domain):
    both = [start(ROS_DOMAIN_ID=str(domain), **NO_ROBOT) for _ in range(2)]

    for program in both:
        assert "another ROS_DOMAIN_ID" in program.wait_for_log("topic written by others")
        assert graph_of(program)[2].endswith("loopback; 1 more answer on this domain")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        pytest.param(
            {"LECTERN_DDS_NETWORK": "nosuch0"}, "cannot be opened (interface nosuch0)", id="name"
        ),
        pytest.param(
            {"CYCLONEDDS_URI": "<CycloneDDS><Domain><Nonsense/></Domain></CycloneDDS>"},
            "cannot be opened (as CYCLONEDDS_URI says)",
            id="configuration",
        ),
        pytest.param(
            {"LECTERN_DDS_NETWORK": "any", "ROS_LOCALHOST_ONLY": "1"}, "contradict", id="settings"
        ),
    ],
)
def test_a_graph_that_cannot_be_opened_is_named_and_the_page_works(start, domain, settings, said):
    program = start(ROS_DOMAIN_ID=str(domain), **NO_ROBOT, **settings)

    assert said in program.wait_for_log("The graph is not there")
    status, ready, detail = graph_of(program)
    assert (status, ready) == (503, False)
    assert said in detail
    assert ask_over_http(program)


def test_on_an_open_graph_the_arm_takes_no_commands(start, domain):
    program = start(ROS_DOMAIN_ID=str(domain), CYCLONEDDS_URI=CONFIGURATION)
    program.wait_for_robot()

    assert "the robot takes no commands from it" in program.wait_for_log("The graph")
    with Peer(domain) as peer:
        peer.reader(offers.JOINT_STATES).next()
        assert peer.ask("works", QUESTION).error_code == 0
        readers = BuiltinDataReader(peer.me, BuiltinTopicDcpsSubscription).take(1000)
        read = {sample.topic_name for sample in readers}

    assert f"rt/{offers.QUESTION.name}" in read
    assert f"rt/{offers.TRAJECTORY_COMMAND.name}" not in read


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_with_a_command_at_work_and_questions_waiting(start, domain, sign):
    program = start(ROS_DOMAIN_ID=str(domain))
    program.wait_for_robot()
    with Peer(domain) as peer:
        joints = peer.reader(offers.JOINT_STATES)
        peer.write(offers.TRAJECTORY_COMMAND, trajectory(point(20.0, 1.0, *HOME[1:])))
        joints.until(lambda state: state.position[JOINTS.index("joint_1")] > 0.01)

        program.end(sign)

    assert program.process.returncode == 0, program.log
    assert "Traceback" not in program.log
