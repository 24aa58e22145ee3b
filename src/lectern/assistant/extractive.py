"""Answers made of the book's own sentences: chosen, ordered, joined, and cited to the character.

Every sentence of the best passages is scored against the question by meaning (its vector, computed
when the book was taken in) and by words. Sentences are taken by score as long as they say something
new (maximal marginal relevance; Carbonell and Goldstein, SIGIR 1998); a formula or a piece of code
comes along with the sentence that introduces it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from lectern.assistant.model import Citation
from lectern.book.sentences import SentenceKind, Span
from lectern.retrieval.bm25 import SparseVector, term_id
from lectern.retrieval.embedders.base import Vectors
from lectern.retrieval.search import Found, FoundPassage
from lectern.retrieval.terms import analyze

MIN_WORDS = 40
MAX_WORDS = 120
_PASSAGES = 6
_MAX_SENTENCES = 6
_MIN_SENTENCE_WORDS = 3
_MAX_CODE_LINES = 30
# Of the best sentence's score: what a sentence needs while the answer is short, and after that.
_SHORT_FLOOR = 0.6
_LONG_FLOOR = 0.78
# Of the best passage's relevance: what a passage needs to be quoted at all.
_RELEVANCE_FLOOR = 0.1
_WORDS_WEIGHT = 0.45
_PASSAGE_WEIGHT = 0.2
_RANK_WEIGHT = 0.1
_NEIGHBOUR_WEIGHT = 0.25
_DEFINITION_BONUS = 0.12
_STANDALONE_DRAWBACK = 0.25
_LEAD_BONUS = 0.1  # a section says first what it is about
_NOVELTY_WEIGHT = 0.2

_BACKWARD = re.compile(
    r"(?:It|Its|This|That|These|Those|They|Their|Such|Here|So|Thus|Hence|Therefore|However|But|"
    r"Then|Both|Each|Consequently|Similarly|Likewise|Instead|Otherwise)\b"
)
_FRAGMENT = re.compile(r"[a-z]")
_DEFINITION = re.compile(
    r"(?:An? |The )?(?:[\w$\\{}^*`-]+ ){1,6}(?:is|are|means|maps|says|refers)\b"
)
_ASKS_WHAT = re.compile(r"\s*(?:what(?:'s| is| are| does)|define|explain|meaning of)\b", re.I)
_ASKS_CODE = re.compile(
    r"\b(?:code|snippet|python|c\+\+|numpy|script|program|commands?|command line|cli|yaml|xml|"
    r"example|syntax|implement|write)\b|`",
    re.I,
)
_EXERCISE = re.compile(r"exercise|solution|problem", re.IGNORECASE)
_LINK = re.compile(r"(?<!!)\[([^\]\[]+)\]\([^()\s]*(?:\s[^()]*)?\)")
_IMAGE = re.compile(r"!\[[^\]\[]*\]\([^()]*\)")
_BULLET = re.compile(r"^(?:[-*+\u2022]|\d{1,3}[.)])\s+")
_ROLE = re.compile(r":[a-z][\w:+.-]*:`([^`<]+?)(?:\s*<[^`>]*>)?`")
_LITERAL = re.compile(r"``([^`]+)``")
_GAP = re.compile(r"[ \t]*\n(?:[ \t]*\n)+")
_BLANK = re.compile(r"[ \t]*\r?\n[ \t]*")
_STANDALONE = (SentenceKind.CODE, SentenceKind.MATH, SentenceKind.TABLE)


@dataclass(frozen=True)
class _Candidate:
    """A quotable span of a passage, with its place in the passage and its score."""

    rank: int
    position: int
    span: Span
    text: str
    score: float
    vector: Vectors

    @property
    def words(self) -> int:
        return 0 if self.span.kind in _STANDALONE else len(self.text.split())


@dataclass(frozen=True)
class Extract:
    """An extractive answer: Markdown with `[n]` marks, and the citations they refer to."""

    answer: str
    citations: tuple[Citation, ...]


def extract(found: Found) -> Extract:
    """Answer from the passages of a search; empty if no sentence fits."""
    floor = _RELEVANCE_FLOOR * max((p.evidence.relevance for p in found.passages), default=0.0)
    passages = [p for p in found.passages[:_PASSAGES] if p.evidence.relevance >= floor]
    sections = _Sections.of(passages)
    candidates = [
        candidate
        for rank, passage in enumerate(passages)
        for candidate in _candidates(found, rank, passage, sections)
    ]
    candidates = _with_context(candidates)
    chosen = _choose(candidates)
    if not chosen:
        return Extract("", ())
    chosen += _best_code(candidates, chosen, wanted=bool(_ASKS_CODE.search(found.result.query)))
    return _compose(passages, _with_company(chosen, candidates))


@dataclass(frozen=True)
class _Sections:
    """What passages of one section share: how relevant the best is, and which comes first."""

    relevance: dict[tuple[str, ...], float]
    lead: dict[tuple[str, ...], int]

    @classmethod
    def of(cls, passages: Sequence[FoundPassage]) -> _Sections:
        relevance: dict[tuple[str, ...], float] = {}
        lead: dict[tuple[str, ...], int] = {}
        for found in passages:
            place, start = _section(found), found.hit.passage.start
            relevance[place] = max(relevance.get(place, 0.0), found.evidence.relevance)
            lead[place] = min(lead.get(place, start), start)
        return cls(relevance, lead)


def _section(found: FoundPassage) -> tuple[str, ...]:
    return (found.hit.passage.source, *found.hit.passage.heading)


def _candidates(
    found: Found, rank: int, passage: FoundPassage, sections: _Sections
) -> Iterable[_Candidate]:
    text = passage.hit.passage.text
    trail = " ".join(passage.hit.passage.heading[-2:])
    trail_terms = {term_id(term) for term in analyze(trail)}
    place = _section(passage)
    defining = _asks_for_definition(found.result.query)
    exercise = any(_EXERCISE.search(part) for part in passage.hit.passage.heading)
    for position, span in enumerate(passage.sentences.spans):
        sentence = text[span.start : span.end]
        if len(_shown(sentence).split()) < _MIN_SENTENCE_WORDS and span.kind not in _STANDALONE:
            continue  # a label, such as the bold start of a solution
        vector = passage.sentences.vectors[position]
        meaning = float(found.query.dense @ vector)
        words = _coverage(sentence, found.query.sparse, trail_terms)
        score = meaning + _WORDS_WEIGHT * words + _PASSAGE_WEIGHT * sections.relevance[place]
        score += _RANK_WEIGHT * (1.0 - rank / _PASSAGES)
        score -= _drawback(sentence, span, exercise=exercise)
        if defining and words > 0.6 and _DEFINITION.match(sentence):
            score += _DEFINITION_BONUS
        if position == 0 and passage.hit.passage.start == sections.lead[place]:
            score += _LEAD_BONUS
        yield _Candidate(rank, position, span, sentence, score, vector)


def _with_context(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Raise each score by a share of its better neighbour's: answers are told in a row."""
    at = {(c.rank, c.position): c.score for c in candidates}
    return [
        replace(
            candidate,
            score=candidate.score
            + _NEIGHBOUR_WEIGHT
            * max(
                at.get((candidate.rank, candidate.position - 1), 0.0),
                at.get((candidate.rank, candidate.position + 1), 0.0),
                0.0,
            ),
        )
        for candidate in candidates
    ]


