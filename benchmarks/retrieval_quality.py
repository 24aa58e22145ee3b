"""How good rankings are: each side alone, plain fusions of the two, and Lectern's own.

python -m benchmarks.retrieval_quality [DIR...] [--cranfield DIR] [--home DIR]

Each DIR is in BEIR form. All rankings come from the same lists of the same index, so a difference
is one of ranking alone. Intervals are percentiles of bootstrap samples of the questions; those of
differences are paired.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.cranfield import convert
from benchmarks.report import Bar, Figures, Stopwatch, publish, say
from lectern.errors import LecternError
from lectern.evaluate import open_corpus
from lectern.ingest import Progress
from lectern.retrieval.embedders import make_embedder
from lectern.retrieval.evaluation import (
    Judgements,
    TestCollection,
    ndcg,
    read_collection,
    recall,
    reciprocal_rank,
)
from lectern.retrieval.fusion import FusionParameters
from lectern.retrieval.index.base import Scored
from lectern.retrieval.search import Searcher
from lectern.settings import Settings, load_settings

SEED = 11
SAMPLES = 5_000
CONFIDENCE = 0.95
RRF_K = 60
CONVEX_WEIGHT = 0.5
DENSE, SPARSE, RRF, CONVEX = "dense", "bm25", f"rrf_{RRF_K}", "convex_min_max"
FIRST_ROUND, LECTERN = "lectern_first_round", "lectern"
RANKINGS = (DENSE, SPARSE, RRF, CONVEX, FIRST_ROUND, LECTERN)

Ranking = list[str]
Rankings = dict[str, dict[str, Ranking]]
"""Document ids, the best first, by question by name of the ranking."""
Scores = npt.NDArray[np.float64]
_MEASURES: dict[str, Callable[[Sequence[str], Mapping[str, int]], float]] = {
    "ndcg_at_10": lambda ranking, relevant: ndcg(ranking, relevant, 10),
    "recall_at_5": lambda ranking, relevant: recall(ranking, relevant, 5),
    "recall_at_10": lambda ranking, relevant: recall(ranking, relevant, 10),
    "mrr_at_10": lambda ranking, relevant: reciprocal_rank(ranking, relevant, 10),
}


class Interval(Figures):
    """A mean over questions with its confidence interval."""

    mean: float
    low: float
    high: float


class RankingFigures(Figures):
    """One ranking of one set; `lectern_gain` is the paired gain of Lectern in nDCG@10 over it."""

    ranking: str
    ndcg_at_10: Interval
    recall_at_5: Interval
    recall_at_10: Interval
    mrr_at_10: Interval
    lectern_gain: Interval


class SetFigures(Figures):
    """One set."""

    name: str
    documents: int
    questions: int
    rankings: list[RankingFigures]
    not_below_better_part: bool
    not_below_rrf: bool


def reciprocal_rank_fusion(lists: Sequence[Scored], k: int = RRF_K) -> list[int]:
    """Fuse by ranks alone (Cormack, Clarke and Buettcher, SIGIR 2009)."""
    scores: dict[int, float] = {}
    for scored in lists:
        for rank, point in enumerate(scored.points.tolist(), start=1):
            scores[point] = scores.get(point, 0.0) + 1.0 / (k + rank)
    return sorted(scores, key=lambda point: (-scores[point], point))


def convex_combination(lists: Sequence[Scored], weights: Sequence[float]) -> list[int]:
    """Add min-max normalised scores; what a list lacks counts as its worst."""
    scores: dict[int, float] = {}
    for scored, weight in zip(lists, weights, strict=True):
        if not len(scored):
            continue
        low, high = scored.scores.min(), scored.scores.max()
        scaled = (scored.scores - low) / (high - low if high > low else 1.0)
        for point, score in zip(scored.points.tolist(), scaled.tolist(), strict=True):
            scores[point] = scores.get(point, 0.0) + weight * score
    return sorted(scores, key=lambda point: (-scores[point], point))


def rank_all(settings: Settings, tests: TestCollection) -> tuple[Rankings, int]:
    """Rank the judged questions in every way; also return the number of documents."""
    embedder = make_embedder(settings)
    opened, names = open_corpus(settings, tests.folder, embedder, _Reporter())
    judged = [q for q in tests.judgements if q in tests.queries and _relevant(tests, q)]
    vectors = embedder.embed([tests.queries[query] for query in judged])
    searcher = Searcher(opened.index, embedder, opened.statistics)
    rankings: Rankings = {name: {} for name in RANKINGS}
    try:
        for query, vector in zip(judged, vectors, strict=True):
            first, last = searcher.rank(searcher.understand_vector(tests.queries[query], vector))
            parts = (first.dense, first.sparse)
            points = {
                DENSE: first.dense.points.tolist(),
                SPARSE: first.sparse.points.tolist(),
                RRF: reciprocal_rank_fusion(parts),
                CONVEX: convex_combination(parts, (CONVEX_WEIGHT, 1.0 - CONVEX_WEIGHT)),
                FIRST_ROUND: first.fused.points.tolist(),
                LECTERN: last.fused.points.tolist(),
            }
            for name, ranked in points.items():
                rankings[name][query] = [names[point] for point in ranked[:10]]
    finally:
        opened.index.close()
    return rankings, len(names)


def _relevant(tests: TestCollection, query: str) -> bool:
    return any(grade > 0 for grade in tests.judgements[query].values())


def score(rankings: Mapping[str, Ranking], judgements: Judgements) -> dict[str, Scores]:
    """Return the scores of each question by measure, all in the same order."""
    relevant = {q: {d: g for d, g in judgements[q].items() if g > 0} for q in rankings}
    return {
        name: np.array([measure(ranking, relevant[q]) for q, ranking in rankings.items()])
        for name, measure in _MEASURES.items()
    }


def interval(scores: Scores) -> Interval:
    """Bootstrap the mean: the same samples of the questions for every call of one length."""
    rng = np.random.default_rng(SEED)
    means = [scores[rng.integers(len(scores), size=len(scores))].mean() for _ in range(SAMPLES)]
    low, high = np.quantile(means, [(1.0 - CONFIDENCE) / 2.0, (1.0 + CONFIDENCE) / 2.0])
    mean = round(float(scores.mean()), 4)
    return Interval(mean=mean, low=round(float(low), 4), high=round(float(high), 4))


def summarise(name: str, rankings: Rankings, documents: int, judgements: Judgements) -> SetFigures:
    """Put the rankings of one set into figures."""
    scored = {ranking: score(rankings[ranking], judgements) for ranking in RANKINGS}
    own = scored[LECTERN]["ndcg_at_10"]
    rows = [
        RankingFigures(
            ranking=ranking,
            **{measure: interval(scored[ranking][measure]) for measure in _MEASURES},
            lectern_gain=interval(own - scored[ranking]["ndcg_at_10"]),
        )
        for ranking in RANKINGS
    ]
    means = {ranking: float(scored[ranking]["ndcg_at_10"].mean()) for ranking in RANKINGS}
    return SetFigures(
        name=name,
        documents=documents,
        questions=len(own),
        rankings=rows,
        not_below_better_part=means[LECTERN] >= max(means[DENSE], means[SPARSE]),
        not_below_rrf=means[LECTERN] >= means[RRF],
    )


def bars_of(figures: SetFigures) -> list[Bar]:
    """Return what the design demands on every set."""
    mean = {row.ranking: row.ndcg_at_10.mean for row in figures.rankings}
    better = max(mean[DENSE], mean[SPARSE])
    what = f"nDCG@10 on {figures.name} against"
    return [
        Bar.at_least(f"{what} the better of dense and BM25", mean[LECTERN], better, ""),
        Bar.at_least(f"{what} RRF (k = {RRF_K})", mean[LECTERN], mean[RRF], ""),
    ]


class _Reporter:
    """Says a tenth of the work at a time."""

    def __init__(self) -> None:
        self._said = -1

    def __call__(self, progress: Progress) -> None:
        tenth = 10 * progress.done // max(progress.total, 1)
        if tenth != self._said:
            self._said = tenth
            say(f"  {progress.phase}: {progress.done} of {progress.total}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*", metavar="DIR", help="in BEIR form")
    parser.add_argument("--cranfield", type=Path, metavar="DIR", help="its original three files")
    parser.add_argument("--home", type=Path, metavar="DIR", help="keep the indexes here")
    options = parser.parse_args()
    watch = Stopwatch()
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lectern-bench-")))
        folders = {folder.resolve().name: folder for folder in options.folders}
        try:
            if options.cranfield:
                folders["cranfield (original files)"] = place / "cranfield"
                convert(options.cranfield, place / "cranfield")
            if not folders:
                parser.error("give at least one DIR, or --cranfield DIR")
            settings = load_settings(home=options.home or place / "home")
            figures = [_measure(settings, name, folder) for name, folder in folders.items()]
        except LecternError as error:
            sys.exit(f"error: {error}")
    described = {
        "embedder": settings.embedder,
        "list_depth": FusionParameters().depth,
        "rrf_k": RRF_K,
        "convex_weight": CONVEX_WEIGHT,
        "bootstrap_samples": SAMPLES,
        "confidence": CONFIDENCE,
        "seed": SEED,
    }
    publish(
        "retrieval_quality", watch, described, figures, [b for row in figures for b in bars_of(row)]
    )


def _measure(settings: Settings, name: str, folder: Path) -> SetFigures:
    say(f"{name}:")
    tests = read_collection(folder)
    rankings, documents = rank_all(settings, tests)
    return summarise(name, rankings, documents, tests.judgements)


if __name__ == "__main__":
    main()
