from __future__ import annotations

import math
import random

import pytest

from lectern.errors import InvalidInput
from lectern.retrieval.evaluation import (
    corpus_records,
    measure,
    ndcg,
    ranked,
    read_collection,
    read_run,
    recall,
    reciprocal_rank,
    write_run,
)


def test_measures_equal_values_worked_by_hand():
    run = {"q1": {"a": 3.0, "b": 2.0, "c": 1.0}, "q2": {"x": 1.0}, "q3": {"y": 1.0}}
    judgements = {"q1": {"b": 2, "c": 1, "z": 1}, "q2": {"y": 1}, "q3": {"y": 0}}
    # q1: gains 0, 2, 1 against the ideal 2, 1, 1; q2 finds nothing; q3 has nothing to find.
    gained = 2 / math.log2(3) + 1 / math.log2(4)
    ideal = 2 + 1 / math.log2(3) + 1 / math.log2(4)
    measures = measure(run, judgements)
    assert measures.queries == 2
    assert measures.ndcg_at_10 == pytest.approx(gained / ideal / 2)
    assert measures.recall_at_5 == pytest.approx(2 / 3 / 2)
    assert measures.recall_at_10 == pytest.approx(2 / 3 / 2)
    assert measures.mrr_at_10 == pytest.approx(1 / 2 / 2)


def test_measures_equal_an_independent_computation():
    chance = random.Random(11)
    documents = [f"d{n}" for n in range(60)]
    for _ in range(200):
        relevant = {d: chance.choice((1, 1, 2, 3)) for d in chance.sample(documents, 8)}
        ranking = chance.sample(documents, 30)
        places = {d: n for n, d in enumerate(ranking)}
        gain = sum(
            g / math.log2(places[d] + 2) for d, g in relevant.items() if places.get(d, 99) < 10
        )
        ideal = sorted(relevant.values(), reverse=True)
        best = sum(grade / math.log2(place + 2) for place, grade in enumerate(ideal))
        inside = [places[d] for d in relevant if d in places]
        assert ndcg(ranking, relevant, 10) == pytest.approx(gain / best)
        assert recall(ranking, relevant, 5) == sum(n < 5 for n in inside) / 8
        first = min(inside, default=99)
        assert reciprocal_rank(ranking, relevant, 10) == (1 / (first + 1) if first < 10 else 0)


def test_a_perfect_run_measures_one_and_a_missing_query_counts_as_zero():
    judgements = {"q1": {"a": 1}, "q2": {"b": 1}}
    assert measure({"q1": {"a": 1.0}, "q2": {"b": 1.0}}, judgements).ndcg_at_10 == 1.0
    assert measure({"q1": {"a": 1.0}}, judgements).ndcg_at_10 == 0.5


def test_judgements_without_a_relevant_document_are_a_clear_error():
    with pytest.raises(InvalidInput, match="relevant"):
        measure({}, {"q": {"d": 0}})


def test_ties_are_broken_by_identifier_as_trec_eval_does():
    assert ranked({"a": 1.0, "c": 1.0, "b": 2.0}) == ["b", "c", "a"]


def test_a_run_comes_back_from_its_file_in_the_same_order(tmp_path):
    run = {"q1": {"d1": 1.5, "d2": 2.25, "ü": -0.125}, "q2": {"d1": 0.0}}
    write_run(tmp_path / "run", run)
    assert read_run(tmp_path / "run") == run
    first = (tmp_path / "run").read_text(encoding="utf-8").splitlines()[0]
    assert first == "q1 Q0 d2 1 2.250000 lectern"


@pytest.mark.parametrize(
    "line", ["q1 Q0 d1", "q1 Q0 d1 1 high lectern", "q1 Q0 d 1 2 0.5 lectern", ""]
)
def test_a_malformed_line_of_a_run_is_named(line, tmp_path):
    path = tmp_path / "run"
    path.write_text(f"q1 Q0 d1 1 1.0 t\n{line}\nq1 Q0 d3 3 0.1 t\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="Line 2"):
        read_run(path)


def test_a_run_that_is_missing_or_no_text_is_a_clear_error(tmp_path):
    (tmp_path / "run").write_bytes(b"\xff\xfe\x80")
    for name in ("run", "nowhere"):
        with pytest.raises(InvalidInput, match=name):
            read_run(tmp_path / name)


def write(folder, *, queries=b'{"_id": "q1", "text": "crane"}\n', qrels=b"q1\td1\t1\n"):
    (folder / "queries.jsonl").write_bytes(queries)
    (folder / "qrels.tsv").write_bytes(qrels)
    return folder


@pytest.mark.parametrize(
    "qrels",
    [
        b"query-id\tcorpus-id\tscore\nq1\td1\t1\n",
        b"q1\td1\t1\n",
        b"q1\t0\td1\t1\r\n\r\n",
    ],
)
def test_judgements_are_read_with_and_without_a_head_and_in_trec_form(qrels, tmp_path):
    tests = read_collection(write(tmp_path, qrels=qrels))
    assert tests.judgements == {"q1": {"d1": 1}}
    assert tests.queries == {"q1": "crane"}


def test_judgements_may_lie_in_a_folder_as_beir_has_them(tmp_path):
    write(tmp_path)
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels.tsv").rename(tmp_path / "qrels" / "test.tsv")
    assert read_collection(tmp_path).judgements == {"q1": {"d1": 1}}


@pytest.mark.parametrize(
    "files",
    [
        {"queries": b'{"_id": "q1", "text": "a"}\nnot json\n'},
        {"queries": b'{"_id": "q1", "text": "a"}\n[1, 2]\n'},
        {"queries": b'{"_id": "q1", "text": "a"}\n{"text": "no id"}\n'},
        {"queries": b'{"_id": "q1", "text": "a"}\n{"_id": "q2", "text": "\xff"}\n'},
        {"queries": b'{"_id": "q1", "text": "a"}\n{"_id": "q1", "text": "b"}\n'},
        {"qrels": b"q1\td1\t1\nq1\td1\n"},
        {"qrels": b"q1\td1\t1\nq1\td1\tmany\n"},
        {"qrels": b"q1\td1\t1\nonly one cell\n"},
    ],
)
def test_a_malformed_line_is_named_with_its_number_and_file(files, tmp_path):
    name = "queries.jsonl" if "queries" in files else "qrels.tsv"
    with pytest.raises(InvalidInput, match=f"Line 2 of .*{name}"):
        read_collection(write(tmp_path, **files))


def test_judgements_that_are_no_text_are_a_clear_error(tmp_path):
    with pytest.raises(InvalidInput, match=r"qrels\.tsv"):
        read_collection(write(tmp_path, qrels=b"q1\t\xff\t1\n"))


def test_two_documents_of_one_name_are_named_with_their_lines(tmp_path):
    line = b'{"_id": "d1", "text": "crane"}\n'
    (tmp_path / "corpus.jsonl").write_bytes(line + b'{"_id": "d2", "text": "crab"}\n' + line)
    with pytest.raises(InvalidInput, match=r"Line 3 of .*line 1 has the same _id 'd1'"):
        corpus_records(tmp_path)


@pytest.mark.parametrize("name", ["queries.jsonl", "qrels.tsv"])
def test_a_missing_file_is_named(name, tmp_path):
    write(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InvalidInput, match=name.replace(".", r"\.")):
        read_collection(tmp_path)
