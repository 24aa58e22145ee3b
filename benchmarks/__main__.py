"""Run the benchmarks of the design's numbers, or show what was measured.

python -m benchmarks [NAME...]           each in a process of its own, one after the other
python -m benchmarks --bare-clone        with `make run` in a fresh clone
python -m benchmarks --results           run nothing, show `benchmarks/results/`

Prints a table on stderr and one JSON document with all reports on stdout. Benchmarks that need data
or packages which are not in this repository are not among them; see README.md in this folder.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.report import RESULTS, ROOT, say

PROGRAMS = (
    *("search_latency", "answer_latency", "http_load", "ingest_rate", "memory", "startup"),
    *("simulator", "planning", "pick_and_place", "joint_state_readers", "graph_latency"),
)


def run(name: str, arguments: list[str]) -> dict[str, Any] | None:
    """Run one program; None when it failed, which stderr then explains."""
    say(f"== {name}")
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        say(f"{name} ended with {done.returncode}.")
        return None
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def read_results() -> dict[str, dict[str, Any] | None]:
    """Return the newest report of every program that has left one."""
    return {
        path.stem: json.loads(path.read_text("utf-8")) for path in sorted(RESULTS.glob("*.json"))
    }


def table(reports: dict[str, dict[str, Any] | None]) -> Table:
    """Return every bar in a row of its own."""
    shown = Table(title="Numbers to hold", title_justify="left")
    for column in ("benchmark", "what", "measured", "bar", "holds"):
        shown.add_column(column, justify="right" if column in ("measured", "bar") else "left")
    for name, report in reports.items():
        if report is None:
            shown.add_row(name, "did not finish", "", "", "no")
            continue
        for bar in report["bars"]:
            limit = f"{bar['sign']} {bar['limit']:g} {bar['unit']}".strip()
            measured = f"{bar['measured']:g}"
            shown.add_row(name, bar["what"], measured, limit, "yes" if bar["holds"] else "NO")
    return shown


def main() -> int:
    """Run or read, then print; 1 when a program did not finish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PROGRAMS))
    parser.add_argument("--bare-clone", action="store_true", help="time that as well")
    parser.add_argument("--results", action="store_true", help="show the last results, run nothing")
    options = parser.parse_args()
    if unknown := set(options.names) - set(PROGRAMS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    if options.results:
        reports = read_results()
    else:
        extra = {"startup": ["--bare-clone"] if options.bare_clone else []}
        names = options.names or PROGRAMS
        reports = {name: run(name, extra.get(name, [])) for name in names}
    Console(stderr=True, width=120).print(table(reports))
    print(json.dumps(reports, indent=2))
    return int(any(report is None for report in reports.values()))


if __name__ == "__main__":
    sys.exit(main())
