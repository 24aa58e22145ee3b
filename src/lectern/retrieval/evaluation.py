"""Measuring retrieval on test collections in BEIR form, with TREC run files.

Measures are those of `trec_eval`: nDCG with linear gains (Järvelin and Kekäläinen, 2002), recall,
and the reciprocal rank of the first relevant document, each averaged over the queries that have at
least one relevant document.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lectern.book.model import Passage, SourceKind
from lectern.errors import InvalidInput
from lectern.retrieval.stored import IndexText
from lectern.retrieval.writer import Record

Run = dict[str, dict[str, float]]
"""Score by document by query."""
Judgements = dict[str, dict[str, int]]
"""Grade by document by query; 0 and below is not relevant."""


@dataclass(frozen=True)
class TestCollection:
    """A corpus, its questions and which documents answer them."""

    folder: Path
    queries: dict[str, str]
    judgements: Judgements

    __test__ = False  # not a test class, whatever pytest thinks of its name


@dataclass(frozen=True)
class Measures:
    """Averages over queries."""

    ndcg_at_10: float
    recall_at_5: float
    recall_at_10: float
    mrr_at_10: float
    queries: int


def read_collection(folder: Path) -> TestCollection:
    """Read `queries.jsonl` and `qrels.tsv` (or `qrels/test.tsv`) of a folder.

    Raises:
        InvalidInput: A file is missing or has a line that cannot be read.
    """
    queries = {
        str(row["_id"]): str(row["text"]) for row in _read_jsonl(_existing(folder, "queries.jsonl"))
    }
    judgements: Judgements = {}
    path = _existing(folder, "qrels.tsv", "qrels/test.tsv")
    for number, line in enumerate(_read_lines(path, "judgements"), start=1):
        cells = line.split("\t")
        if number == 1 and cells[-1].strip() == "score":
            continue
        if not line.strip():
            continue
        try:
            # Three columns in BEIR's form, four in TREC's.
            query, document, grade = cells[0], cells[-2], int(cells[-1])
        except (IndexError, ValueError) as error:
            raise InvalidInput(
                f"Line {number} of {path} is not `query-id<TAB>corpus-id<TAB>score`.",
                "Correct the line.",
            ) from error
        judgements.setdefault(query, {})[document] = grade
    return TestCollection(folder, queries, judgements)


def corpus_fingerprint(folder: Path) -> str:
    """Return a short hash of the corpus, so that its index can be found again."""
    digest = hashlib.new("sha256")
    with _existing(folder, "corpus.jsonl").open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()[:16]


def corpus_records(folder: Path) -> list[Record]:
    """Return the documents of `corpus.jsonl`, each as one passage named by its `_id`.

    Raises:
        InvalidInput: The file is missing, has a line that cannot be read, or an `_id` twice.
    """
    path = _existing(folder, "corpus.jsonl")
    return [_record(path, row) for row in _read_jsonl(path)]


def _record(path: Path, row: Mapping[str, Any]) -> Record:
    title, text = str(row.get("title") or ""), str(row["text"])
    passage = Passage(
        passage_id=str(row["_id"]),
        source=str(path),
        kind=SourceKind.MARKDOWN,
        title=title,
        heading=(title,) if title else (),
        anchor="",
        text=text,
        start=0,
        end=len(text),
    )
    return Record(passage, IndexText(f"{title}\n{text}".strip(), (), ()))


def _existing(folder: Path, *names: str) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise InvalidInput(
        f"The folder {folder} has no {' or '.join(names)}.",
        "Give a folder with corpus.jsonl, queries.jsonl and qrels.tsv in BEIR form.",
    )


def _read_lines(path: Path, what: str) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"The {what} {path} cannot be read: {error}.", "Check the path and the file."
        ) from error


def _read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    lines: dict[str, int] = {}
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line.decode("utf-8"))
                if not isinstance(row, dict) or "_id" not in row or "text" not in row:
                    raise ValueError("not an object with _id and text")
                if (first := lines.setdefault(str(row["_id"]), number)) != number:
                    raise ValueError(f"line {first} has the same _id {str(row['_id'])!r}")
            except ValueError as error:
                raise InvalidInput(
                    f"Line {number} of {path} cannot be read: {error}.", "Correct the line."
                ) from error
            yield row


def measure(run: Run, judgements: Judgements) -> Measures:
    """Score a run; a query the run lacks counts as zero.

    Raises:
        InvalidInput: No query has a relevant document.
    """
    judged = {
        query: {d: g for d, g in grades.items() if g > 0}
        for query, grades in judgements.items()
        if any(g > 0 for g in grades.values())
    }
    if not judged:
        raise InvalidInput("No query has a relevant document.", "Check the judgements.")
    rankings = {query: ranked(run.get(query, {})) for query in judged}

    def mean(score: Callable[[Sequence[str], Mapping[str, int]], float]) -> float:
        return sum(score(rankings[q], relevant) for q, relevant in judged.items()) / len(judged)

    return Measures(
        ndcg_at_10=mean(lambda ranking, relevant: ndcg(ranking, relevant, 10)),
        recall_at_5=mean(lambda ranking, relevant: recall(ranking, relevant, 5)),
        recall_at_10=mean(lambda ranking, relevant: recall(ranking, relevant, 10)),
        mrr_at_10=mean(lambda ranking, relevant: reciprocal_rank(ranking, relevant, 10)),
        queries=len(judged),
    )


def ranked(scores: Mapping[str, float]) -> list[str]:
    """Return documents by falling score, ties broken by identifier as `trec_eval` does."""
    return sorted(scores, key=lambda document: (scores[document], document), reverse=True)


def ndcg(ranking: Sequence[str], relevant: Mapping[str, int], depth: int) -> float:
    """Return the normalised discounted cumulative gain of the first `depth` documents."""
    gains = [relevant.get(document, 0) for document in ranking[:depth]]
    ideal = sorted(relevant.values(), reverse=True)[:depth]
    return _discounted(gains) / _discounted(ideal)


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def recall(ranking: Sequence[str], relevant: Mapping[str, int], depth: int) -> float:
    """Return the share of the relevant documents among the first `depth`."""
    return sum(1 for document in ranking[:depth] if document in relevant) / len(relevant)


def reciprocal_rank(ranking: Sequence[str], relevant: Mapping[str, int], depth: int) -> float:
    """Return 1 over the rank of the first relevant document within `depth`, else 0."""
    for rank, document in enumerate(ranking[:depth], start=1):
        if document in relevant:
            return 1.0 / rank
    return 0.0


def read_run(path: Path) -> Run:
    """Read a TREC run: `query Q0 document rank score tag` a line.

    Raises:
        InvalidInput: The file or one of its lines cannot be read.
    """
    run: Run = {}
    for number, line in enumerate(_read_lines(path, "run"), start=1):
        try:
            query, _, document, _, score, _ = line.split()
            run.setdefault(query, {})[document] = float(score)
        except ValueError as error:
            raise InvalidInput(
                f"Line {number} of {path} is not `query Q0 document rank score tag`.",
                "Correct the line.",
            ) from error
    return run


def write_run(path: Path, run: Run, tag: str = "lectern") -> None:
    """Write a TREC run.

    Raises:
        InvalidInput: A query or document name holds white space, which a run cannot hold.
    """
    for name in {*run, *(document for scores in run.values() for document in scores)}:
        if len(name.split()) != 1:
            raise InvalidInput(
                f"The name {name!r} cannot stand in a TREC run.", "Use names without white space."
            )
    with path.open("w", encoding="utf-8") as stream:
        for query, scores in run.items():
            for rank, document in enumerate(ranked(scores), start=1):
                stream.write(f"{query} Q0 {document} {rank} {scores[document]:.6f} {tag}\n")
