"""Time of one hybrid search, the embedding of the query not counted, by size of the collection.

python -m benchmarks.search_latency [--sizes N...] [--queries N]

Each index is built by one process and searched by another, as `lectern ingest` and `lectern up` do.
Beside Lectern's index, the plain exact way (NumPy and SciPy over everything) answers the same
queries in the same run, through the same two rounds of fusion and feedback.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar, cast

from benchmarks.book import temporary_settings
from benchmarks.exact import ExactIndex
from benchmarks.report import Bar, Figures, Percentiles, Stopwatch, publish, say, tidy
from benchmarks.synthetic import (
    CLUSTERS,
    SEED,
    VOCABULARY,
    ZIPF_EXPONENT,
    HashedEmbedder,
    make_questions,
    make_records,
    read_material,
)
from lectern.retrieval.bm25 import TermStatistics
from lectern.retrieval.collection import Collection
from lectern.retrieval.fusion import FusionParameters
from lectern.retrieval.index.base import PassageIndex, batched
from lectern.retrieval.search import Searcher
from lectern.retrieval.writer import IndexWriter, Record, VectorJournal
from lectern.settings import Settings

BARS_MS = {20_000: 5.0, 100_000: 10.0}
RESULTS_ASKED = 10
WARM_UP = 20
# So many that the mean length of the first chunk is that of all: else all are weighed anew.
_CHUNK = 20_000
_T = TypeVar("_T")


class SearchFigures(Figures):
    """One size of the collection."""

    passages: int
    terms_per_passage: float
    index_mib: float
    build_seconds: float
    lectern: Percentiles
    exact_numpy_scipy: Percentiles
    same_top_10_share: float


def build(collection: Collection, records: Sequence[Record], embedder: HashedEmbedder) -> float:
    """Write the records; return the seconds it took."""
    started = time.perf_counter()
    statistics = TermStatistics()
    with (
        collection.lock(),
        collection.build(embedder.dimension, rebuild=True) as index,
        VectorJournal(collection.journal, embedder) as journal,
    ):
        writer = IndexWriter(index, journal, embedder, statistics, None)
        for chunk in batched(records, _CHUNK):
            writer.add(chunk)
            say(f"  {statistics.documents} of {len(records)} passages written")
        writer.finish()
    return time.perf_counter() - started


def search_all(
    searcher: Searcher, questions: Sequence[str]
) -> tuple[list[float], list[tuple[str, ...]]]:
    """Return the milliseconds of each search and what it found."""
    for question in questions[:WARM_UP]:
        searcher.find(question, RESULTS_ASKED)
    times, found = [], []
    for question in questions:
        started = time.perf_counter()
        result = searcher.find(question, RESULTS_ASKED).result
        times.append((time.perf_counter() - started) * 1e3)
        found.append(tuple(hit.passage.passage_id for hit in result.hits))
    return times, found


def in_new_process(function: Callable[..., _T], *arguments: Any) -> _T:
    """Call a function of this module in a process that has done nothing else."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def prepare(settings: Settings, size: int, queries: int) -> tuple[float, list[str]]:
    """Build a collection of one size; return the seconds it took, and questions to ask."""
    records = list(make_records(read_material(settings.book), size))
    seconds = build(Collection(settings), records, HashedEmbedder())
    return seconds, make_questions(records, queries)


def search_both_ways(
    settings: Settings, size: int, build_seconds: float, questions: Sequence[str]
) -> SearchFigures:
    """Search a built collection with Lectern's index and exactly."""
    embedder, collection = HashedEmbedder(), Collection(settings)
    embedder.embed(questions)
    opened = collection.open(embedder.name)
    # As `lectern up` does before it serves.
    gc.collect()
    gc.freeze()
    try:
        say("  searching Lectern's index ...")
        times, found = search_all(Searcher(opened.index, embedder, opened.statistics), questions)
        say("  searching exactly with NumPy and SciPy ...")
        exact = cast(PassageIndex, ExactIndex(opened.index))
        plain, truth = search_all(Searcher(exact, embedder, opened.statistics), questions)
    finally:
        opened.index.close()
    shared = [len(set(a) & set(b)) / max(len(b), 1) for a, b in zip(found, truth, strict=True)]
    return SearchFigures(
        passages=size,
        terms_per_passage=tidy(opened.statistics.mean_length),
        index_mib=tidy(_size(collection.folder / opened.generation) / 2**20),
        build_seconds=tidy(build_seconds),
        lectern=Percentiles.of(times),
        exact_numpy_scipy=Percentiles.of(plain),
        same_top_10_share=tidy(sum(shared) / len(shared)),
    )


def measure(settings: Settings, size: int, queries: int) -> SearchFigures:
    """Build a collection of one size and search it."""
    say(f"{size} passages:")
    own = settings.model_copy(update={"collection": f"size-{size}"})
    seconds, questions = in_new_process(prepare, own, size, queries)
    return in_new_process(search_both_ways, own, size, seconds, questions)


def _size(folder: Path) -> int:
    # Blocks, not lengths: Qdrant Edge reserves sparse files that take no room.
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 20_000, 100_000])
    parser.add_argument("--queries", type=int, default=500)
    options = parser.parse_args()
    watch = Stopwatch()
    with temporary_settings() as settings:
        figures = [measure(settings, size, options.queries) for size in options.sizes]
    bars = [
        Bar.at_most(
            f"hybrid search over {row.passages:,} passages, p95",
            row.lectern.p95_ms,
            BARS_MS[row.passages],
            "ms",
        )
        for row in figures
        if row.passages in BARS_MS
    ]
    described: dict[str, Any] = {
        "queries": options.queries,
        "results": RESULTS_ASKED,
        "seed": SEED,
        "dimension": HashedEmbedder.dimension,
        "clusters": CLUSTERS,
        "vocabulary": VOCABULARY,
        "zipf_exponent": ZIPF_EXPONENT,
        "list_depth": FusionParameters().depth,
    }
    publish("search_latency", watch, described, figures, bars)


if __name__ == "__main__":
    main()
