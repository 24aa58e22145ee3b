from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lectern.book.model import Document
from lectern.book.readers import read_document

LIMIT = 2_000_000


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str, str | bytes], Document]:
    """Write a file of this name with this content, and read it."""

    def write_and_read(name: str, content: str | bytes) -> Document:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_document(path, max_bytes=LIMIT)

    return write_and_read
