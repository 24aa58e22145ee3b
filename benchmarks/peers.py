"""Lectern beside LlamaIndex and Haystack: the same texts, the same vectors, one run.

python -m benchmarks.peers DIR... [--systems NAME...]

Each DIR is in BEIR form. Needs the packages of `requirements/peers.txt`; the README in this folder
says how to install them beside Lectern. Every system runs in a process of its own, one after the
other.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from pydantic import TypeAdapter

from benchmarks.book import temporary_settings
from benchmarks.peer_systems import RESULTS, SYSTEMS, make_system
from benchmarks.report import ROOT, Bar, Figures, Percentiles, Stopwatch, publish, say, tidy
from benchmarks.retrieval_quality import Interval, interval, score
from benchmarks.server import memory_of
from lectern.retrieval.evaluation import read_collection

WARM_UP = 10


class PeerFigures(Figures):
    """One system on one set, with one length of the lists that are fused.

    `query` counts everything; `query_without_embedding` leaves the model out, which is the same
    for all. `loaded_mib` is the memory before any text came in.
    """

    folder: str
    system: str
    list_depth: int
    documents: int
    questions: int
    ndcg_at_10: Interval
    recall_at_10: Interval
    mrr_at_10: Interval
    query: Percentiles
    query_without_embedding: Percentiles
    index_seconds: float
    index_seconds_without_embedding: float
    loaded_mib: float
    resident_mib: float
    peak_mib: float


def measure(name: str, folder: Path) -> list[PeerFigures]:
    """Index one set with one system and ask its questions at every depth."""
    tests = read_collection(folder)
    judged = {
        query: tests.queries[query]
        for query, grades in tests.judgements.items()
        if query in tests.queries and any(grade > 0 for grade in grades.values())
    }
    rows = []
    with temporary_settings() as settings:
        system, embedder = make_system(name, settings)
        loaded = memory_of(os.getpid())
        started = time.perf_counter()
        documents = system.index(folder)
        seconds, embedding = time.perf_counter() - started, embedder.seconds
        for depth in system.depths:
            for question in list(judged.values())[:WARM_UP]:
                system.search(question, depth)
            times, bare, rankings = [], [], {}
            for query, question in judged.items():
                embedded, before = embedder.seconds, time.perf_counter()
                rankings[query] = system.search(question, depth)[:RESULTS]
                times.append((time.perf_counter() - before) * 1e3)
                bare.append(times[-1] - (embedder.seconds - embedded) * 1e3)
            scores = score(rankings, tests.judgements)
            memory = memory_of(os.getpid())
            rows.append(
                PeerFigures(
                    folder=folder.resolve().name,
                    system=name,
                    list_depth=depth,
                    documents=documents,
                    questions=len(judged),
                    ndcg_at_10=interval(scores["ndcg_at_10"]),
                    recall_at_10=interval(scores["recall_at_10"]),
                    mrr_at_10=interval(scores["mrr_at_10"]),
                    query=Percentiles.of(times),
                    query_without_embedding=Percentiles.of(bare),
                    index_seconds=tidy(seconds),
                    index_seconds_without_embedding=tidy(seconds - embedding),
                    loaded_mib=tidy(loaded.resident_mib),
                    resident_mib=tidy(memory.resident_mib),
                    peak_mib=tidy(memory.peak_mib),
                )
            )
    return rows


_ROWS = TypeAdapter(list[PeerFigures])


def measure_apart(name: str, folder: Path) -> list[PeerFigures]:
    """Do `measure` in a process of its own."""
    say(f"{folder.resolve().name}: {name} ...")
    command = [sys.executable, "-m", "benchmarks.peers", str(folder.resolve()), "--inside", name]
    # Haystack would report its use to its makers, Hugging Face's tokenizers would warn of forks.
    quiet = {"HAYSTACK_TELEMETRY_ENABLED": "False", "TOKENIZERS_PARALLELISM": "true"}
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **quiet}, stdout=subprocess.PIPE, check=True
    )
    return _ROWS.validate_json(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="DIR", help="in BEIR form")
    parser.add_argument("--systems", nargs="+", choices=tuple(SYSTEMS), default=list(SYSTEMS))
    parser.add_argument("--inside", choices=tuple(SYSTEMS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(_ROWS.dump_json(measure(options.inside, options.folders[0])).decode())
        return
    watch = Stopwatch()
    figures = [
        row
        for folder in options.folders
        for name in options.systems
        for row in measure_apart(name, folder)
    ]
    publish(
        "peers", watch, {"results": RESULTS, "model": "all-MiniLM-L6-v2"}, figures, bars(figures)
    )


def bars(figures: list[PeerFigures]) -> list[Bar]:
    """Hold Lectern's ranking against the best of the others on every set."""
    found = []
    for folder in dict.fromkeys(row.folder for row in figures):
        rows = [row for row in figures if row.folder == folder]
        own = [row.ndcg_at_10.mean for row in rows if row.system == "lectern"]
        others = [row.ndcg_at_10.mean for row in rows if row.system != "lectern"]
        if own and others:
            what = f"nDCG@10 on {folder} against the best peer"
            found.append(Bar.at_least(what, own[0], max(others), ""))
    return found


if __name__ == "__main__":
    main()
