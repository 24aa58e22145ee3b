"""`lectern demo list` and `lectern demo run`."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lectern.cli.errors import WRONG_USE
from lectern.cli.output import print_json, print_text, say
from lectern.errors import DemoUnknown, InvalidInput

if TYPE_CHECKING:
    from lectern.robot.demos.running import DemoRun
    from lectern.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]

demo = typer.Typer(
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
)


@demo.callback()
def demos(context: typer.Context) -> None:
    """Show what the book explains on the simulated robot."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(WRONG_USE)


@demo.command("list")
def list_demos(as_json: AsJson = False) -> None:
    """List the demos with the section of the book that each one shows.

    Example: lectern demo list

    With --json, the parameters of each come with type, range, default and description.
    """
    from lectern.motion import check_packages

    check_packages()
    from lectern.robot.demos.catalogue import describe

    entries = describe()
    if as_json:
        print_json({"demos": entries})
    else:
        print_text("\n\n".join(map(_in_words, entries)))


@demo.command("run")
def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which demo.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A parameter; may be given repeatedly."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of all chance.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="For pictures.  [default: LECTERN_HOME/demos/NAME]"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run one demo on a simulated robot of its own, as fast as this machine can.

    Example: lectern demo run pid --set kp_nm_per_rad=900 --set kd_nm_s_per_rad=60

    Every motion goes through the motion gate. Pictures are written as PNG files.
    """
    from lectern.motion import check_packages
    from lectern.settings import load_settings

    loaded = load_settings()
    _configure_logs(loaded)
    check_packages()
    parameters = _parameters(settings or [])
    _check(name, parameters)
    folder = _writable(out or loaded.home / "demos" / name)
    done = asyncio.run(_run(name, parameters, seed, loaded.home / "audit" / "motion.jsonl"))
    pictures = _write_pictures(done, folder)
    if as_json:
        print_json(
            {
                "demo": done.demo,
                "parameters": done.parameters,
                "result": done.result.document(),
                "pictures": [str(path) for path in pictures],
            }
        )
    else:
        print_text(_numbers(done, pictures))


def _parameters(settings: list[str]) -> dict[str, str]:
    """Return what --set gave; the demo reads each value as its type asks for."""
    parameters = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            raise InvalidInput(f"--set {setting[:80]!r} has no key and value.", "Use KEY=VALUE.")
        parameters[key.strip()] = value.strip()
    return parameters


def _configure_logs(settings: Settings) -> None:
    from lectern.bridge.logs import configure_logs

    configure_logs(settings)
    if settings.log_level != "debug":
        # What cannot be recorded ends the command with the same sentence.
        for handler in logging.getLogger().handlers:
            handler.addFilter(lambda record: record.name != "lectern.robot.gate.audit")


def _check(name: str, parameters: dict[str, str]) -> None:
    """Refuse what cannot be run before a robot is started for nothing."""
    from lectern.robot.demos.catalogue import find
    from lectern.robot.demos.running import parse

    try:
        parse(find(name), parameters)
    except DemoUnknown as error:
        raise InvalidInput(error.detail, error.remedy) from None


def _writable(folder: Path) -> Path:
    """Return a folder, made if need be, after trying to write to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise InvalidInput(
            f"No picture can be written to {folder}: {error.strerror or error}.",
            "Name another folder with --out.",
        ) from error


async def _run(name: str, parameters: dict[str, str], seed: int, audit: Path) -> DemoRun:
    from lectern.robot.arm import textbook_arm
    from lectern.robot.demos.running import run_demo
    from lectern.robot.embedded.robot import EmbeddedRobot
    from lectern.robot.gate import LOCAL, AuditLog, MotionGate, Policy

    robot = EmbeddedRobot.start(textbook_arm(), paced=False, seed=seed)
    gate = MotionGate(robot, Policy(), AuditLog(audit))
    try:
        return await run_demo(gate, LOCAL, name, parameters, seed, tell=say)
    finally:
        await gate.close()


def _write_pictures(done: DemoRun, folder: Path) -> list[Path]:
    paths = []
    for name, png in done.result.pictures.items():
        path = folder / f"{name}.png"
        path.write_bytes(png)
        paths.append(path)
    return paths


def _in_words(entry: dict[str, Any]) -> str:
    lines = [f"{entry['name']}: {entry['title']}", f"  book: {entry['section']}"]
    for name, field in entry["parameters"].items():
        lines.append(f"  --set {name}={_shown(field['default'])}  {field.get('description', '')}")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return "(by chance)" if value is None else str(value)


def _numbers(done: DemoRun, pictures: list[Path]) -> str:
    width = max(map(len, done.result.numbers))
    lines = [f"{key:<{width}}  {_shown(value)}" for key, value in done.result.numbers.items()]
    return "\n".join([*lines, *(f"picture: {path}" for path in pictures)])
