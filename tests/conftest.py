"""Shared by all tests: settings that nothing outside can change, one embedder, a small book."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lectern.ingest import IngestReport, ingest
from lectern.retrieval.embedders.minilm import MiniLmEmbedder
from lectern.settings import Settings, default_book

GRIPPERS = """\
# Grippers

A gripper closes its fingers with a known force. The force is measured in newtons.

## Parallel jaws

Two parallel jaws move along one axis and hold a part by friction. The friction force is the
normal force times the coefficient of friction:

$$
F_t \\le \\mu F_n
$$

A jaw that presses with 20 N on rubber with a coefficient of 0.8 holds at most 16 N per finger.

## Suction cups

A suction cup holds smooth parts by a vacuum of about 60 kPa below the air around it. Porous
cardboard leaks, so the ejector must run all the time.
"""

ENCODERS = """\
# Encoders

An encoder turns the angle of a shaft into counts. An absolute encoder knows its angle as soon as
it is switched on; an incremental encoder must first find its index mark.

## Quadrature

Two tracks, a quarter of a period apart, tell the direction of rotation.

```python
def direction(a: int, b: int) -> int:
    return 1 if a ^ b else -1
```

| Lines | Counts per turn |
| --- | --- |
| 500 | 2000 |
| 1024 | 4096 |
"""

BATTERIES = """\
<!doctype html><html><head><title>Batteries</title></head><body><main>
<h1 id="batteries">Batteries</h1>
<p>A lithium cell is charged with constant current first and constant voltage afterwards.</p>
<script>alert("never text")</script>
<h2 id="storage">Storage</h2>
<p>Cells are stored at about half of their charge, cool and dry, away from metal parts.</p>
</main></body></html>
"""

NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {
            "id": "a",
            "cell_type": "markdown",
            "metadata": {},
            "source": "# Odometry\n\nWheel odometry adds up small motions, and their errors too.",
        },
        {
            "id": "b",
            "cell_type": "code",
            "metadata": {},
            "execution_count": 1,
            "outputs": [],
            "source": "def distance(counts, radius_m):\n    return counts / 4096 * radius_m",
        },
    ],
}


def pdf(text: str) -> bytes:
    """Return a PDF of one page that shows one line of text."""
    content = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET".encode()
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(data)
    return data + b"xref\n0 6\n0000000000 65535 f \n" + table + trailer


def write_book(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "grippers.md").write_text(GRIPPERS, encoding="utf-8")
    (folder / "encoders.md").write_text(ENCODERS, encoding="utf-8")
    (folder / "batteries.html").write_text(BATTERIES, encoding="utf-8")
    (folder / "odometry.ipynb").write_text(json.dumps(NOTEBOOK), encoding="utf-8")
    (folder / "magnets.pdf").write_bytes(pdf("A magnetic gripper holds sheets of steel safely."))
    return folder


_OUTSIDE = ("LECTERN_", "OPENAI_", "ROS_DOMAIN_ID", "ROS_LOCALHOST_ONLY", "CYCLONEDDS_URI")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    for name in list(os.environ):
        if name.startswith(_OUTSIDE) and not name.startswith("LECTERN_TEST_"):
            monkeypatch.delenv(name)
    if "graph" not in request.path.relative_to(Path(__file__).parent).parts[:-1]:
        # Whoever else is on the machine's usual domain shall not meet the programs of tests.
        monkeypatch.setenv("LECTERN_DDS", "false")


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., Settings]:
    """Make settings whose home is a folder of this test."""

    def make(**values: Any) -> Settings:
        return Settings(_env_file=None, **{"home": tmp_path / "home", **values})

    return make


@pytest.fixture
def home(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings()


@pytest.fixture(scope="session")
def embedder() -> MiniLmEmbedder:
    return MiniLmEmbedder(threads=2)


class CountingEmbedder(MiniLmEmbedder):
    """The real embedder, which counts the texts it is given."""

    def __init__(self, real: MiniLmEmbedder) -> None:
        self.__dict__.update(real.__dict__)
        self.texts: list[str] = []

    def embed_passages(self, texts: Sequence[str], spans: Any) -> Any:
        self.texts += texts
        return super().embed_passages(texts, spans)


@pytest.fixture
def counting(embedder: MiniLmEmbedder) -> CountingEmbedder:
    return CountingEmbedder(embedder)


@pytest.fixture
def small_book(tmp_path: Path) -> Path:
    """A folder with a small book in every format but reStructuredText."""
    return write_book(tmp_path / "book")


@dataclass(frozen=True)
class Ingested:
    """A book that was taken in; shared by all tests, so nobody may change it."""

    settings: Settings
    folder: Path
    report: IngestReport


@pytest.fixture(scope="session")
def ingested(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLmEmbedder) -> Ingested:
    """The small book together with a real chapter."""
    top = tmp_path_factory.mktemp("ingested")
    folder = write_book(top / "book")
    for chapter in default_book().glob("03-*.md"):
        (folder / chapter.name).write_bytes(chapter.read_bytes())
    settings = Settings(_env_file=None, home=top / "home")
    return Ingested(settings, folder, ingest(settings, [folder], embedder=embedder))
