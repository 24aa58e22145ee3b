"""The base on its own thread: it keeps to a clock, sleeps, and says when it has failed."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator

import pytest

from lectern.errors import InvalidInput, SimulationFailed
from lectern.robot.embedded.base import embedded
from lectern.robot.embedded.base.embedded import EmbeddedBase
from lectern.robot.embedded.base.noise import NO_NOISE
from lectern.robot.scene import Scene

LIMIT_S = 30.0


def fast_clock() -> Callable[[], float]:
    """A clock on which a tick has passed whenever somebody looks at it."""
    ticks = itertools.count(100)
    return lambda: next(ticks) / 100


class Hands:
    """A clock that a test turns."""

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def started() -> Iterator[Callable[..., EmbeddedBase]]:
    """Start bases that are ended afterwards."""
    bases = []

    def start(clock: Callable[[], float] | None) -> EmbeddedBase:
        bases.append(EmbeddedBase.start(Scene(), clock=clock, noise=NO_NOISE))
        return bases[-1]

    yield start
    for base in bases:
        end(base)


def end(base: EmbeddedBase) -> None:
    asyncio.run(base.close())


def test_a_paced_base_drives_and_its_watchdog_brakes_it(started) -> None:
    base = started(fast_clock())
    ended = threading.Event()
    base.on_expiry(ended.set)
    base.drive(0.3, 0.0)
    assert base.driving
    assert ended.wait(LIMIT_S)
    assert not base.driving
    # Half a second at 0.3 m/s, less what it took to get there.
    assert 0.1 < base.state().pose.position_m[0] < 0.2


def test_a_paced_base_follows_the_clock_of_the_machine_where_it_is_given_none(started) -> None:
    base = started(None)
    ended = threading.Event()
    base.on_expiry(ended.set)
    base.drive(0.1, 0.0)
    assert ended.wait(LIMIT_S)
    assert base.state().stamp_s >= 0.5


def test_the_stamps_are_those_of_the_clock_it_is_given(started) -> None:
    base = started(Hands(42.0))
    assert base.state().stamp_s == 42.0
    assert base.imu().stamp_s == 42.0
    assert base.scan().stamp_s == 42.0


def test_a_base_at_rest_that_nobody_looks_at_sleeps_and_is_up_to_date_when_asked(
    started, monkeypatch
) -> None:
    monkeypatch.setattr(embedded, "_AWAKE_S", 0.0)
    clock = Hands(1.0)
    base = started(clock)
    assert base._asleep.wait(LIMIT_S)
    clock.now_s = 1000.0
    assert base.state().stamp_s == 1000.0
    assert base._asleep.wait(LIMIT_S)
    clock.now_s = 2000.0
    assert base.scan().stamp_s == 2000.0
    assert base._asleep.wait(LIMIT_S)
    assert base.asleep


def test_a_command_wakes_a_sleeping_base(started, monkeypatch) -> None:
    monkeypatch.setattr(embedded, "_AWAKE_S", 0.0)
    base = started(fast_clock())
    assert base._asleep.wait(LIMIT_S)
    ended = threading.Event()
    base.on_expiry(ended.set)
    base.drive(0.0, 1.0)
    assert ended.wait(LIMIT_S)
    assert base._asleep.wait(LIMIT_S)
    assert base.state().wheel_positions_rad[1] > 0.5


def test_a_clock_that_breaks_ends_the_base_by_name_and_in_the_log(started, caplog) -> None:
    times = iter([1.0, 1.01])
    base = started(lambda: next(times))
    base._thread.join(LIMIT_S)
    assert not base._thread.is_alive()
    with pytest.raises(SimulationFailed, match="StopIteration"):
        base.state()
    with pytest.raises(SimulationFailed, match="StopIteration"):
        base.drive(0.1, 0.0)
    assert "thread of the base has ended" in caplog.text


async def test_a_paced_base_cannot_be_made_to_wait() -> None:
    paced = EmbeddedBase.start(Scene(), clock=Hands(0.0))
    with pytest.raises(InvalidInput, match="not paced"):
        await paced.wait(1.0)
    await paced.close()


def test_a_closed_base_leaves_no_thread(started) -> None:
    base = started(fast_clock())
    end(base)
    assert not base._thread.is_alive()
