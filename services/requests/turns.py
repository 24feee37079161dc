"""Turns at the windows of a unit: taken at the kiosk or from the clerk, called, served, ended.

A turn is handed to one window only: the call names the version it read, and a unique index holds a window to one turn.
Of two windows that call at once the second runs again and gets the one after.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules import numbering
from rules import turns as rule
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.requests import organisation, tables_turns

MINUTE = timedelta(minutes=1)
A_MINUTE = 20  # tickets of one screen or clerk, where SHUBBAK_TICKETS_A_MINUTE does not say otherwise

_COUNTED = Statement(
    text(
        "SELECT coalesce(count.number, 0) AS number, coalesce(count.place, 0) AS place, "  # noqa: S608
        "(SELECT count(*) FROM turn WHERE turn.unit = :unit AND turn.day = :day AND turn.queue = :queue "
        "AND state = 'waiting' AND (priority OR NOT CAST(:priority AS boolean))) AS ahead, "
        "(SELECT min(taken_at) FROM (SELECT taken_at FROM turn WHERE turn.unit = :unit AND turn.day = :day "
        "AND taken_by = :actor AND leg = 1 AND taken_at > :minute_ago ORDER BY taken_at DESC LIMIT :most) AS lately "
        "HAVING count(*) = :most) AS first_of_many, "
        f"{organisation.STAMP} FROM (SELECT 1) AS always LEFT JOIN turn_count AS count "
        "ON count.unit = :unit AND count.day = :day AND count.queue = :queue"
    )
)
_COUNT = Statement(
    text(
        "INSERT INTO turn_count (unit, day, queue, number, place) VALUES (:unit, :day, :queue, :number, :place) "
        "ON CONFLICT (unit, day, queue) DO UPDATE SET number = excluded.number, place = excluded.place "
        "WHERE turn_count.place = excluded.place - 1"
    )
)
_ADD = Statement.insert(
    tables_turns.turn, "id", "version", "ticket_id", "leg", "unit", "day", "issued_in", "number", "queue", "place",
    "priority", "state", "taken_at", "taken_by", "calls",
)  # fmt: skip
# The head of each queue, with priority and without, and what this window has already.
_HEADS = Statement(
    text(
        "(SELECT DISTINCT ON (queue, priority) turn.* FROM turn WHERE unit = :unit AND day = :day "
        "AND state = 'waiting' AND queue = ANY(CAST(:queues AS text[])) ORDER BY queue, priority, place) "
        "UNION ALL (SELECT turn.* FROM turn WHERE unit = :unit AND day = :day AND counter = :window "
        "AND state IN ('called', 'serving'))"
    )
)
_ONE = Statement(text("SELECT * FROM turn WHERE id = :turn_id"))
_OPEN_AT = Statement(
    text("SELECT * FROM turn WHERE unit = :unit AND day = :day AND counter = :window "
         "AND state IN ('called', 'serving')")
)
_CALL = Statement(
    text(
        "UPDATE turn SET version = version + 1, state = :state, "
        "called_at = coalesce(called_at, CAST(:at AS timestamptz)), "
        "called_by = :actor, called_last = :at, calls = calls + 1, counter = :window, "
        "waiting_seconds = coalesce(waiting_seconds, CAST(:waiting_seconds AS integer)), ended_at = NULL "
        "WHERE id = :turn_id AND version = :seen"
    )
)
_STEP = Statement(
    text(
        "UPDATE turn SET version = version + 1, state = :state, served_at = CAST(:served_at AS timestamptz), "
        "ended_at = CAST(:ended_at AS timestamptz), service_seconds = CAST(:service_seconds AS integer) "
        "WHERE id = :turn_id AND version = :seen"
    )
)
_WAITING = Statement(
    text(
        "SELECT queue, count(*) AS waiting, min(taken_at) AS since FROM turn "
        "WHERE unit = :unit AND day = :day AND state = 'waiting' GROUP BY queue"
    )
)
_MISSED = Statement(
    text("SELECT * FROM turn WHERE unit = :unit AND day = :day AND state = 'missed' ORDER BY ended_at DESC LIMIT 20")
)
_ABOUT = Statement(
    text(
        "SELECT request.tracking_number, turn_request.visit FROM turn_request "
        "JOIN request ON request.id = turn_request.request_id WHERE ticket_id = :ticket_id ORDER BY request.id"
    )
)
_DISPLAYED = Statement(
    text(
        "SELECT issued_in, number, counter, state, called_last, calls FROM turn WHERE unit = :unit AND day = :day "
        "AND state IN ('called', 'serving') ORDER BY called_last DESC LIMIT 12"
    )
)
_BY_LABEL = Statement(
    text(
        "SELECT * FROM turn WHERE unit = :unit AND day = :day AND issued_in = :queue AND number = :number "
        "ORDER BY leg DESC LIMIT 1"
    )
)
_STAMP = Statement(text(f"SELECT {organisation.STAMP}"))
_TO_LINK = Statement(
    text(
        "SELECT turn.*, request.id AS request_id, request.unit AS request_unit, request.tracking_number, "
        "ARRAY(SELECT DISTINCT earlier.day FROM turn_request AS earlier WHERE earlier.request_id = request.id "
        "AND earlier.day < turn.day) AS earlier FROM turn LEFT JOIN request ON request.tracking_number = :number "
        "WHERE turn.id = :turn_id"
    )
)
_LINK = Statement(
    text(
        "INSERT INTO turn_request (ticket_id, request_id, unit, day, visit) "
        "VALUES (:ticket_id, :request_id, :unit, :day, :visit) ON CONFLICT DO NOTHING"
    )
)
_UNCLOSED = Statement(
    text("SELECT * FROM turn WHERE state IN ('waiting', 'called', 'serving') AND day < :today ORDER BY day LIMIT 200")
)


def take(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A ticket of today. Refuses turn_unit_missing, forbidden, unit_unknown, and tickets_too_many with the seconds to
    wait: a child at the screen empties the day's numbers otherwise. A second wish within seconds is not taken for the
    first one again, as two people may stand one behind the other."""
    unit = body["unit"] or work.actor.unit
    if unit is None:
        raise refuse("turn_unit_missing", "unit")
    work.require("queue.take", unit)
    day, turn_id, queue = cairo_date(work.now), uuid7(), body["queue"]
    most = work.settings.number("TICKETS_A_MINUTE", A_MINUTE, least=1, most=1000)
    found = work.one(_COUNTED, unit=unit, day=day, queue=queue, priority=body["priority"], actor=work.actor.id,
                     minute_ago=work.now - MINUTE, most=most)  # fmt: skip
    if found.first_of_many is not None:
        raise refuse("tickets_too_many", "queue", count=most,
                     seconds=max(1, math.ceil((found.first_of_many + MINUTE - work.now).total_seconds())))
    if organisation.known(work, found.organisation_stamp).unit(unit, day) is None:
        raise refuse("unit_unknown", "unit")
    number, place = found.number + 1, found.place + 1
    work.write(_COUNT, expect=1, unit=unit, day=day, queue=queue, number=number, place=place)
    added = {"id": turn_id, "ticket_id": turn_id, "leg": 1, "unit": unit, "day": day, "issued_in": queue,
             "number": number, "queue": queue, "place": place, "priority": body["priority"]}  # fmt: skip
    work.write(_ADD, **added, version=1, state=rule.WAITING, taken_at=work.now, taken_by=work.actor.id, calls=0)
    return {
        "turn_id": str(turn_id), "label": rule.label(queue, number), "unit": unit, "day": day.isoformat(),
        "queue": queue, "queue_name": _named(queue), "priority": body["priority"], "state": rule.WAITING,
        "taken_at": work.now.isoformat(), "ahead": found.ahead,
    }  # fmt: skip


