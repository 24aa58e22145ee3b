"""The pages of docs/ros say what the nodes and launch files offer."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "ros").glob("*.md"))
tool = SimpleNamespace(**runpy.run_path(str(ROOT / "tools" / "node_docs.py")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_table_of_a_page_is_as_the_code_says(page):
    text = page.read_text(encoding="utf-8")
    assert tool.filled(text) == text, "run tools/node_docs.py"


def test_the_pages_have_every_table():
    there = set().union(*(tool.tables_in(page.read_text(encoding="utf-8")) for page in PAGES))
    assert tool.wanted() <= there


def test_a_table_that_drifted_is_written_anew_and_the_text_around_it_is_kept():
    page = (
        "Before.\n\n<!-- table: parameters of robot_node -->\n| drifted |\n<!-- end -->\n\nAfter.\n"
    )
    new = tool.filled(page)
    assert new.startswith("Before.\n\n<!-- table: parameters of robot_node -->\n| parameter |")
    assert new.endswith("|\n<!-- end -->\n\nAfter.\n")
    assert "| `autostart` | `true` | bool | at start |" in new
    assert "drifted" not in new


@pytest.mark.parametrize("name", ["parameters of nobody", "colours of robot_node"])
def test_a_table_of_what_is_not_there_is_refused_by_name(name):
    with pytest.raises(tool.UnknownTableError, match=name):
        tool.filled(f"<!-- table: {name} -->\n<!-- end -->")
