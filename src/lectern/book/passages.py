"""Cuts a document into passages: exact spans that belong together and fit an embedding model.

A passage never crosses a heading. Code, tables, formulas and lists stay whole and keep the
sentence that introduces them; paragraphs that are too long are cut between sentences.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lectern.book.model import Block, BlockKind, Document, Passage, Section
from lectern.book.sentences import paragraph_sentences

_TINY_CHARS = 200
_WHOLE_FACTOR = 3  # a block that must stay whole is cut all the same beyond this many max_chars
_GAP_CHARS = 300

# What may lie between two blocks of one passage: frames of admonitions, component tags, images.
# Anything else that a reader left out (comments, licences, link lists) separates passages.
_JOINABLE_GAP = re.compile(
    r"(?:\s|>|:{3,}[^\n]*|<(?!!)[^<>]*>|!\[[^\]]*\]\([^)]*\)|[-*_]{3,}(?=\s)"
    r"|`{3,}(?:\{[\w-]+\}[^\n]*)?(?=\s)|\.\. [\w-]+::[^\n]*|[ \t]+:[\w-]+:[^\n]*)*"
)
_ITEM = re.compile(r"([ \t>]*)(?:[-*+]|\d{1,9}[.)]|#\.)[ \t]")
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n|\Z)")
_FULL_STOP = (".", "!", "?", "。", "…")


@dataclass(frozen=True)
class _Piece:
    """A span that is not cut any further.

    Attributes:
        start: Offset of the first character.
        end: Offset after the last character.
        joins: Whether it may share a passage with the piece before it.
        clings: Whether it must.
    """

    start: int
    end: int
    joins: bool
    clings: bool


def cut_passages(
    document: Document, *, target_chars: int = 900, max_chars: int = 1600
) -> tuple[Passage, ...]:
    """Cut a document into passages, in reading order.

    Args:
        document: What a reader returned.
        target_chars: Consecutive blocks are joined up to about this many characters.
        max_chars: No passage is longer, unless it is one block that has to stay whole.
    """
    seen: Counter[tuple[tuple[str, ...], str]] = Counter()
    passages = []
    for section in document.sections:
        for start, end in _section_spans(document.text, section, target_chars, max_chars):
            text = document.text[start:end]
            number = seen[section.trail, text]
            seen[section.trail, text] += 1
            passages.append(_passage(document, section, start, end, number))
    return tuple(passages)


def _passage(document: Document, section: Section, start: int, end: int, number: int) -> Passage:
    text = document.text[start:end]
    key = "\0".join((document.source, *section.trail, text, str(number)))
    # A path that is not valid UTF-8 holds surrogates.
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass"))
    return Passage(
        passage_id=digest.hexdigest()[:16],
        source=document.source,
        kind=document.kind,
        title=document.title,
        heading=section.trail,
        anchor=section.anchor,
        text=text,
        start=start,
        end=end,
    )


def _section_spans(
    text: str, section: Section, target_chars: int, max_chars: int
) -> Iterator[tuple[int, int]]:
    pieces = list(_pieces(text, section.blocks, target_chars, max_chars))
    spans: list[tuple[int, int, bool]] = []
    for start, end, joins in _groups(pieces, max_chars):
        if spans and joins and _belongs(spans[-1][:2], (start, end), target_chars, max_chars):
            spans[-1] = (spans[-1][0], end, spans[-1][2])
        else:
            spans.append((start, end, joins))
    return _without_tiny_tail(spans, max_chars)


def _belongs(
    last: tuple[int, int], unit: tuple[int, int], target_chars: int, max_chars: int
) -> bool:
    joined = unit[1] - last[0]
    is_small = last[1] - last[0] < target_chars // 3
    return joined <= target_chars or (is_small and joined <= max_chars)


def _without_tiny_tail(
    spans: list[tuple[int, int, bool]], max_chars: int
) -> Iterator[tuple[int, int]]:
    if len(spans) > 1:
        (first, _, joins), (start, end, tail_joins) = spans[-2:]
        if tail_joins and end - start < _TINY_CHARS and end - first <= max_chars:
            spans[-2:] = [(first, end, joins)]
    return ((start, end) for start, end, _ in spans)


def _groups(pieces: Sequence[_Piece], max_chars: int) -> Iterator[tuple[int, int, bool]]:
    """Yield start and end of pieces that cling together, and whether the first of them joins."""
    group: _Piece | None = None
    for piece in pieces:
        if group is None:
            group = piece
        elif piece.clings and (piece.end - group.start <= max_chars or not group.clings):
            # An introduction follows its block even when both together are too long.
            clings = piece.end - group.start > max_chars
            group = _Piece(group.start, piece.end, group.joins, clings)
        else:
            yield group.start, group.end, group.joins
            group = piece
    if group is not None:
        yield group.start, group.end, group.joins


def _pieces(
    text: str, blocks: Sequence[Block], target_chars: int, max_chars: int
) -> Iterator[_Piece]:
    before: Block | None = None
    for number, block in enumerate(blocks):
        joins = before is not None and _is_joinable(text[before.end : block.start])
        clings = before is not None and joins and _clings(text, before, block)
        follows = blocks[number + 1] if number + 1 < len(blocks) else None
        introduced = follows if follows is not None and _clings(text, block, follows) else None
        for start, end in _cut_block(text, block, introduced, target_chars, max_chars):
            yield _Piece(start, end, joins, clings)
            joins, clings = True, False
        before = block


def _is_joinable(gap: str) -> bool:
    return not gap.strip() or (len(gap) <= _GAP_CHARS and _JOINABLE_GAP.fullmatch(gap) is not None)


def _clings(text: str, before: Block, block: Block) -> bool:
    """Tell whether a block must stay with the one before it.

    A paragraph that ends in a colon introduces what follows; one that ends in the middle of a
    sentence goes on in the formula; and a formula's sentence goes on in "where ...".
    """
    if before.kind is BlockKind.PARAGRAPH:
        last = text[before.end - 1]
        if block.kind is BlockKind.MATH:
            return last not in _FULL_STOP
        return last == ":"
    starts = text[block.start : block.start + 1]
    return before.kind is BlockKind.MATH and starts.islower()


def _cut_block(
    text: str, block: Block, introduced: Block | None, target_chars: int, max_chars: int
) -> Iterator[tuple[int, int]]:
    length = block.end - block.start
    if block.kind is BlockKind.PARAGRAPH:
        # Of a paragraph before a long block only the last sentence goes with the block.
        is_introduction = introduced is not None and introduced.end - block.start > target_chars
        if length > max_chars or is_introduction:
            spans = list(_sentence_spans(text, block, max_chars))
            return _packed(spans, target_chars, introduced is not None)
    elif length > _WHOLE_FACTOR * max_chars:
        return _packed(_line_spans(text, block, max_chars), max_chars, False)
    return iter(((block.start, block.end),))


def _packed(
    spans: Sequence[tuple[int, int]], limit: int, last_alone: bool
) -> Iterator[tuple[int, int]]:
    """Join consecutive spans up to a limit; the last one stays alone on demand."""
    open_span: tuple[int, int] | None = None
    for number, (start, end) in enumerate(spans):
        is_alone = last_alone and number == len(spans) - 1
        if open_span is not None and (is_alone or end - open_span[0] > limit):
            yield open_span
            open_span = None
        open_span = (start if open_span is None else open_span[0], end)
    if open_span is not None:
        yield open_span


def _sentence_spans(text: str, block: Block, max_chars: int) -> Iterator[tuple[int, int]]:
    for start, end in paragraph_sentences(text, block.start, block.end):
        if end - start <= max_chars:
            yield start, end
        else:
            yield from _word_spans(text, start, end, max_chars)


def _word_spans(text: str, start: int, end: int, max_chars: int) -> Iterator[tuple[int, int]]:
    while end - start > max_chars:
        stop = start + max_chars
        space = max(text.rfind(" ", start, stop), text.rfind("\n", start, stop))
        stop = space if space > start else stop
        yield start, start + len(text[start:stop].rstrip())
        start = stop + len(text[stop:end]) - len(text[stop:end].lstrip()) if space else stop
    if end > start:
        yield start, end


def _line_spans(text: str, block: Block, max_chars: int) -> list[tuple[int, int]]:
    """Return the lines of a block; the items of a list; what is longer is cut between words."""
    spans: list[tuple[int, int]] = []
    indent: int | None = None
    for line in _LINE.finditer(text, block.start, block.end):
        content = line[0].rstrip()
        if not content:
            continue
        span = (line.start(), line.start() + len(content))
        item = _ITEM.match(content) if block.kind is BlockKind.LIST else None
        indent = len(item[1]) if item and indent is None else indent
        starts_item = item is not None and indent is not None and len(item[1]) <= indent
        is_inside = block.kind is BlockKind.LIST and not starts_item
        if spans and is_inside and span[1] - spans[-1][0] <= max_chars:
            spans[-1] = (spans[-1][0], span[1])
        elif len(content) > max_chars:
            spans.extend(_word_spans(text, *span, max_chars))
        else:
            spans.append(span)
    return spans
