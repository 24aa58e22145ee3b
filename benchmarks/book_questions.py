"""The questions over the textbook, and what the assistant makes of them."""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from lectern.app import Lectern
from lectern.assistant.model import Answer
from lectern.book.model import Passage

QUESTIONS = Path(__file__).resolve().parents[1] / "docs" / "questions"


@dataclass(frozen=True)
class BookQuestion:
    """A question; `sections` is empty and `facts` are too where the book does not answer it.

    Attributes:
        question_id: Unique in all sets.
        text: As a reader asks it.
        sections: Grade by section (`file-stem#anchor`): 2 answers it, 1 helps.
        facts: Patterns that an answer must hold, case ignored.
    """

    question_id: str
    text: str
    sections: dict[str, int]
    facts: tuple[str, ...]

    @property
    def is_answerable(self) -> bool:
        """Tell whether the book answers it."""
        return bool(self.sections)


def read_questions(name: str) -> list[BookQuestion]:
    """Read the set `dev` or `test`."""
    folder = QUESTIONS / name
    sections: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        question, section, grade = line.split("\t")
        sections[question][section] = int(grade)
    facts = {row["_id"]: tuple(row["must_contain"]) for row in _rows(folder / "references.jsonl")}
    rows = [*_rows(folder / "queries.jsonl"), *_rows(folder / "unanswerable.jsonl")]
    return [
        BookQuestion(
            row["_id"], row["text"], sections.get(row["_id"], {}), facts.get(row["_id"], ())
        )
        for row in rows
    ]


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def section_of(passage: Passage) -> str:
    """Return the section of a passage as the questions name it."""
    return f"{Path(passage.source).stem}#{passage.anchor}"


def holds_facts(answer: Answer, facts: tuple[str, ...]) -> bool:
    """Tell whether every fact stands in the answer, white space folded."""
    text = re.sub(r"\s+", " ", answer.answer)
    return all(re.search(fact, text, re.IGNORECASE) for fact in facts)


def ask_all(lectern: Lectern, questions: list[BookQuestion]) -> list[Answer]:
    """Ask the questions one after the other."""

    async def run() -> list[Answer]:
        return [await lectern.ask(question.text) for question in questions]

    return asyncio.run(run())


def section_rankings(lectern: Lectern, texts: list[str], depth: int = 30) -> list[list[str]]:
    """Search each text and return the sections found, the best first, each once."""

    async def run() -> list[list[str]]:
        rankings = []
        for text in texts:
            result = await lectern.search(text, depth)
            sections = (section_of(hit.passage) for hit in result.hits)
            rankings.append(list(dict.fromkeys(sections)))
        return rankings

    return asyncio.run(run())
