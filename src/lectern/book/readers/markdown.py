"""Reads Markdown and MDX: CommonMark with tables, display maths, Docusaurus and MyST extensions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from lectern.book.model import Block, BlockKind, Document, SourceKind
from lectern.book.plain import plain_inline
from lectern.book.readers.files import decode_utf8, read_bytes
from lectern.book.readers.mask import MATH_MARK, Masked, mask
from lectern.book.readers.outline import Heading, Item, build_document
from lectern.book.readers.slugs import GithubSlugger

# Deeper quotes and lists are read as text: a parser that recurses must not run out of stack.
_MAX_NESTING = 20

_EXPLICIT_ID = re.compile(r"[ \t]*(?:\{#([^\s{}]+)[^{}]*\}|\{/\*\s*#(\S+?)\s*\*/\})[ \t]*$")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)|\{/\*.*?(?:\*/\}|\Z)", re.S)
_TAG = re.compile(r"<[^<>]*>")
_UNSEEN_ELEMENT = re.compile(r"<(script|style|svg|iframe)\b.*?(?:</\1\s*>|\Z)", re.I | re.S)
_HTML_HEADING = re.compile(r"\s*<h([1-6])\b([^<>]*)>(.*)</h\1\s*>\s*$", re.I | re.S)
_HTML_ID = re.compile(r"\bid\s*=\s*[\"']([^\"']+)")
_ONLY_IMAGES = re.compile(
    r"(?:\s*(?:\[\s*)?(?:!\[[^\]]{0,500}\](?:\([^)]{0,2000000}\)|\[[^\]]{0,200}\])"
    r"|<img\b[^<>]{0,2000000}>)(?:\s*\](?:\([^)]{0,2000}\)|\[[^\]]{0,200}\]))?)+\s*$"
)
_LINK_ITEM = re.compile(
    r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[[^\n]{1,500}\]\((#?)[^\n]{0,500}\)[ \t]*$"
)
_BOILERPLATE = re.compile(
    r"\W*(?:copyright\s+(?:\(c\)|©|\d{4})|©\s*\d{4}|SPDX-License-Identifier"
    r"|licensed under the apache license|permission is hereby granted, free of charge"
    r"|redistribution and use in source and binary forms"
    r"|this (?:work|page|book) is licensed under|all rights reserved)",
    re.I,
)
_CONTENTS_TITLES = frozenset(("contents", "table of contents", "on this page", "toc"))


@dataclass(frozen=True)
class Outline:
    """What was found in a piece of Markdown: a declared title, and headings and blocks."""

    title: str
    items: tuple[Item, ...]


def read_markdown(path: Path, *, max_bytes: int) -> Document:
    """Read a Markdown or MDX file (by its suffix).

    Args:
        path: The file.
        max_bytes: Largest size that is accepted.

    Raises:
        SourceUnreadable: The file cannot be read as UTF-8 text.
    """
    text = decode_utf8(read_bytes(path, max_bytes), path)
    kind = SourceKind.MDX if path.suffix.lower() == ".mdx" else SourceKind.MARKDOWN
    outline = markdown_outline(text, mdx=kind is SourceKind.MDX)
    items = tuple(without_navigation(text, outline.items))
    return build_document(path, kind, text, items, title=outline.title)


def markdown_outline(
    text: str, *, mdx: bool = False, anchor: Callable[[str], str] | None = None
) -> Outline:
    """Find the headings and blocks of a Markdown text.

    Args:
        text: The Markdown.
        mdx: Whether it is MDX.
        anchor: Makes the anchor of a heading from its plain title; by default a GitHub slug.
    """
    masked = mask(text, mdx=mdx)
    walk = _Walk(text, masked, anchor or GithubSlugger().slug)
    tokens = _parser(mdx).parse("\n".join(masked.lines))
    return Outline(plain_inline(masked.title), tuple(walk.items(tokens)))


@lru_cache(maxsize=2)
def _parser(mdx: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable("table")
    # Only the block structure is needed; the words are never parsed.
    parser.core.ruler.enableOnly(["normalize", "block"])
    if mdx:
        parser.disable("code")
    return parser


class _Walk:
    """Turns the block tokens of a masked text into items of the original text."""

    def __init__(self, text: str, masked: Masked, anchor: Callable[[str], str]) -> None:
        self._text = text
        self._masked = masked
        self._anchor = anchor

    def items(self, tokens: Sequence[Token]) -> Iterator[Item]:
        at = 0
        while at < len(tokens):
            token = tokens[at]
            if token.map is not None and token.type != "blockquote_open":
                item = self._item(token, tokens[at + 1] if at + 1 < len(tokens) else None)
                if item is not None:
                    yield item
            at = _after(tokens, at)

    def _item(self, token: Token, inner: Token | None) -> Item | None:
        kind = _KINDS.get(token.type)
        if token.type == "heading_open" and inner is not None:
            return self._heading(token, inner) if token.level == 0 else None
        if token.type == "html_block":
            return self._html(token)
        if kind is None:
            return None
        block = self._block(token, kind)
        if block is not None and kind is BlockKind.PARAGRAPH and self._is_unwanted(block):
            return None
        return block

    def _block(self, token: Token, kind: BlockKind) -> Block | None:
        first, stop = token.map or (0, 0)
        lines, starts = self._masked.lines, self._masked.starts
        stop = min(stop, len(lines))
        while stop > first and not lines[stop - 1].strip(" \t>"):
            stop -= 1
        while first < stop and not lines[first].strip(" \t>"):
            first += 1
        if first >= stop:
            return None
        start = starts[first]
        end = starts[stop] if stop < len(starts) else len(self._text)
        if token.type == "code_block" and token.level == 0:
            return _trimmed(self._text, kind, start, end)
        while start < end and self._text[start] in " \t>\ufeff":
            start += 1
        return _trimmed(self._text, kind, start, end)

    def _heading(self, token: Token, inner: Token) -> Heading:
        first = (token.map or [0])[0]
        explicit = _EXPLICIT_ID.search(inner.content)
        raw = inner.content[: explicit.start()] if explicit else inner.content
        title = plain_inline(_COMMENT.sub("", raw))
        anchor = self._masked.targets.get(first, "")
        if explicit:
            anchor = explicit[1] or explicit[2]
        level = int(token.tag[1:])
        return Heading(level, title, anchor or self._anchor(title), self._masked.starts[first])

    def _html(self, token: Token) -> Item | None:
        if token.content.lstrip().startswith(MATH_MARK):
            return self._block(token, BlockKind.MATH)
        heading = _HTML_HEADING.match(token.content)
        if heading and token.level == 0:
            title = plain_inline(_TAG.sub("", heading[3]))
            found = _HTML_ID.search(heading[2])
            anchor = found[1] if found else self._anchor(title)
            start = self._masked.starts[(token.map or [0])[0]]
            return Heading(int(heading[1]), title, anchor, start) if title else None
        seen = _UNSEEN_ELEMENT.sub("", token.content)
        lowered = seen.lower()
        if not _TAG.sub("", _COMMENT.sub("", seen)).strip():
            return None
        if "<table" in lowered:
            return self._block(token, BlockKind.TABLE)
        return self._block(token, BlockKind.CODE if "<pre" in lowered else BlockKind.PARAGRAPH)

    def _is_unwanted(self, block: Block) -> bool:
        content = self._text[block.start : block.end]
        if content.startswith(("!", "[", "<")) and _ONLY_IMAGES.match(content):
            return True
        return bool(_BOILERPLATE.match(content))


_KINDS = {
    "heading_open": BlockKind.PARAGRAPH,
    "paragraph_open": BlockKind.PARAGRAPH,
    "bullet_list_open": BlockKind.LIST,
    "ordered_list_open": BlockKind.LIST,
    "table_open": BlockKind.TABLE,
    "fence": BlockKind.CODE,
    "code_block": BlockKind.CODE,
}


def _after(tokens: Sequence[Token], at: int) -> int:
    """Return the index of the token after a whole block; a quote is entered instead."""
    token = tokens[at]
    if token.nesting != 1 or token.type == "blockquote_open":
        return at + 1
    at += 1
    while at < len(tokens) and tokens[at].level > token.level:
        at += 1
    return at + 1


def _trimmed(text: str, kind: BlockKind, start: int, end: int) -> Block | None:
    content = text[start:end]
    end = start + len(content.rstrip())
    return Block(kind, start, end) if end > start else None


def without_navigation(text: str, items: Iterable[Item]) -> Iterator[Item]:
    """Leave out lists that are nothing but links: to places on the page, or at its top."""
    headings, title = 0, ""
    for item in items:
        if isinstance(item, Heading):
            headings += 1
            title = item.title.lower()
        elif item.kind is BlockKind.LIST:
            at_top = headings < 2 or title in _CONTENTS_TITLES
            if _is_link_list(text[item.start : item.end], at_top):
                continue
        yield item


def _is_link_list(content: str, at_top: bool) -> bool:
    links = 0
    for line in content.splitlines():
        if not line.strip():
            continue
        link = _LINK_ITEM.match(line)
        if not link or not (at_top or link[1]):
            return False
        links += 1
    return links > 1
