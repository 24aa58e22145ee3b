"""How good retrieval, abstention and extractive answers are on the questions over the textbook.

    python -m benchmarks.answer_quality [dev|test]

Prints JSON. `dev` is what constants were fitted on; `test` is what is reported. Intervals are 95 %
bootstrap intervals over questions.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.book_questions import (
    BookQuestion,
    ask_all,
    holds_facts,
    read_questions,
    section_rankings,
)
from lectern.app import Lectern
from lectern.assistant.model import Answer
from lectern.ingest import ingest_textbook
from lectern.retrieval.evaluation import ndcg, recall, reciprocal_rank
from lectern.settings import load_settings

_RESAMPLES = 2_000


def main(name: str) -> None:
    """Measure one set and print the figures."""
    questions = read_questions(name)
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(
            home=Path(folder), embedder="minilm", qdrant_url="", answerer="extractive"
        )
        ingest_textbook(settings)
        lectern = Lectern.open(settings)
        rankings = section_rankings(lectern, [q.text for q in questions])
        answers = ask_all(lectern, questions)
    print(json.dumps({"set": name, **measure(questions, rankings, answers)}, indent=2))


def measure(
    questions: Sequence[BookQuestion],
    rankings: Sequence[Sequence[str]],
    answers: Sequence[Answer],
) -> dict[str, object]:
    """Return the figures with their intervals."""
    rows = list(zip(questions, rankings, answers, strict=True))
    answerable = [row for row in rows if row[0].is_answerable]
    answered = [(q, a) for q, _, a in answerable if a.grounded]
    words = [len(answer.answer.split()) for _, answer in answered]
    return {
        "questions": len(rows),
        "answerable": len(answerable),
        "retrieval": {
            "ndcg@10": _interval([ndcg(r, q.sections, 10) for q, r, _ in answerable]),
            "recall@5": _interval([recall(r, q.sections, 5) for q, r, _ in answerable]),
            "mrr@10": _interval([reciprocal_rank(r, q.sections, 10) for q, r, _ in answerable]),
        },
        "abstention": {
            "answerable_declined": _interval([not a.grounded for _, _, a in answerable]),
            "unanswerable_declined": _interval(
                [not a.grounded for q, _, a in rows if not q.is_answerable]
            ),
        },
        "answers": {
            "quotes_exact": _interval([_is_exact(a) for _, _, a in rows]),
            "cite_a_gold_section": _interval([_cites_gold(q, a) for q, a in answered]),
            "hold_the_reference_facts": _interval([holds_facts(a, q.facts) for q, a in answered]),
            "words": {p: float(np.percentile(words, p)) for p in (5, 50, 95)},
        },
    }


def _interval(values: Sequence[float | bool]) -> dict[str, float]:
    """Return the mean and its 95 % bootstrap interval."""
    array = np.array(values, np.float64)
    draws = np.random.default_rng(0).integers(0, len(array), (_RESAMPLES, len(array)))
    low, high = np.percentile(array[draws].mean(axis=1), [2.5, 97.5])
    return {"mean": round(float(array.mean()), 4), "low": round(low, 4), "high": round(high, 4)}


def _is_exact(answer: Answer) -> bool:
    return all(
        Path(c.source).read_bytes().decode("utf-8")[c.start : c.end] == c.quote
        for c in answer.citations
    )


def _cites_gold(question: BookQuestion, answer: Answer) -> bool:
    return any(f"{Path(c.source).stem}#{c.anchor}" in question.sections for c in answer.citations)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "test")
