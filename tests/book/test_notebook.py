from __future__ import annotations

import json

import pytest

from lectern.book.model import BlockKind
from lectern.book.passages import cut_passages
from lectern.errors import SourceUnreadable

CELLS = [
    {"cell_type": "markdown", "source": ["# Robot Arm\n", "\n", "Intro with $x$.\n"]},
    {
        "cell_type": "code",
        "source": "import numpy as np\nnp.eye(3)",
        "outputs": [{"text": ["SECRET OUTPUT"]}],
    },
    {"cell_type": "raw", "source": "SECRET RAW"},
    {
        "cell_type": "markdown",
        "source": "## The Jacobian\n\n![p](data:image/png;base64,SECRETAAAA)\n",
    },
    {"cell_type": "markdown", "source": "It maps rates."},
    {"cell_type": "code", "source": []},
]


def test_a_notebook_gives_its_cells_without_outputs(read):
    metadata = {"language_info": {"name": "python"}}
    document = read("arm.ipynb", json.dumps({"nbformat": 4, "metadata": metadata, "cells": CELLS}))
    found = [
        (section.trail, section.anchor, block.kind, document.text[block.start : block.end])
        for section in document.sections
        for block in section.blocks
    ]
    second = ("Robot Arm", "The Jacobian")
    assert found == [
        (("Robot Arm",), "Robot-Arm", BlockKind.PARAGRAPH, "Intro with $x$."),
        (
            *(("Robot Arm",), "Robot-Arm", BlockKind.CODE),
            "```python\nimport numpy as np\nnp.eye(3)\n```",
        ),
        (second, "The-Jacobian", BlockKind.PARAGRAPH, "It maps rates."),
    ]
    assert "SECRET" not in document.text
    assert len(cut_passages(document)) == 2


def test_a_notebook_of_format_3_is_read_from_its_worksheets(read):
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Old Title"},
        {"cell_type": "code", "input": "print(1)", "language": "python"},
    ]
    document = read("old.ipynb", json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}))
    assert document.sections[0].trail == ("old", "Old Title")
    assert "print(1)" in cut_passages(document)[0].text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("{", "not valid JSON", id="broken"),
        pytest.param("[]", "no notebook", id="a list"),
        pytest.param("{}", "no notebook", id="no cells"),
        pytest.param("[" * 200_000, "nested too deeply", id="nested"),
    ],
)
def test_a_file_that_is_no_notebook_is_refused_with_the_reason(read, content, reason):
    with pytest.raises(SourceUnreadable, match=reason):
        read("bad.ipynb", content)


def test_escaped_surrogates_in_a_notebook_do_no_harm(read):
    cells = '{"cells": [{"cell_type": "markdown", "source": "a \\ud800 b"}]}'
    read("odd.ipynb", cells).text.encode("utf-8")
