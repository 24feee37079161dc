"""Both ends count what passed, by day of the fact and type. Once a day the sender puts its counts into the stream:
whoever applies them has applied exactly what was counted, so that any difference is a fault and none is in transit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis import events
from chassis.database import Each, Statement
from chassis.ids import named, uuid7
from chassis.uow import UnitOfWork
from contracts.events import Event
from contracts.link import COUNTED
from rules.calendar import cairo_date
from services.gateway.link.settings import LinkSettings

DAYS = 7
"""What is told are the days before today, so many: facts of tablets come days late."""

_ADD = Each(
    "INSERT INTO link_count AS kept (peer, direction, epoch, day, type, count) SELECT * FROM {rows} "
    "ON CONFLICT (peer, direction, epoch, day, type) DO UPDATE SET count = kept.count + excluded.count",
    peer="text", direction="text", epoch="integer", day="date", type="text", count="bigint",
)  # fmt: skip
_OF_DAYS = Statement(
    text("SELECT day, type, count FROM link_count WHERE peer = :peer AND direction = :direction AND epoch = :epoch "
         "AND day >= :since AND day < :until AND type <> :own")
)
_TOLD_LAST = Statement(
    text("SELECT 1 AS one FROM link_count WHERE peer = :peer AND direction = 'out' AND type = :own AND day = :today")
)
_ANY = Statement(text("SELECT 1 AS one FROM link_count WHERE peer = :peer AND direction = 'out' AND epoch = :epoch "
                      "AND day < :today LIMIT 1"))
_TELL = Each(
    "INSERT INTO link_told AS kept (peer, day, differs, told_at) SELECT * FROM {rows} "
    "ON CONFLICT (peer, day) DO UPDATE SET differs = excluded.differs, told_at = excluded.told_at",
    peer="text", day="date", differs="jsonb", told_at="timestamptz",
)  # fmt: skip

ByDay = dict[date, dict[str, int]]


def count(work: UnitOfWork, peer: str, direction: str, epoch: int, found: Mapping[tuple[date, str], int]) -> None:
    """Add to the counts of a stream, by (Cairo day, type)."""
    for (day, event_type), number in found.items():
        work.write(_ADD, peer=peer, direction=direction, epoch=epoch, day=day, type=event_type, count=number)


def due(work: UnitOfWork, peer: str, epoch: int) -> ByDay | None:
    """The counts to tell a peer today; None when they were told, or there are none."""
    today = cairo_date(work.now)
    if work.first(_TOLD_LAST, peer=peer, own=COUNTED.name, today=today) is not None:
        return None
    if work.first(_ANY, peer=peer, epoch=epoch, today=today) is None:
        return None
    return _of_days(work, peer, "out", epoch, today - timedelta(days=DAYS), today)


def envelope(work: UnitOfWork, link: LinkSettings, peer: str, told: ByDay) -> tuple[UUID, bytes]:
    """The message that tells them, as the event that it is."""
    event_id = uuid7()
    return event_id, events.encode(
        COUNTED,
        event_id=event_id,
        source=work.settings.source,
        subject=named("link.counts", link.node, peer, str(cairo_date(work.now))),
        sequence=link.epoch,
        occurred=work.now,
        correlation_id=work.correlation_id,
        data={"days": {day.isoformat(): counted for day, counted in told.items()}},
    )


def compare(work: UnitOfWork, peer: str, epoch: int, event: Event, unwritten: Mapping[tuple[date, str], int]) -> bool:
    """Hold what a peer told against our own counts of its stream. `unwritten` counts facts of the same batch before it,
    which are not in the tables yet. Answers whether all is the same."""
    theirs: ByDay = {date.fromisoformat(day): dict(told) for day, told in event.data["days"].items()}
    until = cairo_date(event.time)
    ours = _of_days(work, peer, "in", epoch, until - timedelta(days=DAYS), until)
    for (day, event_type), number in unwritten.items():
        if until - timedelta(days=DAYS) <= day < until and event_type != COUNTED.name:
            of_day = ours.setdefault(day, {})
            of_day[event_type] = of_day.get(event_type, 0) + number
    same = True
    for day in sorted({*theirs, *ours}):
        differs = _differences(theirs.get(day, {}), ours.get(day, {}))
        same = same and not differs
        work.write(_TELL, peer=peer, day=day, differs=_json(differs), told_at=work.now)
    return same


def _differences(theirs: Mapping[str, int], ours: Mapping[str, int]) -> dict[str, list[int]]:
    return {name: [theirs.get(name, 0), ours.get(name, 0)] for name in sorted({*theirs, *ours})
            if theirs.get(name, 0) != ours.get(name, 0)}  # fmt: skip


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _of_days(work: UnitOfWork, peer: str, direction: str, epoch: int, since: date, until: date) -> ByDay:
    found: ByDay = {}
    for row in work.all(_OF_DAYS, peer=peer, direction=direction, epoch=epoch, since=since, until=until,
                        own=COUNTED.name):  # fmt: skip
        found.setdefault(row.day, {})[row.type] = row.count
    return found
