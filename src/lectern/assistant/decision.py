"""Whether the book answers a question at all, decided from retrieval alone, before any answer.

A logistic model over four values of the search. Coefficients and threshold were fitted by
`benchmarks/fit_decision.py` on the development questions (`docs/questions/dev`) and nowhere else;
the error rates on questions kept apart are in `docs/answers.md`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from lectern.retrieval.search import Found

INTERCEPT = -6.0
COEFFICIENTS = (9.0, 3.0, 3.0, -2.0)
THRESHOLD = 0.5
_CONSIDERED = 5


def features(found: Found) -> tuple[float, float, float, float]:
    """Return what the decision hangs on, each between about 0 and 1.

    Highest cosine among the first five passages; highest share of the best possible BM25 score
    among them; mean cosine of the first three (one stray match does not make a topic); share of
    the question's words that the book never uses.
    """
    top = found.passages[:_CONSIDERED]
    if not top:
        return (0.0, 0.0, 0.0, 1.0)
    cosines = sorted((passage.evidence.cosine for passage in top), reverse=True)
    return (
        cosines[0],
        max(passage.evidence.share for passage in top),
        sum(cosines[:3]) / len(cosines[:3]),
        found.query.unknown_share,
    )


def answerability(values: Sequence[float]) -> float:
    """Return the probability, 0 to 1, that the book answers, given `features`."""
    logit = INTERCEPT + sum(c * v for c, v in zip(COEFFICIENTS, values, strict=True))
    return 1.0 / (1.0 + math.exp(-logit))
