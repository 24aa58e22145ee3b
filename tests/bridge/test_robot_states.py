"""The WebSocket of the robot: one measurement for many readers, none of whom can hold it up."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import httpx
import pytest
from robot_bridge import (
    LIMIT_S,
    RobotBridge,
    in_background,
    in_phase,
    next_message,
    of_type,
    running_robot,
)
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode
from websockets.uri import parse_uri

from lectern.bridge.fanout import (
    GOING_AWAY,
    MAX_EVENTS,
    RATES_HZ,
    TRY_AGAIN_LATER,
    Fanout,
    Reader,
    Send,
    Tick,
)
from lectern.bridge.metrics import Metrics
from lectern.bridge.websockets import TOO_SLOW
from lectern.errors import Overloaded, ShuttingDown
from lectern.robot.arm import textbook_arm
from lectern.robot.embedded.robot import EmbeddedRobot
from lectern.robot.gate.view import LookingOnly
from lectern.robot.scene import Scene
from lectern.robot.state import RobotState


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    with running_robot(tmp_path_factory.mktemp("states"), robot_max_readers=5) as bridge:
        yield bridge


def test_a_reader_is_greeted_and_gets_states_with_the_objects_once(bridge):
    with bridge.watch() as socket:
        hello = json.loads(socket.recv(LIMIT_S))
        first, second = (next_message(socket, of_type("state")) for _ in range(2))
    assert hello["type"] == "hello"
    assert len(hello["names"]) == len(first["positions"]) == 8
    assert set(first["objects"]) == {"red_cube", "green_cube", "blue_cube"}
    assert all(len(pose) == 7 for pose in first["objects"].values())
    assert "objects" not in second
    assert second["stamp_s"] > first["stamp_s"]


def test_readers_of_one_rate_get_the_same_bytes(bridge):
    with bridge.watch() as first, bridge.watch() as second:
        mine = {first.recv(LIMIT_S) for _ in range(30)}
        theirs = {second.recv(LIMIT_S) for _ in range(30)}
    shared = [text for text in mine & theirs if json.loads(text)["type"] == "state"]
    assert len(shared) > 10


def test_states_come_no_faster_than_they_are_asked_for(bridge):
    assert sorted(gaps_at(bridge, 10, 11))[5] >= 0.08


def test_states_come_as_fast_as_they_are_asked_for(bridge):
    # Of many, so that a busy machine, which leaves some out, does not matter.
    assert min(gaps_at(bridge, 100, 60)) < 0.015


def gaps_at(bridge: RobotBridge, rate: int, many: int) -> list[float]:
    with bridge.watch(rate) as socket:
        stamps = [next_message(socket, of_type("state"))["stamp_s"] for _ in range(many)]
    return [after - before for before, after in pairwise(stamps)]


def test_everybody_sees_a_motion_whoever_asked_for_it(bridge):
    with bridge.watch() as first, bridge.watch(rate=10) as second:
        for watching in (first, second):
            next_message(watching, of_type("state"))
        digest = bridge.plan(name="ready", speed_scale=1.0)["digest"]
        moving = in_background(bridge.execute, digest)
        for watching in (first, second):
            assert next_message(watching, in_phase("started"))["digest"] == digest
            assert 0 < next_message(watching, in_phase("progress"))["fraction"] < 1
            assert next_message(watching, in_phase("ended"))["fraction"] == 1.0
    assert moving.result(LIMIT_S).status_code == 200
    assert bridge.http.post("/reset").status_code == 200


def test_a_change_of_the_scene_is_told_and_a_moved_cube_is_seen(bridge):
    with bridge.watch() as socket:
        next_message(socket, lambda message: "objects" in message)
        where = {"position_m": [0.45, 0.0, 0.02]}
        assert bridge.http.put("/scene/objects/red_cube/pose", json=where).status_code == 200
        moved = next_message(socket, lambda message: "objects" in message)["objects"]["red_cube"]
        assert moved[:3] == pytest.approx(where["position_m"], abs=0.002)
        assert bridge.http.delete("/scene/objects/green_cube").status_code == 200
        next_message(socket, of_type("scene"))
    assert bridge.http.post("/reset").status_code == 200


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "\\u0000", '{"type": "go"}', '{"type": ["stop"]}', "[" * 50_000],
)
def test_what_a_reader_says_that_means_nothing_changes_nothing(bridge, text):
    with bridge.watch() as socket:
        next_message(socket, of_type("state"))
        moving = in_background(bridge.execute, bridge.plan(name="home", speed_scale=1.0)["digest"])
        socket.send(text)
        next_message(socket, of_type("state"))
    assert moving.result(LIMIT_S).status_code == 200


def test_a_message_that_is_too_large_ends_only_its_own_connection(bridge):
    with bridge.watch() as large, bridge.watch() as other:
        large.send("x" * 70_000)
        with pytest.raises(ConnectionClosed) as caught:
            next_message(large, of_type("never"))
        assert caught.value.rcvd.code == 1009
        next_message(other, of_type("state"))


@pytest.mark.parametrize(
    ("wanted", "given"), [(1, 10), (10, 10), (11, 20), (25, 30), (31, 50), (60, 100), (100, 100)]
)
def test_a_rate_is_rounded_up_to_one_that_is_offered_and_the_reader_is_told(bridge, wanted, given):
    with bridge.watch(wanted) as socket:
        assert json.loads(socket.recv(LIMIT_S))["rate_hz"] == given


@pytest.mark.parametrize("rate", ["0", "101", "-1", "fast", "NaN"])
def test_a_rate_out_of_range_is_refused_with_a_problem(bridge, rate):
    assert refusal(bridge, f"?rate={rate}") == (422, "invalid_input")


def test_another_sites_page_cannot_read_the_robot(bridge):
    refused = refusal(bridge, origin="https://evil.example")
    assert refused == (403, "origin_not_allowed")


def test_our_own_page_can_read_the_robot(bridge):
    with bridge.watch(origin=bridge.address) as socket:
        next_message(socket, of_type("state"))


def test_a_name_that_was_made_to_point_here_cannot_read_the_robot(bridge):
    port = httpx.URL(bridge.address).port
    assert refusal(bridge, host=f"evil.example:{port}") == (421, "host_not_allowed")


def test_a_bridge_takes_no_more_readers_than_it_may(bridge):
    with ExitStack() as stack:
        for _ in range(5):
            next_message(stack.enter_context(bridge.watch()), of_type("state"))
        assert refusal(bridge) == (503, "overloaded")
        assert bridge.metric("lectern_robot_readers") == 5
    wait_until(lambda: bridge.metric("lectern_robot_readers") == 0)
    assert bridge.metric("lectern_robot_messages_sent_total") > 5


async def test_readers_that_come_at_once_do_not_pass_the_limit_together(looking):
    fanout = Fanout(2, Metrics())
    with fanout.admitted(looking, 10), fanout.admitted(looking, 10):
        with pytest.raises(Overloaded), fanout.admitted(looking, 10):
            pass
        assert fanout.readers == 2
    assert fanout.readers == 0


async def test_a_reader_let_in_before_the_end_ends_with_it_though_it_follows_after(looking):
    fanout = Fanout(2, Metrics())
    sent: list[str] = []
    with fanout.admitted(looking, 10) as reader:
        await fanout.close()
        code = await asyncio.wait_for(fanout.follow(reader, looking, 10, _into(sent)), LIMIT_S)
    assert (code, sent) == (GOING_AWAY, [])
    with pytest.raises(ShuttingDown), fanout.admitted(looking, 10):
        pass


async def test_the_scene_is_read_once_for_each_state_whatever_the_number_of_rates(looking):
    fanout, enough = Fanout(9, Metrics()), asyncio.Event()
    sent: dict[int, list[str]] = {rate: [] for rate in RATES_HZ}

    async def follow(rate: int) -> None:
        with fanout.admitted(looking, rate) as reader:
            await fanout.follow(reader, looking, rate, _into(sent[rate], 10, enough))

    following = [asyncio.create_task(follow(rate)) for rate in sent]
    await asyncio.wait_for(enough.wait(), LIMIT_S)
    await fanout.close()
    await asyncio.gather(*following)
    states = [json.loads(text) for texts in sent.values() for text in texts]
    stamps = {state["stamp_s"] for state in states if state["type"] == "state"}
    assert len(looking.distinct) >= len(stamps) >= 10
    assert looking.scenes == len(looking.distinct)


class Counting(LookingOnly):
    """A real robot that counts how often it is looked at."""

    def __init__(self, robot: EmbeddedRobot) -> None:
        super().__init__(robot)
        self.scenes = 0
        self.distinct: dict[int, RobotState] = {}

    def scene(self) -> Scene:
        self.scenes += 1
        return super().scene()

    async def states(self, rate_hz: float) -> AsyncIterator[RobotState]:
        async for state in super().states(rate_hz):
            self.distinct[id(state)] = state
            yield state


@pytest.fixture
async def looking() -> AsyncIterator[Counting]:
    robot = EmbeddedRobot.start(textbook_arm())
    yield Counting(robot)
    await robot.close()


def _into(sent: list[str], many: int = 1, enough: asyncio.Event | None = None) -> Send:
    async def send(text: str) -> None:
        sent.append(text)
        if enough is not None and len(sent) > many:
            enough.set()

    return send


def wait_until(holds: Callable[[], bool]) -> None:
    """Ask again and again, each time over the network, until it holds."""
    end = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < end


def refusal(bridge: RobotBridge, query: str = "", origin: str = "", host: str = "") -> Any:
    """Return status and code of the problem that a connection is refused with."""
    client = Raw(bridge, query=query, origin=origin, host=host)
    try:
        response = next(client.events())
    finally:
        client.close()
    problem = json.loads(response.body)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"] == problem["request_id"]
    assert response.headers["x-content-type-options"] == "nosniff"
    return response.status_code, problem["code"]


class Raw:
    """A client that reads only when it is told to, and answers no ping by itself."""

    def __init__(
        self,
        bridge: RobotBridge,
        *,
        query: str = "?rate=100",
        origin: str = "",
        host: str = "",
        receive_bytes: int = 0,
    ) -> None:
        url = httpx.URL(bridge.address)
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(LIMIT_S)
        self.socket.connect((url.host, url.port))
        name = host or f"{url.host}:{url.port}"
        address = parse_uri(f"ws://{name}/api/v1/robot/ws{query}")
        self.protocol = ClientProtocol(address, origin=origin or None)
        self.protocol.send_request(self.protocol.connect())
        self.flush()

    def flush(self) -> None:
        for data in self.protocol.data_to_send():
            if data:
                self.socket.sendall(data)

    def events(self) -> Any:
        """Yield what comes until the server ends the connection."""
        while data := self.socket.recv(65_536):
            self.protocol.receive_data(data)
            yield from self.protocol.events_received()

    def close(self) -> None:
        self.socket.close()


def test_the_server_asks_whether_a_reader_is_still_there(tmp_path):
    with running_robot(tmp_path, robot_ping_s=0.2) as bridge:
        client = Raw(bridge)
        try:
            frames = (event for event in client.events() if hasattr(event, "opcode"))
            assert any(frame.opcode is Opcode.PING for frame in frames)
            for frame in frames:  # its answer is never sent, so the connection ends
                if frame.opcode is Opcode.CLOSE:
                    break
            assert client.protocol.close_rcvd.code == 1011
        finally:
            client.close()


def test_a_reader_that_takes_nothing_is_closed_and_holds_nobody_up(tmp_path):
    with running_robot(tmp_path, robot_reader_timeout_s=0.5) as bridge:
        stuck = Raw(bridge, receive_bytes=4_096)
        try:
            with bridge.watch(rate=100) as other:
                wait_until(lambda: bridge.metric("lectern_robot_states_skipped_total") > 0)
                stamps = [next_message(other, of_type("state"))["stamp_s"] for _ in range(50)]
                assert max(b - a for a, b in pairwise(stamps)) < 1.0
                wait_until(lambda: bridge.metric("lectern_robot_readers") == 1)
                for _ in stuck.events():  # now it reads: what was sent to it, and why it ended
                    pass
            assert stuck.protocol.close_rcvd.code == TOO_SLOW
        finally:
            stuck.close()


def test_a_reader_that_never_reads_again_is_cut_off_and_the_bridge_can_stop(tmp_path):
    with running_robot(tmp_path, robot_reader_timeout_s=300.0) as bridge:
        stuck = Raw(bridge, receive_bytes=4_096)
        wait_until(lambda: bridge.metric("lectern_robot_states_skipped_total") > 0)
        started = time.monotonic()
    assert time.monotonic() - started < 10
    stuck.close()


def test_a_bridge_that_stops_tells_its_readers(tmp_path):
    with ExitStack() as stack:
        with running_robot(tmp_path) as bridge:
            socket = stack.enter_context(bridge.watch())
            next_message(socket, of_type("state"))
        with pytest.raises(ConnectionClosed) as caught:
            next_message(socket, of_type("never"))
    assert caught.value.rcvd.code == GOING_AWAY


async def test_a_reader_that_lets_events_pile_up_is_closed():
    reader = Reader(lambda: None)
    for number in range(MAX_EVENTS + 1):
        reader.tell(str(number))
    assert reader.close_code == TRY_AGAIN_LATER


async def test_a_reader_that_skipped_states_still_gets_the_objects_that_moved():
    sent: list[dict[str, Any]] = []
    skipped: list[None] = []
    reader = Reader(lambda: skipped.append(None))

    async def send(text: str) -> None:
        sent.append(json.loads(text))
        if len(sent) == 1:  # while this is being sent, two states pass by
            reader.offer(Tick({"n": 2}, {"cube": (2.0,)}, 2))
            reader.offer(Tick({"n": 3}, {"cube": (2.0,)}, 2))
        elif len(sent) == 2:
            reader.offer(Tick({"n": 4}, {"cube": (2.0,)}, 2))
        else:
            reader.close(GOING_AWAY)

    reader.offer(Tick({"n": 1}, {"cube": (1.0,)}, 1))
    assert await reader.run(send) == GOING_AWAY
    assert sent == [
        {"n": 1, "objects": {"cube": [1.0]}},
        {"n": 3, "objects": {"cube": [2.0]}},
        {"n": 4},
    ]
    assert len(skipped) == 1
