"""Doors that every service has for those who look after the platform: its audit is searched, and events that it could
not apply are listed, tried again or given up. The same acts by hand, on the database itself: chassis.operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import text

from chassis import events
from chassis.operations import NEXT_MAY_GO, STREAM_BEGINS, STREAM_PASSES
from chassis.service import Service, command, query
from chassis.statements import Statement
from chassis.uow import UnitOfWork
from contracts.machinery import LONGEST, ListOwed, ReplayParked, SearchAudit, SkipParked
from rules.refusal import refuse

S = TypeVar("S", bound=Service)
Capability = Callable[[UnitOfWork, dict[str, Any]], dict[str, Any]]
READ_AUDIT, MANAGE_PARKED = "audit.read", "parked.manage"
REASON_LETTERS = 10

_FOUND = (
    "SELECT id, at, actor_id, actor_kind, actor_unit, action, subject, correlation_id, details, position IS NOT NULL "
    "AS sealed FROM audit WHERE {} "
    "AND (CAST(:action AS text) IS NULL OR starts_with(action, :action)) "
    "AND (CAST(:correlation_id AS text) IS NULL OR correlation_id = :correlation_id) "
    "AND (CAST(:of_unit AS text) IS NULL OR actor_unit = :of_unit) "
    "AND (CAST(:since AS timestamptz) IS NULL OR at >= :since) "
    "AND (CAST(:until AS timestamptz) IS NULL OR at < :until) "
    "AND (CAST(:before AS bigint) IS NULL OR id < :before) ORDER BY id DESC LIMIT :limit"
)
_OF_ACTOR = "AND (CAST(:actor_id AS text) IS NULL OR actor_id = :actor_id)"
# Planned for its values at every call: which index serves hangs on what is asked.
_BY_SUBJECT = Statement(text(_FOUND.format(f"subject = :subject {_OF_ACTOR}")), fresh=True)
_BY_ACTOR = Statement(text(_FOUND.format("actor_id = :actor_id")), fresh=True)
_BY_TIME = Statement(text(_FOUND.format("at >= :since AND at < :until")), fresh=True)
# An event that several subscriptions owe is never cut in two by the end of a page.
_OWED = Statement(
    text(
        "SELECT subscription, event_id, state, attempts, next_at, coalesce(error, '') AS error, sequence, subject, "
        "received_at, body FROM inbox WHERE state IN ('parked', 'waiting') AND (state = 'parked' OR NOT :parked_only) "
        "AND (CAST(:after AS uuid) IS NULL OR event_id > :after) ORDER BY event_id FETCH FIRST :limit ROWS WITH TIES"
    ),
    fresh=True,
)
_COUNTS = Statement(
    text(
        "SELECT count(*) FILTER (WHERE state = 'parked') AS parked, "
        "count(*) FILTER (WHERE state = 'waiting') AS waiting "
        "FROM inbox WHERE state IN ('parked', 'waiting')"
    ),
    fresh=True,
)
_PARKED = Statement(
    text(
        "SELECT subject, sequence FROM inbox WHERE subscription = :subscription AND event_id = :event_id "
        "AND state = 'parked'"
    )
)
_REPLAY = Statement(
    text(
        "UPDATE inbox SET state = 'waiting', attempts = 0, next_at = clock_timestamp() "
        "WHERE subscription = :subscription AND event_id = :event_id AND state = 'parked'"
    )
)
_SKIP = Statement(
    text(
        "UPDATE inbox SET state = 'skipped', reason = :reason, body = NULL "
        "WHERE subscription = :subscription AND event_id = :event_id AND state = 'parked'"
    )
)
_STREAM = tuple(Statement(text(one)) for one in (STREAM_BEGINS, STREAM_PASSES, NEXT_MAY_GO))


def search(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Rows of the audit, newest first (contracts.machinery.SearchAudit). The search itself is recorded. Who is of a
    unit finds what people of that unit did."""
    work.require(READ_AUDIT)
    asked = {name: body.get(name) for name in ("subject", "actor_id", "action", "correlation_id", "since", "until",
                                               "before")}  # fmt: skip
    since, until = asked["since"], asked["until"]
    if since and until and until <= since:
        raise refuse("period_reversed", "until")
    if not asked["subject"] and not asked["actor_id"] and (not since or not until or until - since > LONGEST):
        raise refuse("audit_too_wide", "until" if since else "since")
    rows = _rows(work, {**asked, "of_unit": work.actor.unit}, body["limit"] + 1)
    shown = [{**row._asdict(), "at": row.at.isoformat()} for row in rows[: body["limit"]]]
    work.audit("audit.read", asked["subject"] or asked["actor_id"] or "", rows=len(shown), searched=asked["action"])
    return {"rows": shown, "next": shown[-1]["id"] if len(rows) > len(shown) else None}


