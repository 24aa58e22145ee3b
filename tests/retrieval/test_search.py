from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lectern.app import Lectern
from lectern.ingest import ingest
from lectern.retrieval.collection import Collection
from lectern.retrieval.fusion import FusionParameters, Side, fuse
from lectern.retrieval.index.base import Scored
from lectern.retrieval.moments import Scale
from lectern.retrieval.search import Searcher

# Each question with words of the passage that answers it.
QUESTIONS = {
    "How strongly can a jaw hold a part made of rubber?": "16 N per finger",
    "Why does cardboard need a running ejector?": "Porous",
    "What does an incremental encoder do first?": "index mark",
    "How many counts does an encoder with 1024 lines have?": "4096",
    "How should lithium cells be stored?": "half of their charge",
    "What picks up steel sheets?": "magnetic gripper",
    "errors of odometry": "Wheel odometry",
    "F_t \\le \\mu F_n": "\\mu F_n",
    "def direction(a: int, b: int)": "def direction",
}


@pytest.fixture(scope="module")
def opened(ingested):
    opened = Collection(ingested.settings).open("minilm")
    yield opened
    opened.index.close()


@pytest.fixture(scope="module")
def searcher(opened, embedder) -> Searcher:
    return Searcher(opened.index, embedder, opened.statistics)


def ranks(searcher: Searcher) -> list[int]:
    """Return the rank of each question's passage, 10 where it is not found."""
    found = []
    for question, words in QUESTIONS.items():
        hits = searcher.find(question, 10).result.hits
        found.append(next((n for n, hit in enumerate(hits) if words in hit.passage.text), 10))
    return found


def test_each_question_finds_its_passage_near_the_top(searcher):
    places = ranks(searcher)
    assert max(places) <= 3
    assert places.count(0) >= len(places) - 3


def test_both_sides_together_are_no_worse_than_either_alone(opened, embedder, searcher):
    def reciprocal(dense_weight: float) -> float:
        parameters = FusionParameters(dense_weight=dense_weight, feedback_passages=0)
        alone = Searcher(opened.index, embedder, opened.statistics, parameters)
        return sum(1 / (rank + 1) for rank in ranks(alone))

    together = sum(1 / (rank + 1) for rank in ranks(searcher))
    assert together >= max(reciprocal(1.0), reciprocal(0.0))


def test_the_same_question_gives_the_same_result(searcher):
    for question in QUESTIONS:
        one, other = searcher.find(question, 10), searcher.find(question, 10)
        assert one.result.hits == other.result.hits
        assert one.result.trace == other.result.trace


def test_eight_threads_get_what_one_gets(searcher):
    questions = [*QUESTIONS] * 4
    expected = [searcher.find(question, 10).result.hits for question in questions]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda question: searcher.find(question, 10), questions))
    for one, hits in zip(found, expected, strict=True):
        assert [hit.passage for hit in one.result.hits] == [hit.passage for hit in hits]
        scores = [hit.score for hit in one.result.hits]
        assert scores == pytest.approx([hit.score for hit in hits], abs=1e-5)


@pytest.mark.parametrize(
    "question", ["zyzzyva qwertz", "the of and", "?!", "🤖", "机器人手臂", "µ"]
)
def test_a_question_without_a_known_word_is_searched_by_meaning_alone(question, searcher):
    found = searcher.find(question, 5)
    assert len(found.passages) == 5
    assert found.query.sparse == {}
    assert found.query.unknown_share == 1.0
    assert all(row["rank_sparse"] is None for row in found.result.trace["hits"])


def test_scores_are_probabilities_and_passages_differ(searcher):
    for question in QUESTIONS:
        hits = searcher.find(question, 20).result.hits
        assert all(0.0 <= hit.score <= 1.0 for hit in hits)
        assert len({hit.passage.passage_id for hit in hits}) == len(hits)


def test_more_hits_than_passages_gives_every_passage_once(opened, searcher):
    hits = searcher.find("robot", 10_000).result.hits
    assert len({hit.passage.passage_id for hit in hits}) == opened.meta.passages == len(hits)


def test_long_passages_do_not_push_others_out_of_a_small_book(home, tmp_path, embedder):
    rows = "\n".join(f"| {n} | part number {n * 7919} of the crane |" for n in range(400))
    (tmp_path / "a.md").write_text(f"# Parts\n\n| n | part |\n| --- | --- |\n{rows}\n")
    (tmp_path / "b.md").write_text("# Cats\n\nA cat sleeps in the sun.\n")
    report = ingest(home, [tmp_path / "a.md", tmp_path / "b.md"], embedder=embedder)
    found = Lectern.open(home, embedder)._find("zyzzyva", 100)
    assert len(found.passages) == report.passages


def test_a_book_of_one_passage_answers_with_it(home, tmp_path, embedder):
    (tmp_path / "page.md").write_text("A crane lifts loads.\n", encoding="utf-8")
    ingest(home, [tmp_path / "page.md"], embedder=embedder)
    book = Lectern.open(home, embedder)
    for question in ("crane", "zyzzyva", "What lifts loads?"):
        (passage,) = book._find(question, 10).passages
        assert passage.hit.passage.text == "A crane lifts loads."


def side(*pairs: tuple[int, float], unit: float = 1.0) -> Side:
    points, scores = zip(*pairs, strict=True) if pairs else ((), ())
    scored = Scored(np.array(points, np.int64), np.array(scores, np.float64) * unit)
    return Side(scored, Scale(0.2 * unit, 0.1 * unit), min(scores, default=0.0) * unit)


def test_fusing_keeps_the_order_of_a_list_that_has_all_the_weight():
    dense, sparse = side((1, 0.9), (2, 0.5), (3, 0.1)), side((3, 9.0), (2, 4.0), (1, 1.0))
    assert fuse(dense, sparse, 1.0).points.tolist() == [1, 2, 3]
    assert fuse(dense, sparse, 0.0).points.tolist() == [3, 2, 1]


def test_fusing_prefers_what_both_lists_hold():
    dense, sparse = side((1, 0.8), (2, 0.79), (4, 0.2)), side((2, 8.0), (3, 7.9), (5, 2.0))
    assert fuse(dense, sparse, 0.5).points[0] == 2


def test_fusing_does_not_depend_on_the_units_of_a_list():
    dense = side((1, 0.9), (2, 0.5), (3, 0.1))
    one = fuse(dense, side((3, 9.0), (2, 4.0), (1, 1.0)), 0.5)
    other = fuse(dense, side((3, 9.0), (2, 4.0), (1, 1.0), unit=100.0), 0.5)
    assert one.points.tolist() == other.points.tolist()
    np.testing.assert_allclose(one.scores, other.scores, rtol=1e-6)


def test_equal_scores_are_ordered_by_point():
    assert fuse(side((9, 0.5), (2, 0.5)), side(), 0.5).points.tolist() == [2, 9]


def test_fusing_nothing_gives_nothing():
    assert len(fuse(side(), side(), 0.5)) == 0
