from __future__ import annotations

import pytest

from lectern.book.model import BlockKind
from lectern.book.readers import read_document
from lectern.errors import SourceUnreadable

PAGE = """:orphan:

.. Copyright SECRET
   more SECRET

.. _kin-label:

==================
Forward kinematics
==================

The *pose* uses :math:`q`, for example::

    import os

.. toctree::
   :maxdepth: 2

   SECRET

.. note:: Angles are in radians,
   always.

   Second paragraph.

.. code-block:: python
   :linenos:

   x = 1

.. math:: a = b

Sub `section`
-------------

1. First

   .. code-block:: bash

      ls

2. Second

=== ===
A   B
=== ===
1   2
=== ===

+---+
| a |
+---+

.. image:: SECRET.png

Sub `section`
-------------

.. py:function:: fk(q)

   Computes.
"""


def test_a_sphinx_page_gives_sections_and_blocks_with_offsets_in_the_file(read):
    document = read("fk.rst", PAGE)
    found = [
        (
            *(section.trail, section.anchor),
            [(block.kind, document.text[block.start : block.end]) for block in section.blocks],
        )
        for section in document.sections
    ]
    assert found == [
        (
            *(("Forward kinematics",), "kin-label"),
            [
                (BlockKind.PARAGRAPH, "The *pose* uses :math:`q`, for example::"),
                (BlockKind.CODE, "    import os"),
                (BlockKind.PARAGRAPH, "Angles are in radians,\n   always."),
                (BlockKind.PARAGRAPH, "Second paragraph."),
                (BlockKind.CODE, ".. code-block:: python\n   :linenos:\n\n   x = 1"),
                (BlockKind.MATH, ".. math:: a = b"),
            ],
        ),
        (
            *(("Forward kinematics", "Sub section"), "sub-section"),
            [
                (
                    BlockKind.LIST,
                    "1. First\n\n   .. code-block:: bash\n\n      ls\n\n2. Second",
                ),
                (BlockKind.TABLE, "=== ===\nA   B\n=== ===\n1   2\n=== ==="),
                (BlockKind.TABLE, "+---+\n| a |\n+---+"),
            ],
        ),
        (
            *(("Forward kinematics", "Sub section"), "id1"),
            [(BlockKind.PARAGRAPH, "fk(q)"), (BlockKind.PARAGRAPH, "Computes.")],
        ),
    ]


def test_code_inside_an_admonition_starts_at_its_directive(read):
    document = read("a.rst", ".. tip::\n\n   Run:\n\n   .. code-block:: bash\n\n      ls\n")
    code = document.sections[0].blocks[1]
    assert document.text[code.start : code.end] == ".. code-block:: bash\n\n      ls"


def test_levels_follow_the_order_in_which_styles_appear(read):
    document = read("a.rst", "A\n~~~\n\nx\n\nB\n===\n\ny\n\nC\n~~~\n\nz\n")
    assert [section.trail for section in document.sections] == [("A",), ("A", "B"), ("A", "C")]


def test_a_text_file_is_read_only_in_a_sphinx_tree_of_text_files(tmp_path):
    page = tmp_path / "guide" / "page.txt"
    page.parent.mkdir()
    page.write_text("Title\n=====\n\nText.\n")
    with pytest.raises(SourceUnreadable):
        read_document(page, max_bytes=1000)
    (tmp_path / "conf.py").touch()
    (tmp_path / "index.txt").touch()
    assert read_document(page, max_bytes=1000).title == "Title"
