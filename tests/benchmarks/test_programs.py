"""Each program runs at a tiny size and prints one JSON document that says what it should."""

from __future__ import annotations

import json
import operator
from pathlib import Path
from typing import Any

import pytest
from benchmarks.report import Report

pytestmark = pytest.mark.slow
MACHINE = {"cpu", "cores", "memory_gib", "os", "load_at_start"}


def check(report: dict[str, Any], name: str, tmp_path: Path) -> list[dict[str, Any]]:
    """Check what all reports share; return the figures."""
    assert report["benchmark"] == name
    assert set(report) == set(Report.model_fields)
    assert set(report["machine"]) == MACHINE
    assert {"python", "lectern", "onnxruntime", "numpy", "qdrant-edge-py"} <= set(
        report["versions"]
    )
    kept = json.loads((tmp_path / "results" / f"{name}.json").read_text("utf-8"))
    assert kept == report
    for bar in report["bars"]:
        compare = operator.le if bar["sign"] == "<=" else operator.ge
        assert bar["holds"] is compare(bar["measured"], bar["limit"])
    figures: list[dict[str, Any]] = report["figures"]
    return figures


def test_search_latency_finds_the_same_as_exact_search(run_program, tmp_path):
    report = run_program("benchmarks.search_latency", "--sizes", 60, 120, "--queries", 5)

    small, large = check(report, "search_latency", tmp_path)

    assert (small["passages"], large["passages"]) == (60, 120)
    assert small["lectern"]["count"] == 5
    assert small["same_top_10_share"] > 0.95
    assert report["bars"] == []  # the design has none for these sizes


def test_answer_latency_times_every_question_and_its_steps(run_program, questions, tmp_path):
    report = run_program("benchmarks.answer_latency", "--questions", questions, "--rounds", 2)

    (figures,) = check(report, "answer_latency", tmp_path)

    assert figures["total"]["count"] == 6
    assert set(figures["mean_ms_by_step"]) >= {"embed", "search", "total"}
    assert figures["mean_ms_by_step"]["total"] <= figures["total"]["mean_ms"]
    assert report["bars"][0]["limit"] == 50.0


def test_http_load_counts_answers_and_errors(run_program, questions, tmp_path):
    arguments = ("--questions", questions, "--readers", 3, "--seconds", 0.5)
    report = run_program("benchmarks.http_load", *arguments)

    (figures,) = check(report, "http_load", tmp_path)

    assert figures["errors"] == 0
    assert figures["statuses"] == {"200": figures["requests"]}
    assert figures["requests"] >= 3
    assert figures["distinct_questions"] <= figures["requests"]
    assert [bar["limit"] for bar in report["bars"]] == [60.0, 400.0, 0.0]


def test_memory_sees_the_server_with_and_without_an_index(run_program, questions, tmp_path):
    report = run_program("benchmarks.memory", "--questions", questions, "--asked", 3)

    figures = check(report, "memory", tmp_path)

    assert [row["start"] for row in figures] == [
        "first start, makes the index",
        "index already there",
    ]
    # The weights of the model alone take 87 MiB.
    assert all(87 < row["resident_mib"] <= row["peak_mib"] for row in figures)


def test_startup_waits_for_a_first_answer(run_program, tmp_path):
    report = run_program("benchmarks.startup", "--runs", 1)

    (figures,) = check(report, "startup", tmp_path)

    assert figures["runs_s"] == [figures["slowest_s"]]
    assert figures["slowest_s"] > 0
    assert report["bars"][0]["limit"] == 5.0


def test_ingest_rate_reads_only_what_changed(run_program, tmp_path):
    report = run_program("benchmarks.ingest_rate", "--copies", 2)

    new, same, changed = check(report, "ingest_rate", tmp_path)

    assert (new["files_read"], new["files_unchanged"]) == (2, 0)
    assert (same["files_read"], same["files_unchanged"]) == (0, 2)
    assert (changed["files_read"], changed["files_unchanged"]) == (1, 1)
    assert new["passages_per_second"] > 0


