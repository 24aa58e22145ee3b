"""Answers made of the book's own sentences: chosen, ordered, joined, and cited to the character.

The most direct sentence comes first (`ranking.py`). Others follow as long as they say something new
(maximal marginal relevance; Carbonell and Goldstein, SIGIR 1998) and are nearly as good; sentences
of the same section need less. A formula, code or list comes along with the sentence that leads to
it, and a sentence that refers back with the one before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from lectern.assistant.candidates import (
    BACKWARD,
    GOES_ON,
    Candidate,
    Match,
    Pool,
    gather,
    name_fit,
    section_of,
    terms_of,
)
from lectern.assistant.display import shown, without_bullet
from lectern.assistant.model import Citation
from lectern.assistant.ranking import scores
from lectern.book.sentences import SentenceKind
from lectern.retrieval.search import Found, FoundPassage

MIN_WORDS = 40
MAX_WORDS = 120
_MAX_SENTENCES = 6
_MAX_SECTIONS = 3
_MAX_ITEMS = 6
_MAX_CODE_LINES = 40
_MAX_WITH_CODE = 3
_MAX_UNASKED_CODE_LINES = 12
# How far below the best score, in logits, a sentence may lie: while the answer is short, after
# that, and by how much less when it stands in another section than the best.
_SHORT_GAP = 3.5
_LONG_GAP = 1.8
_OTHER_SECTION = 0.6
_NEXT = 1.5  # what a sentence gains that goes on from one already taken
_CODE_LINE = 0.05  # what a line of code costs: the simplest piece that fits
_CODE_NAME = 3.0  # what it gains at most by what it defines or creates
_CODE_BESIDE = 2.0  # what it gains in the section of the best sentence
_LEAST_CODE_SHARE = 0.4
_NOVELTY = 2.0
_ALIKE = 0.6
_GAP = re.compile(r"[ \t]*\n(?:[ \t]*\n)+")

Place = tuple[int, int, int]


@dataclass(frozen=True)
class Extract:
    """An extractive answer: Markdown with `[n]` marks, and the citations they refer to."""

    answer: str
    citations: tuple[Citation, ...]


def extract(found: Found, pool: Pool | None = None, *, said: str = "") -> Extract:
    """Answer from the passages of a search; empty if no sentence fits.

    Args:
        found: The search.
        pool: What `gather` makes of it, where that is known.
        said: What was answered before; it is repeated only if nothing else is left.
    """
    pool = gather(found) if pool is None else pool
    quotes = _Quotes(pool, said)
    chosen = quotes.choose()
    return _Page(pool, quotes.best).write(chosen) if chosen else Extract("", ())


class _Quotes:
    """The choice of candidates for one answer."""

    def __init__(self, pool: Pool, said: str) -> None:
        self._pool = pool
        self._at = {candidate.place: candidate for candidate in pool.candidates}
        rated = scores(pool).tolist()
        self._score = {c.place: s for c, s in zip(pool.candidates, rated, strict=True)}
        self._taken: dict[Place, Candidate] = {}
        left = [c for c in pool.candidates if c.words and c.words <= MAX_WORDS]
        unsaid = [c for c in left if shown(c.text) not in said] if said else left
        left = unsaid or left
        self.best = max(left, key=lambda c: self._score[c.place], default=None)
        self._left = left
        self._code = self._fitting_code()

    def choose(self) -> list[Candidate]:
        """Return what the answer quotes, by place."""
        if self.best is None:
            return []
        left = [c for c in self._left if c is not self.best]
        self._take(self.best)
        most = _MAX_WITH_CODE if self._code else _MAX_SENTENCES
        while left and self._sentences < most:
            following = max(left, key=self._gain)
            left.remove(following)
            if self._gain(following) < -self._gap:
                break
            if self._fits(following):
                self._take(following)
        if self._code:
            self._take_code(self._code)
        return [self._taken[place] for place in sorted(self._taken)]

    @property
    def _words(self) -> int:
        return sum(candidate.words for candidate in self._taken.values())

    @property
    def _sentences(self) -> int:
        return sum(1 for candidate in self._taken.values() if candidate.words)

    @property
    def _gap(self) -> float:
        return _SHORT_GAP if self._words < MIN_WORDS else _LONG_GAP

    def _section(self, candidate: Candidate) -> tuple[str, ...]:
        return section_of(self._pool.passages[candidate.rank])

    def _beside(self, one: Candidate, other: Candidate) -> bool:
        return self._section(one) == self._section(other)

    def _gain(self, candidate: Candidate) -> float:
        """Return the score relative to the best, less what the answer already says."""
        assert self.best is not None
        gain: float = self._score[candidate.place] - self._score[self.best.place]
        if not self._beside(candidate, self.best):
            gain -= _OTHER_SECTION
        if self._words < MIN_WORDS and self._goes_on(candidate):
            gain += _NEXT
        alike = max(
            (
                float(candidate.vector @ other.vector)
                for other in self._taken.values()
                if other.place[:2] != candidate.place[:2]
            ),
            default=0.0,
        )
        return gain - _NOVELTY * max(alike - _ALIKE, 0.0)

    def _goes_on(self, candidate: Candidate) -> bool:
        before = (candidate.rank, candidate.position - 1, 0)
        return not candidate.row and before in self._taken

    def _fits(self, candidate: Candidate) -> bool:
        if (
            self._is_cut_off(candidate)
            or candidate.place in self._taken
            or self._words + candidate.words > MAX_WORDS
        ):
            return False
        sections = {self._section(taken) for taken in self._taken.values()}
        return len(sections | {self._section(candidate)}) <= _MAX_SECTIONS

    def _take(self, candidate: Candidate) -> None:
        """Take a candidate with what it cannot be read without."""
        self._taken[candidate.place] = candidate
        for before in self._antecedents(candidate):
            if self._words + before.words <= MAX_WORDS:
                self._taken.setdefault(before.place, before)
        for after in self._led_to(candidate):
            self._taken.setdefault(after.place, after)

    def _neighbour(self, candidate: Candidate, distance: int) -> Candidate | None:
        return self._at.get((candidate.rank, candidate.position + distance, 0))

    def _antecedents(self, candidate: Candidate) -> list[Candidate]:
        """Return what a sentence that goes on from its predecessor goes on from."""
        if not candidate.is_prose or candidate.row:
            return []
        leans = BACKWARD.match(candidate.text)
        goes_on = candidate.span.kind is SentenceKind.TEXT and GOES_ON.match(candidate.text)
        before = self._neighbour(candidate, -1)
        if not (leans or goes_on) or before is None or before.words > MAX_WORDS // 2:
            return []
        if before.span.kind is SentenceKind.TEXT:
            return [before]
        intro = self._neighbour(candidate, -2)
        if before.span.kind is SentenceKind.MATH and intro and intro.is_prose:
            return [intro, before]
        return []

    def _led_to(self, candidate: Candidate) -> Iterator[Candidate]:
        """Yield the formula, code or list that a sentence introduces."""
        after = self._neighbour(candidate, 1)
        if after is None or candidate.row:
            return
        introduces = candidate.text.rstrip().endswith((":", ","))
        is_math = after.span.kind is SentenceKind.MATH
        if is_math or (introduces and not after.is_prose and self._may_follow(after)):
            yield after
        elif introduces and candidate.is_prose and after.span.kind is SentenceKind.ITEM:
            yield from self._items(candidate)

    def _items(self, candidate: Candidate) -> Iterator[Candidate]:
        words = self._words
        for distance in range(1, _MAX_ITEMS + 1):
            item = self._neighbour(candidate, distance)
            if item is None or item.span.kind is not SentenceKind.ITEM:
                return
            words += item.words
            if words > MAX_WORDS:
                return
            yield item

    def _is_cut_off(self, candidate: Candidate) -> bool:
        """Tell whether a sentence introduces a block that would not come along."""
        after = self._neighbour(candidate, 1)
        introduces = candidate.text.rstrip().endswith(":") and not candidate.row
        return introduces and after is not None and not (after.is_prose or self._may_follow(after))

    def _may_follow(self, block: Candidate) -> bool:
        if block.span.kind is SentenceKind.MATH:
            return True
        if block.span.kind is SentenceKind.CODE and self._code:
            return False  # the piece that fits best stands for all
        wanted = self._pool.question.how or self._pool.question.code
        return _lines(block) <= (_MAX_CODE_LINES if wanted else _MAX_UNASKED_CODE_LINES)

    def _fitting_code(self) -> Candidate | None:
        """Return the piece of code that fits best, where code was asked for."""
        question = self._pool.question
        if not (question.code or question.command):
            return None
        match = Match(question)
        pieces = [
            candidate
            for candidate in self._pool.candidates
            if candidate.span.kind is SentenceKind.CODE
            and _lines(candidate) <= _MAX_CODE_LINES
            and (
                (self.best is not None and candidate.rank == self.best.rank)
                or match.share(match.of(terms_of(candidate.text))) >= _LEAST_CODE_SHARE
            )
        ]
        return max(
            pieces,
            key=lambda c: (
                self._score[c.place]
                + _CODE_BESIDE * (self.best is not None and self._beside(c, self.best))
                + _CODE_NAME * name_fit(question, c.text)
                - _CODE_LINE * _lines(c)
            ),
            default=None,
        )

    def _take_code(self, piece: Candidate) -> None:
        before = self._neighbour(piece, -1)
        if before and before.is_prose and before.text.rstrip().endswith(":"):
            self._taken.setdefault(before.place, before)
        self._taken[piece.place] = piece


def _lines(candidate: Candidate) -> int:
    return candidate.text.count("\n") + 1


class _Page:
    """The text of an answer: sections by their best sentence, sentences as in the book."""

    def __init__(self, pool: Pool, best: Candidate | None) -> None:
        self._pool = pool
        self._best = best
        rated = scores(pool).tolist()
        self._score = {c.place: s for c, s in zip(pool.candidates, rated, strict=True)}

    def write(self, taken: Sequence[Candidate]) -> Extract:
        """Join quotes into paragraphs, the most direct one first."""
        paragraphs: list[str] = []
        citations: list[Citation] = []
        for run in self._in_order(taken):
            passage = self._passage(run[0])
            citations.append(_citation(passage, run))
            paragraphs.append(_paragraph(passage, run, len(citations)))
        return Extract("\n\n".join(paragraphs), tuple(citations))

    def _passage(self, candidate: Candidate) -> FoundPassage:
        return self._pool.passages[candidate.rank]

    def _in_order(self, taken: Sequence[Candidate]) -> list[list[Candidate]]:
        """Return the quotes: the best one, the rest of its section, then other sections."""
        runs = _runs(taken)
        best: dict[tuple[str, ...], float] = {}
        for candidate in taken:
            place = section_of(self._passage(candidate))
            best[place] = max(
                best.get(place, self._score[candidate.place]), self._score[candidate.place]
            )
        return sorted(
            runs,
            key=lambda run: (
                self._best not in run,
                not (self._pool.question.code and _has_code(run)),
                -best[section_of(self._passage(run[0]))],
                self._passage(run[0]).hit.passage.start + run[0].span.start,
            ),
        )


def _has_code(run: Sequence[Candidate]) -> bool:
    return any(candidate.span.kind is SentenceKind.CODE for candidate in run)


def _runs(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Group spans that follow each other, so that each group is one quote."""
    runs: list[list[Candidate]] = []
    for candidate in candidates:
        last = runs[-1][-1] if runs else None
        if last and _follows(last, candidate):
            runs[-1].append(candidate)
        else:
            runs.append([candidate])
    return runs


