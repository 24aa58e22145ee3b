"""Measure, or fit, the check that every sentence of an answer is backed by a passage.

    .venv/bin/python benchmarks/support_check.py            # rates on both sets, as JSON
    .venv/bin/python benchmarks/support_check.py --fit      # weights fitted on the development set
    .venv/bin/python benchmarks/support_check.py --wrong    # the cases it gets wrong

The weights are fitted on `support_dev.jsonl` only; `support_test.jsonl` has other passages.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from lectern.assistant.overlap import Overlap
from lectern.assistant.support import FITTED, Embed, SupportCheck, Weights
from lectern.book.model import Passage, SourceKind
from lectern.retrieval.embedders import make_embedder
from lectern.settings import load_settings

DATA = Path(__file__).resolve().parents[1] / "tests" / "assistant" / "data"
ROUNDS = 8
RIDGE = 0.02
# Letting a wrong sentence through is worse than dropping a right one.
NEGATIVE_WEIGHT = 2.0


@dataclass(frozen=True)
class Case:
    """One sentence, one passage, and whether the passage says it."""

    sentence: str
    passage: str
    supported: bool
    kind: str


def read_cases(name: str) -> list[Case]:
    """Read one of the two sets."""
    lines = (DATA / f"support_{name}.jsonl").read_text("utf-8").splitlines()
    return [Case(**json.loads(line)) for line in lines]


def make_check(case: Case, embed: Embed, weights: Weights) -> SupportCheck:
    """Build the check for the passage of a case."""
    passage = Passage(
        passage_id="0" * 16,
        source="/case.md",
        kind=SourceKind.MARKDOWN,
        title="Case",
        heading=("Case",),
        anchor="",
        text=case.passage,
        start=0,
        end=len(case.passage),
    )
    return SupportCheck([passage], embed, weights)


def judge(cases: list[Case], embed: Embed, weights: Weights) -> Iterator[tuple[Case, bool, str]]:
    """Yield each case with the verdict and its reason."""
    for case in cases:
        verdict = make_check(case, embed, weights).sentence(case.sentence, [0])
        yield case, bool(verdict.supports), verdict.reason


def rates(cases: list[Case], embed: Embed, weights: Weights) -> dict[str, object]:
    """Return the error rates on a set."""
    judged = list(judge(cases, embed, weights))
    supported = [said for case, said, _ in judged if case.supported]
    unsupported = [said for case, said, _ in judged if not case.supported]
    return {
        "cases": len(judged),
        "accuracy": round(sum(said == case.supported for case, said, _ in judged) / len(judged), 4),
        "false_accept_rate": round(sum(unsupported) / len(unsupported), 4),
        "false_reject_rate": round(supported.count(False) / len(supported), 4),
        "unsupported": len(unsupported),
        "supported": len(supported),
    }


def fit(cases: list[Case], embed: Embed) -> Weights:
    """Fit the weights: choose each case's best quote, fit, and repeat until that settles."""
    weights = FITTED
    for _ in range(ROUNDS):
        rows, labels = [], []
        for case in cases:
            measured = make_check(case, embed, weights).measure(case.sentence, 0)
            free = [item for item in measured if not item[0]]
            if free:
                _, overlap, similarity, _ = max(free, key=lambda item: item[3].score)
                rows.append(features(overlap, similarity))
                labels.append(case.supported)
        weights = logistic(np.array(rows), np.array(labels, float))
    return weights


def features(overlap: Overlap, similarity: float) -> list[float]:
    """Return what the logistic weights apply to, the bias first."""
    return [1.0, overlap.words, overlap.clause, similarity]


def logistic(rows: np.ndarray, labels: np.ndarray) -> Weights:
    """Fit logistic weights by Newton steps; a ridge keeps them small on so little data."""
    importance = np.where(labels > 0, 1.0, NEGATIVE_WEIGHT)
    ridge = RIDGE * len(labels) * np.diag([0.0, 1.0, 1.0, 1.0]) / 10
    beta = np.zeros(rows.shape[1])
    for _ in range(50):
        guess = 1 / (1 + np.exp(-rows @ beta))
        slope = rows.T @ (importance * (labels - guess)) - ridge @ beta
        curvature = (rows.T * (importance * guess * (1 - guess))) @ rows + ridge
        beta = beta + np.linalg.solve(curvature, slope)
    return Weights(*(round(float(value), 2) for value in beta))


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--fit", action="store_true", help="fit the weights first")
    parser.add_argument("--wrong", action="store_true", help="list the wrong verdicts on stderr")
    options = parser.parse_args()
    embed = make_embedder(load_settings()).embed
    development, test = read_cases("dev"), read_cases("test")
    weights = fit(development, embed) if options.fit else FITTED
    if options.wrong:
        for case, said, reason in judge(development, embed, weights):
            if said != case.supported:
                print(
                    f"{case.supported!s:5} [{case.kind}] {case.sentence} ({reason})",
                    file=sys.stderr,
                )
    result = {
        "weights": asdict(weights),
        "dev": rates(development, embed, weights),
        "test": rates(test, embed, weights),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
