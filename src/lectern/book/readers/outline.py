"""From the headings and blocks a reader found to a document with sections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lectern.book.model import Block, Document, Section, SourceKind


@dataclass(frozen=True)
class Heading:
    """A heading in the text.

    Attributes:
        level: 1 for the outermost.
        title: Plain text; may be empty.
        anchor: Fragment identifier, or empty.
        start: Offset of the first character of the heading.
    """

    level: int
    title: str
    anchor: str
    start: int


Item: TypeAlias = Heading | Block


def build_document(
    path: Path, kind: SourceKind, text: str, items: Sequence[Item], *, title: str = ""
) -> Document:
    """Put items, in reading order, into sections.

    Args:
        path: The file that was read.
        kind: Its format.
        text: What the offsets of the items refer to.
        items: Headings and blocks, ordered and without overlap.
        title: Title that the file declares; else the first heading of level 1, else the file's
            stem, is the title.
    """
    title = title or _first_title(items) or path.stem
    return Document(
        source=str(path.absolute()),
        kind=kind,
        title=title,
        text=text,
        sections=tuple(_sections(title, items, len(text))),
    )


def _first_title(items: Iterable[Item]) -> str:
    headings = (item for item in items if isinstance(item, Heading))
    return next((heading.title for heading in headings if heading.level == 1), "")


def _sections(title: str, items: Sequence[Item], length: int) -> Iterable[Section]:
    open_headings: list[Heading] = []
    anchor, start, blocks = "", 0, list[Block]()
    for item in items:
        if isinstance(item, Block):
            blocks.append(item)
            continue
        if open_headings or blocks:
            yield Section(_trail(title, open_headings), anchor, start, item.start, tuple(blocks))
        while open_headings and open_headings[-1].level >= item.level:
            open_headings.pop()
        open_headings.append(item)
        anchor, start, blocks = item.anchor, item.start, []
    if open_headings or blocks:
        yield Section(_trail(title, open_headings), anchor, start, length, tuple(blocks))


def _trail(title: str, headings: Sequence[Heading]) -> tuple[str, ...]:
    titles = [heading.title for heading in headings if heading.title]
    if titles and titles[0] == title:
        del titles[0]
    return (title, *titles)
