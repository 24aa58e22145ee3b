"""Readers, one for each format; all give a document with sections and blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lectern.book.model import Document
from lectern.book.readers.html import read_html
from lectern.book.readers.markdown import read_markdown
from lectern.book.readers.notebook import read_notebook
from lectern.book.readers.pdf import read_pdf
from lectern.book.readers.rst import is_sphinx_text, read_rst
from lectern.errors import SourceUnreadable

_READERS: dict[str, Callable[..., Document]] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".mdx": read_markdown,
    ".ipynb": read_notebook,
    ".html": read_html,
    ".htm": read_html,
    ".pdf": read_pdf,
    ".rst": read_rst,
}
SUFFIXES = frozenset(_READERS)


def read_document(path: Path, *, max_bytes: int) -> Document:
    """Read one source file; the suffix tells its format.

    Args:
        path: The file.
        max_bytes: Largest size that is accepted.

    Raises:
        SourceUnreadable: The file cannot be read as what its suffix says; the detail says why.
    """
    reader = _READERS.get(path.suffix.lower())
    if path.suffix.lower() == ".txt" and is_sphinx_text(path):
        reader = read_rst
    if reader is None:
        raise SourceUnreadable(
            f"{path} has a format that cannot be read.",
            f"Give one of: {', '.join(sorted(SUFFIXES))}.",
        )
    return reader(path, max_bytes=max_bytes)