def _rows(work: UnitOfWork, asked: dict[str, Any], limit: int) -> list[Any]:
    if asked["subject"]:
        return work.all(_BY_SUBJECT, **asked, limit=limit)
    given = {name: value for name, value in asked.items() if name != "subject"}
    if given["actor_id"]:
        return work.all(_BY_ACTOR, **given, limit=limit)
    del given["actor_id"]
    return work.all(_BY_TIME, **given, limit=limit)


def owed(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Events that a subscription still owes (contracts.machinery.ListOwed)."""
    work.require(MANAGE_PARKED)
    rows = work.all(_OWED, parked_only=body["parked_only"], after=body["after"], limit=body["limit"])
    counted = work.one(_COUNTS)
    shown = [_shown(row) for row in rows]
    return {"rows": shown, "next": shown[-1]["event_id"] if len(rows) >= body["limit"] else None,
            "parked": counted.parked, "waiting": counted.waiting}  # fmt: skip


def _shown(row: Any) -> dict[str, Any]:
    try:
        kind = events.decode(bytes(row.body)).type if row.body is not None else None
    except events.Malformed:
        kind = None  # it is parked because it cannot be read
    return {
        "subscription": row.subscription, "event_id": str(row.event_id), "type": kind, "state": row.state,
        "attempts": row.attempts, "error": row.error, "subject": str(row.subject), "sequence": row.sequence,
        "received_at": row.received_at.isoformat(), "next_at": row.next_at.isoformat() if row.next_at else None,
    }  # fmt: skip


def replay(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Have a parked event tried again at once (contracts.machinery.ReplayParked)."""
    _of_the_whole_node(work)
    which = {"subscription": body["subscription"], "event_id": body["event_id"]}
    _parked(work, which)
    work.write(_REPLAY, expect=1, **which)
    return _told(work, "inbox.replay", which)


def skip(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Give a parked event up, with the reason (contracts.machinery.SkipParked)."""
    _of_the_whole_node(work)
    reason = body["reason"].strip()
    if len(reason) < REASON_LETTERS:
        raise refuse("skip_reason_required", "reason")
    which = {"subscription": body["subscription"], "event_id": body["event_id"]}
    row = _parked(work, which)
    work.write(_SKIP, expect=1, reason=reason, **which)
    for statement in _STREAM:
        work.write(statement, subscription=which["subscription"], subject=row.subject, sequence=row.sequence)
    return _told(work, "inbox.skip", which, reason=reason)


def _of_the_whole_node(work: UnitOfWork) -> None:
    """Refuse `forbidden` to who looks after one unit: an event is nobody's unit's, and what stands behind it is
    everybody's."""
    work.require(MANAGE_PARKED)
    if work.actor.unit is not None:
        work.deny(MANAGE_PARKED, work.actor.unit)
        raise refuse("forbidden")


def _parked(work: UnitOfWork, which: dict[str, Any]) -> Any:
    row = work.first(_PARKED, **which)
    if row is None:
        raise refuse("event_not_parked")
    return row


def _told(work: UnitOfWork, action: str, which: dict[str, Any], **details: Any) -> dict[str, Any]:
    work.audit(action, str(which["event_id"]), subscription=which["subscription"], **details)
    return {"subscription": which["subscription"], "event_id": str(which["event_id"])}


def tended(service: type[S]) -> type[S]:
    """Gives the class of a service these doors, under its own name."""
    doors = (
        (query, "audit", SearchAudit, READ_AUDIT, search),
        (query, "owed", ListOwed, MANAGE_PARKED, owed),
        (command, "replay_parked", ReplayParked, MANAGE_PARKED, replay),
        (command, "skip_parked", SkipParked, MANAGE_PARKED, skip),
    )
    for door, name, schema, permission, capability in doors:
        declare = door(f"{service.name}.{name}", schema, permission=permission)
        setattr(service, f"tended_{name}", _door(declare, capability))
    return service


def _door(declare: Callable[[Any], Any], capability: Capability) -> Any:
    def served(self: Any, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return capability(work, body)

    return declare(served)
