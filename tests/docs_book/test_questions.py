"""Rules that the questions over the textbook keep, so that what is measured with them is sound."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lectern.book.readers import read_document

DOCS = Path(__file__).parents[2] / "docs"
CHAPTERS = sorted((DOCS / "book").glob("[0-9][0-9]-*.md"))
STYLES = {
    "short",
    "long",
    "wrong-terms",
    "symptom",
    "code",
    "symbol",
    "how-to",
    "why",
    "definition",
}
COUNTS = {
    "dev": {"answerable": 130, "off-topic": 20, "near-miss": 30},
    "test": {"answerable": 80, "off-topic": 15, "near-miss": 25},
}
# The share of words that two questions may have in common before they count as the same question.
LARGEST_OVERLAP = 0.6
MAX_BYTES = 1_000_000

sets = pytest.mark.parametrize("name", COUNTS)


@dataclass(frozen=True)
class Questions:
    """One set of questions with its judgements and references."""

    queries: list[dict[str, str]]
    unanswerable: list[dict[str, str]]
    references: dict[str, dict[str, Any]]
    qrels: dict[str, dict[str, int]]

    def texts(self) -> list[str]:
        return [row["text"] for row in (*self.queries, *self.unanswerable)]


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@cache
def questions(name: str) -> Questions:
    folder = DOCS / "questions" / name
    header, *lines = (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()
    assert header == "query-id\tcorpus-id\tscore"
    qrels: dict[str, dict[str, int]] = defaultdict(dict)
    for line in lines:
        query, section, score = line.split("\t")
        assert section not in qrels[query], f"{query} judges {section} twice"
        qrels[query][section] = int(score)
    references = rows(folder / "references.jsonl")
    by_id = {row["_id"]: row for row in references}
    assert len(by_id) == len(references)
    return Questions(
        rows(folder / "queries.jsonl"), rows(folder / "unanswerable.jsonl"), by_id, dict(qrels)
    )


@cache
def sections() -> dict[str, str]:
    """Return the text of each section of the four chapters by its corpus id."""
    found = {}
    for path in CHAPTERS:
        document = read_document(path, max_bytes=MAX_BYTES)
        for section in document.sections:
            text = document.text[section.start : section.end]
            found[f"{path.stem}#{section.anchor}"] = text
    return found


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()))


@sets
def test_the_sets_have_the_agreed_sizes(name: str) -> None:
    found = Counter(row["kind"] for row in questions(name).unanswerable)
    found["answerable"] = len(questions(name).queries)
    assert found == COUNTS[name]


def test_ids_are_unique_and_name_their_set() -> None:
    ids = []
    for name in COUNTS:
        own = [row["_id"] for row in (*questions(name).queries, *questions(name).unanswerable)]
        assert all(one.startswith(f"{name}-") for one in own)
        ids += own
    assert len(set(ids)) == len(ids)


@sets
def test_every_style_is_known_and_used(name: str) -> None:
    assert {row["style"] for row in questions(name).queries} == STYLES


@sets
def test_no_question_is_empty_or_padded(name: str) -> None:
    assert [text for text in questions(name).texts() if not text or text != text.strip()] == []


def test_no_question_resembles_another_within_or_across_the_sets() -> None:
    texts = [text for name in COUNTS for text in questions(name).texts()]
    alike = [
        (one, other)
        for one, other in itertools.combinations(texts, 2)
        if len(words(one) & words(other)) > LARGEST_OVERLAP * len(words(one) | words(other))
    ]
    assert alike == []


@sets
def test_every_answerable_question_has_an_answer_and_a_section_that_gives_it(name: str) -> None:
    own = questions(name)
    ids = {row["_id"] for row in own.queries}
    assert set(own.references) == ids
    assert set(own.qrels) == ids
    assert [query for query, judged in own.qrels.items() if 2 not in judged.values()] == []
    assert [row["_id"] for row in own.references.values() if not row["answer"]] == []


@sets
def test_judgements_are_one_or_two_and_name_sections_that_exist(name: str) -> None:
    for query, judged in questions(name).qrels.items():
        assert set(judged.values()) <= {1, 2}, query
        assert set(judged) <= set(sections()), query


@sets
def test_one_answering_section_contains_every_fact_of_the_reference(name: str) -> None:
    own = questions(name)
    for query, reference in own.references.items():
        facts = [re.compile(fact, re.IGNORECASE) for fact in reference["must_contain"]]
        assert 1 <= len(facts) <= 3, query
        answers = [sections()[section] for section, score in own.qrels[query].items() if score == 2]
        assert any(all(fact.search(text) for fact in facts) for text in answers), query


@sets
def test_the_questions_are_spread_evenly_over_the_chapters(name: str) -> None:
    own = questions(name)
    chapter_of = [
        {section.split("#")[0] for section, score in judged.items() if score == 2}
        for judged in own.qrels.values()
    ]
    found = Counter(itertools.chain.from_iterable(chapter_of))
    assert set(found) == {path.stem for path in CHAPTERS}
    assert min(found.values()) >= 0.2 * len(own.queries)


def test_nearly_all_sections_answer_some_question() -> None:
    asked = {
        section
        for name in COUNTS
        for judged in questions(name).qrels.values()
        for section, score in judged.items()
        if score == 2
    }
    # Introductions, summaries and exercises repeat what the other sections say.
    skipped = re.compile(r"#(exercise|summary-|what-a-robot-is-|frames-and-rigid-body-motion$)")
    opening = re.compile(r"#(forward-kinematics-and-the-jacobian|ros-2-nodes-.*)$")
    body = {one for one in sections() if not skipped.search(one) and not opening.search(one)}
    assert body - asked == set()