def call(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The next turn comes to this window, or a certain one: {turn|null}."""
    unit, day, window = _unit(work), cairo_date(work.now), body["window"]
    rows = work.all(_HEADS, unit=unit, day=day, queues=list(body["queues"]), window=window)
    held = next((row for row in rows if row.state in rule.AT_A_WINDOW), None)
    if held is not None:
        raise refuse("turn_at_window", "window", label=rule.label(held.issued_in, held.number))
    if body["turn_id"] is not None:
        row = _mine(work, work.first(_ONE, turn_id=body["turn_id"]), day)
        work.audit("turn.called_out_of_order", str(row.id), state=row.state, window=window)
    else:
        by_id = {str(row.id): row for row in rows}
        chosen = rule.next_of(
            (rule.Waiting(key, row.queue, row.priority, row.place, row.taken_at) for key, row in by_id.items()),
            body["queues"])  # fmt: skip
        if chosen is None:
            return {"turn": None}
        row = by_id[chosen.key]
    state = rule.step(row.state, rule.CALL)
    waited = rule.seconds(row.taken_at, work.now)
    _called(work, row, state, window, waited)
    shown = {**_shown(row), "state": state, "window": window, "called_at": (row.called_at or work.now).isoformat(),
             "calls": row.calls + 1, "waiting_seconds": row.waiting_seconds if row.called_at else waited}  # fmt: skip
    return {"turn": shown}


def recall(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Call the same turn once more."""
    row = _at_window(work, body)
    state = rule.step(row.state, rule.RECALL)
    _called(work, row, state, row.counter, row.waiting_seconds)
    return {"turn": {**_shown(row), "state": state, "calls": row.calls + 1}}


def serve(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The person stands at the window: service begins. Saying it twice changes nothing."""
    row = _at_window(work, body)
    if row.state == rule.SERVING:
        return {"turn": _shown(row)}
    return _stepped(work, row, rule.SERVE, served_at=work.now)


def end(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The person was served."""
    row = _at_window(work, body)
    return _stepped(work, row, rule.END, served_at=row.served_at or row.called_last, ended_at=work.now)


def miss(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Nobody came. The turn may be called once more the same day."""
    return _stepped(work, _at_window(work, body), rule.MISS, ended_at=work.now)


def move(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """On to another queue, at its end, under the same number; what was served so far counts."""
    row = _at_window(work, body)
    ended = _stepped(work, row, rule.MOVE, served_at=row.served_at or row.called_last, ended_at=work.now)["turn"]
    queue, leg_id = body["queue"], uuid7()
    found = work.one(_COUNTED, unit=row.unit, day=row.day, queue=queue, priority=row.priority, actor=None,
                     minute_ago=work.now, most=1)  # fmt: skip
    work.write(_COUNT, expect=1, unit=row.unit, day=row.day, queue=queue, number=found.number, place=found.place + 1)
    work.write(
        _ADD, id=leg_id, version=1, ticket_id=row.ticket_id, leg=row.leg + 1, unit=row.unit, day=row.day,
        issued_in=row.issued_in, number=row.number, queue=queue, place=found.place + 1, priority=row.priority,
        state=rule.WAITING, taken_at=work.now, taken_by=work.actor.id, calls=0,
    )  # fmt: skip
    return {"turn": {**ended, "next": {"turn_id": str(leg_id), "queue": queue, "queue_name": _named(queue),
                                       "ahead": found.ahead}}}


def link(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Note about which request somebody came, and which visit of it this is. Refuses tracking_unknown also for a
    request of another unit."""
    number = numbering.parse_tracking(body["tracking_number"], "tracking_number")
    row = _mine(work, work.first(_TO_LINK, turn_id=body["turn_id"], number=number), cairo_date(work.now))
    if row.counter != body["window"]:
        raise refuse("turn_elsewhere", "window", window=row.counter or "-")
    if row.request_id is None or row.request_unit != row.unit:
        raise refuse("tracking_unknown", "tracking_number")
    visit = rule.visit_of(row.earlier, row.day)
    work.write(_LINK, ticket_id=row.ticket_id, request_id=row.request_id, unit=row.unit, day=row.day, visit=visit)
    return {"turn_id": str(row.id), "tracking_number": row.tracking_number, "visit": visit}


def desk(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """What a window has before it, how many wait in each queue and since when, and who had not come today."""
    unit, day = _unit(work), cairo_date(work.now)
    row = work.first(_OPEN_AT, unit=unit, day=day, window=body["window"])
    about = work.all(_ABOUT, ticket_id=row.ticket_id) if row is not None else list[Any]()
    return {
        "turn": _shown(row) if row is not None else None,
        "queues": _queues(work, unit, day),
        "missed": [_shown(one) for one in work.all(_MISSED, unit=unit, day=day)],
        "requests": [{"tracking_number": one.tracking_number, "visit": one.visit} for one in about],
    }


def of_label(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The turn of what stands on a ticket, and about which requests its holder came today."""
    unit, read = _unit(work), rule.parse_label(body["label"])
    row = None
    if read is not None:
        row = work.first(_BY_LABEL, unit=unit, day=cairo_date(work.now), queue=read[0], number=read[1])
    about = work.all(_ABOUT, ticket_id=row.ticket_id) if row is not None else list[Any]()
    return {"turn": _shown(row) if row is not None else None,
            "requests": [{"tracking_number": one.tracking_number, "visit": one.visit} for one in about]}


def display(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """What hangs in the hall of a unit: who is called where, and how many wait. Refuses unit_unknown."""
    unit, day = body["unit"], cairo_date(work.now)
    known = organisation.known(work, work.scalar(_STAMP))
    if known.unit(unit, day) is None:
        raise refuse("unit_unknown", "unit")
    return {
        "unit": unit,
        "unit_name": known.unit_name(unit, day),
        "day": day.isoformat(),
        "called": [
            {"label": rule.label(row.issued_in, row.number), "window": row.counter, "state": row.state,
             "called_at": row.called_last.isoformat(), "calls": row.calls}
            for row in work.all(_DISPLAYED, unit=unit, day=day)
        ],
        "waiting": _queues(work, unit, day),
    }  # fmt: skip


def close_days(work: UnitOfWork) -> bool:
    """End what was left open on days that are over; answers whether there was any. Nobody knows when a service ended
    that was not ended at the window: it counts as served, without its time."""
    rows = work.all(_UNCLOSED, today=cairo_date(work.now))
    for row in rows:
        work.write(_STEP, expect=1, turn_id=row.id, seen=row.version, state=rule.step(row.state, rule.CLOSE),
                   served_at=row.served_at, ended_at=None, service_seconds=None)  # fmt: skip
    return bool(rows)


def _unit(work: UnitOfWork) -> str:
    if work.actor.unit is None:
        raise refuse("turn_unit_missing", "unit")
    return work.actor.unit


def _mine(work: UnitOfWork, row: Any, day: date) -> Any:
    """A turn of today of the actor's unit. Refuses turn_unknown, whatever else it is."""
    if row is None or row.unit != _unit(work) or row.day != day:
        raise refuse("turn_unknown", "turn")
    return row


def _at_window(work: UnitOfWork, body: Mapping[str, Any]) -> Any:
    row = _mine(work, work.first(_ONE, turn_id=body["turn_id"]), cairo_date(work.now))
    if row.counter != body["window"]:
        raise refuse("turn_elsewhere", "window", window=row.counter or "-")
    return row


def _called(work: UnitOfWork, row: Any, state: str, window: str, waited: int | None) -> None:
    work.write(_CALL, expect=1, turn_id=row.id, seen=row.version, state=state, at=work.now, actor=work.actor.id,
               window=window, waiting_seconds=waited)  # fmt: skip


def _stepped(work: UnitOfWork, row: Any, action: str, *, served_at: datetime | None = None,
             ended_at: datetime | None = None) -> dict[str, Any]:
    state = rule.step(row.state, action)
    service = rule.seconds(served_at, ended_at)
    work.write(_STEP, expect=1, turn_id=row.id, seen=row.version, state=state, served_at=served_at, ended_at=ended_at,
               service_seconds=service)
    return {"turn": {**_shown(row), "state": state, "service_seconds": service}}


def _queues(work: UnitOfWork, unit: str, day: date) -> list[dict[str, Any]]:
    counted = {row.queue: row for row in work.all(_WAITING, unit=unit, day=day)}
    return [
        {"queue": code, "name": _named(code), "waiting": counted[code].waiting if code in counted else 0,
         "since": counted[code].since.isoformat() if code in counted else None}
        for code in rule.QUEUES
    ]


def _named(queue: str) -> dict[str, str]:
    return {"ar": rule.QUEUES[queue].ar, "en": rule.QUEUES[queue].en}


def _shown(row: Any) -> dict[str, Any]:
    return {
        "turn_id": str(row.id),
        "label": rule.label(row.issued_in, row.number),
        "queue": row.queue,
        "queue_name": _named(row.queue),
        "priority": row.priority,
        "state": row.state,
        "window": row.counter,
        "calls": row.calls,
        "taken_at": row.taken_at.isoformat(),
        "called_at": row.called_at.isoformat() if row.called_at else None,
        "waiting_seconds": row.waiting_seconds,
        "service_seconds": row.service_seconds,
    }
