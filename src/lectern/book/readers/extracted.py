"""Builds the text of a source that is not text itself, and the items in it."""

from __future__ import annotations

import re

from lectern.book.model import Block, BlockKind
from lectern.book.readers.files import without_surrogates
from lectern.book.readers.outline import Heading, Item

_BACKTICKS = re.compile(r"`{3,}")
_LANGUAGE = re.compile(r"[A-Za-z][\w+#.-]{0,30}")


class ExtractedText:
    """Text that grows block by block, as Markdown, with an item for each block and heading."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self.items: list[Item] = []

    @property
    def text(self) -> str:
        """Everything added so far."""
        return "".join(self._parts)

    def add_heading(self, level: int, title: str, anchor: str) -> None:
        """Add a heading; `title` is plain text on one line."""
        title = " ".join(without_surrogates(title).split())
        self.items.append(Heading(level, title, without_surrogates(anchor), self._length))
        self._write(f"{'#' * level} {title}")

    def add_block(self, kind: BlockKind, content: str) -> None:
        """Add a block as it is, without white space around it; a blank one adds nothing."""
        content = without_surrogates(content).strip("\n").rstrip()
        if kind is not BlockKind.CODE:
            content = content.lstrip()
        if content:
            self.items.append(Block(kind, self._length, self._length + len(content)))
            self._write(content)

    def add_piece(self, text: str, items: tuple[Item, ...]) -> None:
        """Add text whose headings and blocks are known already.

        Args:
            text: A piece of Markdown.
            items: Its headings and blocks, with offsets in this piece.
        """
        text = without_surrogates(text)
        for item in items:
            if isinstance(item, Heading):
                start = item.start + self._length
                self.items.append(Heading(item.level, item.title, item.anchor, start))
            else:
                start, end = item.start + self._length, item.end + self._length
                self.items.append(Block(item.kind, start, end))
        self._write(text)

    def _write(self, content: str) -> None:
        self._parts.append(content + "\n\n")
        self._length += len(content) + 2


def fenced(code: str, language: str = "") -> str:
    """Return code as a fenced block whose fence is longer than any in the code."""
    longest = max((len(run) for run in _BACKTICKS.findall(code)), default=2)
    fence = "`" * (longest + 1)
    info = language if _LANGUAGE.fullmatch(language) else ""
    return f"{fence}{info}\n{code.strip(chr(10)).rstrip()}\n{fence}"
