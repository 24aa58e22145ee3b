"""Reads PDF files by PDFium: sections from the bookmarks, or one for each page."""

from __future__ import annotations

import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium

from lectern.book.model import BlockKind, Document, SourceKind
from lectern.book.readers.extracted import ExtractedText
from lectern.book.readers.files import read_bytes
from lectern.book.readers.outline import build_document
from lectern.errors import SourceUnreadable

# PDFium keeps global state and is not safe to use from two threads at once.
_PDFIUM = threading.Lock()

_MAX_BOOKMARKS = 20_000
_EDGE_LINES = 2  # running heads and feet stand within this many lines of a page's edge
_REPEATED_SHARE = 0.5
_REPEATED_PAGES = 3
_PAGE_NUMBER = re.compile(
    r"\W*(?:page\s+)?(?:\d{1,4}|[ivxlc]{1,6})(?:\s*(?:/|of)\s*\d{1,4})?\W*", re.I
)
_DIGITS = re.compile(r"\d+")
_HYPHEN = re.compile(r"(?<=[^\W\d_])(?:-|\u00ad|\ufffe|\x02)$")
_BULLET = re.compile(r"\s*(?:[•◦▪\uf0b7]|\(?\d{1,2}[.)]\s|[-\u2013]\s)\s*\S")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\ufffe\uffff]")
_SENTENCE_END = re.compile(r"[.!?:]['\")\]]?$")


@dataclass(frozen=True)
class _Bookmark:
    title: str
    level: int


def read_pdf(path: Path, *, max_bytes: int) -> Document:
    """Read a PDF file that holds text.

    Args:
        path: The file.
        max_bytes: Largest size that is accepted.

    Raises:
        SourceUnreadable: The file is broken, needs a password, or holds pictures of text only.
    """
    data = read_bytes(path, max_bytes)
    with _PDFIUM:
        pages, bookmarks, title = _extract(data, path)
    if not any(page.strip() for page in pages):
        raise SourceUnreadable(
            f"{path} holds no text; it seems to be scanned.",
            "Run text recognition (OCR) on it first, for example with ocrmypdf.",
        )
    extracted = ExtractedText()
    _add_pages(extracted, _without_running_lines([_lines(page) for page in pages]), bookmarks)
    title = " ".join(title.split()) or path.stem
    return build_document(path, SourceKind.PDF, extracted.text, extracted.items, title=title)


def _extract(data: bytes, path: Path) -> tuple[list[str], dict[int, list[_Bookmark]], str]:
    try:
        pdf = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise SourceUnreadable(
                f"{path} is encrypted.", "Save a copy of it without a password."
            ) from error
        raise _broken(path, error) from error
    try:
        pages = [_page_text(pdf, number) for number in range(len(pdf))]
        title = pdf.get_metadata_value("Title") or ""
        return pages, _bookmarks(pdf), title
    except (pdfium.PdfiumError, ValueError, UnicodeError) as error:
        raise _broken(path, error) from error
    finally:
        pdf.close()


def _broken(path: Path, error: Exception) -> SourceUnreadable:
    return SourceUnreadable(f"{path} is no readable PDF: {error}", "Export it again.")


def _page_text(pdf: pdfium.PdfDocument, number: int) -> str:
    page = pdf[number]
    text_page = page.get_textpage()
    try:
        return str(text_page.get_text_range(errors="replace"))
    finally:
        text_page.close()
        page.close()


def _bookmarks(pdf: pdfium.PdfDocument) -> dict[int, list[_Bookmark]]:
    """Return the bookmarks of each page, counted from 0, in order."""
    found: dict[int, list[_Bookmark]] = defaultdict(list)
    for count, bookmark in enumerate(pdf.get_toc(max_depth=6)):
        if count >= _MAX_BOOKMARKS:
            break
        target = bookmark.get_dest()
        page = target.get_index() if target is not None else None
        title = " ".join(_CONTROL.sub("", bookmark.get_title() or "").split())
        if page is not None and title:
            found[page].append(_Bookmark(title, bookmark.level + 1))
    return dict(found)


def _lines(page: str) -> list[str]:
    lines = page.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [line.rstrip() for line in lines]


def _without_running_lines(pages: Sequence[list[str]]) -> list[list[str]]:
    """Leave out page numbers, and the heads and feet that most pages repeat."""
    counts = Counter(key for page in pages for key in {_key(line) for line in _edges(page)})
    least = max(_REPEATED_PAGES, int(len(pages) * _REPEATED_SHARE))
    repeated = {key for key, count in counts.items() if count >= least}
    return [list(_body(page, repeated)) for page in pages]


def _edges(page: Sequence[str]) -> list[str]:
    filled = [line for line in page if line.strip()]
    return filled[:_EDGE_LINES] + filled[-_EDGE_LINES:]


def _body(page: Sequence[str], repeated: set[str]) -> Iterator[str]:
    filled = [number for number, line in enumerate(page) if line.strip()]
    edges = {*filled[:_EDGE_LINES], *filled[-_EDGE_LINES:]}
    for number, line in enumerate(page):
        if number in edges and (_key(line) in repeated or _PAGE_NUMBER.fullmatch(line)):
            continue
        yield line


def _key(line: str) -> str:
    return _DIGITS.sub("0", " ".join(line.split()).lower())


def _add_pages(
    extracted: ExtractedText, pages: Sequence[list[str]], bookmarks: dict[int, list[_Bookmark]]
) -> None:
    for number, lines in enumerate(pages):
        anchor = f"page={number + 1}"
        if not bookmarks:
            extracted.add_heading(2, f"Page {number + 1}", anchor)
        rest = lines
        for bookmark in bookmarks.get(number, ()):
            before, rest = _split_at(rest, bookmark.title)
            _add_paragraphs(extracted, before)
            extracted.add_heading(bookmark.level + 1, bookmark.title, anchor)
        _add_paragraphs(extracted, rest)


def _split_at(lines: list[str], title: str) -> tuple[list[str], list[str]]:
    """Return the lines before and after a title; a title not found stands before them all."""
    wanted = _letters(title)
    for number, line in enumerate(lines):
        joined = _letters(line)
        if wanted and joined.endswith(wanted) and len(joined) <= len(wanted) + 8:
            return lines[:number], lines[number + 1 :]
    return [], lines


def _letters(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum())


def _add_paragraphs(extracted: ExtractedText, lines: Sequence[str]) -> None:
    widest = max((len(line) for line in lines), default=0)
    paragraph: list[str] = []
    for line in lines:
        starts_new = not line.strip() or _BULLET.match(line)
        if starts_new and paragraph:
            extracted.add_block(BlockKind.PARAGRAPH, _joined(paragraph))
            paragraph = []
        if line.strip():
            paragraph.append(line)
        # PDF knows no paragraphs: a short line that ends a sentence most likely ends one.
        if paragraph and len(line) < 0.75 * widest and _SENTENCE_END.search(line):
            extracted.add_block(BlockKind.PARAGRAPH, _joined(paragraph))
            paragraph = []
    if paragraph:
        extracted.add_block(BlockKind.PARAGRAPH, _joined(paragraph))


def _joined(lines: Sequence[str]) -> str:
    """Join lines into one text; a word hyphenated at a line's end becomes whole."""
    text = ""
    for line in lines:
        stripped = line.strip()
        if text and stripped[:1].islower() and _HYPHEN.search(text):
            text = _HYPHEN.sub("", text) + stripped
        else:
            text = f"{text} {stripped}" if text else stripped
    return _CONTROL.sub("", text)
