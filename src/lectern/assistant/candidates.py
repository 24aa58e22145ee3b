"""What an answer may quote: the sentences, formulas, code and table rows of the found passages.

Every candidate carries the values that the fitted ranking (`ranking.py`) looks at.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from lectern.assistant.display import says_something
from lectern.assistant.overlap import same
from lectern.assistant.question import Question, understand
from lectern.book.sentences import SentenceKind, Span
from lectern.retrieval.embedders.base import Vectors
from lectern.retrieval.search import Found, FoundPassage
from lectern.retrieval.terms import analyze

BLOCKS = (SentenceKind.CODE, SentenceKind.MATH, SentenceKind.TABLE)
PASSAGES = 12
BACKWARD = re.compile(
    r"(?:It|Its|This|That|These|Those|They|Their|Such|Here|So|Thus|Hence|Therefore|However|But|"
    r"Then|Both|Each|Consequently|Similarly|Likewise|Instead|Otherwise)\b"
)
GOES_ON = re.compile(r"[a-z]")
_EXERCISE = re.compile(r"exercise|solution|problem", re.I)
_OVERVIEW = re.compile(r"summary|chapters|contents|overview|introduction|notation", re.I)
_LEAD_IN = re.compile(r"(?:chapter|section|figure|exercise|page|tutorial|guide)s?\b", re.I)
_VERB = re.compile(
    r"\b(?:is|are|was|were|means?|says?|states?|refers?|denotes?|describes?|computes?|gives?|"
    r"combines?|keeps?|maps?|turns?|holds?|divides?|measures?|asks?)\b"
)
# "is the", "means", "are any": what a definition goes on with; "is used" tells something else.
_DEFINES = re.compile(
    r"(?:is|are)(?:,[^,]{1,60},)?\s+(?:an?|the|any|all|one|two|three|four|numbers|how|what|those|"
    r"sets?)\b|means?\b|refers?\s+to\b|denotes?\b|says?\s+(?:that|which)\b"
)
_TELLS = re.compile(r"(?:describes?|computes?|keeps?|maps?|gives?|combines?|divides?|measures?)\b")
_TELLING = 0.6  # of what a definition counts
_DEFINED_NAME = re.compile(
    r"\b(?:class|def|struct|void)\s+(\w+)|title=\"([^\"]+)\"|\b(\w*create_\w+)"
)
_REASON = re.compile(
    r"\b(?:because|since|so that|therefore|hence|thus|cause[sd]?|due to|reason|otherwise|"
    r"follows from|that is why|means that)\b",
    re.I,
)
_NEGATION = re.compile(
    r"\b(?:not?|never|cannot|none|without|only|neither|nor|always|must|yes)\b|n't\b", re.I
)
_ROW_RULE = re.compile(r"[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-*:?[ \t]*)*$")
_LONGEST_HEAD = 90
_LONGEST_SENTENCE_WORDS = 120

FEATURES = (
    "meaning",
    "words",
    "words_with_heading",
    "words_of_passage",
    "passage_meaning",
    "heading",
    "heading_fits",
    "defines",
    "defines_first",
    "is_about",
    "code",
    "math",
    "backward",
    "asks",
    "lead",
    "neighbour",
    "exercise",
    "overview",
    "reason_asked",
    "negation_asked",
    "code_asked",
    "code_words_asked",
    "code_names_asked",
    "row_command",
    "math_asked",
    "length",
    "meaning_of_section",
)


@dataclass(frozen=True)
class Candidate:
    """A quotable span of a passage.

    Attributes:
        rank: Place of its passage among those found, from 0.
        position: Place of its sentence in the passage, from 0; all rows of a table share one.
        row: Place in the table, from 1; 0 for what is no row.
        span: In the passage's text.
        text: The passage's text at `span`.
        vector: Unit vector of its sentence.
        values: By the order of `FEATURES`.
    """

    rank: int
    position: int
    row: int
    span: Span
    text: str
    vector: Vectors
    values: Vectors

    @property
    def place(self) -> tuple[int, int, int]:
        """Where it stands, to sort by within a passage."""
        return self.rank, self.position, self.row

    @property
    def words(self) -> int:
        """Words that count for an answer's length; blocks count none."""
        return len(self.text.split()) if self.row or self.span.kind not in BLOCKS else 0

    @property
    def is_prose(self) -> bool:
        """Whether it can be read by itself: no formula, code or whole table."""
        return self.span.kind not in BLOCKS


