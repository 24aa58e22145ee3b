"""Whether the book answers a question at all, decided from retrieval alone, before any answer.

A logistic model over three values of the search. Coefficients and threshold were fitted by
`benchmarks/fit_answers.py` on the development questions (`docs/questions/dev`) and nowhere else;
the error rates on questions kept apart are in `docs/answers.md`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from lectern.retrieval.search import Found

INTERCEPT = -0.001
COEFFICIENTS = (3.133, 2.072, -4.416)
THRESHOLD = 0.548
_CONSIDERED = 5


def features(found: Found) -> tuple[float, float, float]:
    """Return what the decision hangs on, each between about 0 and 1.

    How close the closest sentence of the first five passages is in meaning (cosine); the highest
    share of the best possible BM25 score among them; the share of the question's words, by weight,
    that the book never uses.
    """
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
    return (closest, share, found.query.unknown_share)


def answerability(values: Sequence[float]) -> float:
    """Return the probability, 0 to 1, that the book answers, given `features`."""
    logit = INTERCEPT + sum(c * v for c, v in zip(COEFFICIENTS, values, strict=True))
    return 1.0 / (1.0 + math.exp(-logit))
