"""What comes from outside may be anything; the next good message is dealt with as ever."""

from __future__ import annotations

import struct

import pytest

pytest.importorskip("cyclonedds", reason="needs Python 3.11 and the extra dds")

from cyclonedds.idl import make_idl_struct
from cyclonedds.idl.types import float64
from ddspeer import HOME, Peer, T, point, trajectory
from graphkit import QUESTION

from lectern.error_numbers import NUMBERS
from lectern.graph.dds import offers
from lectern.graph.dds.types import MAX_SAMPLE_BYTES, Unreadable

pytestmark = pytest.mark.usefixtures("lectern")
LITTLE_ENDIAN = b"\x00\x01\x00\x00"


def string(data: bytes) -> bytes:
    """Return bytes as a string on the wire, with its length and its end."""
    padding = bytes(-(len(data) + 1) % 4)
    return struct.pack("<I", len(data) + 1) + data + b"\0" + padding


def answers_still(peer):
    return peer.ask("still there", QUESTION).error_code == 0


def test_text_that_is_no_utf_8_is_survived_and_logged_once(peer, lectern):
    for _ in range(2):
        data = LITTLE_ENDIAN + string(b"bad") + string(b"\xff\xfe") + string(b"")
        assert peer.write_bytes(offers.QUESTION, data) == 0

    assert answers_still(peer)
    line = lectern.wait_for_log("sample unreadable")
    assert "assistant/question" in line
    assert "UnicodeDecodeError" in line
    assert lectern.log.count("sample unreadable") == 1
    assert "/assistant/question: unreadable 2" in lectern.parts()[1]["graph"]["detail"]


@pytest.mark.parametrize(
    ("fields", "values"),
    [({"one": float64, "two": float64}, (1e300, -1.0)), ({"id": str}, ("x",))],
)
def test_a_message_of_another_shape_under_the_same_name_is_survived(peer, domain, fields, values):
    with Peer(domain) as stranger:
        kind = make_idl_struct("Question", "lectern_interfaces.msg.dds_.Question_", fields)
        writer = stranger.writer(offers.QUESTION, kind)
        writer.write(kind(*values))

        assert answers_still(peer)


def test_another_type_on_the_same_topic_is_survived(peer, domain):
    with Peer(domain) as someone:
        writer = someone.writer(offers.QUESTION, T.String)
        writer.write(T.String(data="not a question"))

        assert answers_still(peer)
        assert writer.get_publication_matched_status().current_count == 0


@pytest.mark.parametrize("size", [MAX_SAMPLE_BYTES, 9 * 2**20])
def test_a_question_larger_than_any_may_be_is_survived(peer, size):
    peer.write(offers.QUESTION, T.Question(id="huge", text="a" * size, conversation_id=""))

    assert answers_still(peer)


def test_a_large_question_is_refused_by_name(peer):
    answer = peer.ask("large", "a" * (MAX_SAMPLE_BYTES // 2))

    assert answer.error_code == NUMBERS["question_too_long"]
    assert len(answer.question) == 10_000


def test_many_names_are_refused_and_the_arm_obeys_afterwards(peer):
    refused = peer.command(point(1.0, *HOME), names=["x" * 10] * 50_000)
    obeyed = peer.command(point(0.5, *HOME))

    assert refused.error_code == NUMBERS["trajectory_invalid"]
    assert len(refused.error_msg) < 1000
    assert obeyed.error_code == 0


def test_numbers_that_are_none_are_refused_and_the_arm_obeys_afterwards(peer):
    reports = [
        peer.command(point(1.0, float("inf"), *HOME[1:])),
        peer.command(point(1.0, *[1e308] * 6)),
        peer.command(point(0.0, *HOME), point(0.0, *HOME)),
        peer.command(*[point(1.0, *HOME)] * 3),
    ]

    assert 0 not in [report.error_code for report in reports]
    assert peer.command(point(0.5, *HOME)).error_code == 0


def test_bytes_that_are_no_message_become_unreadable_and_raise_nothing():
    data = trajectory(point(1.0, *HOME)).serialize()

    for length in range(4, len(data), 7):
        assert isinstance(T.JointTrajectory.deserialize(data[:length]), Unreadable)
    for start in range(0, 60):
        T.JointTrajectory.deserialize(data[:4] + b"\xff" * start + data[4 + start :])