def section_of(found: FoundPassage) -> tuple[str, ...]:
    """Return what the passages of one section share."""
    return (found.hit.passage.source, *found.hit.passage.heading)


@lru_cache(maxsize=8192)
def terms_of(text: str) -> tuple[str, ...]:
    """Return the stems of a text in order."""
    return tuple(analyze(text))


class Match:
    """Which stems of a text stand for which word of the topic, other forms of it included."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._known: dict[str, str] = {term: term for term in question.topic}
        self._starts: dict[str, list[str]] = {}
        for term in question.topic:
            self._starts.setdefault(term[:4], []).append(term)

    def of(self, terms: Iterable[str]) -> list[str]:
        """Return the topic's words among some stems, in order."""
        found = []
        for term in terms:
            meant = self._known.get(term)
            if meant is None:
                meant = self._meant(term)
                self._known[term] = meant
            if meant:
                found.append(meant)
        return found

    def share(self, matched: Iterable[str]) -> float:
        """Return the weight of some words of the topic over that of all."""
        total = self._question.weight
        return sum(self._question.topic[t] for t in set(matched)) / total if total else 0.0

    def _meant(self, term: str) -> str:
        for wanted in self._starts.get(term[:4], ()):
            if same(wanted, term):
                return wanted
        return ""


@dataclass(frozen=True)
class _Place:
    """What the candidates of one passage share."""

    matched_heading: list[str]
    heading_share: float
    heading_fit: float
    passage_share: float
    meaning: float
    exercise: bool
    overview: bool
    closest: float


@dataclass(frozen=True)
class Pool:
    """All candidates of a search, and the question they are for."""

    question: Question
    passages: Sequence[FoundPassage]
    candidates: Sequence[Candidate]

    @cached_property
    def rows(self) -> Vectors:
        """Values of the candidates, shape (candidates, features)."""
        if not self.candidates:
            return np.zeros((0, len(FEATURES)), np.float32)
        return np.stack([candidate.values for candidate in self.candidates])


def gather(found: Found) -> Pool:
    """Return everything that may be quoted, with its values."""
    question = understand(found.result.query, found.query.topic)
    passages = found.passages[:PASSAGES]
    match = Match(question)
    leads: dict[tuple[str, ...], int] = {}
    for passage in passages:
        place = section_of(passage)
        start = passage.hit.passage.start
        leads[place] = min(leads.get(place, start), start)
    candidates: list[Candidate] = []
    for rank, passage in enumerate(passages):
        own = section_of(passage)
        is_lead = passage.hit.passage.start == leads[own]
        candidates += _of_passage(found, question, match, rank, is_lead=is_lead)
    return Pool(question, passages, candidates)


def _of_passage(
    found: Found, question: Question, match: Match, rank: int, *, is_lead: bool
) -> Iterator[Candidate]:
    passage = found.passages[rank]
    sentences = passage.sentences
    if not len(sentences.spans):
        return
    text = passage.hit.passage.text
    meanings = sentences.vectors @ found.query.dense
    place = _place(passage, match, float(meanings.max()))
    for position, span in enumerate(sentences.spans):
        around = [
            float(meanings[at]) for at in (position - 1, position + 1) if 0 <= at < len(meanings)
        ]
        for row, piece in _pieces(text, span):
            quoted = text[piece.start : piece.end]
            if span.kind not in BLOCKS and not says_something(quoted):
                continue
            values = _values(
                question,
                match,
                place,
                quoted,
                piece,
                meaning=float(meanings[position]),
                neighbour=max(around, default=0.0),
                is_lead=is_lead and position == 0,
                is_row=row > 0,
            )
            vector = sentences.vectors[position]
            yield Candidate(rank, position, row, piece, quoted, vector, values)


def _pieces(text: str, span: Span) -> Iterator[tuple[int, Span]]:
    """Yield a span, or the body rows of a table in Markdown one by one."""
    if span.kind is not SentenceKind.TABLE or not text.startswith("|", span.start):
        yield 0, span
        return
    at, lines = span.start, []
    for line in text[span.start : span.end].splitlines(keepends=True):
        lines.append((at, at + len(line.rstrip())))
        at += len(line)
    if len(lines) < 3 or not _ROW_RULE.match(text[slice(*lines[1])]):
        yield 0, span
        return
    for row, (start, end) in enumerate(lines[2:], start=1):
        yield row, Span(start, end, SentenceKind.TABLE)


