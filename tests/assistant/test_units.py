from __future__ import annotations

import pytest

from lectern.assistant.units import UnitStream
from lectern.book.sentences import SentenceKind

ANSWER = """The Jacobian maps joint rates to the tool twist [1]. It depends on e.g. the pose. [2][3]

- The first column is due to joint 1 [1].
- The second is due to `q[2]` and $q[2]$ [2, 3].

$$
\\mathcal V = J(q)\\,\\dot q. \\quad x = 1.
$$
[1]

```python
v = J[1] @ qd  # see [4].

print(v)
```
[4]

That is all [9]."""


def read(answer, size):
    stream = UnitStream()
    units = []
    for at in range(0, len(answer), size):
        units += stream.feed(answer[at : at + size])
    return units + stream.finish()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
def test_units_are_the_same_however_the_answer_is_cut(size):
    units = read(ANSWER, size)
    assert [(unit.kind.value, unit.cited) for unit in units] == [
        ("text", (1,)),
        ("text", (2, 3)),
        ("item", (1,)),
        ("item", (2, 3)),
        ("math", (1,)),
        ("code", (4,)),
        ("text", (9,)),
    ]
    assert units[0].text == "The Jacobian maps joint rates to the tool twist."
    assert units[1].text == "It depends on e.g. the pose."
    assert units[3].text == "The second is due to `q[2]` and $q[2]$."
    assert units[3].marker == "- "
    assert units[5].text == "```python\nv = J[1] @ qd  # see [4].\n\nprint(v)\n```"
    assert [unit.gap for unit in units] == ["", " ", "\n\n", "\n", "\n\n", "\n\n", "\n\n"]


def test_a_sentence_is_given_out_before_the_answer_ends():
    stream = UnitStream()
    assert stream.feed("A twist has six numbers. [1]") == []
    [unit] = stream.feed(" Three of them are angular")
    assert unit.text == "A twist has six numbers."
    assert unit.cited == (1,)


def test_a_block_is_held_until_it_is_closed():
    stream = UnitStream()
    assert stream.feed("```python\nx = 1. Then more.\n\nAnd a line that is long enough.") == []
    assert stream.feed("\n```\n\n") == []
    assert stream.feed("$$ a = b. And so on, for many characters.") == []
    [code, math] = [*stream.feed(" $$\n\nNow a long sentence follows.")]
    assert (code.kind, math.kind) == (SentenceKind.CODE, SentenceKind.MATH)


def test_headings_are_left_out():
    assert [unit.text for unit in read("## The answer\nA twist is a velocity.", 5)] == [
        "A twist is a velocity."
    ]


def test_what_a_truncated_answer_leaves_unfinished_is_dropped():
    stream = UnitStream()
    units = stream.feed("A twist has six numbers [1]. Three of them")
    units += stream.finish(truncated=True)
    assert [unit.text for unit in units] == ["A twist has six numbers."]
    stream = UnitStream()
    units = stream.feed("A twist has six numbers [1]. Three of them are not angular [1].")
    assert len(units + stream.finish(truncated=True)) == 2


def test_an_item_has_its_sentences():
    [unit] = read("1. A twist has six numbers. Three of them are angular [1].", 9)
    assert unit.sentences() == ["A twist has six numbers.", "Three of them are angular."]
    assert unit.marker == "1. "


@pytest.mark.parametrize("answer", ["", "   \n", "[1]", "[1] [2]", "[", "$$", "```", "- ", "|"])
def test_odd_answers_do_not_hurt(answer):
    read(answer, 1)
