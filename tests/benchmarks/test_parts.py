from __future__ import annotations

import json
import random

import numpy as np
import pytest
from benchmarks.cranfield import convert
from benchmarks.exact import ExactIndex
from benchmarks.http_load import distinct_questions
from benchmarks.ingest_rate import altered
from benchmarks.report import Bar, Percentiles, tidy
from benchmarks.retrieval_quality import convex_combination, interval, reciprocal_rank_fusion
from benchmarks.synthetic import HashedEmbedder, make_questions, make_records, read_material

from lectern.errors import InvalidInput
from lectern.retrieval.evaluation import read_collection
from lectern.retrieval.index.base import Scored, StoredVectors
from lectern.settings import default_book


def scored(**scores: float) -> Scored:
    """Take `p3=0.5` for point 3 with the score 0.5."""
    return Scored(
        np.array([int(name[1:]) for name in scores]), np.array(list(scores.values()), np.float64)
    )


def test_reciprocal_rank_fusion_prefers_what_both_lists_have():
    assert reciprocal_rank_fusion([scored(p1=9.0, p2=8.0), scored(p3=0.3, p2=0.2)])[0] == 2


def test_a_convex_combination_keeps_how_far_ahead_a_hit_is():
    far_ahead, close = scored(p1=10.0, p2=1.0, p3=0.0), scored(p2=1.0, p1=0.9, p3=0.0)

    assert convex_combination([far_ahead, close], [0.5, 0.5]) == [1, 2, 3]


def test_a_convex_combination_bears_empty_and_level_lists():
    assert convex_combination([scored(), scored(p1=2.0, p2=2.0)], [0.5, 0.5]) == [1, 2]


def test_the_interval_of_a_clear_gain_excludes_zero_and_that_of_no_gain_does_not():
    gain = np.array([0.1, 0.2] * 50)
    noise = np.array([0.5, -0.5] * 50)

    assert interval(gain).low > 0.1
    assert interval(noise).low < 0 < interval(noise).high
    assert interval(gain) == interval(gain)  # seeded


def test_percentiles_are_those_of_the_times():
    spread = Percentiles.of([float(n) for n in range(101)])

    assert (spread.p50_ms, spread.p95_ms, spread.p99_ms, spread.max_ms) == (50, 95, 99, 100)


def test_a_bar_holds_at_its_limit_and_not_beyond():
    assert Bar.at_most("x", 5.0, 5.0, "ms").holds
    assert not Bar.at_most("x", 5.1, 5.0, "ms").holds
    assert Bar.at_least("x", 60.0, 60.0, "").holds
    assert not Bar.at_least("x", 59.9, 60.0, "").holds


def test_numbers_keep_four_significant_digits():
    assert (tidy(123.456), tidy(0.00123456)) == (123.5, 0.001235)


def test_questions_for_the_load_are_all_different_and_the_same_every_time():
    questions = distinct_questions(["Why?", "How?"])

    assert len(set(questions)) == len(questions) > 20
    assert questions == distinct_questions(["Why?", "How?"])


def test_an_altered_copy_keeps_headings_code_and_formulas():
    text = "## The long heading with words\n\nThe robot moves along with $q_1 some$ words here.\n"
    code = "```python\nmoved = some words here\n```\n"

    changed = altered((text + code) * 20, ["xxxx"], random.Random(1))

    assert changed.count("## The long heading with words\n") == 20
    assert changed.count(code) == 20
    assert "xxxx" in changed


class TestSyntheticBook:
    def test_is_the_same_every_time_and_has_spans_of_its_sentences(self):
        material = read_material(default_book())

        records = list(make_records(material, 5))

        assert records == list(make_records(material, 5))
        record = records[0]
        for span, quoted in zip(record.text.spans, record.text.sentences, strict=True):
            sentence = record.text.text[slice(*span)]
            assert sentence == record.passage.text[quoted.start : quoted.end]
            assert sentence.endswith(".")
        assert make_questions(records, 3) == make_questions(records, 3)

    def test_has_vectors_that_depend_on_the_text_alone(self):
        first, second = HashedEmbedder(), HashedEmbedder()

        vectors = first.embed([f"text {n}" for n in range(300)])

        assert np.array_equal(vectors[7], second.embed(["text 7"])[0])
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
        cosines = (vectors @ vectors.T)[np.triu_indices(300, 1)]
        assert 0.15 < np.median(cosines) < 0.35


class MemoryIndex:
    """Three points, with what `ExactIndex` reads of an index."""

    def __init__(self):
        self.points = {
            256: StoredVectors(np.array([1.0, 0.0], np.float32), {5: 1.0, 6: 0.5}),
            512: StoredVectors(np.array([0.6, 0.8], np.float32), {5: 0.25}),
            768: StoredVectors(np.array([0.0, 1.0], np.float32), {7: 1.0}),
        }

    def all_payloads(self):
        return iter((point, {}) for point in self.points)

    def vectors(self, ids):
        return {point: self.points[point] for point in ids}


def test_exact_search_ranks_by_dot_products_and_leaves_zeros_out():
    index = ExactIndex(MemoryIndex())

    dense = index.nearest_dense(np.array([1.0, 0.0], np.float32), 2)
    sparse = index.nearest_sparse({5: 2.0, 99: 1.0}, 3)

    assert dense.points.tolist() == [256, 512]
    assert sparse.points.tolist() == [256, 512]
    assert sparse.scores.tolist() == pytest.approx([2.0, 0.5])
    assert len(index.nearest_sparse({99: 1.0}, 3)) == 0
    assert index.vectors([256])[256].sparse == pytest.approx({5: 1.0, 6: 0.5})


class TestCranfield:
    DOCUMENTS = (
        ".I 1\n.T\nwings in a\nslipstream .\n.A\nsomeone\n.B\nj. 1958.\n.W\n"
        "wings in a\nslipstream .\n  lift was measured .\n"
        ".I 2\n.T\n\n.A\n\n.B\n\n.W\nno title here .\n"
    )
    QUERIES = ".I 001\n.W\nwhat of\nwings .\n.I 004\n.W\nand titles ?\n"
    JUDGEMENTS = "1 1 1\n1 2 -1\n2 2 4 \n"

    @pytest.fixture
    def source(self, tmp_path):
        (tmp_path / "cran.all.1400").write_text(self.DOCUMENTS)
        (tmp_path / "cran.qry").write_text(self.QUERIES)
        (tmp_path / "cranqrel").write_text(self.JUDGEMENTS)
        return tmp_path

    def test_becomes_a_collection_that_can_be_evaluated(self, source, tmp_path):
        convert(source, tmp_path / "beir")

        tests = read_collection(tmp_path / "beir")
        lines = (tmp_path / "beir" / "corpus.jsonl").read_text().splitlines()
        assert [json.loads(line) for line in lines] == [
            {"_id": "1", "title": "wings in a slipstream .", "text": "lift was measured ."},
            {"_id": "2", "title": "", "text": "no title here ."},
        ]
        # Queries are counted, whatever their records are called; 1 is the best code, 4 the least.
        assert tests.queries == {"1": "what of wings .", "2": "and titles ?"}
        assert tests.judgements == {"1": {"1": 4, "2": 0}, "2": {"2": 1}}

    def test_names_the_file_that_is_missing(self, source, tmp_path):
        (source / "cranqrel").unlink()

        with pytest.raises(InvalidInput, match="cranqrel cannot be read"):
            convert(source, tmp_path / "beir")
