"""Fit the constants of `search.Evidence`, `assistant.ranking` and `assistant.decision`.

    python -m benchmarks.fit_answers

Reads the development questions (`docs/questions/dev`) and, for ranking and decision, the further
ones in `benchmarks/fit_questions.jsonl`; never the test questions. Prints JSON: the constants to
put into the code, and what cross-validation says of them.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from benchmarks.book_questions import BookQuestion, read_questions, section_of
from lectern.assistant.assistant import PASSAGES
from lectern.assistant.candidates import FEATURES, Candidate, Pool, gather
from lectern.assistant.decision import features
from lectern.ingest import ingest_textbook
from lectern.retrieval.collection import Collection
from lectern.retrieval.embedders import make_embedder
from lectern.retrieval.search import Found, FoundPassage, Searcher
from lectern.settings import load_settings

FALSE_DECLINE_GOAL = 0.03  # of the questions that the book answers
RIDGE = 0.003
RANKING_RIDGE = 0.08  # on standardised values
# Values that are zero for most questions: a ridge on their standardised weights would hide them.
RARE = ("defines", "defines_first", "code_asked", "code_words_asked", "code_names_asked")
RARE_GAIN = 3.0
UNANSWERABLE_WEIGHT = 2.0
FOLDS = 10
DEPTH = 10
MORE = Path(__file__).with_name("fit_questions.jsonl")

Array = npt.NDArray[np.float64]
Label = Callable[[FoundPassage, Candidate], float]


@dataclass(frozen=True)
class Further:
    """A development question without judged sections.

    Attributes:
        text: As a reader asks it.
        facts: Patterns that an answer must hold; empty where the book does not answer it.
        first: Pattern of the sentence that answers most directly; empty if several do.
    """

    text: str
    facts: tuple[str, ...]
    first: str

    def label(self, passage: FoundPassage, candidate: Candidate) -> float:
        """Return how much of the answer a candidate holds, 0 to 1."""
        del passage
        text = re.sub(r"\s+", " ", candidate.text)
        held = sum(bool(re.search(fact, text)) for fact in self.facts) / max(len(self.facts), 1)
        if not self.first:
            return held
        return max(0.7 * held, float(bool(re.search(self.first, text))))


def main() -> None:
    """Fit all models and print them."""
    questions, further = read_questions("dev"), read_further()
    found = search_all([*(q.text for q in questions), *(q.text for q in further)])
    pools = [gather(result) for result in found]
    labels = [*(labeller(question) for question in questions), *(q.label for q in further)]
    answerable = [*(q.is_answerable for q in questions), *(bool(q.facts) for q in further)]
    relevance = fit_relevance(questions, found[: len(questions)])
    rows = np.array([features(result, pool) for result, pool in zip(found, pools, strict=True)])
    decision = fit_decision(rows, np.array(answerable, np.float64))
    made = {"relevance": relevance, "ranking": fit_ranking(pools, labels), "decision": decision}
    print(json.dumps(made, indent=2))


def read_further() -> list[Further]:
    """Read the development questions without judged sections."""
    lines = MORE.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line]
    return [Further(row["text"], tuple(row["must_contain"]), row["first"]) for row in rows]


def labeller(question: BookQuestion) -> Label:
    """Return what tells how much of a question's answer a candidate holds, 0 to 1."""

    def label(passage: FoundPassage, candidate: Candidate) -> float:
        grade = {2: 1.0, 1: 0.5}.get(question.sections.get(section_of(passage.hit.passage), 0), 0.2)
        text = re.sub(r"\s+", " ", candidate.text)
        held = sum(bool(re.search(fact, text, re.IGNORECASE)) for fact in question.facts)
        return grade * held / max(len(question.facts), 1)

    return label


