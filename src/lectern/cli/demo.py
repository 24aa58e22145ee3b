"""`lectern demo list` and `lectern demo run`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lectern.cli.output import print_json, print_text, say
from lectern.errors import DemoUnknown, InvalidInput, RobotUnavailable

if TYPE_CHECKING:
    from lectern.robot.demos.running import DemoRun
    from lectern.robot.embedded.robot import EmbeddedRobot

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]

demo = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Show what the book explains on the simulated robot.",
)


@demo.command("list")
def list_demos(as_json: AsJson = False) -> None:
    """List the demos with the section of the book that each one shows.

    Example: lectern demo list

    With --json, the parameters of each come with type, range, default and description.
    """
    from lectern.robot.demos.catalogue import describe

    demos = describe()
    if as_json:
        print_json({"demos": demos})
    else:
        print_text("\n\n".join(map(_in_words, demos)))


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
    from lectern.settings import load_settings

    home = load_settings().home
    parameters = _parameters(settings or [])
    done = asyncio.run(_run(name, parameters, seed, home / "audit" / "motion.jsonl"))
    pictures = _write_pictures(done, out or home / "demos" / done.demo)
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


async def _run(name: str, parameters: dict[str, str], seed: int, audit: Path) -> DemoRun:
    from lectern.robot.demos.catalogue import find
    from lectern.robot.demos.running import parse, run_demo
    from lectern.robot.gate import LOCAL, AuditLog, MotionGate, Policy

    try:
        parse(find(name), parameters)  # before a robot is started for nothing
    except DemoUnknown as error:
        raise InvalidInput(error.detail, error.remedy) from None
    gate = MotionGate(_start(seed), Policy(), AuditLog(audit))
    try:
        return await run_demo(gate, LOCAL, name, parameters, seed, tell=say)
    finally:
        await gate.close()


def _start(seed: int) -> EmbeddedRobot:
    try:
        from lectern.robot.arm import textbook_arm
        from lectern.robot.embedded.robot import EmbeddedRobot
    except ModuleNotFoundError as error:
        raise RobotUnavailable(
            f"The simulated robot needs {error.name}, which is not installed.",
            "Install Lectern with its extra `robot`.",
        ) from error
    return EmbeddedRobot.start(textbook_arm(), paced=False, seed=seed)


def _write_pictures(done: DemoRun, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
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
