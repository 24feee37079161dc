"""A bound on a piece of work as a whole: many small waits, each in its time, may last for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import eventlet


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises TimeoutError inside the block when it lasts longer. Ends waiting, not computing."""
    timer = eventlet.Timeout(seconds, TimeoutError(f"not done within {seconds:g} s"))
    try:
        yield
    finally:
        timer.cancel()
