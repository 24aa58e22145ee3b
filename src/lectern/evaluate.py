"""Evaluating the whole retrieval on a BEIR-form folder: index it once, search all its questions."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lectern.errors import InvalidInput
from lectern.ingest import OnProgress, Progress
from lectern.retrieval.bm25 import TermStatistics
from lectern.retrieval.collection import FORMAT, Collection, OpenIndex
from lectern.retrieval.embedders import make_embedder
from lectern.retrieval.embedders.base import Embedder
from lectern.retrieval.evaluation import (
    Measures,
    Run,
    TestCollection,
    corpus_fingerprint,
    corpus_records,
    measure,
    read_collection,
)
from lectern.retrieval.fusion import FusionParameters
from lectern.retrieval.index.base import point_id
from lectern.retrieval.search import Searcher
from lectern.retrieval.writer import IndexWriter, VectorJournal
from lectern.settings import Settings

RUN_DEPTH = 100


@dataclass(frozen=True)
class Evaluation:
    """Measures of one run, the run itself, and the time of one search without embedding."""

    measures: Measures
    run: Run
    documents: int
    search_ms: tuple[float, ...]


def evaluate(
    settings: Settings,
    folder: Path,
    *,
    on_progress: OnProgress | None = None,
    parameters: FusionParameters | None = None,
) -> Evaluation:
    """Search every judged question of `folder` and score the rankings.

    The index is kept in the collection `eval-...` of the home folder and used again as long as the
    corpus stays the same.

    Raises:
        InvalidInput: The folder is not in BEIR form, or judges none of its queries.
    """
    report = on_progress or (lambda _: None)
    tests = read_collection(folder)
    if tests.queries.keys().isdisjoint(tests.judgements):
        raise InvalidInput(
            f"No query of {folder}/queries.jsonl has a judgement.", "Check the identifiers."
        )
    embedder = make_embedder(settings)
    opened, names = open_corpus(settings, folder, embedder, report)
    try:
        searcher = Searcher(opened.index, embedder, opened.statistics, parameters)
        run, times = _search_all(searcher, tests, embedder, names, report)
    finally:
        opened.index.close()
    return Evaluation(measure(run, tests.judgements), run, len(names), tuple(times))


def open_corpus(
    settings: Settings, folder: Path, embedder: Embedder, report: OnProgress
) -> tuple[OpenIndex, dict[int, str]]:
    """Index `corpus.jsonl` unless that was done, and open it; also return document ids by point."""
    # An index belongs to one model and one layout, so each gets its own.
    maker = zlib.crc32(f"{embedder.name} {FORMAT}".encode())
    name = f"eval-{corpus_fingerprint(folder)}-{maker:08x}"
    collection = Collection(settings.model_copy(update={"collection": name}))
    records = corpus_records(folder)
    names = {point_id(record.passage.passage_id): record.passage.passage_id for record in records}
    with collection.lock():
        if not collection.exists():
            with (
                collection.build(embedder.dimension, rebuild=True) as index,
                VectorJournal(collection.journal, embedder) as journal,
            ):
                writer = IndexWriter(index, journal, embedder, TermStatistics(), None)
                total = len(records)
                writer.add(records, lambda done: report(Progress("embed", done, total)))
                writer.finish()
    return collection.open(embedder.name), names


def _search_all(
    searcher: Searcher,
    tests: TestCollection,
    embedder: Embedder,
    names: dict[int, str],
    report: Callable[[Progress], None],
) -> tuple[Run, list[float]]:
    judged = [query for query in tests.judgements if query in tests.queries]
    vectors = embedder.embed([tests.queries[query] for query in judged])
    run: Run = {}
    times = []
    for number, (query, vector) in enumerate(zip(judged, vectors, strict=True)):
        started = time.perf_counter()
        _, last = searcher.rank(searcher.understand_vector(tests.queries[query], vector))
        times.append((time.perf_counter() - started) * 1e3)
        top = zip(last.fused.points[:RUN_DEPTH], last.fused.scores[:RUN_DEPTH], strict=True)
        run[query] = {names[int(point)]: float(score) for point, score in top}
        report(Progress("search", number + 1, len(judged)))
    return run, times
