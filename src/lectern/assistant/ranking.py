"""Which candidate answers a question most directly: a linear model over explicit values.

P(candidate) is proportional to exp(weights . values), over the candidates of one question. The
weights were fitted by `benchmarks/fit_answers.py` (conditional logit, ridge) on development
questions, where the candidates that hold the reference's facts are known.
"""

from __future__ import annotations

import numpy as np

from lectern.assistant.candidates import FEATURES, Pool
from lectern.retrieval.embedders.base import Vectors

WEIGHTS = {
    "meaning": 2.89,
    "words": 2.23,
    "words_with_heading": 1.9,
    "words_of_passage": 1.79,
    "passage_meaning": 1.67,
    "heading": 0.55,
    "heading_fits": 0.74,
    "defines": 3.93,
    "defines_first": 1.93,
    "is_about": -0.19,
    "code": -1.08,
    "math": 0.19,
    "backward": -0.02,
    "asks": -0.84,
    "lead": 0.16,
    "neighbour": 1.55,
    "exercise": -0.39,
    "overview": -0.66,
    "reason_asked": 1.09,
    "negation_asked": 0.96,
    "code_asked": 1.37,
    "code_words_asked": 4.74,
    "code_names_asked": 3.04,
    "row_command": 1.72,
    "math_asked": 0.33,
    "length": 0.19,
    "meaning_of_section": 2.35,
}
_VECTOR = np.array([WEIGHTS[name] for name in FEATURES], np.float32)


def scores(pool: Pool) -> Vectors:
    """Return the logit of each candidate, shape (candidates,); only differences mean anything."""
    return np.asarray(pool.rows @ _VECTOR, np.float32)
