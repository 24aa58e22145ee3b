"""A bridge with the real simulated robot, run as a program by the tests of its page.

Answers come from the shelf, since these tests ask the book for no more than a section. It serves on
a free port, or the one on the command line, starts the robot, and then prints the address.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from fastapi import FastAPI
from shelf import Shelf

from lectern.bridge.app import create_app
from lectern.bridge.logs import configure_logs
from lectern.bridge.server import serve
from lectern.motion import Motion, open_motion
from lectern.settings import Settings, default_book, load_settings


def main() -> None:
    """Serve with the policy named on the command line, or without a robot (`none`)."""
    policy, home, port = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    if policy == "none":
        settings = load_settings(port=port, home=home, robot="none", shutdown_timeout_s=1.0)
    else:
        settings = load_settings(port=port, home=home, robot_policy=policy, shutdown_timeout_s=1.0)
    configure_logs(settings)
    asyncio.run(run(settings))


async def run(settings: Settings) -> None:
    async def open_robot() -> Motion:
        return await open_motion(settings)

    shelf = Shelf(sorted(default_book().glob("0*.md")))
    app = create_app(shelf, settings, open_motion=None if settings.robot == "none" else open_robot)
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    telling = asyncio.create_task(tell(app, listening))
    await serve(app, settings, listening.set_result)
    await telling


async def tell(app: FastAPI, listening: asyncio.Future[str]) -> None:
    address = await listening
    await app.state.services.robot.started()
    print(address, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
