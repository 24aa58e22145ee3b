"""Answers and passages for people: the text, then where it stands in the book."""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING

from rich.markdown import Markdown
from rich.text import Text

from lectern.bridge.models import shown_source
from lectern.cli.output import console, printable

if TYPE_CHECKING:
    from lectern.app import Lectern
    from lectern.assistant.model import Answer
    from lectern.book.model import Passage
    from lectern.retrieval.model import SearchResult

_EXCERPT_LINES = 2
_CODE_OR_MATH = re.compile(
    r"(?P<code>```.*?```|`[^`\n]+`)|\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^$\n]+)\$", re.DOTALL
)


async def print_answer(lectern: Lectern, answer: Answer, *, trace: bool) -> None:
    """Write an answer and its numbered citations, each with the line it begins on."""
    out = console()
    text = printable(answer.answer)
    out.print(Markdown(math_as_code(text)) if out.is_terminal else Text(text))
    if answer.notice:
        out.print(Text(f"\nNote: {printable(answer.notice)}", style="yellow"))
    if answer.citations:
        out.print()
    for number, citation in enumerate(answer.citations, start=1):
        passage = await lectern.passage(citation.passage_id)
        place = await _place(lectern, passage, citation.start)
        out.print(_line(f"[{number}]", citation.heading, place, citation.score))
    if trace:
        out.print(Text(printable(json.dumps(answer.trace, indent=2, ensure_ascii=False))))


async def print_hits(lectern: Lectern, result: SearchResult) -> None:
    """Write numbered hits, each with the beginning of its text."""
    out = console()
    if not result.hits:
        out.print(Text("Nothing in the collection fits this query."))
    for number, hit in enumerate(result.hits, start=1):
        place = await _place(lectern, hit.passage, hit.passage.start)
        out.print(_line(f"{number}.", hit.passage.heading, place, hit.score))
        for line in excerpt(hit.passage.text, out.width - 4):
            out.print(Text(f"    {line}", style="dim"))


def excerpt(text: str, width: int) -> list[str]:
    """Return the first two lines of a text that is wrapped at `width` characters."""
    return textwrap.wrap(
        " ".join(printable(text).split()),
        max(width, 20),
        max_lines=_EXCERPT_LINES,
        placeholder=" …",
    )


def math_as_code(markdown: str) -> str:
    """Show LaTeX as code: as Markdown its backslashes and underscores would be lost."""

    def shown(match: re.Match[str]) -> str:
        if match["code"]:
            return match["code"]
        if match["block"]:
            return f"\n\n```latex\n{match['block'].strip()}\n```\n\n"
        return f"`{match['inline']}`"

    return _CODE_OR_MATH.sub(shown, markdown)


def _line(number: str, heading: tuple[str, ...], place: str, score: float) -> Text:
    trail = Text(printable(" \u203a ".join(heading)), style="bold")
    return Text.assemble(number, " ", trail, "  ", (printable(place), "cyan"), f"  ({score:.2f})")


async def _place(lectern: Lectern, passage: Passage, start: int) -> str:
    """Return `path:line`; only the path where offsets do not refer to the file itself."""
    path = shown_source(passage.source)
    if passage.kind.is_extracted:
        return path
    text = await lectern.document_text(passage.source)
    return f"{path}:{text.count(chr(10), 0, start) + 1}"
