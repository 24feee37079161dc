"""Working days as they were decreed: the organisation's holidays, kept here, for the day on which a rail's transfer is
expected. A bank works by what is decreed for all and for its governorate; its weekend is Friday and Saturday."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.events import Event
from rules.calendar import Calendar, cairo_date
from services.payments.reconciliation import terms

KIND = "holiday"

_KEEP = Statement(text("INSERT INTO holiday (code, timeline) VALUES (:code, CAST(:timeline AS jsonb)) "
                       "ON CONFLICT (code) DO UPDATE SET timeline = excluded.timeline"))
_ALL = Statement(text("SELECT code, timeline FROM holiday"))
_EXPECTED = Statement(text("SELECT id, rail, until, expected_on FROM statement WHERE state = 'matched' "
                           "AND expected_on >= :today"))
_MOVE = Statement(text("UPDATE statement SET expected_on = :day WHERE id = :which AND state = 'matched'"))


def keep(work: UnitOfWork, event: Event) -> None:
    """Keep what was decreed, and move the days on which transfers are still expected."""
    if event.data["kind"] != KIND:
        return
    code, timeline = event.data["code"], event.data["timeline"]
    work.write(_KEEP, code=code, timeline=orjson.dumps(timeline).decode())
    working = _calendar(work, {code: timeline})
    for row in work.all(_EXPECTED, today=cairo_date(work.now)):
        day = working.add_working_days(row.until, terms.of(work.settings, row.rail).days)
        if day != row.expected_on:
            work.write(_MOVE, which=row.id, day=day)


def expected_on(work: UnitOfWork, rail: str, until: date) -> date:
    """The day on which a rail's transfer for days up to `until` is expected, by its terms."""
    return _calendar(work, {}).add_working_days(until, terms.of(work.settings, rail).days)


def _calendar(work: UnitOfWork, fresh: Mapping[str, Any]) -> Calendar:
    kept = {row.code: row.timeline for row in work.all(_ALL)} | dict(fresh)
    return Calendar.of_decrees(kept.values(), governorate=work.settings.node)
