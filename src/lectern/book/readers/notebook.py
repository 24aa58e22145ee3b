"""Reads Jupyter notebooks: Markdown cells as Markdown, code cells as code, no outputs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lectern.book.model import BlockKind, Document, SourceKind
from lectern.book.readers.extracted import ExtractedText, fenced
from lectern.book.readers.files import decode_utf8, read_bytes, without_surrogates
from lectern.book.readers.markdown import markdown_outline, without_navigation
from lectern.book.readers.outline import build_document
from lectern.book.readers.slugs import jupyter_anchor
from lectern.errors import SourceUnreadable

_REMEDY = "Open it in Jupyter and save it again, or leave it out."
# Pictures pasted into a cell: megabytes of base64 that no reader can use.
_DATA_URI = re.compile(r"data:[\w/+.-]{1,60};base64,[A-Za-z0-9+/=\s]*")


def read_notebook(path: Path, *, max_bytes: int) -> Document:
    """Read a notebook of format 3 or 4.

    Args:
        path: The file.
        max_bytes: Largest size that is accepted.

    Raises:
        SourceUnreadable: The file is not the JSON of a notebook.
    """
    notebook = _parse(decode_utf8(read_bytes(path, max_bytes), path), path)
    cells = list(_cells(notebook))
    language = _language(notebook)
    extracted = ExtractedText()
    for cell in cells:
        _add_cell(extracted, cell, language)
    text = extracted.text
    items = tuple(without_navigation(text, extracted.items))
    title = _mapping(notebook.get("metadata")).get("title")
    title = without_surrogates(title).strip() if isinstance(title, str) else ""
    return build_document(path, SourceKind.NOTEBOOK, text, items, title=title)


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        notebook = json.loads(text.lstrip("\ufeff"))
    except RecursionError as error:
        raise SourceUnreadable(f"{path} is nested too deeply for JSON.", _REMEDY) from error
    except ValueError as error:
        raise SourceUnreadable(f"{path} is not valid JSON: {error}.", _REMEDY) from error
    if not isinstance(notebook, dict) or not ("cells" in notebook or "worksheets" in notebook):
        raise SourceUnreadable(f"{path} is JSON, but no notebook: it has no cells.", _REMEDY)
    return notebook


def _cells(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    sheets = [notebook, *_sequence(notebook.get("worksheets"))]
    for sheet in sheets:
        for cell in _sequence(_mapping(sheet).get("cells")):
            if isinstance(cell, dict):
                yield cell


def _language(notebook: dict[str, Any]) -> str:
    metadata = _mapping(notebook.get("metadata"))
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        name = _mapping(metadata.get(part)).get(key)
        if isinstance(name, str) and name:
            return name.lower()
    return "python"


def _add_cell(extracted: ExtractedText, cell: dict[str, Any], language: str) -> None:
    # Format 3 keeps code under "input".
    source = _source(cell.get("source", cell.get("input")))
    if not source.strip():
        return
    kind = cell.get("cell_type")
    if kind == "markdown":
        outline = markdown_outline(source, anchor=jupyter_anchor)
        extracted.add_piece(source, outline.items)
    elif kind == "code":
        extracted.add_block(BlockKind.CODE, fenced(source, language))
    elif kind == "heading":
        level = cell.get("level")
        level = min(max(level, 1), 6) if isinstance(level, int) else 1
        title = " ".join(source.split())
        extracted.add_heading(level, title, jupyter_anchor(title))


def _source(value: object) -> str:
    text = "".join(line for line in _sequence(value) if isinstance(line, str))
    text = value if isinstance(value, str) else text
    text = without_surrogates(text.replace("\r\n", "\n").replace("\0", "\ufffd"))
    return _DATA_URI.sub("data:", text) if "base64," in text else text


def _sequence(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
