"""One leader a database: work that exactly one process may do, held by a session advisory lock.

The lock lives and dies with a connection of its own. Every step of the work runs on that connection, so that a leader
that lost it cannot write one more row.
"""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Callable
from typing import Any

import eventlet
import psycopg2

from chassis.database import Database
from chassis.errors import Unavailable

log = logging.getLogger(__name__)

_CLASS = 0x5B5B  # the first half of the advisory lock's key: ours


class Leadership:
    """Runs `step(session)` again and again while this process leads. `step` answers how many seconds to wait, at most,
    before the next one; `wake` cuts the wait short, yet leaves `gather` seconds for more to come together."""

    def __init__(
        self,
        database: Database,
        name: str,
        step: Callable[[Any], float],
        *,
        retry: float = 1.0,
        gather: float = 0.0,
    ) -> None:
        self._database = database
        self.name = name
        self._step = step
        self._retry = retry
        self._gather = gather
        self._stopping = False
        self._wake = eventlet.event.Event()
        self._thread: Any = None
        self.leading = False
        self._beat = time.monotonic()

    @property
    def idle_seconds(self) -> float:
        """How long the loop has not come round. Minutes mean that a step is stuck."""
        return time.monotonic() - self._beat

    def start(self) -> None:
        self._thread = eventlet.spawn(self._run)

    def wake(self) -> None:
        """There may be something to do now."""
        if not self._wake.ready():
            self._wake.send(None)

    def stop(self) -> None:
        """Finish the step at hand and give the lead up."""
        self._stopping = True
        self.wake()
        if self._thread is not None:
            with eventlet.Timeout(8, False):
                self._thread.wait()

    def _run(self) -> None:
        while not self._stopping:
            session = None
            try:
                session = self._database.session()
                self._lead(session)
            except (Unavailable, psycopg2.Error) as error:
                log.warning("%s waits: %s", self.name, str(error).partition("\n")[0])
            except Exception:
                log.exception("%s failed and begins again", self.name)
            finally:
                self.leading = False
                if session is not None:
                    session.close()
            self._pause(self._retry)

    def _lead(self, session: Any) -> None:
        key = zlib.crc32(self.name.encode()) & 0x7FFFFFFF
        while not self._stopping:
            with session.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s, %s) AS mine", (_CLASS, key))
                self.leading = cursor.fetchone().mine
            if not self.leading:
                self._pause(self._retry)
                continue
            while not self._stopping:
                self._pause(self._step(session))

    def _pause(self, seconds: float) -> None:
        self._beat = time.monotonic() + max(seconds, 0)
        if seconds > 0 and not self._stopping:
            with eventlet.Timeout(seconds, False):
                self._wake.wait()
        if self._wake.ready():
            if self._gather and not self._stopping:
                eventlet.sleep(self._gather)
            self._wake = eventlet.event.Event()


class Round(Leadership):
    """The same in every process: nobody leads, and no connection is held between the steps."""

    def _run(self) -> None:
        while not self._stopping:
            pause = self._retry
            try:
                pause = self._step(None)
            except (Unavailable, psycopg2.Error) as error:
                log.warning("%s waits: %s", self.name, str(error).partition("\n")[0])
            except Exception:
                log.exception("%s failed and begins again", self.name)
            self._pause(pause)
