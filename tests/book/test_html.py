from __future__ import annotations

import pytest

from lectern.book.model import BlockKind, Document
from lectern.errors import SourceUnreadable

SPHINX = """<!DOCTYPE html><html><head><title>Kinematics &mdash; Docs 1.0</title>
<script>SECRET</script></head><body><nav>SECRET menu</nav>
<div role="navigation"><ul class="wy-breadcrumbs"><li>SECRET</li></ul></div>
<div role="main" class="document"><div itemprop="articleBody">
<section id="forward-kinematics"><span id="fk"></span>
<h1>Forward kinematics<a class="headerlink" href="#x">¶</a></h1>
<p>Pose <span class="math notranslate">\\(x\\)</span> of <a href="t.html">a tool</a>, type
<code class="literal"><span class="pre">vector&lt;int&gt;</span></code>.</p>
<div class="math" id="eq"><span class="eqno">(1)<a class="headerlink">¶</a></span>
\\[\\dot x = J\\]</div>
<div class="admonition note"><p class="admonition-title">Note</p><p>In radians.</p></div>
<div class="highlight-python3 notranslate"><div class="highlight"><pre><span></span>import os
<span class="n">x</span> = 1
</pre></div></div>
<table><thead><tr><th>a</th><th>b</th></tr></thead><tr><td><p>1</p></td><td>2 | 3</td></tr></table>
<section id="sub"><h2>Sub<a class="headerlink">¶</a></h2>
<ul><li><p>one</p><ul><li>nested</li></ul></li><li><p>two</p><div class="highlight-bash">
<div class="highlight"><pre>ls
cd x</pre></div></div></li></ul>
<dl class="py function"><dt>fk(<em>q</em>)<a class="headerlink">¶</a></dt>
<dd><p>Computes.</p></dd></dl>
</section></section></div></div><footer>SECRET</footer></body></html>"""

DOCUSAURUS = """<html><head><title>Page | Site</title></head><body><nav>SECRET</nav><main><article>
<nav class="theme-doc-breadcrumbs">SECRET</nav><div class="theme-doc-toc-mobile">SECRET</div>
<div class="theme-doc-markdown markdown"><header><h1>Page</h1></header>
<p>Rate <span class="katex"><span class="katex-mathml"><math><semantics><mi>q</mi>
<annotation encoding="application/x-tex">\\dot q</annotation></semantics></math></span>
<span class="katex-html" aria-hidden="true">SECRET</span></span> here.</p>
<span class="katex-display"><span class="katex"><math display="block"><semantics><mi>x</mi>
<annotation encoding="application/x-tex">x = y</annotation></semantics></math></span></span>
<h2 id="two">Two<a href="#two" class="hash-link">&#8203;</a></h2>
<div class="language-py"><pre><code><span class="token-line">import os<br></span><span
class="token-line">x = 1<br></span></code></pre><button>SECRET</button></div>
<details><summary>Solution</summary><p>It is 42.</p></details></div>
<footer class="theme-doc-footer">SECRET</footer></article><nav class="pagination-nav">SECRET</nav>
</main></body></html>"""


def outline(document: Document) -> list[object]:
    return [
        (
            *(section.trail, section.anchor),
            [(block.kind, document.text[block.start : block.end]) for block in section.blocks],
        )
        for section in document.sections
    ]


def test_a_sphinx_page_gives_its_content_as_markdown(read):
    document = read("fk.html", SPHINX)
    assert document.title == "Forward kinematics"
    assert "SECRET" not in document.text
    assert outline(document) == [
        (
            *(("Forward kinematics",), "forward-kinematics"),
            [
                (BlockKind.PARAGRAPH, "Pose $x$ of a tool, type `vector<int>`."),
                (BlockKind.MATH, "$$\n\\dot x = J\n$$"),
                (BlockKind.PARAGRAPH, "In radians."),
                (BlockKind.CODE, "```python\nimport os\nx = 1\n```"),
                (BlockKind.TABLE, "| a | b |\n|---|---|\n| 1 | 2 \\| 3 |"),
            ],
        ),
        (
            *(("Forward kinematics", "Sub"), "sub"),
            [
                (BlockKind.LIST, "- one\n  - nested\n- two\n  ```bash\n  ls\n  cd x\n  ```"),
                (BlockKind.PARAGRAPH, "fk(q):"),
                (BlockKind.PARAGRAPH, "Computes."),
            ],
        ),
    ]


def test_a_docusaurus_page_gives_its_content_as_markdown(read):
    document = read("page.html", DOCUSAURUS)
    assert "SECRET" not in document.text
    assert outline(document) == [
        (
            *(("Page",), ""),
            [
                (BlockKind.PARAGRAPH, "Rate $\\dot q$ here."),
                (BlockKind.MATH, "$$\nx = y\n$$"),
            ],
        ),
        (
            *(("Page", "Two"), "two"),
            [
                (BlockKind.CODE, "```py\nimport os\nx = 1\n```"),
                (BlockKind.PARAGRAPH, "Solution"),
                (BlockKind.PARAGRAPH, "It is 42."),
            ],
        ),
    ]


def test_a_page_in_the_encoding_it_declares_is_read(read):
    page = '<meta charset="iso-8859-1"><title>x</title><p>Größe</p>'.encode("latin-1")
    assert "Größe" in read("page.html", page).text


@pytest.mark.parametrize(
    "script",
    ['<script type="math/tex; mode=display">a^2</script>', "<div class='math'>$$a^2$$</div>"],
)
def test_display_maths_of_mathjax_is_kept_as_latex(read, script):
    document = read("page.html", f"<h1>T</h1><p>x</p>{script}")
    assert outline(document)[0][2][1] == (BlockKind.MATH, "$$\na^2\n$$")


def test_the_page_title_serves_where_no_heading_of_level_1_exists(read):
    assert read("x.html", "<title>Arms | My Site</title><h2>A</h2><p>b</p>").title == "Arms"


def test_elements_nested_deeply_are_read_as_text(read):
    page = "<h1>T</h1>" + "<div>" * 900 + "deep" + "<b>" * 900 + "deeper"
    assert "deep deeper" in read("deep.html", page).text


def test_a_page_nested_without_end_is_a_named_error(read):
    with pytest.raises(SourceUnreadable, match="too deeply"):
        read("deep.html", "<h1>T</h1>" + "<div>" * 5000 + "deep")
