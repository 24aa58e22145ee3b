"""`lectern doctor`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from lectern import __version__
from lectern.cli.errors import FAILED
from lectern.cli.output import print_json, print_text, say

if TYPE_CHECKING:
    from lectern.cli.checks import Check


def doctor(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.")
    ] = False,
) -> None:
    """Check what Lectern needs and what it can use on this machine.

    Example: lectern doctor

    Changes nothing and calls no model endpoint. Exits with 1 when something needed is broken.
    """
    from lectern.cli.checks import all_checks
    from lectern.settings import load_settings

    checks = all_checks(load_settings())
    broken = [check.name for check in checks if check.needed and not check.ok]
    if as_json:
        print_json(
            {
                "ok": not broken,
                "version": __version__,
                "checks": [asdict(check) for check in checks],
            }
        )
    else:
        print_text("\n".join(_in_words(check) for check in checks))
    if broken:
        say(f"error: Needed and not working: {', '.join(broken)}.")
        raise typer.Exit(FAILED)


def _in_words(check: Check) -> str:
    mark = "ok" if check.ok else "BROKEN" if check.needed else "-"
    remedy = f" {check.remedy}" if check.remedy else ""
    return f"{mark:<7} {check.name:<14} {check.detail}{remedy}"
