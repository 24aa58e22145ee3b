"""What a book is made of: documents, sections, blocks and passages.

All offsets are positions in `Document.text`, counted in characters (Unicode code points), half
open: `text[start:end]`. For Markdown, MDX and reStructuredText `Document.text` is the file itself,
decoded and otherwise untouched (line ends included), so an offset is also a position in the file.
For HTML, notebooks and PDF it is the text that was extracted, which the index keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class SourceKind(str, Enum):
    """Formats that can be read."""

    MARKDOWN = "markdown"
    MDX = "mdx"
    RST = "rst"
    HTML = "html"
    NOTEBOOK = "notebook"
    PDF = "pdf"

    @property
    def is_extracted(self) -> bool:
        """Tell whether offsets refer to extracted text instead of the file itself."""
        return self in (SourceKind.HTML, SourceKind.NOTEBOOK, SourceKind.PDF)


class BlockKind(str, Enum):
    """Kinds of block; every kind but `PARAGRAPH` is atomic unless it is far too long."""

    PARAGRAPH = "paragraph"
    LIST = "list"
    CODE = "code"
    TABLE = "table"
    MATH = "math"


@dataclass(frozen=True)
class Block:
    """A piece of a section that belongs together; `start` and `end` are offsets."""

    kind: BlockKind
    start: int
    end: int


@dataclass(frozen=True)
class Section:
    """A heading and the blocks below it, up to the next heading of any level.

    Attributes:
        trail: Titles from the document's title down to this section's own, plain text.
        anchor: Fragment identifier of the heading as the published page has it, without `#`;
            empty where the format has none.
        start: Offset of the first character of the heading.
        end: Offset after the last character that belongs to the section.
        blocks: In reading order; neither the heading nor what was left out is among them.
    """

    trail: tuple[str, ...]
    anchor: str
    start: int
    end: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """One source that was read.

    Attributes:
        source: Path of the file, absolute, as text.
        kind: Its format.
        title: Title of the chapter or page, plain text.
        text: What all offsets refer to.
        sections: In reading order, without overlap.
    """

    source: str
    kind: SourceKind
    title: str
    text: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Passage:
    """The unit that is embedded, found and cited; an exact span of its document.

    Attributes:
        passage_id: 16 hexadecimal digits; stays the same while source, trail and text do.
        source: As in `Document`.
        kind: As in `Document`.
        title: As in `Document`.
        heading: Trail of the section, the document's title first.
        anchor: Anchor of the section.
        text: `document.text[start:end]`.
        start: Offset of the first character.
        end: Offset after the last character.
    """

    passage_id: str
    source: str
    kind: SourceKind
    title: str
    heading: tuple[str, ...]
    anchor: str
    text: str
    start: int
    end: int
