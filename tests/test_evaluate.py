from __future__ import annotations

import json

import pytest

from lectern import evaluate as module
from lectern.errors import InvalidInput
from lectern.evaluate import evaluate
from lectern.retrieval.evaluation import measure, read_collection, read_run, write_run

CORPUS = {
    "d1": ("Cranes", "A crane lifts heavy loads with a hook."),
    "d2": ("Cats", "A cat sleeps in the sun most of the day."),
    "d3": ("", "Wheels of rubber roll quietly over the floor."),
    "d4": ("Suction", "A vacuum holds smooth parts."),
}
QUERIES = {"q1": "What lifts loads?", "q2": "sleeping animal", "q3": "rubber wheels", "q4": "?"}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "beir"
    folder.mkdir()
    corpus = [{"_id": i, "title": title, "text": text} for i, (title, text) in CORPUS.items()]
    queries = [{"_id": i, "text": text} for i, text in QUERIES.items()]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    (folder / "qrels.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\nq3\td3\t2\n", encoding="utf-8"
    )
    return folder


@pytest.fixture(autouse=True)
def _one_embedder(monkeypatch, counting):
    monkeypatch.setattr(module, "make_embedder", lambda settings: counting)


def test_every_judged_question_is_searched_and_scored(home, folder):
    told = []
    result = evaluate(home, folder, on_progress=told.append)
    assert result.documents == 4
    assert set(result.run) == {"q1", "q2", "q3"}
    assert result.measures.queries == len(result.search_ms) == 3
    assert result.measures.ndcg_at_10 == 1.0
    assert result.measures.mrr_at_10 == 1.0
    assert [progress.phase for progress in told] == ["embed", "search", "search", "search"]


def test_the_index_is_used_again_until_the_corpus_changes(home, folder, counting):
    first = evaluate(home, folder)
    assert len(counting.texts) == 4
    again = evaluate(home, folder)
    assert len(counting.texts) == 4
    assert again.run == first.run
    row = {"_id": "d5", "title": "", "text": "A dog barks."}
    with (folder / "corpus.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")
    assert evaluate(home, folder).documents == 5
    assert len(counting.texts) == 9


def test_the_run_measures_the_same_after_a_round_trip(home, folder, tmp_path):
    result = evaluate(home, folder)
    write_run(tmp_path / "run.trec", result.run)
    judgements = read_collection(folder).judgements
    assert measure(read_run(tmp_path / "run.trec"), judgements) == result.measures


def test_a_judged_question_without_text_counts_as_zero(home, folder):
    with (folder / "qrels.tsv").open("a", encoding="utf-8") as stream:
        stream.write("q9\td1\t1\n")
    assert evaluate(home, folder).measures.ndcg_at_10 == pytest.approx(3 / 4)


def test_a_malformed_line_of_the_corpus_is_named(home, folder):
    with (folder / "corpus.jsonl").open("ab") as stream:
        stream.write(b"\xff\xfe\n")
    with pytest.raises(InvalidInput, match=r"Line 5 of .*corpus\.jsonl"):
        evaluate(home, folder)


def test_a_folder_without_a_corpus_is_a_clear_error(home, folder):
    (folder / "corpus.jsonl").unlink()
    with pytest.raises(InvalidInput, match=r"corpus\.jsonl"):
        evaluate(home, folder)
