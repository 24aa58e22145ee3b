"""Rules that every chapter of the textbook keeps.

A fenced Python block names its file, as in ```` ```python title="code/ch02_rotations.py" ````,
and is a contiguous excerpt of it. Figures are drawn by a script of the same name.
"""

from __future__ import annotations

import importlib.util
import itertools
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
import yaml

TESTS = Path(__file__).parent
BOOK = TESTS.parents[1] / "docs" / "book"
FIGURES = BOOK / "figures"
PAGES = sorted(BOOK.glob("*.md"))
CHAPTERS = [page for page in PAGES if re.match(r"\d\d-", page.name)]
DRAWINGS = sorted(FIGURES.glob("*.svg"))

FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
DISPLAY_MATH = re.compile(r"^\$\$\n.*?^\$\$$", re.MULTILINE | re.DOTALL)
INLINE_MATH = re.compile(r"(?<![\\$])\$(?!\s)[^$\n]+?(?<!\s)\$")
INLINE_CODE = re.compile(r"`[^`\n]+`")
FRONT_MATTER = re.compile(r"\A---\n(?P<yaml>.*?)\n---\n", re.DOTALL)
LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^(?P<marks>#{1,6}) (?P<text>.+)$", re.MULTILINE)

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
chapters = pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)


@dataclass(frozen=True)
class Heading:
    level: int
    text: str


def without_code(text: str) -> str:
    return FENCE.sub("", FRONT_MATTER.sub("", text))


def prose(text: str) -> str:
    """Return what a reader reads as sentences: no code, no maths, no images."""
    text = DISPLAY_MATH.sub("", without_code(text))
    text = LINK.sub(lambda m: "" if m["image"] else m["text"], text)
    return INLINE_MATH.sub("", INLINE_CODE.sub("", text))


def headings(text: str) -> list[Heading]:
    found = HEADING.finditer(without_code(text))
    return [Heading(len(match["marks"]), match["text"]) for match in found]


