from __future__ import annotations

import pytest

from lectern.book.passages import cut_passages

SENTENCE = "The Jacobian maps joint rates to the velocity of the tool. "


def _texts(read, text: str, **limits: int) -> list[str]:
    return [passage.text for passage in cut_passages(read("page.md", text), **limits)]


def test_consecutive_blocks_are_joined_up_to_the_target(read):
    paragraphs = [f"{number}. {SENTENCE * 5}".strip() for number in range(6)]
    texts = _texts(read, "# T\n\n" + "\n\n".join(f"P{text}" for text in paragraphs))
    assert [text.count("P") for text in texts] == [3, 3]
    assert all(len(text) <= 900 for text in texts)


def test_a_passage_never_crosses_a_heading_and_leaves_the_heading_out(read):
    passages = cut_passages(read("page.md", "# T\n\nOne.\n\n## Empty\n\n## U\n\nTwo.\n"))
    assert [(passage.heading, passage.text) for passage in passages] == [
        (("T",), "One."),
        (("T", "U"), "Two."),
    ]


@pytest.mark.parametrize(
    "block",
    [
        pytest.param("```python\n" + "x = 1\n" * 150 + "```", id="code"),
        pytest.param("| a |\n|---|\n" + "| 1 |\n" * 150 + "| 2 |", id="table"),
        pytest.param("$$\n" + "a + b\n" * 150 + "$$", id="formula"),
        pytest.param("\n".join(f"- item {number}" for number in range(90)), id="list"),
    ],
)
def test_a_block_stays_whole_with_the_sentence_that_introduces_it(read, block):
    text = f"# T\n\n{SENTENCE * 14}\nThis is how:\n\n{block}\n\n{SENTENCE * 8}"
    whole = [text for text in _texts(read, text) if block in text]
    assert len(whole) == 1
    assert whole[0].startswith("This is how:\n\n")


def test_a_formula_stays_with_the_sentence_it_belongs_to(read):
    text = f"{SENTENCE * 15}\n\nIt is\n\n$$\na\n$$\n\nwhere $a$ is small.\n\n{SENTENCE * 14}"
    whole = "It is\n\n$$\na\n$$\n\nwhere $a$ is small."
    assert [whole in passage for passage in _texts(read, text)].count(True) == 1


def test_a_long_paragraph_is_cut_between_sentences(read):
    texts = _texts(read, "# T\n\n" + SENTENCE * 60)
    assert len(texts) == 4
    assert all(text.endswith("tool.") and len(text) <= 1600 for text in texts)
    assert sum(text.count("Jacobian") for text in texts) == 60


def test_a_sentence_without_end_is_cut_between_words(read):
    texts = _texts(read, "# T\n\n" + "word " * 1000)
    assert max(map(len, texts)) <= 1600
    assert sum(text.count("word") for text in texts) == 1000


def test_code_beyond_three_times_the_limit_is_cut_between_lines(read):
    lines = [f"line_{number} = {number}" for number in range(600)]
    texts = _texts(read, "# T\n\n```python\n" + "\n".join(lines) + "\n```\n")
    assert len(texts) > 1
    assert [line for text in texts for line in text.split("\n") if line in lines] == lines


def test_a_tiny_rest_joins_the_passage_before_it(read):
    assert len(_texts(read, "# T\n\n" + SENTENCE * 15 + "\n\nThat is all.\n")) == 1


def test_an_id_survives_changes_elsewhere_and_tells_identical_passages_apart(read):
    before = cut_passages(read("page.md", "# T\n\n## A\n\nSame.\n\n## A\n\nSame.\n"))
    after = cut_passages(read("page.md", "# T\n\nNew intro.\n\n## A\n\nSame.\n\n## A\n\nSame.\n"))
    ids = [passage.passage_id for passage in before]
    assert len(set(ids)) == 2
    assert [passage.passage_id for passage in after][1:] == ids
    assert all(len(passage_id) == 16 and int(passage_id, 16) >= 0 for passage_id in ids)
    other = cut_passages(read("other.md", "# T\n\n## A\n\nSame.\n"))
    assert other[0].passage_id not in ids
