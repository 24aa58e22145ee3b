r"""What is embedded and indexed from a passage: its words without its markup.

Code stays as it is. Maths stays, with LaTeX commands turned into the words a reader would say:
`\dot q` becomes `q dot`, `\frac{a}{b}` becomes `a / b`.
"""

from __future__ import annotations

import html
import re

from lectern.book.model import SourceKind
from lectern.book.words import word_set

_FENCED = re.compile(
    r"^[ \t>]*(`{3,}|~{3,})[^\n]*\n(.*?)(?:^[ \t>]*\1[`~]*[ \t]*$|\Z)", re.M | re.S
)
_MATH = re.compile(
    r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|\\\((.+?)\\\)"
    r"|(?<![\\$\w])\$(?=\S)((?:\\.|[^$\\\n]|\n(?!\s*\n))+?)(?<=\S)\$(?![\d$])"
    r"|(\\begin\{([a-z]{1,12}\*?)\}.+?\\end\{\6\})",
    re.S,
)
_CODE_SPAN = re.compile(r"(?<!`)(`{1,2})(?!`)([^`]{1,500})\1(?!`)")
_FORGED = re.compile("[\ue000\ue001]")
_KEPT = re.compile("\ue000(\\d+)\ue001")

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)|\{/\*.*?(?:\*/\}|\Z)", re.S)
_ESM = re.compile(
    r"^(?:import\s[^\n]*?['\"][^\n]*|export\s+(?:const|let|default|function)[^\n]*)$", re.M
)
_ADMONITION = re.compile(r"^[ \t]*:{3,}[ \t]*(?:\{?[\w-]*\}?)(?:\[([^\]\n]*)\])?([^\n]*)$", re.M)
_IMAGE = re.compile(
    r"!\[([^\]\n]{0,300})\](?:\([^()\s]{0,2000}(?:\([^()]{0,200}\)[^()\s]{0,500})?(?:\s+[^)\n]{0,300})?\)|\[[^\]\n]{0,100}\])"
)
_LINK = re.compile(
    r"\[([^\[\]\n]{0,500}(?:\n[^\[\]\n]{1,300})?)\](?:\([^()\s]{0,2000}(?:\([^()]{0,200}\)[^()\s]{0,500})?(?:\s+[^)\n]{0,300})?\)|\[[^\]\n]{0,100}\])"
)
_TAG = re.compile(r"</?[A-Za-z][\w.:-]{0,60}(?:\s[^<>]{0,1000}|/)?>|<>|</>")
_AUTOLINK = re.compile(r"<((?:https?|mailto):[^<>\s]{1,500})>")
_EMPHASIS = re.compile(
    r"(?<![\w*])(\*{1,3})(?=\S)([^*\n]{1,400}(?:\n[^*\n]{1,300})?)(?<=\S)\1(?!\w)|(?<![\w_])(_{1,3})(?=\S)([^_\n]{1,400})(?<=\S)\3(?![\w_])"
)
_MYST_ROLE = re.compile(r"\{[\w:+.-]{1,40}\}(?=`)")
_LINE_MARK = re.compile(
    r"^[ \t]*(?:>[ \t]?)*(?:#{1,6}[ \t]+|[-*+][ \t]+|>[ \t]?(?=\S)|[-=]{3,}[ \t]*$"
    r"|\[![A-Z]+\][ \t]*$|\|?(?:[ \t]*:?-{2,}:?[ \t]*\|)+[ \t]*:?-*:?[ \t]*\|?$)",
    re.M,
)
_QUOTE_MARK = re.compile(r"^[ \t]*>+[ \t]?", re.M)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_PIPE = re.compile(r"[ \t]*\|[ \t]*")

_SPACES = re.compile(r"[ \t\f\v\xa0]+")
_NEWLINES = re.compile(r"\s*\n\s*")

_RST_TARGET = re.compile(r"^\.\.[ \t]+_[^\n]*$|^\.\.[ \t]+\|[^\n]*$", re.M)
_RST_DIRECTIVE = re.compile(r"^([ \t]*)\.\.[ \t]+[\w:+-]+::[ \t]*([^\n]*)$", re.M)
_RST_CODE = re.compile(
    r"^([ \t]*)\.\.[ \t]+(?:code-block|code|sourcecode|parsed-literal|prompt)::[^\n]*\n"
    r"((?:\1[ \t]+\S[^\n]*(?:\n|\Z)|[ \t]*\n)*)",
    re.M,
)
_RST_LITERAL = re.compile(
    r"^(?![ \t]*\.\. )([^\n]*):(:[ \t]*\n[ \t]*\n)((?:[ \t]+\S[^\n]*(?:\n|\Z)|[ \t]*\n)+)", re.M
)
_RST_MATH = re.compile(
    r"^([ \t]*)\.\.[ \t]+math::([^\n]*\n(?:\1[ \t]+\S[^\n]*(?:\n|\Z)|[ \t]*\n)*)", re.M
)
_RST_OPTION = re.compile(
    r"^[ \t]+:(?!param|arg|type|r?type|returns?|raises?|yields?)[a-z-]+:(?:[ \t][^\n]*)?$", re.M
)
_RST_ROLE = re.compile(r":[\w:+.-]{1,60}:`([^`]{1,500})`|`([^`]{1,500})`:[\w:+.-]{1,60}:")
_RST_REFERENCE = re.compile(r"`([^`]{1,500})`__?(?!\w)")
_RST_TARGET_PART = re.compile(r"\s*<[^<>]*>$")
_RST_WORD_REFERENCE = re.compile(r"\b(\w[\w-]{0,60})__?(?![\w`{/*-])")
_RST_RULE = re.compile(r"^[ \t]*(?:[+|]?[-=+]{3,}[-=+| \t]*)$", re.M)
_RST_FOOTNOTE = re.compile(r"\[[#*\w-]{1,40}\]_")
_RST_SUBSTITUTION = re.compile(r"\|(\w[\w .-]{0,60})\|_{0,2}")


