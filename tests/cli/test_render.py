from __future__ import annotations

import pytest

from lectern.cli.output import printable
from lectern.cli.render import excerpt, math_as_code


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        pytest.param(r"so $\dot q_1$ is", r"so `\dot q_1` is", id="inline"),
        pytest.param("a $$\nx_1 \\\\ y\n$$ b", "a \n\n```latex\nx_1 \\\\ y\n```\n\n b", id="block"),
        pytest.param("```sh\necho $A $B\n```", "```sh\necho $A $B\n```", id="code block"),
        pytest.param("run `echo $A` and `$B`", "run `echo $A` and `$B`", id="code"),
        pytest.param("it costs 5 $", "it costs 5 $", id="a single dollar"),
    ],
)
def test_math_is_shown_as_code(markdown, expected):
    assert math_as_code(markdown) == expected


def test_escape_sequences_of_a_source_do_not_reach_the_terminal():
    assert printable("a\x1b[31mb\x9bc\r\n\td\x07") == "a[31mbc\n\td"


def test_an_excerpt_has_two_lines_at_most():
    lines = excerpt("word " * 200, 40)

    assert len(lines) == 2
    assert lines[-1].endswith("…")
    assert max(map(len, lines)) <= 40
