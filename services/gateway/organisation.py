"""The organisation as the gateway knows it: what catalog published, kept in its own database and laid over the lists of
rules.places in memory. A process looks at most once a second whether anything changed, whatever it is asked."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import text

from chassis.config import Role
from chassis.database import Statement
from chassis.errors import Unavailable
from contracts.events import Event
from rules.organisation_overlay import KINDS, Overlay

log = logging.getLogger(__name__)
FRESH_SECONDS = 1.0

_KEEP = Statement(
    text(
        "INSERT INTO organisation (kind, code, timeline) VALUES (:kind, :code, CAST(:timeline AS jsonb)) "
        "ON CONFLICT (kind, code) DO UPDATE SET timeline = excluded.timeline"
    )
)
# At the centre, what it said itself: before a node's word that was said without knowing it, whichever comes first.
_DECREE = Statement(
    text(
        "WITH put AS (INSERT INTO national_entity AS kept (kind, code, heard, epoch, sequence) "
        "VALUES (:kind, :code, :heard, 0, 0) ON CONFLICT (kind, code) DO UPDATE SET heard = excluded.heard, "
        "epoch = 0, sequence = 0 WHERE (excluded.heard, 0, 0) >= (kept.heard, kept.epoch, kept.sequence) RETURNING 1) "
        "INSERT INTO organisation (kind, code, timeline) SELECT :kind, :code, CAST(:timeline AS jsonb) FROM put "
        "ON CONFLICT (kind, code) DO UPDATE SET timeline = excluded.timeline"
    )
)
# The row's lock lets one change through at a time, so a stamp that is seen stands for all that was counted in it.
_COUNT_UP = Statement(text("UPDATE organisation_stamp SET stamp = stamp + 1"))
_STAMP = Statement(text("SELECT stamp FROM organisation_stamp"))
_ALL = Statement(text("SELECT kind, code, timeline FROM organisation"))


def take(work: Any, event: Event) -> None:
    """Keep the timeline of an entity as this place's catalog published it. At the centre it counts from then on,
    whatever a node says of the entity without having heard of it."""
    kind, code = event.data["kind"], event.data["code"]
    if kind not in KINDS:
        return
    timeline = orjson.dumps(event.data["timeline"]).decode()
    if work.settings.role is Role.CENTRE:
        work.write(_DECREE, kind=kind, code=code, timeline=timeline, heard=event.sequence)
    else:
        work.write(_KEEP, kind=kind, code=code, timeline=timeline)
    count_up(work)


def count_up(work: Any) -> None:
    """Gather that the organisation is to be looked at again: rows of it were written in this unit of work."""
    work.write(_COUNT_UP, expect=1)


def read(work: Any) -> Overlay:
    """The organisation as the database holds it now, for quiet work."""
    return _laid_over(work.all(_ALL))


class Organisation:
    """The organisation in memory, read again when the gateway's database has taken a change."""

    def __init__(self, read_rows: Callable[..., list[Any]]) -> None:
        self._read = read_rows
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._stamp: int | None = None
        self._overlay = Overlay()

    def known(self) -> Overlay:
        """The organisation as of a second ago at most. Raises Unavailable where this process has never seen it."""
        if time.monotonic() - self._looked < FRESH_SECONDS:
            return self._overlay
        with self._lock:
            if time.monotonic() - self._looked >= FRESH_SECONDS:
                self._look()
        return self._overlay

    def _look(self) -> None:
        try:
            stamp = self._read(_STAMP)[0][0]
            if stamp != self._stamp:
                # Read after its stamp: what came in between is read now and looked at once more, never missed.
                self._overlay = _laid_over(self._read(_ALL))
                self._stamp = stamp
        except Unavailable:
            if self._stamp is None:
                raise
            log.warning("the organisation's copy could not be looked at; going on with what is held")
        self._looked = time.monotonic()


def _laid_over(rows: list[Any]) -> Overlay:
    return Overlay((row.kind, row.code, row.timeline) for row in rows)
