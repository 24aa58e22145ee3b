from __future__ import annotations

import json
from pathlib import Path

import pytest

DOCUMENTS = {
    "jacobian": "The Jacobian maps joint velocities to the velocity of the tool.",
    "gripper": "A gripper closes its fingers around an object.",
    "odometry": "Odometry drifts because wheels slip.",
}
QUERIES = {"q1": "tool velocity from joint velocities", "q2": "why does odometry drift"}


def _jsonl(texts: dict[str, str]) -> str:
    rows = ({"_id": name, "title": "", "text": text} for name, text in texts.items())
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text(_jsonl(DOCUMENTS))
    (folder / "queries.jsonl").write_text(_jsonl(QUERIES))
    (folder / "qrels.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\tjacobian\t1\nq2\todometry\t1\n"
    )
    return folder


def test_a_folder_is_measured_and_its_run_written(lectern, folder, tmp_path):
    document = lectern.json("eval", str(folder), "--run", "out.run")

    times = document.pop("search_ms")
    assert 0 < times["p50"] <= times["p95"]
    assert document == {
        "dir": str(folder),
        "documents": 3,
        "queries": 2,
        "metrics": {"ndcg@10": 1.0, "recall@5": 1.0, "recall@10": 1.0, "mrr@10": 1.0},
        "run": "out.run",
    }
    first = (tmp_path / "out.run").read_text().splitlines()[0].split()
    assert first[:4] == ["q1", "Q0", "jacobian", "1"]


def test_a_run_of_another_system_is_scored_without_searching(lectern, folder, tmp_path):
    (tmp_path / "their.run").write_text(
        "q1 Q0 gripper 1 2.0 x\nq1 Q0 jacobian 2 1.0 x\nq2 Q0 odometry 1 1.0 x\n"
    )

    document = lectern.json("eval", str(folder), "--score", "their.run")

    assert document["metrics"]["mrr@10"] == pytest.approx(0.75)
    assert (document["documents"], document["search_ms"]) == (None, None)
    assert not (tmp_path / "home").exists()


def test_people_see_a_table(lectern, folder):
    lines = lectern("eval", str(folder)).stdout.splitlines()

    assert lines[:4] == [
        "nDCG@10     1.0000",
        "Recall@5    1.0000",
        "Recall@10   1.0000",
        "MRR@10      1.0000",
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param("qrels.tsv", b"\xff\n", "cannot be read", id="judgements not UTF-8"),
        pytest.param("qrels.tsv", b"q1 jacobian\n", "Line 1 of", id="a malformed judgement"),
        pytest.param("qrels.tsv", b"q9\tjacobian\t1\n", "No query of", id="nothing judged"),
        pytest.param("corpus.jsonl", b'{"_id": "\xff"}\n', "Line 1 of", id="corpus not UTF-8"),
        pytest.param("queries.jsonl", b"[]\n", "Line 1 of", id="no object"),
    ],
)
def test_a_file_that_cannot_be_read_is_wrong_use(lectern, folder, name, content, said):
    (folder / name).write_bytes(content)

    result = lectern("eval", str(folder))

    assert result.exit_code == 2
    assert said in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        pytest.param(["--run", "a", "--score", "b"], "exclude each other", id="both"),
        pytest.param(["--run", "nowhere/a.run"], "cannot be written", id="run in no folder"),
        pytest.param(["--score", "nothing.run"], "cannot be read", id="no such run"),
    ],
)
def test_a_run_that_cannot_be_used_is_refused_before_the_work(lectern, folder, args, said):
    result = lectern("eval", str(folder), *args)

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