def search_all(texts: Sequence[str]) -> list[Found]:
    """Search every question in a fresh index of the textbook."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder), embedder="minilm", qdrant_url="")
        embedder = make_embedder(settings)
        ingest_textbook(settings, embedder=embedder)
        opened = Collection(settings).open(embedder.name)
        searcher = Searcher(opened.index, embedder, opened.statistics)
        found = [searcher.find(text, PASSAGES) for text in texts]
        opened.index.close()
        return found


def fit_ranking(pools: Sequence[Pool], labels: Sequence[Label]) -> dict[str, float]:
    """Fit a conditional logit: the candidates that hold the answer, against the others."""
    rows, shares = [], []
    for pool, label in zip(pools, labels, strict=True):
        held = np.array([label(pool.passages[c.rank], c) for c in pool.candidates]) ** 2
        if held.size and held.sum():
            rows.append(pool.rows.astype(np.float64))
            shares.append(held / held.sum())
    gain = np.array([RARE_GAIN if name in RARE else 1.0 for name in FEATURES])
    scale = (np.concatenate(rows).std(axis=0) + 1e-9) / gain
    scaled = [row / scale for row in rows]

    def loss(weights: Array) -> tuple[float, Array]:
        total, slope = 0.0, np.zeros_like(weights)
        for row, share in zip(scaled, shares, strict=True):
            logits = row @ weights
            chance = np.exp(logits - logits.max())
            chance /= chance.sum()
            total -= float(share @ np.log(chance + 1e-12))
            slope -= row.T @ (share - chance)
        penalty = RANKING_RIDGE * float(weights @ weights) / 2.0
        return total / len(scaled) + penalty, slope / len(scaled) + RANKING_RIDGE * weights

    weights = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B").x / scale
    return {name: round(float(w), 2) for name, w in zip(FEATURES, weights, strict=True)}


def fit_relevance(questions: list[BookQuestion], found: list[Found]) -> dict[str, float]:
    """Fit "this passage lies in a section that answers" to (cosine, BM25 share, 1 / rank)."""
    rows, labels = [], []
    for question, result in zip(questions, found, strict=True):
        for passage in result.passages[:DEPTH]:
            evidence = passage.evidence
            rows.append((evidence.cosine, evidence.share, 1.0 / evidence.rank))
            labels.append(section_of(passage.hit.passage) in question.sections)
    intercept, cosine, share, rank = logistic(np.array(rows), np.array(labels, np.float64))
    return {"intercept": intercept, "cosine": cosine, "share": share, "rank": rank}


def fit_decision(rows: Array, labels: Array) -> dict[str, object]:
    """Fit "the book answers" to the decision's features, with a threshold for the goal."""
    held_out = cross_validated(rows, labels)
    answered, unanswered = held_out[labels == 1], held_out[labels == 0]
    threshold = float(np.quantile(answered, FALSE_DECLINE_GOAL))
    intercept, *coefficients = logistic(rows, labels, UNANSWERABLE_WEIGHT)
    return {
        "intercept": intercept,
        "coefficients": coefficients,
        "threshold": sigmoid(threshold),
        "cross_validation": {
            "answerable_declined": float(np.mean(answered < threshold)),
            "unanswerable_declined": float(np.mean(unanswered < threshold)),
            "auc": float(np.mean(answered[:, None] > unanswered[None])),
            "questions": len(labels),
        },
    }


def logistic(rows: Array, labels: Array, zeros_weigh: float = 1.0) -> list[float]:
    """Return intercept and coefficients of a ridge-penalised logistic regression."""
    weigh = np.where(labels == 1, 1.0, zeros_weigh)
    design = np.column_stack([np.ones(len(rows)), rows])

    def loss(weights: Array) -> float:
        logits = design @ weights
        penalty = RIDGE * float(np.sum(weights[1:] ** 2)) / 2.0
        return float(np.mean(weigh * (np.logaddexp(0.0, logits) - labels * logits))) + penalty

    return [round(float(w), 3) for w in minimize(loss, np.zeros(design.shape[1])).x]


def cross_validated(rows: Array, labels: Array) -> Array:
    """Return the logit of each row from a model that has not seen it."""
    order = np.random.default_rng(0).permutation(len(rows))
    logits = np.zeros(len(rows))
    for fold in range(FOLDS):
        test = order[fold::FOLDS]
        train = np.setdiff1d(order, test)
        weights = np.array(logistic(rows[train], labels[train], UNANSWERABLE_WEIGHT))
        logits[test] = weights[0] + rows[test] @ weights[1:]
    return logits


def sigmoid(logit: float) -> float:
    """Return the probability of a logit, rounded for the code."""
    return round(float(1.0 / (1.0 + np.exp(-logit))), 3)


if __name__ == "__main__":
    main()
