"""The Cranfield collection (Cleverdon, 1967) from its original files into BEIR form.

python -m benchmarks.cranfield SOURCE TARGET

SOURCE holds `cran.all.1400`, `cran.qry` and `cranqrel`, as the University of Glasgow's archive of
test collections distributes them. They may not be redistributed here.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from lectern.errors import InvalidInput, LecternError

FILES = ("cran.all.1400", "cran.qry", "cranqrel")
_RECORD = re.compile(r"^\.I +(\d+)\s*$", re.MULTILINE)
_FIELD = re.compile(r"^\.([TABW])[ \t]*$", re.MULTILINE)
# The judges' scale runs from 1, a complete answer, to 4, of minimum interest; the rest is not
# relevant. Turned round, so that a higher grade is a better document.
_WORST = 4


def convert(source: Path, target: Path) -> None:
    """Write `corpus.jsonl`, `queries.jsonl` and `qrels.tsv` into `target`.

    Raises:
        InvalidInput: One of the files is missing.
    """
    documents, queries, judgements = (_read(source / name) for name in FILES)
    target.mkdir(parents=True, exist_ok=True)
    _write(target / "corpus.jsonl", (_document(*record) for record in _records(documents)))
    # Judgements count the queries 1, 2, 3, ..., whatever number their own record bears.
    numbered = enumerate(_records(queries), start=1)
    _write(
        target / "queries.jsonl",
        ({"_id": str(n), "text": _flat(fields["W"])} for n, (_, fields) in numbered),
    )
    rows = [line.split() for line in judgements.splitlines() if line.strip()]
    lines = [f"{query}\t{document}\t{_grade(int(code))}" for query, document, code in rows]
    header = "query-id\tcorpus-id\tscore"
    (target / "qrels.tsv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def _grade(code: int) -> int:
    return _WORST + 1 - code if 1 <= code <= _WORST else 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="latin-1")
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be read: {error.strerror}.",
            f"Give a folder with {', '.join(FILES)}.",
        ) from error


def _records(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the number and the fields of each record."""
    _, *pieces = _RECORD.split(text)
    for number, body in zip(pieces[::2], pieces[1::2], strict=True):
        _, *parts = _FIELD.split(body)
        yield number, dict(zip(parts[::2], parts[1::2], strict=True))


def _document(number: str, fields: dict[str, str]) -> dict[str, str]:
    title, text = _flat(fields.get("T", "")), _flat(fields.get("W", ""))
    # The abstract starts with the title once more.
    return {"_id": number, "title": title, "text": text.removeprefix(title).strip()}


def _flat(text: str) -> str:
    return " ".join(text.split())


def _write(path: Path, rows: Iterator[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)


def main() -> None:
    """Convert one folder into another."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except LecternError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
