"""The command line: each command converts its arguments, calls the core and prints.

Nothing heavy is imported before a command runs, so that `lectern --help` is quick.
"""

from __future__ import annotations

from typing import Annotated

import typer

from lectern import __version__
from lectern.cli.ask import ask, search
from lectern.cli.demo import demo
from lectern.cli.doctor import doctor
from lectern.cli.errors import Commands
from lectern.cli.ingest import evaluate, ingest
from lectern.cli.output import print_text, use_utf8
from lectern.cli.up import up

app = typer.Typer(
    cls=Commands,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
)
app.command()(up)
app.command()(ask)
app.command()(search)
app.command()(ingest)
app.command("eval")(evaluate)
app.add_typer(demo, name="demo")
app.command()(doctor)


def _show_version(wanted: bool) -> None:
    if wanted:
        print_text(f"lectern {__version__}")
        raise typer.Exit


@app.callback()
def lectern(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version."),
    ] = False,
) -> None:
    """Lectern: a robotics textbook you can talk to.

    Settings are LECTERN_* variables, a .env file, or flags. Exit codes: 0 done, 2 wrong use, 3 the
    book does not answer, 1 anything else, with one line on stderr.
    """
    use_utf8()
    if context.invoked_subcommand is None:
        print_text(context.get_help())


def main() -> None:
    """Run the command line; the entry point `lectern`."""
    app(prog_name="lectern")
