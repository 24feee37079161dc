"""Lines that were read are held against the books, a page of references at a time, each page committed with what was
found of it. Killed anywhere, it goes on with the lines that nothing was found of yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, text

from chassis.database import Each, Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts import payments_reconciliation as language
from rules import ledger_settlement
from rules import reconciliation as rules
from rules.reconciliation import Finding, Line, Settlement
from rules.refusal import refuse
from services.payments import ledger
from services.payments import tables_reconciliation as tables
from services.payments.reconciliation import books, holidays, terms

PAGE = 2000

_ONE = Statement(select(tables.statement).where(tables.statement.c.id == bindparam("wanted")))
_OPEN = Statement(text("""
    SELECT number, reference, direction, amount, day FROM statement_line WHERE statement_id = :file
      AND kind IS NULL ORDER BY reference LIMIT :size"""), fresh=True)
_OF_REFERENCE = Statement(text("""
    SELECT number, reference, direction, amount, day FROM statement_line WHERE statement_id = :file
      AND kind IS NULL AND reference = :reference"""), fresh=True)
_STATED = Statement(text("""
    SELECT DISTINCT l.reference, l.direction, l.amount FROM unnest(CAST(:references AS text[])) AS w (reference)
    JOIN statement_line AS l ON l.rail = :rail AND l.reference = w.reference
    JOIN statement AS s ON s.id = l.statement_id AND s.state <> 'set_aside'
    WHERE l.statement_id <> :file AND l.kind IS NOT NULL"""), fresh=True)
_FOUND = Each("""UPDATE statement_line AS l SET kind = new.kind, journal_id = new.journal_id FROM {rows}
    WHERE l.statement_id = new.statement_id AND l.number = new.number AND (l.kind IS NULL)::int = 1""",
              statement_id="uuid", number="integer", kind="text", journal_id="uuid")
# A booking that an earlier statement should have had: it came after all.
CAME = Each("""UPDATE difference AS d SET settled_at = new.at, settled_by = 'system', decision = 'found_later'
    FROM {rows} WHERE d.journal_id = new.journal_id AND d.kind = 'missing_there' AND (d.settled_at IS NULL)::int = 1""",
             journal_id="uuid", at="timestamptz")
_DIFFERENCE = Statement.insert(tables.difference, "id", "rail", "kind", "statement_id", "line", "journal_id",
                               "reference", "direction", "stated", "booked", "day", "raised_at")
_DAYS = Statement(text("""
    SELECT since, until FROM statement WHERE rail = :rail AND state <> 'set_aside'
      AND (state <> 'reading' OR id = :file) AND until >= :after"""))
_SUMS = Statement(text("""
    SELECT coalesce(sum(amount) FILTER (WHERE direction = 'payment'), 0)::bigint AS gross,
           coalesce(sum(amount) FILTER (WHERE direction = 'refund'), 0)::bigint AS returned,
           coalesce(sum(fee), 0)::bigint AS commission,
           coalesce(sum(round(amount * CAST(:permyriad AS numeric) / 10000) + :fixed)
                    FILTER (WHERE direction = 'payment'), 0)::bigint AS agreed_commission
    FROM statement_line WHERE statement_id = :file AND kind IN ('matched', 'other_day')"""))
_KINDS = Statement(text("""
    SELECT kind, count(*) AS lines, coalesce(sum(CASE direction WHEN 'refund' THEN -amount ELSE amount END), 0)::bigint
      AS amount FROM statement_line WHERE statement_id = :file GROUP BY kind"""))
_UNSTATED = Statement(text("""
    SELECT count(*) AS lines, coalesce(sum(CASE direction WHEN 'refund' THEN -booked ELSE booked END), 0)::bigint
      AS amount FROM difference WHERE statement_id = :file AND kind = 'missing_there'"""))
_CLOSE = Statement(text("""
    UPDATE statement SET version = :seen + 1, state = 'matched', matched_at = :now, expected_on = :expected_on,
      gross = :gross, returned = :returned, commission = :commission, agreed_commission = :agreed_commission
    WHERE id = :which AND version = :seen"""))


def statement(work: UnitOfWork, statement_id: UUID) -> Any:
    """The statement's row. Refuses statement_unknown."""
    row = work.first(_ONE, wanted=statement_id)
    if row is None:
        raise refuse("statement_unknown", "statement_id")
    return row


def run(attempt: Any, statement_id: UUID, told: Callable[[str, int], None]) -> dict[str, Any]:
    """Everything that is left to do for a statement that was read; answers `summary`."""
    while lines := attempt(lambda work: _page(work, statement_id)):
        told("match", lines)
    while attempt(lambda work: _unstated(work, statement_id)):
        pass
    attempt(lambda work: _close(work, statement_id))
    found: dict[str, Any] = attempt(lambda work: summary(work, statement_id))
    return found


