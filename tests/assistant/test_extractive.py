"""The choice of sentences, on pages written so that the right choice is known."""

from __future__ import annotations

import pytest

from lectern.app import Lectern
from lectern.assistant.extractive import MAX_WORDS, extract
from lectern.ingest import ingest


@pytest.fixture
def answer_from(home, tmp_path, embedder):
    """Take in a page with this text, and answer from it."""

    def answer(text: str, question: str, said: str = ""):
        page = tmp_path / "page.md"
        page.write_text(text, encoding="utf-8")
        ingest(home, [page], embedder=embedder, rebuild=True)
        made = extract(Lectern.open(home, embedder)._find(question, 8), said=said)
        for citation in made.citations:
            assert text[citation.start : citation.end] == citation.quote
        return made

    return answer


def test_the_sentence_that_answers_is_among_the_quotes(answer_from):
    made = answer_from(
        "# Cranes\n\nCranes stand in harbours. The hook of the crane is made of forged steel. "
        "Birds like to sit on them.\n",
        "What is the hook made of?",
    )
    assert "forged steel" in made.answer


def test_sentences_that_follow_each_other_are_one_quote(answer_from):
    made = answer_from(
        "# Hooks\n\nThe hook is forged from steel. The hook of steel carries five tonnes.\n",
        "What does the steel hook carry?",
    )
    assert len(made.citations) == 1
    assert made.answer.count("[1]") == 2


def test_a_formula_comes_with_the_sentence_that_leads_to_it(answer_from):
    made = answer_from(
        "# Loads\n\nThe load moment of a crane is force times radius:\n\n$$\nM = F r\n$$\n\n"
        "Paint protects the crane from rust.\n",
        "What is the load moment of a crane?",
    )
    assert "M = F r" in made.answer


def test_a_long_section_is_cut_to_the_limit(answer_from):
    sentences = " ".join(
        f"Crane number {n} lifts {n * 7} tonnes of steel with the hook of type {n}."
        for n in range(60)
    )
    made = answer_from(f"# Cranes\n\n{sentences}\n", "Which crane lifts steel with a hook?")
    assert len(made.answer.replace("[1]", "").split()) <= MAX_WORDS + len(made.citations)


def test_a_sentence_longer_than_the_limit_is_never_cut_in_two(answer_from):
    long = "The crane lifts " + ", ".join(f"load {n}" for n in range(200)) + "."
    made = answer_from(f"# Cranes\n\n{long}\n\nThe crane is red.\n", "What does the crane lift?")
    for citation in made.citations:
        assert citation.quote.endswith(".")


def test_links_and_images_are_shown_without_their_targets_and_quoted_with_them(answer_from):
    made = answer_from(
        "# Hooks\n\nThe [hook](https://example.invalid/hook) of the crane is made of steel.\n",
        "What is the hook of the crane made of?",
    )
    assert "https" not in made.answer
    assert "The hook of the crane" in made.answer
    assert "https" in made.citations[0].quote


JIBS = (
    "# Jibs\n\nA jib that is long needs a counterweight on the other side. Every jib of the yard "
    "belongs to a crane. The jib is the arm of a crane that carries the load. Paint keeps rust "
    "off the jib.\n"
)


def test_a_definition_comes_before_other_sentences_about_the_same_thing(answer_from):
    made = answer_from(JIBS, "What is a jib?")
    assert made.answer.startswith("The jib is the arm of a crane that carries the load. [1]")


def test_what_was_said_before_is_not_said_again(answer_from):
    said = answer_from(JIBS, "What is a jib?").answer
    more = answer_from(JIBS, "What is a jib?", said=said)
    assert more.answer
    assert "The jib is the arm" not in more.answer


def test_a_row_of_a_table_is_shown_under_the_head_and_cited_with_its_table(answer_from):
    table = (
        "| Symptom | Cause |\n|---|---|\n| The hook swings wildly | the crane turns too fast |\n"
        "| The motor hums | one phase is missing |\n"
    )
    made = answer_from(f"# Faults\n\nCranes fail in few ways.\n\n{table}", "The hook swings wildly")
    assert "| Symptom | Cause |" in made.answer
    assert "the crane turns too fast" in made.answer
    assert table.strip() in [citation.quote for citation in made.citations]


def test_of_two_pieces_of_code_the_one_that_defines_what_was_asked_for_is_shown(answer_from):
    made = answer_from(
        "# Code\n\nCranes are moved by small functions.\n\n```python\ndef lower_load(crane):\n"
        "    crane.load.down()\n```\n\nThe jib is turned likewise.\n\n```python\n"
        "def turn_jib(crane):\n    crane.jib.turn()\n```\n",
        "python code to turn the jib of a crane",
    )
    assert "def turn_jib" in made.answer
    assert "def lower_load" not in made.answer


def test_the_label_of_a_solution_is_not_shown(answer_from):
    made = answer_from(
        "# Loads\n\n**Solution 1.** The heaviest load of the yard is nine tonnes.\n",
        "What is the heaviest load of the yard?",
    )
    assert "nine tonnes" in made.answer
    assert "Solution" not in made.answer
