"""`lectern up`."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lectern.cli.output import print_text, say

if TYPE_CHECKING:
    from lectern.app import Lectern
    from lectern.bridge.robot import OpenMotion
    from lectern.graph.dds.face import DdsFace
    from lectern.motion import Motion
    from lectern.settings import Settings


def up(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.  [default: 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Port; 0 takes any free one.  [default: 8000]"),
    ] = None,
    no_robot: Annotated[
        bool,
        typer.Option(
            "--no-robot",
            help="Leave out the simulated robot; what needs it then says that there is none.",
        ),
    ] = False,
    no_dds: Annotated[
        bool, typer.Option("--no-dds", help="Stay off the ROS graph; see docs/dds.md.")
    ] = False,
    book: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Book to serve instead of the textbook.")
    ] = None,
) -> None:
    """Start everything on this machine: index the book if needed, serve the page.

    Example: lectern up --port 8080

    Prints the address on stdout as soon as it answers questions; the robot is ready a moment
    later, and then on the ROS graph too. Ctrl-C ends it.
    """
    from lectern.bridge.logs import configure_logs
    from lectern.bridge.server import bind
    from lectern.cli.opening import open_newest
    from lectern.settings import load_settings

    robot = "none" if no_robot else None
    dds = False if no_dds else None
    settings = load_settings(host=host, port=port, book=book, robot=robot, dds=dds)
    configure_logs(settings)
    # A port in use is named before the book is indexed, not after.
    bind(settings.host, settings.port).close()
    _name_what_is_missing(settings)
    asyncio.run(_serve(settings, open_newest(settings)))


def _name_what_is_missing(settings: Settings) -> None:
    from lectern.cli.checks import company_checks, graph_check, missing_robot_checks

    checks = [*company_checks(settings), *missing_robot_checks(settings)]
    if not settings.dds and "dds" not in settings.model_fields_set:
        checks.append(graph_check(settings))  # left out because of this Python, not by a choice
    for check in checks:
        if not check.ok:
            say(f"{check.name}: {check.detail} {check.remedy}")


async def _serve(settings: Settings, lectern: Lectern) -> None:
    from lectern.bridge.app import create_app
    from lectern.bridge.server import serve
    from lectern.graph.dds.face import DdsFace

    graph = DdsFace(settings, lectern, say)

    def announce(address: str) -> None:
        print_text(f"Lectern is ready at {address}")
        # Loading DDS takes a third of a second, which no question shall wait for.
        graph.begin()

    # Searches are short: what start-up left behind must not be swept in the middle of one.
    gc.collect()
    gc.freeze()
    try:
        app = create_app(
            lectern,
            settings,
            open_motion=_opener(settings, graph),
            company=lambda: {"graph": graph.status()},
        )
        await serve(app, settings, announce)
    finally:
        await graph.close()
        await lectern.close()


def _opener(settings: Settings, graph: DdsFace) -> OpenMotion | None:
    if settings.robot == "none":
        return None

    async def open_robot() -> Motion:
        from lectern.motion import open_motion

        motion = await open_motion(settings)
        await graph.take_robot(motion)
        # What physics and planning brought along stays as long as the process does.
        gc.freeze()
        return motion

    return open_robot
