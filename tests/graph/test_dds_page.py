"""docs/dds.md says what the code does."""

from __future__ import annotations

from pathlib import Path

from lectern.graph.dds.offers import as_table

PAGE = Path(__file__).parents[2] / "docs" / "dds.md"
BEGIN, END = "<!-- table: topics of the graph without ROS -->", "<!-- end -->"


def test_the_page_has_the_table_of_the_topics_that_there_are():
    between = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]

    assert between.strip() == as_table().strip()