def _place(passage: FoundPassage, match: Match, closest: float) -> _Place:
    trail = passage.hit.passage.heading
    last = terms_of(trail[-1]) if trail else ()
    matched = match.of(term for part in trail[-2:] for term in terms_of(part))
    own = match.of(last)
    text = passage.hit.passage.text
    # Sentence by sentence, as the terms of each are needed again and are remembered.
    spans = passage.sentences.spans
    terms = {term for span in spans for term in terms_of(text[span.start : span.end])}
    within = match.of(terms)
    return _Place(
        matched_heading=matched,
        heading_share=match.share(own),
        heading_fit=len(set(own)) / len(set(last)) if last else 0.0,
        passage_share=match.share([*matched, *within]),
        meaning=passage.evidence.cosine,
        exercise=any(_EXERCISE.search(part) for part in trail),
        overview=bool(trail) and bool(_OVERVIEW.match(trail[-1])),
        closest=closest,
    )


def _values(
    question: Question,
    match: Match,
    place: _Place,
    text: str,
    span: Span,
    *,
    meaning: float,
    neighbour: float,
    is_lead: bool,
    is_row: bool,
) -> Vectors:
    terms = terms_of(text)
    matched = match.of(terms)
    prose = span.kind in (SentenceKind.TEXT, SentenceKind.ITEM)
    code = span.kind is SentenceKind.CODE
    math_block = span.kind is SentenceKind.MATH
    subject, defines = _head(text) if prose else ((), 0.0)
    about = _agreement(question.subject, subject)
    share = match.share(matched)
    length = math.log1p(min(len(terms), _LONGEST_SENTENCE_WORDS))
    return np.array(
        (
            meaning,
            share,
            match.share([*matched, *place.matched_heading]),
            place.passage_share,
            place.meaning,
            place.heading_share,
            place.heading_fit,
            about * defines,
            about * defines * is_lead,
            about,
            code,
            math_block,
            prose and BACKWARD.match(text) is not None,
            prose and (text.rstrip().endswith("?") or len(text.split()) < 5),
            is_lead,
            neighbour,
            place.exercise,
            place.overview or bool(prose and _LEAD_IN.search(text)),
            question.why and _REASON.search(text) is not None,
            question.yes_no and prose and _NEGATION.search(text) is not None,
            question.code and code,
            share if question.code and code else 0.0,
            match.share(match.of(_names(text))) if question.code and code else 0.0,
            question.command and (is_row or code),
            question.formula and (math_block or "$" in text),
            length,
            place.closest,
        ),
        np.float32,
    )


def _head(text: str) -> tuple[tuple[str, ...], float]:
    """Return the stems before a sentence's first verb, and how far that verb defines, 0 to 1."""
    verb = _VERB.search(text, 0, _LONGEST_HEAD)
    if verb is None:
        return (), 0.0
    head = tuple(term for term in terms_of(text[: verb.start()]) if len(term) > 1)
    if _DEFINES.match(text, verb.start()):
        return head, 1.0
    return head, _TELLING if _TELLS.match(text, verb.start()) else 0.0


def _agreement(wanted: Collection[str], head: Sequence[str]) -> float:
    """Return how well a sentence's subject agrees with the term asked for (F1, squared)."""
    if not wanted or not head:
        return 0.0
    own = set(head)
    shared = sum(1 for term in wanted if any(same(term, other) for other in own))
    return (2.0 * shared / (len(wanted) + len(own))) ** 2


def name_fit(question: Question, code: str) -> float:
    """Return how much of the best name that code defines or creates is in a question, 0 to 1."""
    fits = [0.0]
    for found in _DEFINED_NAME.finditer(code):
        stems = terms_of(found[1] or found[2] or found[3])
        parts = {part for part in stems if "_" not in part}
        shared = sum(any(same(term, part) for term in question.topic) for part in parts)
        fits.append(shared / max(len(parts), 1))
    return max(fits)


def _names(code: str) -> Iterator[str]:
    """Yield the stems of what a piece of code defines or creates."""
    for found in _DEFINED_NAME.finditer(code):
        yield from terms_of(found[1] or found[2] or found[3])
