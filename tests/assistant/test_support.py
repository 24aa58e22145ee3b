from __future__ import annotations

import json
from pathlib import Path

import pytest

from lectern.assistant.claims import plain_formula, read_facts
from lectern.assistant.support import SupportCheck
from lectern.book.model import Passage, SourceKind
from lectern.retrieval.embedders import make_embedder
from lectern.settings import load_settings

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def embed():
    return make_embedder(load_settings()).embed


def passage(text, number=0):
    return Passage(
        passage_id=f"{number:016x}",
        source="/book/ch.md",
        kind=SourceKind.MARKDOWN,
        title="Chapter",
        heading=("Chapter", "Section"),
        anchor="section",
        text=text,
        start=0,
        end=len(text),
    )


BRAKES = passage(
    "The brake holds the arm when power is off. It is released by 24 V. Never use it to stop a "
    "moving arm.\n\n$$\n\\tau = I\\,\\ddot q + b \\dot q\n$$\n\n```python\n"
    "brake.release()  # 24 V\nwait(0.05)\n```\n\n| part | mass |\n|---|---|\n| brake | 0.4 kg |\n"
    "| motor | 1.2 kg |\n"
)
TOPICS = passage(
    "A topic carries messages from publishers to subscribers. A service answers one request with "
    "one response, and the client waits for it.",
    1,
)


@pytest.fixture(scope="module")
def check(embed):
    return SupportCheck([BRAKES, TOPICS], embed)


def quote(verdict):
    [support] = verdict.supports
    return (BRAKES, TOPICS)[support.passage].text[support.start : support.end]


def cases(name):
    lines = (DATA / f"support_{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    ("name", "size", "false_accepts", "false_rejects"),
    [
        pytest.param("dev", 60, 0.05, 0.15, id="development set"),
        pytest.param("test", 40, 0.15, 0.15, id="test set"),
    ],
)
def test_error_rates_stay_below_their_bars(embed, name, size, false_accepts, false_rejects):
    judged = [
        (case["supported"], bool(one_check.sentence(case["sentence"], [0]).supports))
        for case in cases(name)
        for one_check in [SupportCheck([passage(case["passage"])], embed)]
    ]
    assert len(judged) >= size
    accepted = [said for truth, said in judged if not truth]
    rejected = [not said for truth, said in judged if truth]
    assert sum(accepted) / len(accepted) <= false_accepts
    assert sum(rejected) / len(rejected) <= false_rejects


def test_the_sets_share_no_passage():
    assert not {c["passage"] for c in cases("dev")} & {c["passage"] for c in cases("test")}


def test_the_quote_is_made_of_whole_sentences_and_no_longer_than_needed(check):
    said = "The brake holds the arm when the power is off."
    assert quote(check.sentence(said, [0])) == "The brake holds the arm when power is off."


def test_a_sentence_without_citation_gets_the_passage_that_backs_it(check):
    said = "Topics carry messages from publishers to subscribers."
    assert quote(check.sentence(said, [])).startswith("A topic carries")


def test_a_wrong_citation_is_put_right(check):
    said = "Topics carry messages from publishers to subscribers."
    assert quote(check.sentence(said, [0])).startswith("A topic carries")


def test_citations_to_passages_that_were_not_given_are_ignored(check):
    said = "The brake holds the arm when power is off."
    assert [hit.passage for hit in check.sentence(said, [7, -3, 0]).supports] == [0]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("The brake is released by 12 V.", "a number differs"),
        ("The brake holds the arm when power is on.", "the opposite is said"),
        ("The relay `brake_relay` releases the brake.", "brake_relay is not in the passage"),
        ("Messages go from subscribers to publishers on a topic.", "too little in common"),
        ("Bananas are yellow.", "too little in common"),
        ("And so it is.", "no claim"),
    ],
)
def test_the_reason_is_told(check, said, reason):
    verdict = check.sentence(said, [0])
    assert verdict.supports == ()
    assert verdict.reason == reason


def test_a_formula_must_be_in_a_passage_layout_aside(check):
    assert check.formula("$$\\tau = I \\ddot{q} + b\\dot{q}$$", []).supports[0].passage == 0
    assert check.formula("$$\\tau = I \\ddot{q} - b\\dot{q}$$", []).supports == ()
    assert check.formula("$$ $$", []).supports == ()


def test_code_must_be_in_a_passage_comments_aside(check):
    assert "wait(0.05)" in quote(check.code("```python\nbrake.release()\nwait(0.05)\n```", [0]))
    assert check.code("```python\nbrake.release()\nwait(0.5)\n```", [0]).supports == ()
    assert check.code("```python\n```", [0]).supports == ()


def test_a_table_must_be_in_a_passage(check):
    assert check.table("| part | mass |\n|--|--|\n| motor | 1.2 kg |", []).supports
    assert not check.table("| part | mass |\n|--|--|\n| motor | 0.4 kg |", []).supports


def test_without_passages_nothing_is_backed(embed):
    assert SupportCheck([], embed).sentence("The brake holds.", [0]).reason == "no passages"


def test_a_passage_without_sentences_backs_nothing(embed):
    check = SupportCheck([passage("\n\n")], embed)
    assert check.sentence("The brake holds the arm.", [0]).supports == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [("40 cm", "0.4 m"), ("50 ms", "0.05 s"), ("90°", "90 degrees"), ("2 kHz", "2000 Hz")],
)
def test_quantities_are_compared_in_one_unit(one, other):
    assert read_facts(f"It is {one}.").quantities == read_facts(f"It is {other}.").quantities


def test_formulas_are_compared_without_layout():
    assert plain_formula(r"P = \tau\,\dot q") == plain_formula("P=τ \\dot{q}")
    assert plain_formula(r"\lambda^2 I") != plain_formula(r"\lambda I")