def plain_text(text: str, kind: SourceKind) -> str:
    """Return the words of a passage, for embedding and indexing.

    Args:
        text: Exact span of a document.
        kind: Format of that document.
    """
    if kind is SourceKind.PDF:
        return _tidy(text)
    text = _FORGED.sub("", text)
    shelf = _Shelf()
    text = _FENCED.sub(lambda match: shelf.put(match[2]), text)
    words = _rst_words if kind is SourceKind.RST else _markdown_words
    text = words(text, shelf)
    return _tidy(shelf.restore(text))


def plain_inline(text: str) -> str:
    """Return the words of one line of Markdown, such as a heading, with maths as it is written."""
    if not _HAS_MARKUP.search(text):
        return " ".join(text.split())
    text = _FORGED.sub("", text)
    shelf = _Shelf()
    text = _CODE_SPAN.sub(lambda match: shelf.put(match[2].strip()), text)
    text = _MATH.sub(lambda match: shelf.put(_math_source(match).strip()), text)
    text = _markup_off(text)
    return " ".join(shelf.restore(text).split())


_HAS_MARKUP = re.compile(r"[`$*_\[\]<>&\\{}]")


class _Shelf:
    """Holds pieces that later steps must not touch, each behind a mark in the text."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def put(self, piece: str) -> str:
        self._pieces.append(piece)
        return f"\ue000{len(self._pieces) - 1}\ue001"

    def restore(self, text: str) -> str:
        # A piece can hold marks of pieces shelved before it, and those of earlier ones.
        for _ in range(4):
            if "\ue000" not in text:
                break
            text = _KEPT.sub(lambda match: self._pieces[int(match[1])], text)
        return text


def _markdown_words(text: str, shelf: _Shelf) -> str:
    text = _COMMENT.sub(" ", text)
    text = _MYST_ROLE.sub("", text)
    text = _CODE_SPAN.sub(lambda match: shelf.put(match[2]), text)
    text = _MATH.sub(lambda match: shelf.put(math_words(_math_source(match))), text)
    text = _ESM.sub("", text)
    text = _ADMONITION.sub(lambda match: f"{match[1] or ''} {match[2]}", text)
    text = _LINE_MARK.sub("", text)
    if ">" in text:
        text = _QUOTE_MARK.sub("", text)
    text = _markup_off(text)
    return _PIPE.sub(" ", text)


def _markup_off(text: str) -> str:
    if "](" in text or "][" in text:
        text = _IMAGE.sub(r"\1", text)
        text = _LINK.sub(r"\1", text)
    if "<" in text:
        text = _AUTOLINK.sub(r"\1", text)
        text = _TAG.sub(" ", text)
    if "*" in text or "_" in text:
        # Twice, for emphasis inside emphasis.
        text = _EMPHASIS.sub(_emphasised, _EMPHASIS.sub(_emphasised, text))
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text)
    return html.unescape(text) if "&" in text else text


def _emphasised(match: re.Match[str]) -> str:
    return match[2] or match[4]


def _math_source(match: re.Match[str]) -> str:
    return match[1] or match[2] or match[3] or match[4] or match[5]


def _rst_words(text: str, shelf: _Shelf) -> str:
    text = _RST_TARGET.sub("", text)
    text = _RST_MATH.sub(lambda match: shelf.put(_rst_formula(match[2])) + "\n", text)
    text = _RST_CODE.sub(lambda match: shelf.put(_RST_OPTION.sub("", match[2])), text)
    text = _RST_LITERAL.sub(lambda match: f"{match[1]}:\n{shelf.put(match[3])}", text)
    text = _RST_DIRECTIVE.sub(r"\1\2", text)
    text = _RST_OPTION.sub("", text)
    text = re.sub(r"``([^`]{1,500})``", lambda match: shelf.put(match[1]), text)
    text = re.sub(r":math:`([^`]{1,500})`", lambda match: shelf.put(math_words(match[1])), text)
    text = _MATH.sub(lambda match: shelf.put(math_words(_math_source(match))), text)
    text = _RST_ROLE.sub(lambda match: _rst_label(match[1] or match[2]), text)
    text = _RST_REFERENCE.sub(lambda match: _rst_label(match[1]), text)
    text = _RST_FOOTNOTE.sub("", text)
    text = _RST_SUBSTITUTION.sub(r"\1", text)
    text = _RST_WORD_REFERENCE.sub(r"\1", text)
    text = _RST_RULE.sub("", text)
    text = _LINE_MARK.sub("", text)
    if "*" in text:
        text = _EMPHASIS.sub(_emphasised, text)
    text = text.replace("::\n", ":\n").replace("`", "")
    return _PIPE.sub(" ", text)


def _rst_formula(body: str) -> str:
    return math_words(_RST_OPTION.sub("", body))


def _rst_label(content: str) -> str:
    label = _RST_TARGET_PART.sub("", content)
    return (label or content).lstrip("~!")


def _tidy(text: str) -> str:
    return _NEWLINES.sub("\n", _SPACES.sub(" ", text)).strip()


_COMMAND = re.compile(r"\\([A-Za-z]+)\*?")
_ACCENT = re.compile(
    r"\\(dot|ddot|hat|bar|vec|tilde|overline|widehat|widetilde)\s*(?:\{([^{}]{0,80})\}|(\\?[A-Za-z]+|\d))"
)
_ACCENT_WORDS = {"overline": "bar", "widehat": "hat", "widetilde": "tilde"}
_FRACTION = re.compile(r"\\[dtc]?frac\s*\{([^{}]{0,300})\}\s*\{([^{}]{0,300})\}")
_ROOT = re.compile(r"\\sqrt\s*\{([^{}]{0,300})\}")
_WRAPPER = re.compile(
    r"\\(?:math(?:bf|rm|bb|cal|sf|it|frak|scr|tt)|boldsymbol|bm|text(?:bf|rm|it|tt|sf)?|operatorname"
    r"|mbox|pmb|underline|underbrace|overbrace|boxed|label|tag|eqref)\*?\s*"
    r"(?:\{([^{}]{0,300})\}|\s([A-Za-z]))"
)
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{[A-Za-z]{1,20}\*?\}(?:\{[lcr| ]{1,20}\})?")
_SUPER = re.compile(
    r"\^\s*(?:\{(-1)\}|\{?\\(?:top|intercal|math(?:sf|rm)\s*\{?T\}?)\}?|\{?T\}?(?![A-Za-z]))"
)
_SILENT = word_set(
    "left right big Big bigg Bigg bigl bigr Bigl Bigr quad qquad displaystyle limits nolimits "
    "nonumber notag hline textstyle scriptstyle cr phantom hfill"
)
_SPOKEN = {
    "cdot": "*", "times": "x", "leq": "<=", "le": "<=", "geq": ">=", "ge": ">=", "neq": "!=",
    "ne": "!=", "approx": "approximately", "to": "->", "rightarrow": "->", "infty": "infinity",
    "partial": "d", "nabla": "gradient", "int": "integral", "pm": "+-", "ldots": "...",
    "cdots": "...", "vdots": "...", "ddots": "...", "dots": "...", "varphi": "phi",
    "varepsilon": "epsilon", "vartheta": "theta", "mid": "|", "vert": "|", "Vert": "||",
    "lVert": "||", "rVert": "||", "lvert": "|", "rvert": "|", "circ": "deg", "degree": "deg",
    "dagger": "pseudoinverse", "colon": ":", "equiv": "=", "triangleq": "=", "coloneqq": "=",
}  # fmt: skip


def math_words(latex: str) -> str:
    r"""Return a LaTeX formula with its commands as words: `\dot{q}` becomes `q dot`."""
    if "\\" in latex:
        latex = _ENVIRONMENT.sub(" ", latex)
        latex = _SUPER.sub(lambda match: " inverse " if match[1] else " transpose ", latex)
        # Braces nest: each round opens the innermost ones.
        for _ in range(4):
            before = latex
            latex = _WRAPPER.sub(lambda match: f" {match[1] or match[2]} ", latex)
            latex = _ACCENT.sub(_accent_words, latex)
            latex = _FRACTION.sub(r" \1 / \2 ", latex)
            latex = _ROOT.sub(r" sqrt \1 ", latex)
            if latex == before:
                break
        latex = latex.replace("\\\\", " ; ")
        latex = _COMMAND.sub(_command_word, latex)
        latex = re.sub(r"\\[,;:! {}|]", " ", latex)
    else:
        latex = _SUPER.sub(lambda match: " inverse " if match[1] else " transpose ", latex)
    latex = latex.replace("{", "").replace("}", "").replace("&", " ")
    return " ".join(latex.split())


def _accent_words(match: re.Match[str]) -> str:
    accent = _ACCENT_WORDS.get(match[1], match[1])
    return f" {(match[2] or match[3] or '').strip()} {accent} "


def _command_word(match: re.Match[str]) -> str:
    name = match[1]
    return " " if name in _SILENT else f" {_SPOKEN.get(name, name)} "
