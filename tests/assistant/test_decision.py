from __future__ import annotations

import pytest

from lectern.app import Lectern
from lectern.assistant.decision import COEFFICIENTS, THRESHOLD, answerability, features


@pytest.fixture(scope="module")
def find(ingested, embedder):
    return Lectern.open(ingested.settings, embedder)._find


def probability(found) -> float:
    return answerability(features(found))


def test_questions_on_the_book_are_told_from_others(find):
    on_topic = ["What is a Jacobian?", "What does an incremental encoder do?"]
    off_topic = ["Who won the 1998 world cup?", "How do I bake bread?", "zyzzyva qwertz"]
    assert all(probability(find(question, 8)) >= THRESHOLD for question in on_topic)
    assert all(probability(find(question, 8)) < THRESHOLD for question in off_topic)


def test_features_are_of_the_order_of_one_and_there_is_one_for_each_coefficient(find):
    for question in ("What is a Jacobian?", "zyzzyva", "?!", "🤖", "the the the"):
        values = features(find(question, 8))
        assert len(values) == len(COEFFICIENTS)
        assert all(-0.2 <= value <= 1.5 for value in values)


def test_unknown_words_lower_the_probability(find):
    known = probability(find("What does an incremental encoder do?", 8))
    assert probability(find("What does an incremental zyzzyva encoder qwertz do?", 8)) < known


def test_nothing_found_is_not_answered(find):
    assert probability(find("zyzzyva", 0)) < THRESHOLD


@pytest.mark.parametrize("extreme", [-1.0, 0.0, 1.0])
def test_a_probability_stays_one(extreme):
    assert 0.0 <= answerability([extreme] * len(COEFFICIENTS)) <= 1.0
