"""Cuts a passage into what can be quoted: sentences, and code, formulas, tables and list items.

One pass over the lines finds the units that must stay whole; the paragraphs between them are cut
at sentence ends by one regular expression that steps over inline code, maths and links. All
patterns are bounded, so time grows linearly with the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from lectern.book.words import word_set


class SentenceKind(str, Enum):
    """What a span is; every kind but `TEXT` is a whole block or list item."""

    TEXT = "text"
    CODE = "code"
    MATH = "math"
    TABLE = "table"
    ITEM = "item"


@dataclass(frozen=True)
class Span:
    """Part of a text: `text[start:end]`, without white space around it."""

    start: int
    end: int
    kind: SentenceKind


_LINE_END = re.compile(r"\r\n?|\n")
_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})[ \t]*(\S*)")
_FORMULA = re.compile(r"[ \t>]*(\$\$|\\\[|\\begin\{([A-Za-z]+\*?)\})")
_ITEM = re.compile(r"([ \t>]*)(?:[-*+•◦▪\u2013]|(\d{1,3})[.)]|#\.)[ \t]+(?=\S)")
_DIRECTIVE = re.compile(r"([ \t]*)\.\.[ \t]+([\w:+-]+)::")
_RULE = re.compile(r"[ \t>]*(?:[-=~^\"'*_#.+]{3,}|:{3,}.*|\[![A-Z]+\])[ \t]*$")
_TAGS_ONLY = re.compile(r"[ \t>]*(?:<[^<>]{1,300}>[ \t]*){1,20}$")
_GRID_LINE = re.compile(r"[ \t>]*\+[-=]+[-=+]*\+[ \t]*$")
_SIMPLE_TABLE_LINE = re.compile(r"[ \t]*={2,}(?:[ \t]+={2,})+[ \t]*$")
_TABLE_DELIMITER = re.compile(r"[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-*:?[ \t]*)+$")
_HTML_TABLE = re.compile(r"[ \t>]*<table\b", re.I)
_LABEL_LINE = re.compile(
    r"[ \t]*\.\. (?:_|\|)"
    r"|[ \t]+:(?!param|arg|type|rtype|returns?:|raises?|yields?)[a-z-]+:(?:[ \t]|$)"
)
_PROSE = re.compile(r"[ \t]*[\"'(*`:]{0,3}[A-Z][\w'-]*(?:[ ,]+[\w'`*:(-]+){2,}.*[^;{}=]$")
_CODE_DIRECTIVES = word_set(
    "code-block code sourcecode parsed-literal prompt literalinclude doctest testcode"
)
_TABLE_DIRECTIVES = frozenset(("table", "list-table", "csv-table"))

# Either something to step over, or the end of a sentence (the named group).
_STEP = re.compile(
    r"`{1,2}[^`]{1,500}`{1,2}"
    r"|\$\$.{1,2000}?\$\$|\$(?=\S)(?:\\.|[^$\\\n]|\n(?!\s*\n)){1,400}(?<=\S)\$(?!\d)"
    r"|\\\(.{1,400}?\\\)|\\\[.{1,2000}?\\\]"
    r"|!?\[[^\[\]]{0,300}\](?:\([^()\s]{0,500}(?:\([^()]{0,100}\))?[^()]{0,300}\)|\[[^\[\]]{0,100}\])"
    r"|<https?:[^<>\s]{1,500}>|https?://[^\s<>()\[\]]{0,500}[^\s<>()\[\].,;:!?]"
    r"|(?P<end>(?:[.!?]{1,6}|…)[\"'”\u2019»)\]*_]{0,4}(?=\s)|[。\uff01\uff1f]+[」』”\uff09]{0,2})",
    re.S,
)
_LAST_WORD = re.compile(r"(\S*)$")
_NEXT = re.compile(r"[\s>]*(?:[-*+]\s)?([\"'“\u2018«(\[*_`$\\<!]*)(\w?)")
_INITIAL = re.compile(r"[A-Z]$")
_OPENING = "\"'“\u2018«([*_`"
_NEVER_LAST = word_set(
    "e.g i.e eg ie cf fig figs eq eqs eqn eqns sec secs ch chap vs viz dr mr mrs ms prof st ref "
    "refs tab thm def lem prop alg vol pp p approx resp incl w.r.t wrt a.k.a aka ca"
)
# These end a sentence unless a number follows, or unless something in lower case does.
_BEFORE_NUMBER = frozenset(("no", "nos", "art", "ex", "app", "al"))
_BEFORE_NAMES = frozenset(("and", "by", "with", "from", "see"))
_STARTERS = word_set(
    "The This That These Those It Its In On At For From To We You If When While Then There Here "
    "A An As By Each All Both Let Note Thus Hence So But And Now Since Use Using What How"
)


def split_sentences(text: str) -> list[Span]:
    """Return the quotable units of a passage, in order and without overlap.

    Args:
        text: Text of a passage: Markdown, reStructuredText or plain.
    """
    return list(_Lines(text).spans())


def paragraph_sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of each sentence of the paragraph `text[start:end]`."""
    begin = start
    for step in _STEP.finditer(text, start, end):
        if step["end"] and _ends_sentence(text, begin, step):
            yield from _trimmed(text, begin, step.end())
            begin = step.end()
    yield from _trimmed(text, begin, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and (text[start].isspace() or text[start] == ">"):
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        yield start, end


def _ends_sentence(text: str, begin: int, step: re.Match[str]) -> bool:
    mark = step["end"]
    if mark[0] in "。\uff01\uff1f":
        return True
    found = _NEXT.match(text, step.end())
    opening, first = (found[1], found[2]) if found else ("", "")
    if first.islower() and not opening.strip("\"'“\u2018«(["):
        return False
    if mark[0] != ".":
        return True
    head = text[max(begin, step.start() - 40) : step.start()]
    tail = _LAST_WORD.search(head)
    word = (tail[1] if tail else "").lstrip(_OPENING)
    if mark.startswith(".."):
        # "1, 2, ... N" goes on; "wait... Then" does not.
        return bool(word) and not word.endswith(",")
    return _full_stop_ends(word, head, first, text[step.end() : step.end() + 12])


def _full_stop_ends(word: str, head: str, first: str, following: str) -> bool:
    lowered = word.lower()
    if lowered in _NEVER_LAST:
        return False
    if lowered in _BEFORE_NUMBER:
        return not (first.isdigit() or following.lstrip().startswith(("[", "(")))
    if word.isdigit() and head.strip() == word and len(word) < 4:
        return False  # the number of a heading or of a list item
    if _INITIAL.match(word):
        return _is_symbol(head[: len(head) - len(word)], following)
    return True


def _is_symbol(before: str, following: str) -> bool:
    """Tell whether a single capital is a symbol ("in frame B.") and not an initial ("J. Craig")."""
    next_words = following.split(None, 1)
    if next_words and next_words[0] in _STARTERS:
        return True
    previous = before.split()
    return bool(previous) and previous[-1][0].islower() and previous[-1] not in _BEFORE_NAMES


class _Lines:
    """The lines of a text, and the walk over them that finds the units."""

    def __init__(self, text: str) -> None:
        self._text = text
        starts, stops = [0], []
        for end in _LINE_END.finditer(text):
            stops.append(end.start())
            starts.append(end.end())
        stops.append(len(text))
        self._starts, self._stops = starts, stops
        self._lines = [text[start:stop] for start, stop in zip(starts, stops, strict=True)]

    def spans(self) -> Iterator[Span]:
        at, open_at = 0, -1
        while at < len(self._lines):
            line = self._lines[at]
            if not line.strip(" \t>\f\v"):
                kind, stop = None, at + 1
            else:
                found = self._unit(at, open_at)
                if found is None:
                    open_at = at if open_at < 0 else open_at
                    at += 1
                    continue
                kind, stop = found
            if open_at >= 0:
                yield from self._sentences(open_at, at)
                open_at = -1
            if kind is not None:
                yield from self._whole(at, stop, kind)
            at = stop
        if open_at >= 0:
            yield from self._sentences(open_at, at)

    def _sentences(self, first: int, stop: int) -> Iterator[Span]:
        for start, end in paragraph_sentences(
            self._text, self._starts[first], self._stops[stop - 1]
        ):
            yield Span(start, end, SentenceKind.TEXT)

    def _whole(self, first: int, stop: int, kind: SentenceKind) -> Iterator[Span]:
        start, end = self._starts[first], self._stops[min(stop, len(self._lines)) - 1]
        line = self._lines[first].lstrip()
        keep_indent = kind is SentenceKind.CODE and not line.startswith(("`", "..", ">"))
        content = self._text[start:end]
        end = start + len(content.rstrip())
        if not keep_indent:
            start += len(content) - len(content.lstrip(" \t\f\v>\n\r"))
        if end > start:
            yield Span(start, end, kind)

    def _unit(self, at: int, open_at: int) -> tuple[SentenceKind | None, int] | None:
        """Return kind and end of the unit that starts on a line; None for a line of a paragraph.

        The kind is None for markup without words of its own.
        """
        line = self._lines[at]
        first = line.lstrip(" \t>")[0]
        if first.isalpha() and not line[0].isspace():
            return self._table(at) if "|" in line else None
        for find in (self._fence, self._formula, self._table):
            found = find(at)
            if found is not None:
                return found
        if open_at < 0 and self._is_indented_code(at):
            return SentenceKind.CODE, self._indented_end(at, 1)
        item = _ITEM.match(line)
        if item and (open_at < 0 or item[2] in (None, "1")):
            return SentenceKind.ITEM, self._item_end(at, len(item[1]))
        return self._markup(at)

    def _markup(self, at: int) -> tuple[SentenceKind | None, int] | None:
        line = self._lines[at]
        directive = _DIRECTIVE.match(line)
        if directive:
            kind = _directive_kind(directive[2])
            end = self._indented_end(at + 1, len(directive[1]) + 1) if kind else at + 1
            return kind, end
        if _RULE.match(line) or _TAGS_ONLY.match(line) or _LABEL_LINE.match(line):
            return None, at + 1
        return None

    def _fence(self, at: int) -> tuple[SentenceKind, int] | None:
        opened = _FENCE.match(self._lines[at])
        if not opened:
            return None
        stop = at + 1
        while stop < len(self._lines):
            closed = _FENCE.match(self._lines[stop])
            stop += 1
            if closed and closed[1].startswith(opened[1]) and not closed[2]:
                break
        is_math = opened[2] in ("math", "{math}", "{amsmath}")
        return (SentenceKind.MATH if is_math else SentenceKind.CODE), stop

    def _formula(self, at: int) -> tuple[SentenceKind, int] | None:
        opened = _FORMULA.match(self._lines[at])
        if not opened:
            return None
        ends = {"$$": "$$", "\\[": "\\]"}
        closing = ends.get(opened[1], f"\\end{{{opened[2]}}}")
        limit = min(len(self._lines), at + 200)
        begin = opened.end()
        for stop in range(at, limit):
            found = self._lines[stop].find(closing, begin)
            if found >= 0:
                rest = self._lines[stop][found + len(closing) :]
                is_alone = len(rest.strip()) < 3 or rest.lstrip().startswith(("(", "{"))
                return (SentenceKind.MATH, stop + 1) if is_alone else None
            begin = 0
        return None

    def _table(self, at: int) -> tuple[SentenceKind, int] | None:
        line = self._lines[at]
        if _HTML_TABLE.match(line):
            return SentenceKind.TABLE, self._line_with("</table", at) + 1
        if _SIMPLE_TABLE_LINE.match(line):
            return SentenceKind.TABLE, self._simple_table_end(at)
        follows = self._lines[at + 1] if at + 1 < len(self._lines) else ""
        is_pipe = "|" in line and (
            _TABLE_DELIMITER.match(follows) or line.strip(" \t>").startswith("|")
        )
        if not (is_pipe or _GRID_LINE.match(line)):
            return None
        stop = at + 1
        while stop < len(self._lines) and ("|" in (row := self._lines[stop]) or "+-" in row):
            stop += 1
        return SentenceKind.TABLE, stop

    def _line_with(self, word: str, at: int) -> int:
        for stop in range(at, len(self._lines)):
            if word in self._lines[stop].lower():
                return stop
        return len(self._lines) - 1

    def _simple_table_end(self, at: int) -> int:
        for stop in range(at + 1, len(self._lines)):
            is_last = stop + 1 == len(self._lines) or not self._lines[stop + 1].strip()
            if is_last and _SIMPLE_TABLE_LINE.match(self._lines[stop]):
                return stop + 1
        return len(self._lines)

    def _is_indented_code(self, at: int) -> bool:
        line = self._lines[at]
        indent = _indent(line)
        if indent == 0 or line.lstrip().startswith(("|", "..", ":")):
            return False
        before = at - 1
        while before > 0 and not self._lines[before].strip():
            before -= 1
        introduction = self._lines[before] if before >= 0 else ""
        if introduction.rstrip().endswith("::") and not _DIRECTIVE.match(introduction):
            return True
        return indent >= 4 and not _ITEM.match(line) and not _PROSE.match(line)

    def _indented_end(self, at: int, indent: int) -> int:
        stop = at
        while stop < len(self._lines):
            line = self._lines[stop]
            if line.strip() and _indent(line) < indent:
                break
            stop += 1
        return stop

    def _item_end(self, at: int, indent: int) -> int:
        stop, after_blank = at + 1, False
        while stop < len(self._lines):
            line = self._lines[stop]
            if not line.strip(" \t>"):
                after_blank = True
            elif _ITEM.match(line) or (after_blank and _indent(line) <= indent):
                break
            elif _FENCE.match(line):
                found = self._fence(stop)
                stop = found[1] if found else stop + 1
                continue
            stop += 1
        return stop


def _indent(line: str) -> int:
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip(" "))


def _directive_kind(name: str) -> SentenceKind | None:
    if name in _CODE_DIRECTIVES:
        return SentenceKind.CODE
    if name == "math":
        return SentenceKind.MATH
    return SentenceKind.TABLE if name in _TABLE_DIRECTIVES else None
