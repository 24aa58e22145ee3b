from __future__ import annotations

import pytest

from lectern.book.sentences import SentenceKind, split_sentences


def _split(text: str) -> list[tuple[str, str]]:
    return [(span.kind.value, text[span.start : span.end]) for span in split_sentences(text)]


@pytest.mark.parametrize(
    "sentence",
    [
        "See e.g. Fig. 3 and Eq. (4), i.e. the figure vs. the formula.",
        "Dr. Denavit and J. Hartenberg wrote it.",
        "It is 3.14 m long.",
        "ROS 2.0.1 Humble is version 3.10 of it.",
        "Run setup.py in the folder.",
        "It goes $1, 2, ... N$ and 1, 2, ... N again.",
        "The value `a. B` stays.",
        "The pose $x. Y$ stays.",
        "A [link. Text](http://a.b/c. d) stays.",
        "See https://docs.ros.org/en/humble. for more.",
        "He said ... and went on.",
        "Smith et al. [3] and no. 7 agree.",
        "See p. 12 or sec. IV of it.",
        "Is it so? yes, the text goes on.",
    ],
)
def test_a_sentence_is_not_broken_inside(sentence):
    assert _split(f"{sentence} It ends.") == [("text", sentence), ("text", "It ends.")]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        pytest.param("One. Two! Three?", ["One.", "Two!", "Three?"], id="marks"),
        pytest.param('He said "no." Then left.', ['He said "no."', "Then left."], id="quotes"),
        pytest.param(
            "It lies in frame B. The tool moves.",
            ["It lies in frame B.", "The tool moves."],
            id="a symbol is no initial",
        ),
        pytest.param("**Bold.** Next.", ["**Bold.**", "Next."], id="emphasis"),
        pytest.param("It is 3.10. Then\nmore.", ["It is 3.10.", "Then\nmore."], id="lines"),
        pytest.param("Done. `rclpy` starts.", ["Done.", "`rclpy` starts."], id="code starts"),
        pytest.param("完了。次。", ["完了。", "次。"], id="Chinese"),
        pytest.param("> One.\n> Two.", ["One.", "Two."], id="a quote"),
    ],
)
def test_text_is_cut_at_sentence_ends(text, sentences):
    assert [sentence for _, sentence in _split(text)] == sentences


MARKDOWN = """It is so. Thus:

$$
a = b. C
$$

where so.

```python
x = 1. # A
```

| a. B | c |
|---|---|
| 1. D | 2 |

1. First. Still first.
2. Second
   - Nested

:::note

The end.
"""


def test_blocks_of_markdown_are_units_with_their_kind():
    assert _split(MARKDOWN) == [
        ("text", "It is so."),
        ("text", "Thus:"),
        ("math", "$$\na = b. C\n$$"),
        ("text", "where so."),
        ("code", "```python\nx = 1. # A\n```"),
        ("table", "| a. B | c |\n|---|---|\n| 1. D | 2 |"),
        ("item", "1. First. Still first."),
        ("item", "2. Second"),
        ("item", "- Nested"),
        ("text", "The end."),
    ]


RST = """Like this. Or that::

    x = 1. A

.. code-block:: python

   y = 2. B

.. math::

   a. B

=== ===
A   B
=== ===
1   2
=== ===

* item. One
* two

.. note::

   By default the value is ``0``. It grows.

   .. code-block:: bash

      ls
"""


def test_blocks_of_restructuredtext_are_units_with_their_kind():
    assert _split(RST) == [
        ("text", "Like this."),
        ("text", "Or that::"),
        ("code", "    x = 1. A"),
        ("code", ".. code-block:: python\n\n   y = 2. B"),
        ("math", ".. math::\n\n   a. B"),
        ("table", "=== ===\nA   B\n=== ===\n1   2\n=== ==="),
        ("item", "* item. One"),
        ("item", "* two"),
        ("text", "By default the value is ``0``."),
        ("text", "It grows."),
        ("code", ".. code-block:: bash\n\n      ls"),
    ]


def test_an_empty_text_has_no_sentences():
    assert split_sentences("") == []
    assert split_sentences("one")[0].kind is SentenceKind.TEXT