def test_simulator_measures_speed_tracking_and_stops(run_program, tmp_path):
    report = run_program("benchmarks.simulator", "--goals", 1, "--rounds", 1, "--stops", 3)

    speed, tracking, stops = check(report, "simulator", tmp_path)

    assert 0 < speed["lectern_median"] <= speed["lectern_best"]
    assert speed["plain_mujoco_best"] > 0
    assert (tracking["motions"], stops["stops"]) == (1, 3)
    assert 0 < stops["median_ms"] <= stops["p95_ms"] <= stops["max_ms"]
    assert [bar["limit"] for bar in report["bars"]] == [50.0, 0.01, 50.0]
    assert {"mujoco", "ompl", "pin", "toppra"} <= set(report["versions"])


def test_planning_compares_with_plain_ompl_scene_by_scene(run_program, tmp_path):
    report = run_program("benchmarks.planning", "--goals", 2, "--scene", "free")

    lectern, plain = check(report, "planning", tmp_path)

    assert (lectern["planner"], plain["planner"]) == ("lectern", "plain_ompl")
    assert (lectern["goals"], lectern["colliding_when_rechecked"]) == (2, 0)
    assert report["bars"][0]["what"] == "median, free"


def test_pick_and_place_counts_what_succeeded(run_program, tmp_path):
    report = run_program("benchmarks.pick_and_place", "--runs", 1)

    (figures,) = check(report, "pick_and_place", tmp_path)

    assert figures["runs"] == figures["succeeded"] + sum(figures["failures"].values()) == 1
    assert report["bars"][0]["limit"] == 0.98


def test_joint_state_readers_see_the_arm_at_rest_and_moving(run_program, tmp_path):
    arguments = ("--readers", 2, "--seconds", 1, "--rate", 30)
    report = run_program("benchmarks.joint_state_readers", *arguments)

    resting, moving = check(report, "joint_state_readers", tmp_path)

    assert (resting["arm"], moving["arm"]) == ("at rest", "moving")
    assert resting["motions"] == 0
    assert min(resting["states"], moving["states"]) >= 2
    assert [bar["limit"] for bar in report["bars"]] == 2 * [30.0, 50.0]


def test_retrieval_quality_scores_every_ranking_of_a_set(run_program, tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    texts = ["The Jacobian maps joint velocities.", "A topic carries messages.", "Arms have links."]
    corpus = [{"_id": f"d{n}", "title": "", "text": text} for n, text in enumerate(texts)]
    queries = [{"_id": "q0", "text": "what is the jacobian"}, {"_id": "q1", "text": "topic"}]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    (folder / "qrels.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq0\td0\t1\nq1\td1\t1\n", encoding="utf-8"
    )

    report = run_program("benchmarks.retrieval_quality", folder)

    (figures,) = check(report, "retrieval_quality", tmp_path)
    assert (figures["documents"], figures["questions"]) == (3, 2)
    assert {row["ranking"]: row["ndcg_at_10"]["mean"] for row in figures["rankings"]} == {
        "dense": 1.0,
        "bm25": 1.0,
        "rrf_60": 1.0,
        "convex_min_max": 1.0,
        "lectern_first_round": 1.0,
        "lectern": 1.0,
    }
    assert figures["not_below_better_part"] is True
    assert [bar["holds"] for bar in report["bars"]] == [True, True]


def test_embed_runtimes_agree_on_the_vectors(run_program, tmp_path):
    report = run_program("benchmarks.embed_runtimes", "--passages", 3, "--queries", 3)

    figures = check(report, "embed_runtimes", tmp_path)

    assert [row["runtime"] for row in figures][:2] == ["onnxruntime", "numpy"]
    assert all(row["lowest_cosine_to_onnxruntime"] > 0.9999 for row in figures)


def test_all_of_them_are_run_and_gathered_in_one_document(run_program, tmp_path):
    gathered = run_program("benchmarks", "ingest_rate")

    assert list(gathered) == ["ingest_rate"]
    check(gathered["ingest_rate"], "ingest_rate", tmp_path)
    assert run_program("benchmarks", "--results") == gathered
