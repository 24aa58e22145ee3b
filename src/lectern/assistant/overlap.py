"""How much the words of a sentence and of a piece of a passage have in common."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import groupby

from lectern.assistant.claims import Facts, Word

# Share of a word that is in the passage, but not in the piece looked at: what "it" refers to.
NEARBY = 0.5
COMMON_PREFIX = 5


@dataclass(frozen=True)
class Overlap:
    """Shares from 0 to 1.

    Attributes:
        words: Of the sentence's words, how many the piece has.
        clause: The same, clause by clause, where one clause of the piece must have them.
    """

    words: float
    clause: float


def same(one: str, other: str) -> bool:
    """Tell whether two stems belong to one word, as "singular" and "singularities" do."""
    if one == other:
        return True
    if one[0] == "#" or other[0] == "#" or min(len(one), len(other)) < COMMON_PREFIX:
        return _is_comparative(one, other) or _is_comparative(other, one)
    size = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        size += 1
    return size >= COMMON_PREFIX and max(len(one), len(other)) - size <= 3


def _is_comparative(one: str, other: str) -> bool:
    return len(one) > 2 and other in (one + "er", one + "est", one + "r", one + "st")


def has(stems: Collection[str], wanted: str) -> bool:
    """Tell whether a stem, or another form of its word, is among the stems."""
    return wanted in stems or any(same(wanted, stem) for stem in stems)


def clauses(words: Iterable[Word]) -> list[list[Word]]:
    """Group words by clause, in order."""
    return [list(group) for _, group in groupby(words, key=lambda word: word.clause)]


def sentences(words: Iterable[Word]) -> list[list[Word]]:
    """Group words by sentence, in order."""
    return [list(group) for _, group in groupby(words, key=lambda word: word.sentence)]


def measure_overlap(claim: Facts, piece: Facts, passage: Facts) -> Overlap:
    """Measure what a sentence and a piece of a passage have in common."""
    if not claim.terms:
        return Overlap(1.0, 1.0)
    return Overlap(
        words=_share(claim, piece, passage),
        clause=_clause_share(claim, piece),
    )


def _share(claim: Facts, piece: Facts, passage: Facts) -> float:
    near, far = piece.stems, passage.stems
    earned = (
        1.0 if has(near, stem) else NEARBY if has(far, stem) else 0.0
        for stem in (word.stem for word in claim.terms)
    )
    return sum(earned) / len(claim.terms)


def _clause_share(claim: Facts, piece: Facts) -> float:
    pieces = [stems for sentence in sentences(piece.terms) for stems in _with_subject(sentence)]
    matched = sum(
        max((sum(has(stems, word.stem) for word in clause) for stems in pieces), default=0)
        for clause in clauses(claim.terms)
    )
    return matched / len(claim.terms)


def _with_subject(sentence: list[Word]) -> list[set[str]]:
    """Return the stems of each clause of a sentence, with what it may leave unsaid.

    "The arm stops and lowers the load, which is heavy": the second clause is about the arm, the
    third about the load.
    """
    subject = [word.stem for word in sentence[:2]]
    filled, before = [], list[str]()
    for clause in clauses(sentence):
        stems = [word.stem for word in clause]
        filled.append({*stems, *subject, *before[-1:]})
        before = stems
    return filled
