"""Reads reStructuredText line by line, so that every offset is a position in the file.

docutils is no help here: it keeps line numbers only, and it refuses the directives of projects
whose extensions are not installed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from lectern.book.model import Block, BlockKind, Document, SourceKind
from lectern.book.plain import plain_text
from lectern.book.readers.files import decode_utf8, read_bytes
from lectern.book.readers.outline import Heading, Item, build_document
from lectern.book.readers.slugs import docutils_id
from lectern.book.words import word_set

_LINE_END = re.compile(r"\r\n?|\n")
_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1+[ \t]*$")
_EXPLICIT = re.compile(r"\.\.(?:[ \t]+|$)")
_LABEL = re.compile(r"_(?:`([^`]+)`|([^:`]+(?:\\:[^:`]+)*)):[ \t]*(\S.*)?$")
_DIRECTIVE = re.compile(r"(?:\|[^|]*\|[ \t]+)?([A-Za-z][\w:+.-]*?)[ \t]?::(?:[ \t]+|$)")
_FOOTNOTE = re.compile(r"\[[#*\w.-]+\][ \t]+(?=\S)")
_FIELD = re.compile(r":(?![: ])(?:\\.|[^\\:\n])+:(?:[ \t]|$)")
_ITEM = re.compile(
    r"(?:[-*+\u2022]|(?:\d{1,3}|[A-Za-z]|[ivxlIVXL]{1,5}|#)[.)]|\((?:\d{1,3}|[A-Za-z])\))[ \t]+\S"
)
_GRID_TABLE = re.compile(r"\+[-=]+(?:\+[-=]*)*\+[ \t]*$")
_SIMPLE_TABLE = re.compile(r"={2,}(?:[ \t]+={2,})+[ \t]*$")

_CODE = word_set(
    "code-block code sourcecode parsed-literal prompt doctest testcode testoutput code-tab "
    "code-cell ipython ipython3 jupyter-execute productionlist graphviz mermaid uml plot console"
)
_TABLES = word_set("table list-table csv-table flat-table")
_MATHS = word_set("math")
_DROPPED = word_set(
    "toctree contents index image raw include literalinclude highlight meta role default-role "
    "currentmodule module sectnum section-numbering header footer target-notes replace unicode "
    "date autosummary sectionauthor codeauthor todo todolist youtube video tags testsetup "
    "testcleanup bibliography highlightlang default-domain title rubric minigallery "
    "redirect-from"
)
# Their argument is the first line of their content.
_ADMONITIONS = word_set(
    "note tip hint warning caution danger error important attention seealso admonition "
    "versionadded versionchanged deprecated versionremoved topic sidebar"
)
# Their argument names what their content describes.
_DESCRIPTIONS = word_set("option envvar describe object confval cmdoption program setting function")


def read_rst(path: Path, *, max_bytes: int) -> Document:
    """Read a reStructuredText file.

    Args:
        path: The file.
        max_bytes: Largest size that is accepted.

    Raises:
        SourceUnreadable: The file cannot be read as UTF-8 text.
    """
    text = decode_utf8(read_bytes(path, max_bytes), path)
    return build_document(path, SourceKind.RST, text, _Scanner(text).items())


def is_sphinx_text(path: Path) -> bool:
    """Tell whether a `.txt` file is a page of a Sphinx tree that names its sources so."""
    if path.name.lower().startswith(("requirements", "robots", "cmakelists", "license")):
        return False
    folders = list(path.absolute().parents)[:8]
    return any((f / "conf.py").is_file() and (f / "index.txt").is_file() for f in folders)


class _Scanner:
    """Goes through the lines once; each step takes one construct and returns the line after it."""

    def __init__(self, text: str) -> None:
        self._text = text
        starts, stops = [0], []
        for end in _LINE_END.finditer(text):
            stops.append(end.start())
            starts.append(end.end())
        stops.append(len(text))
        self._starts, self._stops = starts, stops
        pairs = zip(starts, stops, strict=True)
        self._lines = [text[start:stop].rstrip() for start, stop in pairs]
        self._lines[0] = self._lines[0].replace("\ufeff", " ")
        self._indents = [_indent(line) for line in self._lines]
        self._items: list[Item] = []
        self._levels: list[tuple[str, bool]] = []
        self._label = ""
        self._ids: set[str] = set()
        self._numbered = 0
        self._steps: tuple[Callable[[int], int], ...] = (
            self._title,
            self._explicit,
            self._table,
            self._listing,
            self._fields,
        )

    def items(self) -> list[Item]:
        """Return headings and blocks in order."""
        at = 0
        while at < len(self._lines):
            at = self._step(at) if self._lines[at] else at + 1
        return self._items

    def _step(self, at: int) -> int:
        for step in self._steps:
            following = step(at)
            if following > at:
                return following
        return self._paragraph(at, at)

    def _add(self, kind: BlockKind, first: int, stop: int, start: int | None = None) -> None:
        """Add lines as a block; `start` is an offset within the first of them."""
        while stop > first and not self._lines[stop - 1]:
            stop -= 1
        if stop <= first:
            return
        start = self._starts[first] if start is None else start
        end = self._stops[stop - 1]
        content = self._text[start:end]
        end = start + len(content.rstrip())
        if kind is not BlockKind.CODE:
            start += len(content) - len(content.lstrip("\ufeff \t\f\v"))
        if start < end:
            self._items.append(Block(kind, start, end))
            self._label = ""

    def _line(self, at: int) -> str:
        return self._lines[at] if at < len(self._lines) else ""

    # Titles

    def _title(self, at: int) -> int:
        if self._indents[at] and not self._is_adornment(at):
            return at
        if self._is_adornment(at):
            return self._overlined(at)
        title, under = self._lines[at], self._line(at + 1)
        if self._is_adornment(at + 1) and (len(under) >= len(title) or len(under) >= 4):
            return self._heading(at, title, under[0], False, at + 2)
        return at

    def _overlined(self, at: int) -> int:
        title, under = self._line(at + 1).strip(), self._line(at + 2)
        if title and under == self._lines[at]:
            return self._heading(at, title, under[0], True, at + 3)
        # A transition; or a line of dots that is text.
        return at + 1 if not self._line(at + 1) and len(self._lines[at]) >= 4 else at

    def _is_adornment(self, at: int) -> bool:
        return bool(_ADORNMENT.match(self._line(at)))

    def _heading(self, at: int, title: str, char: str, is_over: bool, following: int) -> int:
        style = (char, is_over)
        if style not in self._levels:
            self._levels.append(style)
        plain = " ".join(plain_text(title, SourceKind.RST).split())
        anchor = self._unique(docutils_id(plain))
        if self._label:
            anchor, self._label = docutils_id(self._label) or anchor, ""
        level = self._levels.index(style) + 1
        self._items.append(Heading(level, plain, anchor, self._starts[at]))
        return following

    def _unique(self, identifier: str) -> str:
        unique = identifier
        while not unique or unique in self._ids:
            self._numbered += 1
            unique = f"id{self._numbered}"
        self._ids.add(unique)
        return unique

    # Explicit markup: labels, directives, footnotes, comments

    def _explicit(self, at: int) -> int:
        indent = self._indents[at]
        line = self._lines[at].lstrip()
        mark = _EXPLICIT.match(line)
        if not mark:
            return at + 1 if line.startswith("__ ") else at
        content = line[mark.end() :]
        label = _LABEL.match(content)
        if label:
            if not label[3]:
                self._label = (label[1] or label[2]).strip()
            return at + 1
        directive = _DIRECTIVE.match(content)
        if directive:
            start = self._offset(at, mark.end() + directive.end())
            return self._directive(at, directive[1].lower(), start)
        footnote = _FOOTNOTE.match(content)
        if footnote:
            start = self._offset(at, mark.end() + footnote.end())
            return self._paragraph(at, at, start)
        if not content and not self._line(at + 1):
            return at + 1  # an empty comment ends there and swallows nothing
        return self._indented_end(at + 1, indent + 1)

    def _offset(self, at: int, column: int) -> int:
        line = self._text[self._starts[at] : self._stops[at]]
        return self._starts[at] + len(line) - len(line.lstrip("\ufeff \t\f\v")) + column

    def _directive(self, at: int, name: str, argument: int) -> int:
        stop = self._indented_end(at + 1, self._indents[at] + 1)
        kind = _directive_kind(name)
        if kind is not None:
            self._add(kind, at, stop, self._offset(at, 0))
            return stop
        if name in _DROPPED or name.startswith("auto"):
            return stop
        has_argument = argument < self._starts[at] + len(self._lines[at])
        body = at + 1
        if name in _ADMONITIONS and has_argument:
            is_text = self._line(at + 1) and not _FIELD.match(self._lines[at + 1].lstrip())
            last = self._paragraph_end(at) if is_text else at + 1
            self._add(BlockKind.PARAGRAPH, at, last, argument)
            body = last
        elif (name in _DESCRIPTIONS or ":" in name) and has_argument:
            self._add(BlockKind.PARAGRAPH, at, at + 1, argument)
        while body < stop and self._lines[body] and _FIELD.match(self._lines[body].lstrip()):
            body += 1  # options
        return body

    def _indented_end(self, at: int, indent: int) -> int:
        while at < len(self._lines) and (not self._lines[at] or self._indents[at] >= indent):
            at += 1
        return at

    # Body elements

    def _table(self, at: int) -> int:
        line = self._lines[at].lstrip()
        if _GRID_TABLE.match(line):
            stop = at
            while self._line(stop).lstrip().startswith(("+", "|")):
                stop += 1
        elif _SIMPLE_TABLE.match(line):
            stop = self._simple_table_end(at, line)
        elif line.startswith((">>> ", "| ")):
            kind = BlockKind.CODE if line[0] == ">" else BlockKind.PARAGRAPH
            stop = self._paragraph_end(at)
            self._add(kind, at, stop)
            return stop
        else:
            return at
        self._add(BlockKind.TABLE, at, stop)
        return stop

    def _simple_table_end(self, at: int, border: str) -> int:
        for stop in range(at + 1, min(len(self._lines), at + 2_000)):
            if self._lines[stop].lstrip() == border and not self._line(stop + 1):
                return stop + 1
        return self._paragraph_end(at)

    def _listing(self, at: int) -> int:
        indent = self._indents[at]
        if not _ITEM.match(self._lines[at].lstrip()):
            return at
        if self._continues_as_text(at, indent):
            return at
        stop = at + 1
        while stop < len(self._lines):
            line = self._lines[stop]
            if line and self._indents[stop] <= indent:
                is_item = self._indents[stop] == indent and _ITEM.match(line.lstrip())
                if not is_item:
                    break
            stop += 1
        self._add(BlockKind.LIST, at, stop)
        return stop

    def _continues_as_text(self, at: int, indent: int) -> bool:
        # "A. Smith wrote" on the first line of a paragraph is no list.
        following = self._line(at + 1)
        is_next = following and self._indents[at + 1] == indent
        return bool(is_next and not _ITEM.match(following.lstrip()))

    def _fields(self, at: int) -> int:
        if not _FIELD.match(self._lines[at].lstrip()):
            return at
        if self._text[self._starts[at] :].startswith(":") and not self._items:
            return self._indented_end(at + 1, 1)  # metadata of the page
        if self._lines[at].lstrip().endswith("`") or "`" in self._lines[at].split(":")[-1][:1]:
            return at  # a role at the start of a paragraph
        stop = at + 1
        indent = self._indents[at]
        while stop < len(self._lines) and self._lines[stop]:
            is_field = _FIELD.match(self._lines[stop].lstrip())
            if self._indents[stop] <= indent and not is_field:
                break
            stop += 1
        self._add(BlockKind.LIST, at, stop)
        return stop

    def _paragraph_end(self, at: int) -> int:
        while at < len(self._lines) and self._lines[at]:
            at += 1
        return at

    def _paragraph(self, at: int, first: int, start: int | None = None) -> int:
        stop = at + 1
        while self._line(stop) and not self._is_title_at(stop):
            stop += 1
        if self._lines[first].strip() != "::":
            self._add(BlockKind.PARAGRAPH, first, stop, start)
        if not self._lines[stop - 1].endswith("::"):
            return stop
        literal = stop
        while literal < len(self._lines) and not self._lines[literal]:
            literal += 1
        end = self._indented_end(literal, self._indents[at] + 1)
        self._add(BlockKind.CODE, literal, end)
        return end

    def _is_title_at(self, at: int) -> bool:
        # Only an overlined title can follow text without a blank line.
        over = self._lines[at]
        return len(over) >= 4 and self._is_adornment(at) and self._line(at + 2) == over


def _directive_kind(name: str) -> BlockKind | None:
    if name in _CODE:
        return BlockKind.CODE
    if name in _MATHS:
        return BlockKind.MATH
    return BlockKind.TABLE if name in _TABLES else None


def _indent(line: str) -> int:
    expanded = line.expandtabs(8)
    return len(expanded) - len(expanded.lstrip())
