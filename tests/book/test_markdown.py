from __future__ import annotations

import pytest

from lectern.book.model import Block, BlockKind, Document, SourceKind
from lectern.book.passages import cut_passages

PAGE = """---
id: fk
title: "Forward kinematics"
---

import Tabs from '@theme/Tabs';
import {
  A,
} from '../b';

export const meta = {
  hidden: 'SECRET',
};

{/* SECRET remark */}

<!-- SECRET
comment -->

- [Pose](#pose)
- [Table](#table)

The **pose** is a function of $q$:

$$
x = f(q)
$$

where $q$ are the joints.

:::note[Units]

Angles are in radians.

:::

## Using `code` & more {#custom}

Run this:

```python
# not a heading
print("<!-- kept -->")
```

![alone](picture.png)

<Tabs
  groupId="os">
<TabItem value="linux">

Text of a tab.

</TabItem>
</Tabs>

## Table

| a | b |
|---|---|
| 1 | 2 |

### Table

1. First
   ```bash
   ls
   ```
2. Second

> A quote.
"""


def blocks(document: Document) -> list[list[tuple[BlockKind, str]]]:
    return [
        [(block.kind, _text(document, block)) for block in section.blocks]
        for section in document.sections
    ]


def _text(document: Document, block: Block) -> str:
    return document.text[block.start : block.end]


def test_a_docusaurus_page_gives_its_sections_with_trail_and_anchor(read):
    document = read("fk.mdx", PAGE)
    assert document.kind is SourceKind.MDX
    assert document.title == "Forward kinematics"
    assert [(section.trail, section.anchor) for section in document.sections] == [
        (("Forward kinematics",), ""),
        (("Forward kinematics", "Using code & more"), "custom"),
        (("Forward kinematics", "Table"), "table"),
        (("Forward kinematics", "Table", "Table"), "table-1"),
    ]


def test_a_docusaurus_page_gives_its_blocks_and_nothing_else(read):
    assert blocks(read("fk.mdx", PAGE)) == [
        [
            (BlockKind.PARAGRAPH, "The **pose** is a function of $q$:"),
            (BlockKind.MATH, "$$\nx = f(q)\n$$"),
            (BlockKind.PARAGRAPH, "where $q$ are the joints."),
            (BlockKind.PARAGRAPH, "Angles are in radians."),
        ],
        [
            (BlockKind.PARAGRAPH, "Run this:"),
            (BlockKind.CODE, '```python\n# not a heading\nprint("<!-- kept -->")\n```'),
            (BlockKind.PARAGRAPH, "Text of a tab."),
        ],
        [(BlockKind.TABLE, "| a | b |\n|---|---|\n| 1 | 2 |")],
        [
            (BlockKind.LIST, "1. First\n   ```bash\n   ls\n   ```\n2. Second"),
            (BlockKind.PARAGRAPH, "A quote."),
        ],
    ]


def test_what_is_left_out_of_a_page_is_in_no_passage(read):
    passages = cut_passages(read("fk.mdx", PAGE))
    assert not [passage for passage in passages if "SECRET" in passage.text]


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n"])
def test_offsets_are_positions_in_the_file_whatever_ends_its_lines(read, ending):
    document = read(
        "page.md", "\ufeff# T\n\nOne\x0btwo\x85.\n\n## U\n\nEnd.\n".replace("\n", ending)
    )
    assert document.text.startswith("\ufeff# T" + ending)
    assert blocks(document) == [
        [(BlockKind.PARAGRAPH, "One\x0btwo\x85.")],
        [(BlockKind.PARAGRAPH, "End.")],
    ]


@pytest.mark.parametrize(
    ("heading", "title", "anchor"),
    [
        pytest.param("# What's ROS 2?", "What's ROS 2?", "whats-ros-2", id="punctuation"),
        pytest.param("# Größe & Maß", "Größe & Maß", "größe--maß", id="letters of any script"),
        pytest.param("# The [link](x.md) *here*", "The link here", "the-link-here", id="markup"),
        pytest.param("# `snake_case` x", "snake_case x", "snake_case-x", id="code"),
        pytest.param("Setext\n===", "Setext", "setext", id="setext"),
        pytest.param("(my-label)=\n# Title", "Title", "my-label", id="MyST target"),
        pytest.param('<h1 align="center">Big</h1>', "Big", "big", id="HTML"),
        pytest.param("# A {/* #own */}", "A", "own", id="MDX comment id"),
    ],
)
def test_a_heading_has_plain_title_and_anchor_of_the_published_page(read, heading, title, anchor):
    section = read("page.md", f"{heading}\n\nText.\n").sections[0]
    assert (section.trail, section.anchor) == ((title,), anchor)


def test_the_title_is_front_matter_then_first_heading_then_name(read):
    assert read("a.md", "---\ntitle: 'It''s'\n---\n# H\n\nx\n").title == "It's"
    assert read("b.md", "## Two\n\n# One\n\nx\n").title == "One"
    assert read("name.md", "Only text.\n").title == "name"


@pytest.mark.parametrize(
    "formula",
    [
        "$$ a = b $$",
        "$$\na\n\nb\n$$",
        "\\[\na\n\\]",
        "\\begin{align}\na\n\\end{align}",
        "$$a$$ (eq)",
    ],
)
def test_a_display_formula_is_one_block_even_inside_a_paragraph(read, formula):
    document = read("page.md", f"Before\n{formula}\nafter.\n")
    assert blocks(document)[0][1] == (BlockKind.MATH, formula)


def test_myst_directives_keep_prose_and_drop_navigation(read):
    text = (
        "# T\n\n```{toctree}\nSECRET\n```\n\n```{note}\n:class: x\nKept text.\n```\n\n"
        "```{code-cell} python\nx = 1\n```\n\n```{math}\n:label: e\na = b\n```\n"
    )
    assert [kind for kind, _ in blocks(read("page.md", text))[0]] == [
        BlockKind.PARAGRAPH,
        BlockKind.CODE,
        BlockKind.MATH,
    ]
    assert "SECRET" not in str(blocks(read("page.md", text)))


def test_licences_badges_and_contents_lists_stay_out(read):
    text = (
        "# T\n\n[![badge](a.svg)](b)\n[![c](d.svg)](e)\n\n"
        "Copyright (c) 2024 Someone. All rights reserved.\n\n"
        "## Contents\n\n* [A](a.md)\n* [B](b.md)\n\n## Real\n\n* [A](a.md) is first\n* b\n"
    )
    assert blocks(read("page.md", text)) == [
        [],
        [],
        [(BlockKind.LIST, "* [A](a.md) is first\n* b")],
    ]
