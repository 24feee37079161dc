"""Work that computes for long (a PDF takes 50 to 400 ms) runs on a real thread, so that the hub goes on turning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from eventlet import tpool

T = TypeVar("T")


def offload(function: Callable[..., T], *args: Any) -> T:
    """The function's answer, computed on a thread of the pool. It may touch neither database nor bus."""
    answer: T = tpool.execute(function, *args)
    return answer
