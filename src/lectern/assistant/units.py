"""Cuts an answer, while it is still being written, into what can be checked one by one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lectern.book.sentences import SentenceKind, Span, paragraph_sentences, split_sentences

# So much of the next sentence must be there before the end of one is certain ("e.g.", "Fig. 3").
LOOKAHEAD_CHARS = 16

_CITATION = re.compile(r"\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
# Code and maths are stepped over: `q[1]` cites nothing.
_STEP = re.compile(rf"`[^`\n]+`|\$[^$\n]+\$|\s*(?:{_CITATION.pattern})")
_LEADING = re.compile(rf"(?:\s*{_CITATION.pattern})+[.,;]?")
_MAYBE_CITATION = re.compile(r"\s*(?:\[[\d\s,;]*)?$")
_MARKER = re.compile(r"(?:[-*+•]|\d{1,3}[.)])\s+")
_HEADING = re.compile(r"#{1,6}\s[^\n]*\n?")
_ENDED = re.compile(r"(?:[.!?]|\]|```|\$\$)\s*$")
_OPENERS = (("$$", "$$"), ("\\[", "\\]"))
_PROSE = (SentenceKind.TEXT, SentenceKind.ITEM)


@dataclass(frozen=True)
class Unit:
    """A sentence, list item, code block, formula or table of an answer.

    Attributes:
        text: As written, without citations and without the marker of a list item.
        marker: Marker of a list item with the blank after it, else empty.
        gap: What separates it from what was before: "", " ", a line break, or two.
        kind: What it is.
        cited: Passages it cites as the model numbers them, from 1, in order.
    """

    text: str
    marker: str
    gap: str
    kind: SentenceKind
    cited: tuple[int, ...]

    def sentences(self) -> list[str]:
        """Return the sentences of prose; a list item may have several."""
        bounds = paragraph_sentences(self.text, 0, len(self.text))
        return [self.text[start:end] for start, end in bounds]


class UnitStream:
    """Takes the pieces of an answer and gives back its units as soon as each is complete."""

    def __init__(self) -> None:
        self._buffer = ""
        self._gap = ""

    def feed(self, piece: str) -> list[Unit]:
        """Add a piece and return the units that it completed."""
        self._buffer += piece
        return self._take(is_final=False)

    def finish(self, *, truncated: bool = False) -> list[Unit]:
        """Return what is left; of a truncated answer without the unit it was cut in."""
        cut = truncated and not _ENDED.search(self._buffer)
        units = self._take(is_final=True)
        return units[:-1] if cut else units

    def _take(self, *, is_final: bool) -> list[Unit]:
        limit = len(self._buffer) if is_final else _closed_until(self._buffer)
        spans = split_sentences(self._buffer[:limit])
        units: list[Unit] = []
        used = 0
        for at, span in enumerate(spans):
            end = _after_citations(self._buffer, span.end)
            following = spans[at + 1] if at + 1 < len(spans) else None
            if not is_final and not self._is_complete(end, following, limit):
                break
            if span.end <= used:  # nothing but the citations of the unit before
                continue
            units += self._unit(Span(max(span.start, used), span.end, span.kind), used, end)
            used = end
        self._buffer = self._buffer[used:]
        return units

    def _is_complete(self, end: int, following: Span | None, limit: int) -> bool:
        if following is None or _MAYBE_CITATION.fullmatch(self._buffer[end:limit]):
            return False
        return limit - max(end, following.start) >= LOOKAHEAD_CHARS

    def _unit(self, span: Span, begin: int, end: int) -> list[Unit]:
        self._gap = max(self._gap, _gap(self._buffer[begin : span.start]), key=len)
        text = self._buffer[span.start : span.end]
        cited = _numbers(self._buffer[span.end : end])
        marker = ""
        if span.kind in _PROSE:
            text = _HEADING.sub("", text) if text.startswith("#") else text
            found = _MARKER.match(text) if span.kind is SentenceKind.ITEM else None
            marker = found.group() if found else ""
            text = text[len(marker) :]
            cited = (*_numbers(_outside_code(text)), *cited)
            text = _STEP.sub(lambda step: "" if step[1] else step.group(), text).strip()
        if not text:
            return []
        gap, self._gap = self._gap, ""
        return [Unit(text, marker, gap, span.kind, tuple(dict.fromkeys(cited)))]


def _closed_until(text: str) -> int:
    """Return where the last display formula opens that is not closed yet, or the text's length."""
    for opener, closer in _OPENERS:
        at = text.find(opener)
        while at >= 0:
            close = text.find(closer, at + 2)
            if close < 0:
                return at
            at = text.find(opener, close + 2)
    return len(text)


def _after_citations(text: str, end: int) -> int:
    found = _LEADING.match(text, end)
    return found.end() if found else end


def _outside_code(text: str) -> str:
    return "".join(step.group() for step in _STEP.finditer(text) if step[1])


def _numbers(text: str) -> tuple[int, ...]:
    groups = (match[1] for match in _CITATION.finditer(text))
    return tuple(int(number) for group in groups for number in re.split(r"\s*[,;]\s*", group))


def _gap(between: str) -> str:
    breaks = between.count("\n")
    return "\n" * min(breaks, 2) if breaks else " " if between else ""
