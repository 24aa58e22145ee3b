"""Write docs/cli.md from `lectern --help` and the help of every command.

Run it after changing a command: `python tools/cli_reference.py`. A test fails when the page drifts.
"""

from __future__ import annotations

from pathlib import Path

import typer
import typer.core
from typer.main import get_group

from lectern.cli import app

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
_WIDTH = 88
_INTRODUCTION = """\
# Command line

This page is made from the help of the commands by `tools/cli_reference.py`.

`--json` prints one JSON document on stdout and nothing else; progress, logs and errors go to
stderr. A failure is one line, `error: ...`.

| Exit code | Meaning |
|---|---|
| 0 | done |
| 2 | wrong use: an argument, a question or a setting that cannot be used |
| 3 | the book does not answer |
| 1 | anything else |
"""


def reference() -> str:
    """Return the page as Markdown."""
    group = get_group(app)
    root = typer.Context(group, info_name="lectern", terminal_width=_WIDTH)
    sections = [_INTRODUCTION, _section("lectern", group.get_help(root))]
    sections += _of_commands(group, root, "lectern")
    return "\n".join(sections)


def _of_commands(group: typer.core.TyperGroup, above: typer.Context, path: str) -> list[str]:
    """Return a section for every command of a group, and for those of the groups in it."""
    sections = []
    for name, command in group.commands.items():
        context = typer.Context(command, info_name=name, parent=above, terminal_width=_WIDTH)
        sections.append(_section(f"{path} {name}", command.get_help(context)))
        if isinstance(command, typer.core.TyperGroup):
            sections += _of_commands(command, context, f"{path} {name}")
    return sections


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n```text\n{text.rstrip()}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
