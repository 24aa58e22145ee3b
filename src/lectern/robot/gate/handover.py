"""Awaiting a coroutine with a look at the world after each of its steps."""

from __future__ import annotations

import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


@types.coroutine
def watched(
    coroutine: Coroutine[Any, Any, T], after_step: Callable[[], None]
) -> Generator[Any, Any, T]:
    """Await a coroutine; call `after_step` each time it comes to wait.

    A robot takes a plan in the first steps of its `execute`. A stop that arrives just before finds
    nothing to stop; the look after the step finds the stop.
    """
    proceed: Callable[[Any], Any] = coroutine.send
    value: Any = None
    while True:
        try:
            waiting_for = proceed(value)
        except StopIteration as ended:
            result: T = ended.value
            return result
        after_step()
        try:
            value = yield waiting_for
            proceed = coroutine.send
        except BaseException as error:
            value, proceed = error, coroutine.throw
