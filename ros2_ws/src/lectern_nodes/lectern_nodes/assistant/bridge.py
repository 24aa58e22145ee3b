"""The HTTP bridge in the node's process, on the core's loop."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, Future, wait

from lectern.app import Lectern
from lectern.bridge.app import create_app
from lectern.bridge.robot import OpenMotion
from lectern.bridge.server import serve
from lectern_nodes.core_loop import CoreLoop


class Bridge:
    """A bridge that serves from `start` to `stop`.

    Attributes:
        address: Such as `http://127.0.0.1:8000`; empty while it does not serve.
    """

    def __init__(self) -> None:
        self.address = ""
        self._serving: Future[None] | None = None
        self._ended = threading.Event()

    def start(self, core: CoreLoop, lectern: Lectern, open_motion: OpenMotion | None) -> None:
        """Serve; return when it listens.

        Args:
            core: Its loop, which is also that of `lectern`.
            lectern: What it serves; its settings say where.
            open_motion: Starts the robot; None: it has none.

        Raises:
            AddressUnavailable: It cannot listen there.
        """
        listening: Future[str] = Future()
        self._ended.clear()
        self._serving = core.submit(self._serve(lectern, open_motion, listening))
        wait((listening, self._serving), return_when=FIRST_COMPLETED)
        if not listening.done():
            self._serving.result()
        self.address = listening.result()

    def stop(self) -> None:
        """End open streams and close; return when that is done."""
        if self._serving is not None:
            self._serving.cancel()
            self._ended.wait()
        self._serving, self.address = None, ""

    async def _serve(
        self, lectern: Lectern, open_motion: OpenMotion | None, listening: Future[str]
    ) -> None:
        try:
            app = create_app(lectern, lectern.settings, open_motion=open_motion)
            await serve(app, lectern.settings, listening.set_result)
        finally:
            self._ended.set()
