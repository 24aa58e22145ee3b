"""Fit the constants of `search.Evidence` and `assistant.decision` on the development questions.

    python -m benchmarks.fit_answers

Prints JSON: the coefficients to put into the code, and what cross-validation says of them. Never
reads the test questions.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from benchmarks.book_questions import BookQuestion, read_questions, section_of
from lectern.assistant.decision import features
from lectern.ingest import ingest_textbook
from lectern.retrieval.collection import Collection
from lectern.retrieval.embedders import make_embedder
from lectern.retrieval.search import Found, Searcher
from lectern.settings import load_settings

FALSE_DECLINE_GOAL = 0.04  # of the questions that the book answers
RIDGE = 0.003
FOLDS = 10
DEPTH = 10

Array = npt.NDArray[np.float64]


def main() -> None:
    """Fit both models and print them."""
    questions = read_questions("dev")
    found = search_all(questions)
    print(
        json.dumps(
            {
                "relevance": fit_relevance(questions, found),
                "decision": fit_decision(questions, found),
            },
            indent=2,
        )
    )


def search_all(questions: list[BookQuestion]) -> list[Found]:
    """Search every question in a fresh index of the textbook."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder), embedder="minilm", qdrant_url="")
        embedder = make_embedder(settings)
        ingest_textbook(settings, embedder=embedder)
        opened = Collection(settings).open(embedder.name)
        searcher = Searcher(opened.index, embedder, opened.statistics)
        found = [searcher.find(question.text, DEPTH) for question in questions]
        opened.index.close()
        return found


def fit_relevance(questions: list[BookQuestion], found: list[Found]) -> dict[str, float]:
    """Fit "this passage lies in a section that answers" to (cosine, BM25 share, 1 / rank)."""
    rows, labels = [], []
    for question, result in zip(questions, found, strict=True):
        for passage in result.passages:
            evidence = passage.evidence
            rows.append((evidence.cosine, evidence.share, 1.0 / evidence.rank))
            labels.append(section_of(passage.hit.passage) in question.sections)
    intercept, cosine, share, rank = logistic(np.array(rows), np.array(labels, np.float64))
    return {"intercept": intercept, "cosine": cosine, "share": share, "rank": rank}


def fit_decision(questions: list[BookQuestion], found: list[Found]) -> dict[str, object]:
    """Fit "the book answers" to the decision's features, with a threshold for the goal."""
    rows = np.array([features(result) for result in found])
    labels = np.array([question.is_answerable for question in questions], np.float64)
    held_out = cross_validated(rows, labels)
    answered, unanswered = held_out[labels == 1], held_out[labels == 0]
    threshold = float(np.quantile(answered, FALSE_DECLINE_GOAL))
    intercept, *coefficients = logistic(rows, labels)
    return {
        "intercept": intercept,
        "coefficients": coefficients,
        "threshold": sigmoid(threshold),
        "cross_validation": {
            "answerable_declined": float(np.mean(answered < threshold)),
            "unanswerable_declined": float(np.mean(unanswered < threshold)),
            "auc": float(np.mean(answered[:, None] > unanswered[None])),
            "questions": len(questions),
        },
    }


def logistic(rows: Array, labels: Array) -> list[float]:
    """Return intercept and coefficients of a ridge-penalised logistic regression."""
    design = np.column_stack([np.ones(len(rows)), rows])

    def loss(weights: Array) -> float:
        logits = design @ weights
        penalty = RIDGE * float(np.sum(weights[1:] ** 2)) / 2.0
        return float(np.mean(np.logaddexp(0.0, logits) - labels * logits)) + penalty

    return [round(float(w), 3) for w in minimize(loss, np.zeros(design.shape[1])).x]


def cross_validated(rows: Array, labels: Array) -> Array:
    """Return the logit of each row from a model that has not seen it."""
    order = np.random.default_rng(0).permutation(len(rows))
    logits = np.zeros(len(rows))
    for fold in range(FOLDS):
        test = order[fold::FOLDS]
        train = np.setdiff1d(order, test)
        weights = np.array(logistic(rows[train], labels[train]))
        logits[test] = weights[0] + rows[test] @ weights[1:]
    return logits


def sigmoid(logit: float) -> float:
    """Return the probability of a logit, rounded for the code."""
    return round(float(1.0 / (1.0 + np.exp(-logit))), 3)


if __name__ == "__main__":
    main()
