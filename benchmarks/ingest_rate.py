"""Passages a second of an ingest, and what an ingest costs when nothing or one file has changed.

python -m benchmarks.ingest_rate [--copies N]

The source is the textbook, copied; in each copy a tenth of the words of running text is replaced by
others of the book, so that no vector can be taken from another copy.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.book import temporary_settings
from benchmarks.report import Figures, Stopwatch, publish, say, tidy
from lectern.ingest import IngestReport, ingest
from lectern.retrieval.embedders import make_embedder

SEED = 3
REPLACED_SHARE = 0.1
_RUNNING_TEXT = re.compile(r"^[A-Z][^\n]*$", re.MULTILINE)
# Words between spaces: markup, formulas and code spans have other neighbours.
_WORD = re.compile(r"(?<= )[a-z]{4,}(?= )")


class IngestFigures(Figures):
    """One ingest."""

    what: str
    files_read: int
    files_unchanged: int
    passages_in_index: int
    seconds: float
    passages_per_second: float | None


def altered(text: str, words: Sequence[str], rng: random.Random) -> str:
    """Replace some words of running text; headings, lists, code and formulas stay."""

    def word(match: re.Match[str]) -> str:
        return rng.choice(words) if rng.random() < REPLACED_SHARE else match.group()

    return _RUNNING_TEXT.sub(lambda line: _WORD.sub(word, line.group()), text)


def copy_book(book: Path, target: Path, copies: int) -> list[Path]:
    """Write altered copies of all chapters; return their paths."""
    rng = random.Random(SEED)
    chapters = {path.name: path.read_text("utf-8") for path in sorted(book.glob("*.md"))}
    words = sorted({word for text in chapters.values() for word in _WORD.findall(text)})
    paths = []
    for number in range(copies):
        folder = target / f"copy-{number:03d}"
        folder.mkdir(parents=True)
        for name, text in chapters.items():
            (folder / name).write_text(altered(text, words, rng), encoding="utf-8")
            paths.append(folder / name)
    return paths


def figures_of(what: str, report: IngestReport, *, counts: bool) -> IngestFigures:
    """Put a report into figures; `counts` says that all passages are new."""
    return IngestFigures(
        what=what,
        files_read=report.added + report.changed,
        files_unchanged=report.unchanged,
        passages_in_index=report.passages,
        seconds=tidy(report.seconds, 3),
        passages_per_second=tidy(report.passages / report.seconds, 3) if counts else None,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=5)
    options = parser.parse_args()
    watch = Stopwatch()
    with temporary_settings() as settings, tempfile.TemporaryDirectory() as place:
        paths = copy_book(settings.book, Path(place), options.copies)
        embedder = make_embedder(settings)

        def run(what: str, *, counts: bool = False) -> IngestFigures:
            say(f"{what} ...")
            report = ingest(settings, [Path(place)], embedder=embedder)
            return figures_of(what, report, counts=counts)

        figures = [run("everything is new", counts=True), run("nothing has changed")]
        with paths[0].open("a", encoding="utf-8") as stream:
            stream.write("\nOne more sentence about the robot stands at the end of the file.\n")
        figures.append(run("one file has changed"))
    publish("ingest_rate", watch, {"copies": options.copies, "seed": SEED}, figures)


if __name__ == "__main__":
    main()
