"""Statements and what they say, as people look at them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.problems import describe
from rules.refusal import Fault, Refusal
from services.payments.reconciliation import imports, matching, scope

READ = "reconciliation.read"
PAGE = 200
LONGEST = 366

_LIST = Statement(text("""
    SELECT * FROM statement WHERE (CAST(:rail AS text) IS NULL OR rail = :rail)
      AND (CAST(:after AS uuid) IS NULL OR id < CAST(:after AS uuid)) ORDER BY id DESC LIMIT :size"""))
_LINES = Statement(text("""
    SELECT number, reference, merchant_reference, direction, amount, fee, at, day, kind, raw, faults
    FROM statement_line WHERE statement_id = :file AND number > :after
      AND (CAST(:kind AS text) IS NULL OR kind = :kind) ORDER BY number LIMIT :size"""))
_RECONCILED = Statement(text("""
    SELECT coalesce(j.unit, '') AS unit, e.account, count(DISTINCT j.id) AS lines, -sum(e.amount)::bigint AS amount
    FROM statement AS s
    JOIN statement_line AS l ON l.statement_id = s.id AND l.journal_id IS NOT NULL
      AND l.day BETWEEN :since AND :until
    JOIN journal j ON j.id = l.journal_id JOIN entry e ON e.journal_id = j.id AND e.account <> 'rail:' || s.rail
    WHERE s.state IN ('matched', 'received') AND (CAST(:rail AS text) IS NULL OR s.rail = :rail)
      AND (CAST(:unit AS text) IS NULL OR j.unit = :unit)
      AND s.until >= CAST(:since AS date) - 31 AND s.since <= CAST(:until AS date) + 31
    GROUP BY 1, 2 ORDER BY 1, 2"""), fresh=True)


def statements(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Statements, newest first. Refuses unit_bound."""
    scope.whole_node(work, READ)
    rows = work.all(_LIST, rail=body["rail"], after=str(body["after"]) if body["after"] else None, size=PAGE)
    return {"statements": [matching.shown(row) for row in rows], "next": rows[-1].id if len(rows) == PAGE else None}


def lines(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Lines of a statement by number. What a broken one holds is opened, and that is recorded. Refuses
    statement_unknown, unit_bound."""
    scope.whole_node(work, READ)
    at = matching.statement(work, body["statement_id"])
    rows = work.all(_LINES, file=at.id, after=body["after"], kind=body["kind"], size=PAGE)
    if any(row.raw for row in rows):
        work.audit_read("statement.lines_read", str(at.id), since=rows[0].number, until=rows[-1].number)
    return {"lines": [{
        "number": row.number, "kind": row.kind, "reference": row.reference,
        "merchant_reference": row.merchant_reference, "direction": row.direction, "amount": row.amount,
        "fee": row.fee, "at": row.at.isoformat() if row.at else None, "day": row.day.isoformat() if row.day else None,
        "raw": work.privacy.open(row.raw, field=imports.RAW) if row.raw else None, "faults": worded(row.faults),
    } for row in rows], "next": rows[-1].number if len(rows) == PAGE else None}


def worded(faults: Iterable[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """Faults that were kept, as they are told: code, field and both languages."""
    return [{**fault, **{language: describe(Fault(fault["code"], fault["field"], fault["params"]), language)
                         for language in ("ar", "en")}} for fault in faults or ()]


def reconciled(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """What the rails' lines of these days agree with in the books, by unit and account: amounts as booked, net of what
    went back. Who is bound to a unit sees its own. Refuses forbidden, period_reversed, period_too_long."""
    since, until = body["since"], body["until"]
    if until < since:
        raise Refusal([Fault("period_reversed", "until")])
    if (until - since).days >= LONGEST:
        raise Refusal([Fault("period_too_long", "until", {"days": LONGEST})])
    unit = _unit(work, body["unit"])
    rows = work.all(_RECONCILED, rail=body["rail"], since=since, until=until, unit=unit)
    return {"rail": body["rail"], "unit": unit, "since": since.isoformat(), "until": until.isoformat(),
            "currency": "EGP", "rows": [row._asdict() for row in rows], "total": sum(row.amount for row in rows)}


def statement(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """One statement with what was found of it. Refuses statement_unknown, unit_bound."""
    scope.whole_node(work, READ)
    return matching.summary(work, body["statement_id"])


def _unit(work: UnitOfWork, asked: str | None) -> str | None:
    if work.actor.unit is None:
        return asked
    if asked is not None:
        work.require(READ, unit=asked)
    return str(work.actor.unit)
