"""The organisation as requests knows it: what catalog published, kept here and laid over rules.places in memory.

Every statement that reads a case reads the stamp along, so a process learns of a change with the next thing it does
and reads the organisation again only then: no round trip of its own on any hot path.
"""

from __future__ import annotations

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.events import Event
from rules.organisation_overlay import KINDS, Overlay

STAMP = "(SELECT stamp FROM organisation_stamp) AS organisation_stamp"

_KEEP = Statement(
    text(
        "INSERT INTO organisation (kind, code, timeline) VALUES (:kind, :code, CAST(:timeline AS jsonb)) "
        "ON CONFLICT (kind, code) DO UPDATE SET timeline = excluded.timeline"
    )
)
# The row's lock lets one change through at a time, so a stamp that is seen stands for all that was counted in it.
_COUNT_UP = Statement(text("UPDATE organisation_stamp SET stamp = stamp + 1"))
_ALL = Statement(text(f"SELECT kind, code, timeline, {STAMP} FROM organisation"))  # noqa: S608

_kept: dict[str, tuple[int, Overlay]] = {}


def keep(work: UnitOfWork, event: Event) -> None:
    """Keep the timeline of an entity as it was published."""
    if event.data["kind"] not in KINDS:
        return
    work.write(
        _KEEP,
        kind=event.data["kind"],
        code=event.data["code"],
        timeline=orjson.dumps(event.data["timeline"]).decode(),
    )
    work.write(_COUNT_UP, expect=1)


def known(work: UnitOfWork, stamp: int) -> Overlay:
    """The organisation of the stamp that was read, or of a later one."""
    held = _kept.get(work.settings.database_url)
    if held is None or held[0] < stamp:
        rows = work.all(_ALL)
        read = rows[0].organisation_stamp if rows else stamp
        held = (read, Overlay((row.kind, row.code, row.timeline) for row in rows))
        _kept[work.settings.database_url] = held
    return held[1]
