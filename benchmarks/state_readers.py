"""Readers of the robot's WebSocket; a process of its own beside the server.

python -m benchmarks.state_readers PORT SECONDS READERS RATE_HZ [CORE] > SEEN.json

Each message is stamped when it arrives and read only after the time is up, so that reading does not
show in the latency. Server and readers share the machine's monotonic clock.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

from pydantic import BaseModel
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.server import HOST

_CONNECT_S = 30.0


class Seen(BaseModel):
    """What all readers saw.

    Attributes:
        seconds: How long they read.
        states: Number of states, by reader.
        sent_to_arrival_ms: From `sent_s`, when the server took the state up, to its arrival.
        stamp_to_arrival_ms: The same from `stamp_s`, the robot's own clock, which is put on the
            monotonic one by the state of that second that was taken up soonest after its stamp.
    """

    seconds: float
    states: list[int]
    sent_to_arrival_ms: list[float]
    stamp_to_arrival_ms: list[float]


Arrivals = list[tuple[float, str]]


async def read(readers: int, address: str, seconds: float) -> Seen:
    """Connect all readers, let them read for a while, and sum up."""
    sockets = [await _connected(address) for _ in range(readers)]
    started = time.monotonic()
    arrivals = await asyncio.gather(*(_arrivals(each, started + seconds) for each in sockets))
    for each in sockets:
        await each.close()
    return summarise(arrivals, seconds)


def summarise(arrivals: list[Arrivals], seconds: float) -> Seen:
    """Read what arrived."""
    states = [
        [
            (moment, message)
            for moment, text in one
            if (message := json.loads(text))["type"] == "state"
        ]
        for one in arrivals
    ]
    every = [pair for one in states for pair in one]
    offsets_s = clock_offsets([message for _, message in every])
    return Seen(
        seconds=seconds,
        states=[len(one) for one in states],
        sent_to_arrival_ms=[(moment - message["sent_s"]) * 1e3 for moment, message in every],
        stamp_to_arrival_ms=[
            (moment - message["stamp_s"] - offsets_s[int(message["sent_s"])]) * 1e3
            for moment, message in every
        ],
    )


def clock_offsets(states: list[dict[str, Any]]) -> dict[int, float]:
    """Return, for each second, how far the monotonic clock is ahead of the robot's.

    For each second anew, because a simulator that was held up does not make up for the time.
    """
    offsets_s: dict[int, float] = {}
    for state in states:
        second, ahead_s = int(state["sent_s"]), state["sent_s"] - state["stamp_s"]
        offsets_s[second] = min(ahead_s, offsets_s.get(second, ahead_s))
    return offsets_s


async def _connected(address: str) -> ClientConnection:
    return await connect(address, compression=None, open_timeout=_CONNECT_S)


async def _arrivals(socket: ClientConnection, end_s: float) -> Arrivals:
    seen: Arrivals = []
    async for text in socket:
        seen.append((time.monotonic(), str(text)))
        if seen[-1][0] >= end_s:
            break
    return seen


def main() -> None:
    """Read, and print what was seen."""
    port, seconds, readers, rate_hz = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    if len(sys.argv) > 5:
        os.sched_setaffinity(0, {int(sys.argv[5])})
    address = f"ws://{HOST}:{port}/api/v1/robot/ws?rate={rate_hz}"
    print(asyncio.run(read(readers, address, seconds)).model_dump_json())


if __name__ == "__main__":
    main()
