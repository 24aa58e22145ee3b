"""`lectern ingest` and `lectern eval`."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lectern.cli.output import print_json, print_text
from lectern.cli.progress import shown_progress
from lectern.errors import InvalidInput

if TYPE_CHECKING:
    from lectern.ingest import IngestReport
    from lectern.retrieval.evaluation import Measures

_SKIPPED_SHOWN = 20


def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files and folders.")],
    collection: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Collection to fill.  [default: LECTERN_COLLECTION]"),
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Start from nothing instead of what changed.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.")
    ] = False,
) -> None:
    """Take sources in: Markdown, MDX, reStructuredText, HTML, notebooks, PDF.

    Example: lectern ingest docs/ notes.ipynb --collection course

    Only files that changed are read; files below PATH that vanished are forgotten. It can be
    stopped at any moment: the last good index stays usable.
    """
    from lectern.ingest import ingest as take_in
    from lectern.settings import load_settings

    settings = load_settings(collection=collection)
    with shown_progress() as on_progress:
        report = take_in(settings, paths, rebuild=rebuild, on_progress=on_progress)
    if as_json:
        print_json({"collection": settings.collection, **asdict(report)})
    else:
        print_text(_in_words(settings.collection, report))


def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Test collection in BEIR form.")],
    run: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the rankings as a TREC run.")
    ] = None,
    score: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Score this TREC run instead of searching."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.")
    ] = False,
) -> None:
    """Measure retrieval on a folder with corpus.jsonl, queries.jsonl and qrels.tsv.

    Example: lectern eval datasets/scifact --run scifact.run

    The index of the corpus is kept and used again as long as the corpus stays the same.
    """
    if run and score:
        raise InvalidInput("--run and --score exclude each other.", "Give one of them.")
    document = _scored(folder, score) if score else _searched(folder, run)
    if as_json:
        print_json(document)
    else:
        print_text(_as_table(document))


def _scored(folder: Path, path: Path) -> dict[str, Any]:
    from lectern.retrieval.evaluation import measure, read_collection, read_run

    measures = measure(read_run(path), read_collection(folder).judgements)
    return _document(folder, measures, documents=None, search_ms=None, run=path)


def _searched(folder: Path, path: Path | None) -> dict[str, Any]:
    import numpy as np

    from lectern.evaluate import evaluate
    from lectern.retrieval.evaluation import write_run
    from lectern.settings import load_settings

    if path:
        _require_writable(path)
    with shown_progress() as on_progress:
        done = evaluate(load_settings(), folder, on_progress=on_progress)
    if path:
        write_run(path, done.run)
    p50, p95 = np.percentile(done.search_ms, [50, 95]).tolist()
    search_ms = {"p50": p50, "p95": p95}
    return _document(folder, done.measures, done.documents, search_ms, path)


def _require_writable(path: Path) -> None:
    """Refuse a file that cannot be written before the long work instead of after it."""
    place = path if path.exists() else path.parent
    if path.is_dir() or not place.exists() or not os.access(place, os.W_OK):
        raise InvalidInput(
            f"The run {path} cannot be written.", "Name a file in a folder of yours."
        )


def _document(
    folder: Path,
    measures: Measures,
    documents: int | None,
    search_ms: dict[str, float] | None,
    run: Path | None,
) -> dict[str, Any]:
    return {
        "dir": str(folder),
        "documents": documents,
        "queries": measures.queries,
        "metrics": {
            "ndcg@10": measures.ndcg_at_10,
            "recall@5": measures.recall_at_5,
            "recall@10": measures.recall_at_10,
            "mrr@10": measures.mrr_at_10,
        },
        "search_ms": search_ms,
        "run": str(run) if run else None,
    }


def _as_table(document: dict[str, Any]) -> str:
    metrics, times = document["metrics"], document["search_ms"]
    rows = [
        ("nDCG@10", f"{metrics['ndcg@10']:.4f}"),
        ("Recall@5", f"{metrics['recall@5']:.4f}"),
        ("Recall@10", f"{metrics['recall@10']:.4f}"),
        ("MRR@10", f"{metrics['mrr@10']:.4f}"),
        ("queries", f"{document['queries']}"),
    ]
    if times:
        rows += [
            ("documents", f"{document['documents']}"),
            ("search p50", f"{times['p50']:.2f} ms"),
            ("search p95", f"{times['p95']:.2f} ms"),
        ]
    if document["run"]:
        rows.append(("run", document["run"]))
    return "\n".join(f"{name:<11} {value}" for name, value in rows)


def _in_words(collection: str, report: IngestReport) -> str:
    lines = [
        f"Collection {collection!r}: {report.added} files added, {report.changed} changed, "
        f"{report.unchanged} unchanged, {report.removed} removed; "
        f"{report.passages} passages in all; {report.seconds:.1f} s."
    ]
    shown = report.skipped[:_SKIPPED_SHOWN]
    lines += [f"Skipped {skipped.source}: {skipped.reason}" for skipped in shown]
    more = len(report.skipped) - len(shown)
    if more:
        lines.append(f"Skipped {more} more, which --json lists.")
    return "\n".join(lines)
