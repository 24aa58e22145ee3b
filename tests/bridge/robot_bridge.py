"""A bridge with the real embedded robot, on a real socket, in a thread of its own."""

from __future__ import annotations

import asyncio
import ctypes
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from shelf import Shelf
from starlette.concurrency import run_in_threadpool
from websockets.sync.client import ClientConnection, connect

from lectern.bridge.app import create_app
from lectern.bridge.robot import OpenMotion
from lectern.bridge.server import serve
from lectern.motion import open_motion
from lectern.settings import default_book, load_settings

CHAPTER = default_book() / "03-forward-kinematics-and-the-jacobian.md"
LIMIT_S = 30.0
Message = dict[str, Any]


class RobotBridge:
    """A bridge that runs; the methods are for the thread of the test."""

    def __init__(self, home: Path, opener: OpenMotion | None = None, **settings: Any) -> None:
        chosen = load_settings(home=home, port=0, shutdown_timeout_s=2.0, **settings)
        self.app = create_app(
            Shelf([CHAPTER]), chosen, open_motion=opener or partial(open_motion, chosen)
        )
        self._settings = chosen
        self._listening: Future[str] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        self.address = self._listening.result(LIMIT_S)
        self.http = httpx.Client(base_url=f"{self.address}/api/v1/robot", timeout=LIMIT_S)

    async def _serve(self) -> None:
        """Run until `close`."""
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(
            serve(self.app, self._settings, self._listening.set_result)
        )
        await asyncio.wait({self._task})

    @property
    def part(self) -> Any:
        return self.app.state.services.robot

    def wait_until_started(self) -> None:
        asyncio.run_coroutine_threadsafe(self.part.started(), self._loop).result(LIMIT_S)

    @contextmanager
    def everything_taken(self) -> Iterator[None]:
        """Occupy every place that is bounded and every thread that work is handed to."""
        release, taken = asyncio.Event(), threading.Event()
        free = threading.Event()

        async def occupy() -> None:
            services = self.app.state.services
            doors = (services.admission, self.part.planning, self.part.drawing)
            async with AsyncExitStack() as stack:
                for door in doors:
                    while not door._places.locked():
                        await stack.enter_async_context(door.enter())
                threads = [run_in_threadpool(free.wait, LIMIT_S) for _ in range(40)]
                loop = asyncio.get_running_loop()
                threads += [loop.run_in_executor(None, free.wait, LIMIT_S) for _ in range(64)]
                waiting = asyncio.gather(*threads)
                taken.set()
                await release.wait()
                free.set()
                await waiting

        occupied = asyncio.run_coroutine_threadsafe(occupy(), self._loop)
        assert taken.wait(LIMIT_S)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(release.set)
            occupied.result(LIMIT_S)

    def close(self) -> None:
        self.http.close()
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()

    def watch(self, rate: int = 50, **options: Any) -> ClientConnection:
        address = self.address.replace("http", "ws", 1)
        # Without a limit, so that a client that reads nothing still sees the end of the connection.
        options = {"compression": None, "max_queue": None} | options
        return connect(f"{address}/api/v1/robot/ws?rate={rate}", **options)

    def plan(self, tool: str = "move_named", **arguments: Any) -> Message:
        response = self.http.post("/plan", json={"tool": tool, "arguments": arguments})
        assert response.status_code == 200, response.text
        return dict(response.json())

    def execute(self, digest: str) -> httpx.Response:
        # A client of its own: one that waits for a motion must not hold up the test's.
        with httpx.Client(base_url=self.http.base_url, timeout=LIMIT_S) as other:
            return other.post("/execute", json={"digest": digest})

    def go(self, pose: str) -> None:
        response = self.execute(self.plan(name=pose, speed_scale=1.0)["digest"])
        assert response.status_code == 200, response.text

    def metric(self, name: str) -> float:
        lines = httpx.get(f"{self.address}/metrics").text.splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


@contextmanager
def running(home: Path, opener: OpenMotion | None = None, **settings: Any) -> Iterator[RobotBridge]:
    bridge = RobotBridge(home, opener, **settings)
    try:
        yield bridge
    finally:
        bridge.close()


@contextmanager
def running_robot(home: Path, **settings: Any) -> Iterator[RobotBridge]:
    with running(home, **settings) as bridge:
        bridge.wait_until_started()
        yield bridge


def next_message(socket: ClientConnection, fits: Callable[[Message], bool]) -> Message:
    """Return the next message that fits; the others are passed over."""
    while True:
        message: Message = json.loads(socket.recv(timeout=LIMIT_S))
        if fits(message):
            return message


def of_type(name: str) -> Callable[[Message], bool]:
    return lambda message: message["type"] == name


def in_phase(phase: str) -> Callable[[Message], bool]:
    return lambda message: message["type"] == "motion" and message["phase"] == phase


def in_background(function: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """Call a function in a thread of its own."""
    future: Future[Any] = Future()

    def work() -> None:
        try:
            future.set_result(function(*arguments))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work).start()
    return future


def kill_physics(ours: set[threading.Thread]) -> None:
    """Raise SystemExit in the physics thread that is not among those that were there before."""
    thread = next(t for t in threading.enumerate() if t.name == "physics" and t not in ours)
    ident = ctypes.c_ulong(thread.ident or 0)
    assert ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(SystemExit)) == 1
    thread.join(LIMIT_S)
