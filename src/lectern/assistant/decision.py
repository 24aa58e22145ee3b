"""Whether the book answers a question at all, decided from retrieval alone, before any answer.

A logistic model over values of the search. Coefficients and threshold were fitted by
`benchmarks/fit_answers.py` on development questions and nowhere else; the error rates on questions
kept apart are in `docs/answers.md`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lectern.assistant.candidates import FEATURES, Pool, gather
from lectern.assistant.ranking import scores
from lectern.retrieval.search import Found

INTERCEPT = -3.812
COEFFICIENTS = (1.324, 0.239, -2.023, -2.666, 2.747, 2.539, 1.875)
THRESHOLD = 0.329
_CONSIDERED = 5
_DIRECT = 3
_SCORE_UNIT = 10.0
_LONGEST_TOPIC = 20
_PASSAGE_WORDS = FEATURES.index("words_of_passage")


def features(found: Found, pool: Pool | None = None) -> tuple[float, ...]:
    """Return what the decision hangs on, each of the order of 1.

    In order: how close the closest sentence of the first five passages is in meaning (cosine); the
    highest share of the best possible BM25 score among them; the share of the question's words, by
    weight, that the book never uses; whether a person, a date or a price is asked for; the share of
    the question's words in the passage of the most direct sentence; how direct the three best
    sentences are (`ranking.py`); how many words the topic has.
    """
    pool = gather(found) if pool is None else pool
    top = found.passages[:_CONSIDERED]
    closest = max(
        (
            float((passage.sentences.vectors @ found.query.dense).max())
            for passage in top
            if len(passage.sentences.spans)
        ),
        default=0.0,
    )
    share = max((passage.evidence.share for passage in top), default=0.0)
    covered, direct = _directness(pool)
    return (
        closest,
        share,
        found.query.unknown_share,
        float(pool.question.person_or_date),
        covered,
        direct,
        math.log1p(len(pool.question.topic)) / math.log1p(_LONGEST_TOPIC),
    )


def _directness(pool: Pool) -> tuple[float, float]:
    """Return the topic's share in the best candidate's passage, and the mean of the best scores."""
    if not pool.candidates:
        return 0.0, 0.0
    rated = scores(pool)
    best = np.sort(rated)[::-1][:_DIRECT]
    covered = float(pool.rows[int(np.argmax(rated)), _PASSAGE_WORDS])
    return covered, float(best.mean()) / _SCORE_UNIT


def answerability(values: Sequence[float]) -> float:
    """Return the probability, 0 to 1, that the book answers, given `features`."""
    logit = INTERCEPT + sum(c * v for c, v in zip(COEFFICIENTS, values, strict=True))
    return 1.0 / (1.0 + math.exp(-logit))
