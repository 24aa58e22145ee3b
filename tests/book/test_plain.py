from __future__ import annotations

import pytest

from lectern.book.model import SourceKind
from lectern.book.plain import math_words, plain_inline, plain_text


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("The [text](http://a.b/c_(d)) of a **bold** _word_.", "The text of a bold word."),
        ("![An arm](arm.png) moves", "An arm moves"),
        ("Use `snake_case_name` and `*x*`.", "Use snake_case_name and *x*."),
        ("snake_case and 2 * 3 * 4 stay", "snake_case and 2 * 3 * 4 stay"),
        ("<Tabs>\n<b>Text</b> &amp; more\n</Tabs>", "Text & more"),
        ("a <!-- no --> b {/* no */}", "a b"),
        ("```cpp\nstd::vector<int> x;\n```", "std::vector<int> x;"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a b\n1 2"),
        ("- one\n- two\n> quote", "one\ntwo\nquote"),
        (":::tip[Title]\n\nText\n\n:::", "Title\nText"),
        ("It is $\\dot q = J^{-1} v$ here", "It is q dot = J inverse v here"),
        ("$$\n\\frac{a}{b} \\tag{1}\n$$", "a / b 1"),
        ("It costs $5 and $6.", "It costs $5 and $6."),
        ("\ue0007\ue001 x `y`", "7 x y"),
    ],
)
def test_markdown_loses_its_markup_and_keeps_its_words(markdown, words):
    assert plain_text(markdown, SourceKind.MARKDOWN) == words


@pytest.mark.parametrize(
    ("rst", "words"),
    [
        (":ref:`the frames <frames>` and :math:`\\theta`", "the frames and theta"),
        ("`A site <http://a.b>`_ and ``code_x``", "A site and code_x"),
        (".. code-block:: python\n   :linenos:\n\n   x = '\\n'", "x = '\\n'"),
        (".. code-block:: bash\n\n   # CMD\n   cd ros2_{X}_ws/a_", "# CMD\ncd ros2_{X}_ws/a_"),
        ("Like::\n\n    # CMD\n    **x**\n\nEnd", "Like:\n# CMD\n**x**\nEnd"),
        (".. note:: Be *careful*", "Be careful"),
        (".. math::\n\n   \\omega = 1\n\nNext", "omega = 1\nNext"),
        ("=== ===\nA   B\n=== ===\n1   2\n=== ===", "A B\n1 2"),
        (":class:`~rclpy.node.Node` is::", "rclpy.node.Node is::"),
    ],
)
def test_restructuredtext_loses_its_markup_and_keeps_its_words(rst, words):
    assert plain_text(rst, SourceKind.RST) == words


@pytest.mark.parametrize(
    ("latex", "words"),
    [
        ("\\dot{q}", "q dot"),
        ("\\dot q", "q dot"),
        ("\\mathbf{R}", "R"),
        ("\\omega \\times r", "omega x r"),
        ("R^T R^\\top R^{\\top}", "R transpose R transpose R transpose"),
        ("R^{\\mathsf T} t", "R transpose t"),
        ("J^{-1}", "J inverse"),
        ("\\frac{\\partial f}{\\partial q_1}", "d f / d q_1"),
        ("\\sqrt{x^2}", "sqrt x^2"),
        ("\\ddot{\\theta}_1", "theta ddot _1"),
        ("\\begin{bmatrix} a & b \\\\ c & d \\end{bmatrix}", "a b ; c d"),
    ],
)
def test_latex_commands_become_words(latex, words):
    assert math_words(latex) == words


def test_a_heading_becomes_plain():
    assert plain_inline("The `J` of **[arms](x.md)** & <b>more</b>") == "The J of arms & more"
