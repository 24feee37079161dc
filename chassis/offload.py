"""Work that computes for long (a PDF takes 50 to 400 ms) runs on a real thread, so that the hub goes on turning.
What mostly waits, for a database say, runs beside the work at hand in a green thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import eventlet
from eventlet import tpool

T = TypeVar("T")


def offload(function: Callable[..., T], *args: Any) -> T:
    """The function's answer, computed on a thread of the pool. It may touch neither database nor bus."""
    answer: T = tpool.execute(function, *args)
    return answer


def beside(function: Callable[..., T], *args: Any) -> Callable[[], T]:
    """Begin it now. What is returned waits for it, and answers or raises as it did."""

    def run() -> tuple[T | None, BaseException | None]:
        try:
            return function(*args), None
        except Exception as error:  # noqa: BLE001  (whatever it is, it is raised where the answer is asked for)
            return None, error

    running = eventlet.spawn(run)

    def answer() -> T:
        found, error = running.wait()
        if error is not None:
            raise error
        return found  # type: ignore[no-any-return]

    return answer


def give_way() -> None:
    """Let others run that have something to do."""
    eventlet.sleep(0)