def _follows(last: Candidate, candidate: Candidate) -> bool:
    if last.rank != candidate.rank:
        return False
    if last.row and candidate.row:
        return last.position == candidate.position  # rows of one table
    return candidate.position == last.position + 1 and not (last.row or candidate.row)


def _citation(found: FoundPassage, run: Sequence[Candidate]) -> Citation:
    start, end = run[0].span.start, run[-1].span.end
    if run[0].row:  # a row means nothing without the head of its table
        whole = found.sentences.spans[run[0].position]
        start, end = whole.start, whole.end
    return Citation.of(found.hit.passage, start, end, found.hit.score)


def _paragraph(found: FoundPassage, run: Sequence[Candidate], number: int) -> str:
    """Write one quote as Markdown; every sentence carries the mark of its citation.

    A sentence that leads to a formula or code shares the mark that stands below it.
    """
    if run[0].row:
        return _table(found, run, number)
    parts: list[str] = []
    for candidate, following in zip_longest(run, run[1:]):
        leads = following is not None and not following.is_prose
        mark = "" if leads else f" [{number}]"
        if not candidate.is_prose:
            parts.append(f"\n\n{candidate.text}\n\n{mark.strip()}\n\n")
        elif candidate.span.kind is SentenceKind.ITEM:
            text = shown(candidate.text)
            text = without_bullet(text) if len(run) == 1 else text
            parts.append(f"\n{text}{mark}\n")
        else:
            parts.append(f"{shown(candidate.text)}{mark} ")
    return _GAP.sub("\n\n", "".join(parts)).strip()


def _table(found: FoundPassage, rows: Sequence[Candidate], number: int) -> str:
    """Write rows under the head of their table, which makes them readable."""
    text = found.hit.passage.text
    whole = found.sentences.spans[rows[0].position]
    head = text[whole.start : whole.end].splitlines()[:2]
    lines = [line.strip() for line in (*head, *(row.text for row in rows))]
    return "\n".join(lines) + f"\n\n[{number}]"