def _coverage(sentence: str, query: SparseVector, trail: set[int]) -> float:
    """Return the weighted share of the question's terms; those in the heading count half."""
    total = sum(query.values())
    if not total:
        return 0.0
    terms = {term_id(term) for term in analyze(sentence)}
    shared = sum(weight for term, weight in query.items() if term in terms)
    implied = sum(weight for term, weight in query.items() if term in trail and term not in terms)
    return (shared + 0.5 * implied) / total


def _asks_for_definition(question: str) -> bool:
    return bool(_ASKS_WHAT.match(question)) or len(question.split()) <= 3


def _drawback(sentence: str, span: Span, *, exercise: bool) -> float:
    drawback = 0.15 if exercise else 0.0
    if span.kind in _STANDALONE:
        drawback += _STANDALONE_DRAWBACK  # comes along with the sentence that introduces it
    elif sentence.rstrip().endswith("?") or len(sentence.split()) < 5:
        drawback += 0.3
    elif _FRAGMENT.match(sentence):
        drawback += 0.2  # goes on from a formula
    if _BACKWARD.match(sentence):
        drawback += 0.06
    return drawback


def _choose(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    if not candidates:
        return []
    top = max(candidate.score for candidate in candidates)
    left = [c for c in candidates if c.score > 0 and 0 < c.words <= MAX_WORDS]
    chosen: list[_Candidate] = []
    words = 0
    while left and len(chosen) < _MAX_SENTENCES and words < MAX_WORDS:
        best = max(left, key=lambda c: (_gain(c, chosen), -c.rank, -c.position))
        left.remove(best)
        if _gain(best, chosen) < top * (_LONG_FLOOR if words >= MIN_WORDS else _SHORT_FLOOR):
            break
        if words + best.words > MAX_WORDS:
            continue
        chosen.append(best)
        words += best.words
    return chosen


def _best_code(
    candidates: Sequence[_Candidate], chosen: Sequence[_Candidate], *, wanted: bool
) -> list[_Candidate]:
    """Return the piece of code that fits best, if it is short and asked for or close enough."""
    pieces = [
        candidate
        for candidate in candidates
        if candidate.span.kind is SentenceKind.CODE and _is_short(candidate)
    ]
    if not pieces:
        return []
    best = max(pieces, key=lambda c: (c.score, -c.rank, -c.position))
    bar = 0.0 if wanted else max(c.score for c in chosen) - _STANDALONE_DRAWBACK
    return [best] if best.score >= bar else []


def _is_short(candidate: _Candidate) -> bool:
    return candidate.text.count("\n") <= _MAX_CODE_LINES


def _gain(candidate: _Candidate, chosen: Sequence[_Candidate]) -> float:
    """Return the score less what the chosen sentences already say."""
    if not chosen:
        return candidate.score
    likeness = max(float(candidate.vector @ other.vector) for other in chosen)
    # Sentences of one passage belong together; only repetition counts against them.
    return candidate.score - _NOVELTY_WEIGHT * max(likeness - 0.6, 0.0) / 0.4


def _with_company(
    chosen: Sequence[_Candidate], candidates: Sequence[_Candidate]
) -> list[_Candidate]:
    """Add what a chosen sentence cannot be read without: predecessors, a formula, code."""
    at = {(c.rank, c.position): c for c in candidates}
    taken = {(c.rank, c.position) for c in chosen}
    words = sum(c.words for c in chosen)
    for candidate in chosen:
        needed = [b for b in _antecedents(candidate, at) if (b.rank, b.position) not in taken]
        more = sum(before.words for before in needed)
        if words + more <= MAX_WORDS:
            words += more
            taken |= {(before.rank, before.position) for before in needed}
        after = at.get((candidate.rank, candidate.position + 1))
        if after and _introduces(candidate, after):
            taken.add((after.rank, after.position))
    return [c for c in candidates if (c.rank, c.position) in taken]


def _antecedents(
    candidate: _Candidate, at: Mapping[tuple[int, int], _Candidate]
) -> list[_Candidate]:
    """Return what a sentence that goes on from its predecessor goes on from."""
    leans = _BACKWARD.match(candidate.text)
    goes_on = candidate.span.kind is SentenceKind.TEXT and _FRAGMENT.match(candidate.text)
    if not (leans or goes_on):
        return []
    before = at.get((candidate.rank, candidate.position - 1))
    if before is None or before.words > MAX_WORDS // 2:
        return []
    if before.span.kind is SentenceKind.TEXT:
        return [before]
    intro = at.get((candidate.rank, candidate.position - 2))
    if before.span.kind is SentenceKind.MATH and intro and intro.span.kind is SentenceKind.TEXT:
        return [intro, before]
    return []


def _introduces(candidate: _Candidate, following: _Candidate) -> bool:
    if following.span.kind not in _STANDALONE:
        return False
    if not _is_short(following):
        return False
    return candidate.text.rstrip().endswith((":", ",")) or following.span.kind is SentenceKind.MATH


def _compose(passages: Sequence[FoundPassage], taken: Sequence[_Candidate]) -> Extract:
    """Join the spans: sections by their best sentence, sentences as in the book."""
    best: dict[tuple[str, ...], float] = {}
    for candidate in taken:
        place = _section(passages[candidate.rank])
        best[place] = max(best.get(place, candidate.score), candidate.score)
    paragraphs: list[str] = []
    citations: list[Citation] = []
    for place in sorted(best, key=lambda p: -best[p]):
        own = [candidate for candidate in taken if _section(passages[candidate.rank]) == place]
        own.sort(key=lambda c: passages[c.rank].hit.passage.start + c.span.start)
        for run in _runs(own):
            citations.append(_citation(passages[run[0].rank], run))
            paragraphs.append(_paragraph(run, len(citations)))
    return Extract("\n\n".join(paragraphs), tuple(citations))


def _runs(candidates: Sequence[_Candidate]) -> list[list[_Candidate]]:
    """Group spans that follow each other, so that each group is one quote."""
    runs: list[list[_Candidate]] = []
    for candidate in candidates:
        last = runs[-1][-1] if runs else None
        if last and (candidate.rank, candidate.position) == (last.rank, last.position + 1):
            runs[-1].append(candidate)
        else:
            runs.append([candidate])
    return runs


def _citation(found: FoundPassage, run: Sequence[_Candidate]) -> Citation:
    return Citation.of(found.hit.passage, run[0].span.start, run[-1].span.end, found.hit.score)


def _paragraph(run: Sequence[_Candidate], number: int) -> str:
    """Write one quote as Markdown; every sentence carries the mark of its citation.

    A sentence that leads to a formula or code shares the mark that stands below it.
    """
    parts: list[str] = []
    for candidate, following in zip_longest(run, run[1:]):
        leads = following is not None and following.span.kind in _STANDALONE
        mark = "" if leads else f" [{number}]"
        if candidate.span.kind in _STANDALONE:
            parts.append(f"\n\n{candidate.text}\n\n{mark.strip()}\n\n")
        elif candidate.span.kind is SentenceKind.ITEM:
            shown = _shown(candidate.text)
            # A single item is no list.
            shown = _BULLET.sub("", shown) if len(run) == 1 else shown
            parts.append(f"\n{shown}{mark}\n")
        else:
            parts.append(f"{_shown(candidate.text)}{mark} ")
    return _GAP.sub("\n\n", "".join(parts)).strip()


def _shown(text: str) -> str:
    """Take links, images and reStructuredText's roles out of a sentence.

    Their targets mean nothing outside the book; the citation has the sentence as it stands.
    """
    text = _LITERAL.sub(r"`\1`", _ROLE.sub(r"`\1`", text))
    return _BLANK.sub(" ", _LINK.sub(r"\1", _IMAGE.sub("", text))).strip()
