from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import httpx
import pytest

from lectern.bridge.server import bind
from lectern.errors import AddressUnavailable


async def test_it_really_listens_when_it_says_so(start):
    bridge = await start()
    assert bridge.address.startswith("http://127.0.0.1:")
    assert not bridge.address.endswith(":0")
    assert (await bridge.client.get("/health")).status_code == 200


async def test_a_port_in_use_is_an_error_that_names_it_and_what_to_do(start):
    bridge = await start()
    port = httpx.URL(bridge.address).port
    with pytest.raises(AddressUnavailable, match=str(port)) as caught:
        bind("127.0.0.1", port)
    assert "--port" in caught.value.remedy


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_an_error_that_names_it(host):
    with pytest.raises(AddressUnavailable, match=host):
        bind(host, 0)


async def test_the_port_is_free_again_afterwards(start):
    bridge = await start()
    await bridge.stop()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", httpx.URL(bridge.address).port)) != 0


async def test_a_request_at_work_may_finish(start, shelf, question):
    bridge = await start()
    shelf.hold_after_tokens = 0
    asked = asyncio.create_task(bridge.client.post("/api/v1/chat", json={"question": question}))
    await shelf.held.wait()
    stopping = asyncio.create_task(bridge.stop())
    shelf.release.set()
    assert (await asked).status_code == 200
    await stopping


async def test_a_request_that_hangs_does_not_hold_up_the_end(start, shelf, question):
    bridge = await start(shutdown_timeout_s=0.1)
    shelf.hold_after_tokens = 0
    asked = asyncio.create_task(bridge.client.post("/api/v1/chat", json={"question": question}))
    await shelf.held.wait()
    await asyncio.wait_for(bridge.stop(), 10)
    assert shelf.stopped.is_set()
    await asyncio.wait({asked})
    asked.exception()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_process_ends_well_when_it_is_told_to(shelf, number):
    program = Path(__file__).with_name("shelf.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(program),
        str(shelf.files[0]),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    address = (await process.stdout.readline()).decode().strip()
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{address}/health")).status_code == 200
    os.kill(process.pid, number)
    _, log = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0, log.decode()
    assert b"Traceback" not in log
