from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lectern.retrieval.terms import STOP_WORDS, analyze


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The robot's joints are turning", ["robot", "joint", "turn"]),
        ("the Jacobian\u2019s rank", ["jacobian", "rank"]),
        ("use_sim_time", ["use_sim_time", "us", "sim", "time"]),
        ("JointState", ["jointstate", "joint", "state"]),
        ("HTTPServer", ["httpserver", "http", "server"]),
        ("t in s, of US", ["t", "s", "us"]),
        ("/cmd_vel", ["cmd_vel", "cmd", "vel"]),
        ("ROS 2", ["ro", "2"]),
        ("6-axis", ["6", "axi"]),
        ("to be or not to be", []),
        ("", []),
        ("?!... --- ___", []),
        ("机器人", ["机器人"]),
        ("🤖", []),
        ("Größe", ["größe"]),
    ],
)
def test_a_text_gives_these_terms(text, terms):
    assert analyze(text) == terms


@given(st.text())
def test_any_text_can_be_analysed(text):
    assert all(analyze(text))


@pytest.mark.parametrize("word", sorted(STOP_WORDS))
def test_a_stop_word_is_no_term_in_any_case(word):
    assert analyze(f"{word} {word.upper()} {word.title()}") == []


def test_threads_get_the_same_terms():
    texts = [f"turning joints{n} of the fastest manipulators{n % 7}" for n in range(400)]
    expected = [analyze(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(analyze, texts)) == expected