def slug(heading: str) -> str:
    """Return GitHub's anchor of a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def test_there_are_four_chapters_numbered_in_order():
    assert [page.name[:2] for page in CHAPTERS[:4]] == ["01", "02", "03", "04"]


@chapters
def test_a_chapter_has_between_2000_and_4000_words_of_prose(page):
    words = re.findall(r"[^\W\d_][\w'-]*", prose(page.read_text(encoding="utf-8")))
    assert 2000 <= len(words) <= 4000


@pages
def test_front_matter_has_a_title_equal_to_the_first_heading(page):
    text = page.read_text(encoding="utf-8")
    match = FRONT_MATTER.match(text)
    assert match
    meta = yaml.safe_load(match["yaml"])
    assert meta["title"] == headings(text)[0].text
    assert isinstance(meta["sidebar_position"], int)


def test_sidebar_positions_differ():
    matches = [FRONT_MATTER.match(page.read_text(encoding="utf-8")) for page in PAGES]
    positions = [yaml.safe_load(match["yaml"])["sidebar_position"] for match in matches if match]
    assert len(set(positions)) == len(PAGES)


@pages
def test_heading_levels_do_not_skip(page):
    levels = [heading.level for heading in headings(page.read_text(encoding="utf-8"))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))


@pages
def test_headings_of_a_page_have_different_anchors(page):
    anchors = [slug(heading.text) for heading in headings(page.read_text(encoding="utf-8"))]
    assert len(set(anchors)) == len(anchors)


@pages
def test_every_python_block_is_an_excerpt_of_a_tested_file(page):
    tests = "\n".join(
        path.read_text(encoding="utf-8")
        for path in TESTS.glob("test_*.py")
        if path != Path(__file__)
    )
    for block in FENCE.finditer(page.read_text(encoding="utf-8")):
        info = block["info"].strip()
        if not info.startswith("python") and "title=" not in info:
            assert info, "a code block must name its language"
            continue
        title = re.search(r'title="([^"]+)"', info)
        assert title, f"a Python block names no file: {block['body'][:60]!r}"
        shown = BOOK / title[1]
        assert shown.read_text(encoding="utf-8").find(block["body"]) >= 0, (
            f"{title[1]} does not contain {block['body'][:80]!r}"
        )
        assert shown.name.split(".")[0] in tests, f"no test names {title[1]}"


@pages
def test_links_images_and_anchors_resolve(page):
    text = without_code(page.read_text(encoding="utf-8"))
    for link in LINK.finditer(INLINE_MATH.sub("", INLINE_CODE.sub("", text))):
        target = link["target"]
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.is_file(), f"{target} does not exist"
        if anchor:
            known = {slug(h.text) for h in headings(file.read_text(encoding="utf-8"))}
            assert anchor in known, f"{target} has no such heading"


@pages
def test_images_have_a_description(page):
    for link in LINK.finditer(without_code(page.read_text(encoding="utf-8"))):
        if link["image"]:
            assert len(link["text"]) > 20


@pages
def test_displayed_formulas_stand_on_lines_of_their_own_and_braces_balance(page):
    text = without_code(page.read_text(encoding="utf-8"))
    formulas = DISPLAY_MATH.findall(text)
    assert "$$" not in DISPLAY_MATH.sub("", text)
    for formula in [*formulas, *INLINE_MATH.findall(DISPLAY_MATH.sub("", text))]:
        bare = formula.replace(r"\{", "").replace(r"\}", "")
        assert bare.count("{") == bare.count("}"), formula
        assert formula.count(r"\begin") == formula.count(r"\end"), formula


@pages
def test_text_is_safe_for_mdx(page):
    """Braces and angle brackets outside code and maths would be read as JSX."""
    text = DISPLAY_MATH.sub("", without_code(page.read_text(encoding="utf-8")))
    text = INLINE_MATH.sub("", INLINE_CODE.sub("", text))
    assert not re.findall(r"[{}<]", text)


def test_every_drawing_is_shown_in_a_chapter():
    shown = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert DRAWINGS
    assert [path.name for path in DRAWINGS if f"figures/{path.name})" not in shown] == []


@pytest.fixture(scope="module")
def style():
    sys.path.insert(0, str(FIGURES))
    yield load(FIGURES / "style.py", "style")
    sys.path.remove(str(FIGURES))


def load(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def strokes(svg: str) -> list[tuple[str, str, list[float]]]:
    """Return the drawing as (element, letters, numbers), without glyph outlines and names.

    Fonts differ between releases of matplotlib; places hold to a fraction of a point.
    """
    root = ElementTree.fromstring(svg)
    parents = {child: parent for parent in root.iter() for child in parent}
    result = []
    for element in root.iter():
        tag = element.tag.rpartition("}")[2]
        if tag not in ("path", "use", "g") or is_lettering(element, parents):
            continue
        places = " ".join(element.get(key, "") for key in ("d", "x", "y", "transform"))
        look = re.sub(r"url\([^)]*\)|[-\d.]", "", places + element.get("style", ""))
        result.append((tag, look, [float(n) for n in re.findall(r"-?\d+\.?\d*", places)]))
    return result


def is_lettering(element, parents) -> bool:
    while element is not None:
        if element.get("id", "").startswith("text_") or element.tag.endswith("defs"):
            return True
        element = parents.get(element)
    return False


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda path: path.stem)
def test_drawing_again_gives_the_committed_drawing(drawing, style):
    script = drawing.with_suffix(".py")
    fresh = strokes(style.svg_text(load(script, f"figure_{drawing.stem}").draw()))
    committed = strokes(drawing.read_text(encoding="utf-8"))
    assert [s[:2] for s in fresh] == [s[:2] for s in committed]
    assert len(committed) > 5
    for (_, _, here), (_, _, there) in zip(fresh, committed, strict=True):
        assert here == pytest.approx(there, abs=1.0)
