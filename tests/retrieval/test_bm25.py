from __future__ import annotations

import random

import bm25s
import numpy as np
import pytest

from lectern.book.passages import cut_passages
from lectern.book.readers import read_document
from lectern.retrieval.bm25 import (
    K1,
    B,
    TermStatistics,
    document_vector,
    query_vector,
    term_id,
)
from lectern.retrieval.index.base import Point, point_id
from lectern.retrieval.index.edge import EdgeIndex
from lectern.retrieval.stored import index_text
from lectern.retrieval.terms import analyze, count_terms
from lectern.settings import default_book

DEPTH = 10


def book_texts() -> list[str]:
    passages = []
    for path in sorted(default_book().glob("*.md")):
        passages += cut_passages(read_document(path, max_bytes=10**7))
    return [index_text(passage).text for passage in passages]


def generated_texts() -> list[str]:
    """Texts whose words are as unevenly frequent as those of a language (Zipf's law)."""
    chance = random.Random(5)
    words = [f"{first}{last}" for first in "bdfgklmprt" for last in ("ara", "elo", "imu", "ovi")]
    words += [f"{word}x{number}" for number in range(30) for word in words[:20]]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    return [
        " ".join(chance.choices(words, weights, k=chance.choice((3, 12, 40, 160))))
        for _ in range(1_500)
    ]


def questions_for(texts: list[str]) -> list[str]:
    """Pieces of the texts, some with words repeated and some with words of another text."""
    chance = random.Random(6)
    questions = []
    for _ in range(300):
        words = chance.choice(texts).split()
        chosen = chance.choices(words, k=chance.choice((1, 2, 4, 12)))
        if chance.random() < 0.4:
            chosen += chosen[:1] + chance.choice(texts).split()[:2]
        questions.append(" ".join(chosen))
    return [question for question in questions if analyze(question)]


def reference(tokens: list[list[str]]) -> bm25s.BM25:
    model = bm25s.BM25(method="lucene", k1=K1, b=B)
    model.index(tokens, show_progress=False)
    return model


def edge_index(folder, texts: list[str]) -> tuple[EdgeIndex, TermStatistics]:
    statistics, counted = TermStatistics(), [count_terms(text) for text in texts]
    for counts in counted:
        statistics.add(counts)
    index = EdgeIndex.create(folder, 4)
    dense = np.array([1.0, 0.0, 0.0, 0.0], np.float32)
    points = [
        Point(point_id(str(n)), dense, document_vector(counts, statistics.mean_length), {"n": n})
        for n, counts in enumerate(counted)
    ]
    index.upsert(points)
    index.finish(4)
    return index, statistics


@pytest.mark.parametrize("corpus", [generated_texts, book_texts])
def test_the_ten_best_of_the_index_are_those_of_lucene(corpus, tmp_path):
    texts = corpus()
    index, statistics = edge_index(tmp_path / "index", texts)
    tokens = [analyze(text) for text in texts]
    model = reference(tokens)
    documents = {point_id(str(n)): n for n in range(len(texts))}
    same, questions = 0, questions_for(texts)
    for question in questions:
        terms = analyze(question)
        theirs = np.array(model.get_scores(terms))
        found = index.nearest_sparse(query_vector(terms, statistics), DEPTH)
        ours = np.array([documents[int(point)] for point in found.points])
        best = np.sort(theirs[theirs > 0])[::-1][:DEPTH]
        # Documents of equal score may stand in any order, so their scores are compared.
        same += len(ours) == len(best) and np.allclose(theirs[ours], best, rtol=1e-4)
        np.testing.assert_allclose(found.scores, theirs[ours], rtol=1e-3)
    index.close()
    assert len(questions) > 250
    assert same / len(questions) >= 0.99


def test_scores_equal_the_formula_worked_by_hand():
    # Three texts of 2, 4 and 6 terms (mean 4); "arm" is in two of them, once and three times.
    texts = [["arm", "leg"], ["leg", "leg", "toe", "toe"], ["arm", "arm", "arm", "toe", "leg", "x"]]
    statistics = TermStatistics()
    counted = [{term: text.count(term) for term in set(text)} for text in texts]
    for counts in counted:
        statistics.add(counts)
    weight = query_vector(["arm"], statistics)[term_id("arm")]
    assert weight == pytest.approx(np.log(1 + (3 - 2 + 0.5) / (2 + 0.5)))
    short = document_vector(counted[0], statistics.mean_length)[term_id("arm")]
    long = document_vector(counted[2], statistics.mean_length)[term_id("arm")]
    assert short == pytest.approx(1 / (1 + 1.2 * (0.25 + 0.75 * 2 / 4)))
    assert long == pytest.approx(3 / (3 + 1.2 * (0.25 + 0.75 * 6 / 4)))


def test_a_repeated_question_term_counts_as_often_and_an_unknown_one_not_at_all():
    statistics = TermStatistics()
    statistics.add({"arm": 1})
    once, twice = query_vector(["arm"], statistics), query_vector(["arm", "arm"], statistics)
    assert twice[term_id("arm")] == pytest.approx(2 * once[term_id("arm")])
    assert query_vector(["heliotrope"], statistics) == {}


def test_removing_a_document_undoes_adding_it():
    statistics, untouched = TermStatistics(), TermStatistics()
    for each in (statistics, untouched):
        each.add({"arm": 2, "leg": 1})
    statistics.add({"arm": 1, "toe": 5})
    statistics.remove({"arm": 1, "toe": 5})
    assert statistics == untouched


def test_an_empty_collection_divides_by_nothing():
    assert TermStatistics().mean_length == 1.0
    assert query_vector(["arm"], TermStatistics()) == {}
    assert document_vector({}, 1.0) == {}
