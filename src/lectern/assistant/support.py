"""Decides whether a passage says what a sentence says.

The check needs no language model. A sentence is compared with runs of up to three sentences of a
passage. First come the guards: a number, name, formula, negation, opposite, quantifier or exchange
of roles that the passage does not have makes the sentence unsupported, however alike the words
are. What passes them is weighed by how many of its words the passage has, in one clause and
altogether, and by how close the two are in meaning (embedding).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lectern.assistant.claims import Facts, plain_formula, read_facts
from lectern.assistant.contradiction import contradiction
from lectern.assistant.overlap import Overlap, has, measure_overlap
from lectern.book.model import Passage
from lectern.book.sentences import SentenceKind, split_sentences

Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]

MAX_WINDOW = 3
# A shorter quote is worth so much of its score.
QUOTE_SLACK = 0.15


@dataclass(frozen=True)
class Weights:
    """Logistic weights of the check, fitted by `benchmarks/support_check.py` on its own set."""

    bias: float
    words: float
    clause: float
    meaning: float

    def probability(self, overlap: Overlap, similarity: float) -> float:
        """Return how likely a sentence with these measurements is supported, 0 to 1."""
        logit = (
            self.bias
            + self.words * overlap.words
            + self.clause * overlap.clause
            + self.meaning * similarity
        )
        return 1.0 / (1.0 + math.exp(-logit))


FITTED = Weights(bias=-9.56, words=4.48, clause=4.33, meaning=3.43)
THRESHOLD = 0.5


@dataclass(frozen=True)
class Support:
    """A quote that backs a sentence.

    Attributes:
        passage: Index of the passage, counted from 0.
        start: Offset of the quote in the passage's text.
        end: Offset after the quote.
        score: How likely the quote backs the sentence, 0 to 1.
    """

    passage: int
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Verdict:
    """What came of one check.

    Attributes:
        supports: Quotes that back the sentence, the passages in the order they were asked for;
            empty when nothing does.
        reason: Why nothing does, for traces: a guard's name or "too little in common".
    """

    supports: tuple[Support, ...]
    reason: str = ""


@dataclass(frozen=True)
class _Window:
    start: int
    end: int
    first: int
    last: int
    facts: Facts


class _Evidence:
    """One passage, prepared once and asked often."""

    def __init__(self, passage: Passage, embed: Embed) -> None:
        self.text = passage.text
        self.trail = " ".join(passage.heading)
        self._spans = split_sentences(passage.text)
        self._embed = embed

    @cached_property
    def formulas(self) -> str:
        return plain_formula(self.text)

    @cached_property
    def squeezed(self) -> str:
        return "".join(self.text.split())

    @cached_property
    def facts(self) -> Facts:
        return read_facts(f"{self.trail}. {self.text}")

    @cached_property
    def windows(self) -> tuple[_Window, ...]:
        runs = (
            (first, first + size - 1)
            for size in range(1, MAX_WINDOW + 1)
            for first in range(len(self._spans) - size + 1)
        )
        return tuple(self._window(first, last) for first, last in runs)

    @cached_property
    def vectors(self) -> npt.NDArray[np.float32]:
        """Unit vectors of the windows, shape (windows, dimension)."""
        sentences = self._embed([self.text[span.start : span.end] for span in self._spans])
        rows = [sentences[window.first : window.last + 1].mean(axis=0) for window in self.windows]
        stacked = np.stack(rows)
        norms = np.linalg.norm(stacked, axis=1, keepdims=True)
        return np.asarray(stacked / np.maximum(norms, 1e-12), np.float32)

    def _window(self, first: int, last: int) -> _Window:
        start, end = self._spans[first].start, self._spans[last].end
        return _Window(start, end, first, last, read_facts(self.text[start:end]))

    def closest(self, claim: Facts, window: _Window) -> Facts:
        """Return the facts of the sentence of a window that shares most words with a claim."""
        # The windows of one sentence come first, in order.
        single = [one.facts for one in self.windows[window.first : window.last + 1]]
        wanted = [word.stem for word in claim.terms]
        return max(single, key=lambda facts: sum(has(facts.stems, stem) for stem in wanted))

    def whole(self, kinds: tuple[SentenceKind, ...]) -> list[tuple[int, int]]:
        """Return the spans of the blocks of these kinds."""
        return [(span.start, span.end) for span in self._spans if span.kind in kinds]


class SupportCheck:
    """Checks sentences against the passages that an answer was made from."""

    def __init__(
        self, passages: Sequence[Passage], embed: Embed, weights: Weights = FITTED
    ) -> None:
        """Prepare the check; passages are embedded when they are first asked.

        Args:
            passages: What the model was given, in that order.
            embed: Turns n texts into unit vectors of shape (n, dimension).
            weights: Fitted weights.
        """
        self._evidence = [_Evidence(passage, embed) for passage in passages]
        self._embed = embed
        self._weights = weights

    def sentence(self, text: str, cited: Sequence[int]) -> Verdict:
        """Check one sentence of prose.

        The cited passages come first; where none of them backs the sentence, or none is cited,
        the best of the others counts, for then the citation was wrong and not the sentence.

        Args:
            text: The sentence; citations in it are ignored.
            cited: Indices of passages, counted from 0; those out of range are ignored.
        """
        claim = read_facts(text)
        if not claim.terms and not claim.formulas:
            return Verdict((), "no claim")
        vector = self._embed([text])[0]
        asked = list(dict.fromkeys(i for i in cited if 0 <= i < len(self._evidence)))
        found = {index: self._best(claim, vector, index) for index in asked}
        supports = [hit for hit in found.values() if isinstance(hit, Support)]
        if not supports:
            others = [i for i in range(len(self._evidence)) if i not in asked]
            found |= {index: self._best(claim, vector, index) for index in others}
            hits = [hit for hit in found.values() if isinstance(hit, Support)]
            supports = sorted(hits, key=lambda hit: -hit.score)[:1]
        if supports:
            return Verdict(tuple(supports))
        reasons = [reason for reason in found.values() if isinstance(reason, str)]
        return Verdict((), reasons[0] if reasons else "no passages")

    def formula(self, text: str, cited: Sequence[int]) -> Verdict:
        """Check a display formula: a passage must have it, layout aside."""
        wanted = plain_formula(text.strip().removeprefix("\\[").removesuffix("\\]"))
        return self._verbatim(
            cited,
            (SentenceKind.MATH, SentenceKind.TEXT, SentenceKind.ITEM),
            lambda quote: bool(wanted) and wanted in plain_formula(quote),
        )

    def code(self, text: str, cited: Sequence[int]) -> Verdict:
        """Check a code block: a passage's block must have each of its lines, comments aside."""
        wanted = _code_lines(text)
        return self._verbatim(
            cited,
            (SentenceKind.CODE,),
            lambda quote: bool(wanted) and wanted <= _code_lines(quote),
        )

    def table(self, text: str, cited: Sequence[int]) -> Verdict:
        """Check a table: a passage's table must have the cells of each of its rows in a row."""
        rows = _table_rows(text)
        return self._verbatim(
            cited,
            (SentenceKind.TABLE,),
            lambda quote: (
                bool(rows)
                and all(any(_in_order(row, given) for given in _table_rows(quote)) for row in rows)
            ),
        )

    def _verbatim(
        self,
        cited: Sequence[int],
        kinds: tuple[SentenceKind, ...],
        has: Callable[[str], bool],
    ) -> Verdict:
        order = dict.fromkeys([*cited, *range(len(self._evidence))])
        for index in order:
            if not 0 <= index < len(self._evidence):
                continue
            evidence = self._evidence[index]
            for start, end in evidence.whole(kinds):
                if has(evidence.text[start:end]):
                    return Verdict((Support(index, start, end, 1.0),))
        return Verdict((), "not in a passage word for word")

    def measure(self, text: str, index: int) -> list[tuple[str, Overlap, float, Support]]:
        """Return what the check sees for each run of sentences of a passage, for fitting.

        Args:
            text: The sentence.
            index: The passage, counted from 0.

        Returns:
            For each run: the guard that speaks against it or "", the overlap, the similarity,
            and the quote with its score.
        """
        return list(self._measured(read_facts(text), self._embed([text])[0], index))

    def _best(self, claim: Facts, vector: npt.NDArray[np.float32], index: int) -> Support | str:
        """Return the shortest of the best quotes of a passage, or why there is none."""
        evidence = self._evidence[index]
        missing = _missing(claim, evidence)
        if missing:
            return missing
        backing: list[Support] = []
        reason, closest = "too little in common", 0.0
        for guard, _, _, quote in self._measured(claim, vector, index):
            if not guard and quote.score >= THRESHOLD:
                backing.append(quote)
            elif guard and quote.score > closest:
                # The reason worth telling is that of the quote that came closest.
                reason, closest = guard, quote.score
        top = max((quote.score for quote in backing), default=0.0)
        good = (quote for quote in backing if quote.score >= top - QUOTE_SLACK)
        return min(good, key=lambda quote: quote.end - quote.start, default=None) or reason

    def _measured(
        self, claim: Facts, vector: npt.NDArray[np.float32], index: int
    ) -> Iterator[tuple[str, Overlap, float, Support]]:
        evidence = self._evidence[index]
        if not evidence.windows:
            return
        similarities = evidence.vectors @ vector
        for window, similarity in zip(evidence.windows, similarities, strict=True):
            overlap = measure_overlap(claim, window.facts, evidence.facts)
            score = self._weights.probability(overlap, float(similarity))
            quote = Support(index, window.start, window.end, score)
            closest = evidence.closest(claim, window)
            guard = contradiction(claim, window.facts, closest, evidence.facts)
            yield guard, overlap, float(similarity), quote


def _missing(claim: Facts, evidence: _Evidence) -> str:
    """Name what a paraphrase cannot change and the passage does not have."""
    lowered = f"{evidence.squeezed} {''.join(evidence.trail.split())}".lower()
    for name in claim.names:
        plain = "".join(name.split()).lower()
        if plain not in lowered and plain.removesuffix("s") not in lowered:
            return f"{name} is not in the passage"
    for formula in claim.formulas:
        if formula not in evidence.formulas:
            return f"the formula {formula} is not in the passage"
    return ""


def _code_lines(block: str) -> set[str]:
    lines = (line.split("#", 1)[0] for line in block.splitlines())
    squeezed = ("".join(line.split()) for line in lines if not line.lstrip().startswith("```"))
    return {line for line in squeezed if line}


def _table_rows(table: str) -> list[tuple[str, ...]]:
    rows = (tuple(cell.strip() for cell in line.split("|")) for line in table.splitlines())
    filled = (tuple(cell for cell in row if cell) for row in rows)
    return [row for row in filled if set("".join(row)) - set("-:+= ")]


def _in_order(row: Sequence[str], given: Sequence[str]) -> bool:
    rest = iter(given)
    return all(cell in rest for cell in row)
