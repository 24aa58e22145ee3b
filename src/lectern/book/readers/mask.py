"""Blanks out what is not content in Markdown, line by line, so that a parser sees only content.

The masked text has the lines of the original, so a parser's line numbers hold for both. A display
formula becomes an HTML comment that starts with `MATH_MARK`: a block for any CommonMark parser,
wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lectern.book.words import word_set

MATH_MARK = "<!--lectern-math"
_FORMULA_LINES = 200
_TAG_LINES = 80
_COMMENT_LINES = 5_000

_LINE = re.compile(r"\r\n?|\n")
_SPECIAL = re.compile(
    r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(?:`{3}|~{3}|\$\$|\\\[|\\begin\{|:{3}|<|\(|\{)"
    r"|import\b|export\b|[^#]*(?:<!--|\{/\*)"
)
_FENCE = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}(?=[^`]*$)|~{3,})[ \t]*(.*)")
_FENCE_END = re.compile(r"[ \t>]*(`{3,}|~{3,})[ \t]*$")
_DIRECTIVE = re.compile(r"\{([\w:+.-]+)\}")
_OPTION = re.compile(r"[ \t>]*:[\w-]+:")
_COLONS = re.compile(r"[ \t>]*(:{3,})[ \t]*(\S?.*)$")
_PREFIX = re.compile(r"[ \t>]*")
_FORMULA = re.compile(r"[ \t>]*(\$\$|\\\[|\\begin\{([A-Za-z]+\*?)\})")
_FORMULA_TAIL = re.compile(r"[ \t]*(?:\([^()\s]{1,80}\)|\{#[^{}\s]{1,80}\})?[ \t]*[.,;]?[ \t]*$")
_TARGET = re.compile(r"\(([A-Za-z][\w.: -]{0,120})\)=[ \t]*$")
_TAGS_ONLY = re.compile(
    r"[ \t>]*(?:</?[A-Za-z][\w.:-]{0,60}(?:[ \t][^<>]{0,2000})?/?>[ \t]*|</?>[ \t]*){1,50}$"
)
_TAG_NAME = re.compile(r"</?([A-Za-z][\w.:-]*)")
_COMPONENT_START = re.compile(r"[ \t]*</?[A-Z][\w.]*(?:\s|$)")
_IMPORT = re.compile(r"import\s+(?:[\w*{][^'\"]*\sfrom\s+)?['\"][^'\"]+['\"]\s*;?[ \t]*$")
_EXPORT = re.compile(r"export\s+(?:const|let|var|default|function|async|class|type|interface|\{)")
_EXPRESSION = re.compile(r"\{.*\}[ \t]*$")
_TITLE = re.compile(r"^title[ \t]*:[ \t]*(.*?)[ \t]*$", re.M)

_FORMULA_ENVIRONMENTS = word_set(
    "equation align alignat gather multline eqnarray flalign displaymath math split aligned "
    "gathered cases matrix bmatrix pmatrix vmatrix array subequations"
)
# Their content is prose that belongs to the page; their frame is not.
_FRAMES = word_set(
    "note tip hint warning caution danger error important attention seealso admonition todo figure "
    "sidebar topic margin dropdown card grid grid-item tab-set tab-item tabbed epigraph pull-quote "
    "versionadded versionchanged deprecated exercise solution proof theorem definition lemma "
    "corollary proposition example remark div container details aside"
)
_DROPPED = word_set(
    "toctree tableofcontents contents image raw index only eval-rst bibliography video iframe "
    "sectionauthor include literalinclude"
)
_MATHS = frozenset(("math", "amsmath"))
# Tags whose lines must stay, because the parser needs them to see the element whole.
_WHOLE_TAGS = word_set(
    "table thead tbody tfoot tr td th caption colgroup col pre code script style textarea math svg "
    "h1 h2 h3 h4 h5 h6"
)


@dataclass
class Masked:
    """Markdown with everything but content blanked out.

    Attributes:
        lines: The masked lines, without line ends.
        starts: Offset of each line in the original text.
        title: Title given in the front matter, or empty.
        targets: Explicit anchor in effect for the next heading, by line number.
    """

    lines: list[str]
    starts: list[int]
    title: str = ""
    targets: dict[int, str] = field(default_factory=dict)


def mask(text: str, *, mdx: bool) -> Masked:
    """Blank out front matter, comments, imports, component tags and the frames of admonitions.

    Args:
        text: Markdown or MDX.
        mdx: Whether `import`, `export` and `{...}` at the start of a line are code.
    """
    return _Masker(text, mdx).run()


class _Masker:
    def __init__(self, text: str, mdx: bool) -> None:
        ends = [(match.start(), match.end()) for match in _LINE.finditer(text)]
        starts = [0, *(end for _, end in ends)]
        stops = [*(start for start, _ in ends), len(text)]
        self._lines = [text[start:stop] for start, stop in zip(starts, stops, strict=True)]
        if self._lines[0].startswith("\ufeff"):
            self._lines[0] = " " + self._lines[0][1:]
        self._mdx = mdx
        self._frames: list[tuple[str, int]] = []
        self._result = Masked(list(self._lines), starts)
        self._steps: tuple[Callable[[int], int], ...] = (
            self._fence,
            self._comment,
            self._formula,
            self._colons,
            self._module_code,
            self._target,
            self._tags,
        )

    def run(self) -> Masked:
        at = self._front_matter()
        while at < len(self._lines):
            at = self._step(at) if _SPECIAL.match(self._lines[at]) else at + 1
        return self._result

    def _step(self, at: int) -> int:
        for step in self._steps:
            following = step(at)
            if following > at:
                return following
        return at + 1

    def _blank(self, start: int, stop: int) -> int:
        stop = min(stop, len(self._lines))
        self._result.lines[start:stop] = [""] * (stop - start)
        return stop

    def _front_matter(self) -> int:
        if self._lines[0].strip() != "---":
            return 0
        for at in range(1, len(self._lines)):
            if self._lines[at].rstrip() in ("---", "..."):
                found = _TITLE.search("\n".join(self._lines[1:at]))
                self._result.title = _yaml_scalar(found[1]) if found else ""
                return self._blank(0, at + 1)
        return 0

    def _fence(self, at: int) -> int:
        line = self._lines[at]
        end = _FENCE_END.match(line)
        if end and self._frames and _closes(end[1], self._frames[-1]):
            self._frames.pop()
            return self._blank(at, at + 1)
        opened = _FENCE.match(line)
        if not opened:
            return at
        mark = (opened[1][0], len(opened[1]))
        directive = _DIRECTIVE.match(opened[2])
        name = directive[1].lower() if directive else ""
        if name in _FRAMES:
            self._frames.append(mark)
            return self._options(at)
        close = self._closing_fence(at + 1, mark)
        if name in _DROPPED:
            return self._blank(at, close)
        if name in _MATHS or opened[2].strip() == "math":
            return self._mark_formula(at, close)
        return close

    def _closing_fence(self, at: int, mark: tuple[str, int]) -> int:
        while at < len(self._lines):
            end = _FENCE_END.match(self._lines[at])
            at += 1
            if end and _closes(end[1], mark):
                break
        return at

    def _options(self, at: int) -> int:
        stop = at + 1
        while stop < len(self._lines) and _OPTION.match(self._lines[stop]):
            stop += 1
        return self._blank(at, stop)

    def _comment(self, at: int) -> int:
        line = self._result.lines[at]
        if line.lstrip().startswith("#"):
            return at
        for opening, closing in (("<!--", "-->"), ("{/*", "*/}")):
            begin = line.find(opening)
            if begin < 0 or line.count("`", 0, begin) % 2:
                continue
            end = line.find(closing, begin + len(opening))
            if end >= 0:
                self._result.lines[at] = line[:begin] + line[end + len(closing) :]
                # The rest of the line may hold another comment, or start something else.
                return self._comment(at) if line.count(opening) < 20 else at + 1
            return self._long_comment(at, begin, closing)
        return at if line == self._lines[at] else at + 1

    def _long_comment(self, at: int, begin: int, closing: str) -> int:
        for stop in range(at + 1, min(len(self._lines), at + _COMMENT_LINES)):
            end = self._lines[stop].find(closing)
            if end >= 0:
                self._result.lines[at] = self._result.lines[at][:begin]
                self._blank(at + 1, stop)
                self._result.lines[stop] = self._lines[stop][end + len(closing) :]
                return stop + 1
        return at + 1

    def _formula(self, at: int) -> int:
        opened = _FORMULA.match(self._lines[at])
        if not opened:
            return at
        closing = self._formula_closing(opened)
        if not closing:
            return at
        rest = self._lines[at][opened.end() :]
        for stop in range(at, min(len(self._lines), at + _FORMULA_LINES)):
            found = rest.find(closing)
            if found >= 0:
                whole = _FORMULA_TAIL.match(rest, found + len(closing))
                return self._mark_formula(at, stop + 1) if whole else at
            if stop + 1 < len(self._lines):
                rest = self._lines[stop + 1]
        return at + 1

    def _formula_closing(self, opened: re.Match[str]) -> str:
        if opened[2] and opened[2].rstrip("*") not in _FORMULA_ENVIRONMENTS:
            return ""
        return {"$$": "$$", "\\[": "\\]"}.get(opened[1], f"\\end{{{opened[2]}}}")

    def _mark_formula(self, start: int, stop: int) -> int:
        stop = min(stop, len(self._lines))
        for at in range(start, stop):
            opening = MATH_MARK if at == start else "m"
            closing = "-->" if at == stop - 1 else ""
            prefix = _PREFIX.match(self._lines[at])
            self._result.lines[at] = f"{prefix[0] if prefix else ''}{opening}{closing}"
        return stop

    def _colons(self, at: int) -> int:
        fence = _COLONS.match(self._lines[at])
        if not fence:
            return at
        directive = _DIRECTIVE.match(fence[2])
        if directive and directive[1].lower() in _DROPPED:
            for stop in range(at + 1, min(len(self._lines), at + _FORMULA_LINES)):
                if self._lines[stop].strip().startswith(fence[1]):
                    return self._blank(at, stop + 1)
        return self._options(at)

    def _module_code(self, at: int) -> int:
        line = self._lines[at]
        if at and self._result.lines[at - 1].strip():
            return at
        if not self._mdx:
            return self._blank(at, at + 1) if _IMPORT.match(line) else at
        if _EXPRESSION.match(line):
            return self._blank(at, at + 1)
        if not (line.startswith("import ") or _EXPORT.match(line)):
            return at
        stop, depth = at, 0
        while stop < len(self._lines):
            depth += sum(map(self._lines[stop].count, "{[(")) - sum(
                map(self._lines[stop].count, "}])")
            )
            stop += 1
            if depth <= 0 and (stop == len(self._lines) or not self._lines[stop].strip()):
                break
        return self._blank(at, stop)

    def _target(self, at: int) -> int:
        found = _TARGET.match(self._lines[at])
        if not found:
            return at
        heading = next(
            (line for line in range(at + 1, min(at + 4, len(self._lines))) if self._lines[line]), at
        )
        self._result.targets[heading] = found[1].strip().replace(" ", "-")
        return self._blank(at, at + 1)

    def _tags(self, at: int) -> int:
        line = self._lines[at]
        if _TAGS_ONLY.match(line):
            names = {name.lower() for name in _TAG_NAME.findall(line)}
            return at if names & _WHOLE_TAGS else self._blank(at, at + 1)
        if _COMPONENT_START.match(line) and ">" not in line:
            for stop in range(at + 1, min(len(self._lines), at + _TAG_LINES)):
                if self._lines[stop].rstrip().endswith(">"):
                    return self._blank(at, stop + 1)
        return at


def _closes(fence: str, mark: tuple[str, int]) -> bool:
    return fence[0] == mark[0] and len(fence) >= mark[1]


def _yaml_scalar(value: str) -> str:
    for quote in "\"'":
        if len(value) > 1 and value.startswith(quote) and value.rstrip().endswith(quote):
            return value.strip()[1:-1].replace('\\"', '"').replace("''", "'").strip()
    value = re.split(r"\s#", value, maxsplit=1)[0].strip()
    return "" if value in ("|", ">", "|-", ">-", "~", "null") else value