def _page(work: UnitOfWork, statement_id: UUID) -> int:
    """The next lines, all those of a reference together. How many; 0 when there are none left."""
    rows = work.all(_OPEN, file=statement_id, size=PAGE)
    if not rows:
        return 0
    if len(rows) == PAGE:  # the last reference may go on
        last = rows[-1].reference
        rows = [row for row in rows if row.reference != last] or work.all(
            _OF_REFERENCE, file=statement_id, reference=last)
    rail = statement(work, statement_id).rail
    lines = [Line(*row) for row in rows]
    references = {line.reference for line in lines}
    stated = [tuple(row) for row in work.all(_STATED, rail=rail, references=list(references), file=statement_id)]
    keep(work, rail, statement_id, rules.match(lines, books.of_references(work, rail, references), stated))
    return len(lines)


def keep(work: UnitOfWork, rail: str, statement_id: UUID, findings: Iterable[Finding]) -> None:
    """What was found, beside each line; what does not agree is laid before a person."""
    differences = []
    for found in findings:
        journal = UUID(found.booking.key) if found.booking else None
        if found.line:
            work.write(_FOUND, expect=1, statement_id=statement_id, number=found.line.number, kind=found.kind,
                       journal_id=journal)
            if journal is not None:
                work.write(CAME, journal_id=journal, at=work.now)
        if found.kind in rules.FOR_A_PERSON:
            differences.append(_difference(work, rail, statement_id, found, journal))
    work.write_many(_DIFFERENCE, differences)


def _difference(work: UnitOfWork, rail: str, statement_id: UUID, found: Finding, journal: UUID | None
                ) -> dict[str, Any]:
    of = found.line or found.booking
    if of is None:
        raise ValueError("a finding is of a line, a booking, or both")
    return {"id": uuid7(), "rail": rail, "kind": found.kind, "statement_id": statement_id,
            "line": found.line.number if found.line else None, "journal_id": journal, "reference": of.reference,
            "direction": of.direction, "stated": found.line.amount if found.line else None,
            "booked": found.booking.amount if found.booking else None, "day": of.day, "raised_at": work.now}


def _unstated(work: UnitOfWork, statement_id: UUID) -> bool:
    """Bookings of days that statements cover and that no line agrees with. True while there may be more."""
    at = statement(work, statement_id)
    if at.state != "matching":
        return False
    since = at.since - books.LATE
    days: list[tuple[date, date]] = [tuple(row) for row in work.all(
        _DAYS, rail=at.rail, file=statement_id, after=since)]
    for page in books.of_days(work, at.rail, since, at.until):
        findings = rules.unstated(page, days)
        if findings:
            keep(work, at.rail, statement_id, findings)
            return True
    return False


def _close(work: UnitOfWork, statement_id: UUID) -> None:
    """All is held against the books: what agrees goes to what the rail will transfer, and is told."""
    at = statement(work, statement_id)
    if at.state != "matching":
        return
    agreed = terms.of(work.settings, at.rail)
    sums = work.one(_SUMS, file=statement_id, permyriad=agreed.permyriad, fixed=agreed.fixed)
    expected_on = holidays.expected_on(work, at.rail, at.until)
    work.write(_CLOSE, expect=1, which=statement_id, seen=at.version, now=work.now, expected_on=expected_on,
               **sums._asdict())
    entry = ledger_settlement.stated(at.rail, str(statement_id), Settlement(sums.gross, sums.returned, sums.commission))
    if entry is not None:
        ledger.post(work, entry)
    work.audit("statement.matched", str(statement_id), rail=at.rail, gross=sums.gross, returned=sums.returned,
               commission=sums.commission)
    work.append(language.STATEMENT_MATCHED, statement_id, 1, {
        "statement_id": statement_id, "rail": at.rail, "since": at.since, "until": at.until, "gross": sums.gross,
        "returned": sums.returned, "commission": sums.commission, "currency": "EGP", "expected_on": expected_on})


def summary(work: UnitOfWork, statement_id: UUID) -> dict[str, Any]:
    """A statement with how many lines ended as what, in lines and piastres (refunds below zero)."""
    at = statement(work, statement_id)
    found = {row.kind or "unread": {"lines": row.lines, "amount": row.amount}
             for row in work.all(_KINDS, file=statement_id)}
    unstated = work.one(_UNSTATED, file=statement_id)
    if unstated.lines:
        found[rules.MISSING_THERE] = {"lines": unstated.lines, "amount": unstated.amount}
    return {**shown(at), "found": found}


def shown(at: Any) -> dict[str, Any]:
    """A statement's row as it is answered; `found` is `summary`'s."""
    net = Settlement(at.gross, at.returned, at.commission).net
    return {"statement_id": at.id, "rail": at.rail, "name": at.name, "format": at.format, "digest": at.digest.hex(),
            "since": at.since.isoformat(), "until": at.until.isoformat(), "state": at.state, "lines": at.lines,
            "gross": at.gross, "returned": at.returned, "commission": at.commission,
            "agreed_commission": at.agreed_commission, "expected": net,
            "expected_on": at.expected_on.isoformat() if at.expected_on else None, "received": at.received,
            "let_go": at.let_go, "outstanding": net - at.received - at.let_go, "currency": "EGP"}
