"""The node's parameters: declared as the table says, wrong ones named, some alive."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from lectern_nodes.assistant.offers import ASSISTANT
from rcl_interfaces.srv import DescribeParameters, SetParameters, SetParametersAtomically
from rclpy.parameter import Parameter

from lectern.errors import SettingsError

QUESTION = "How does a suction cup hold a part?"


def test_every_parameter_of_the_table_is_declared_with_its_description_and_range(graph, call):
    graph.assistant()
    names = list(ASSISTANT.parameters)

    described = call(DescribeParameters, "assistant_node/describe_parameters", names=names)

    for name, descriptor in zip(names, described.descriptors, strict=True):
        parameter = ASSISTANT.parameters[name]
        assert descriptor.description == parameter.description
        assert descriptor.read_only is parameter.read_only
        ranges = [*descriptor.integer_range, *descriptor.floating_point_range]
        assert bool(ranges) is (parameter.lowest is not None or parameter.highest is not None)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        pytest.param("workers", 0, "workers", id="below its range"),
        pytest.param("workers", "four", "workers", id="of another type"),
        pytest.param("bridge_port", 70_000, "bridge_port", id="above its range"),
        pytest.param(
            "robot", "hal", "robot is 'hal'; choose one of none, embedded, ros", id="choice"
        ),
        pytest.param("answer_threshold", 1.5, "answer_threshold", id="a float above its range"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named_when_the_node_is_made(graph, name, value, says):
    with pytest.raises(SettingsError) as refused:
        graph.assistant(**{name: value})

    assert says in str(refused.value)


def test_a_value_that_the_core_refuses_is_named_when_the_node_is_configured(graph, tmp_path):
    node = graph.assistant(home=str(tmp_path), collection="../elsewhere")

    assert not node.start()

    assert "collection" in node.trouble


def _set(call, name, value):
    parameter = Parameter(name, value=value).to_parameter_msg()
    (result,) = call(SetParameters, "assistant_node/set_parameters", parameters=[parameter]).results
    return result


@pytest.mark.parametrize("name", [n for n, p in ASSISTANT.parameters.items() if p.read_only])
def test_what_is_read_only_cannot_be_set(graph, call, name):
    graph.assistant()

    result = _set(call, name, ASSISTANT.parameters[name].default)

    assert not result.successful
    assert name in result.reason


def test_the_threshold_counts_from_the_next_question_on(book, graph, call):
    assert graph.assistant(**book).start()
    client = graph.client().meet()
    assert client.ask(QUESTION, "before").grounded

    assert _set(call, "answer_threshold", 1.0).successful
    assert not client.ask(QUESTION, "strict").grounded
    assert _set(call, "answer_threshold", -1.0).successful
    assert client.ask(QUESTION, "fitted").grounded


def test_a_value_out_of_range_is_refused_by_name_and_changes_nothing(book, graph, call):
    node = graph.assistant(**book)

    refused = _set(call, "log_level", "loud")

    assert not refused.successful
    assert refused.reason == (
        "log_level is 'loud'; choose one of default, debug, info, warning, error"
    )
    assert node.get_parameter("log_level").value == "default"
    assert "answer_threshold" in _set(call, "answer_threshold", 2.0).reason


def test_of_several_values_none_is_taken_when_one_is_refused(book, graph, call):
    node = graph.assistant(**book)
    both = [Parameter("answer_threshold", value=0.5), Parameter("log_level", value="loud")]

    done = call(
        SetParametersAtomically,
        "assistant_node/set_parameters_atomically",
        parameters=[parameter.to_parameter_msg() for parameter in both],
    )

    assert not done.result.successful
    assert node.get_parameter("answer_threshold").value == -1.0


def test_the_log_level_can_be_set_alive(graph, call):
    from rclpy.logging import LoggingSeverity, get_logger_effective_level

    node = graph.assistant()
    logger = node.get_logger().name

    assert _set(call, "log_level", "debug").successful
    assert get_logger_effective_level(logger) == LoggingSeverity.DEBUG
    assert _set(call, "log_level", "default").successful
    assert get_logger_effective_level(logger) == LoggingSeverity.INFO
