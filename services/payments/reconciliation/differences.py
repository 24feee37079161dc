"""What does not agree, and what a person decides of it. Each decision moves the books in its own commit, or nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, text, update

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules import ledger as ledger_rules
from rules import ledger_settlement
from rules import reconciliation as rules
from rules.reconciliation import Line, Settlement
from rules.refusal import refuse
from services.payments import ledger, settle
from services.payments import tables_reconciliation as tables
from services.payments.rails import base
from services.payments.rails.base import Report
from services.payments.reconciliation import books, matching, scope, terms

PERMISSION, READ = "reconciliation.resolve", "reconciliation.read"
REASON = 10  # letters at the least
PAGE = 200

_columns = tables.difference.c
_ONE = Statement(select(tables.difference).where(_columns.id == bindparam("wanted")))
_LINE = Statement(text(
    "SELECT number, reference, merchant_reference, direction, amount, fee, at, day FROM statement_line "
    "WHERE statement_id = :file AND number = :line"))
_SETTLE = Statement(update(tables.difference).where(_columns.id == bindparam("which"), _columns.settled_at.is_(None))
                    .values({name: bindparam(name) for name in ("settled_at", "settled_by", "decision", "reason")}))
# The journal that this commit has just written for the line.
_LINK = Statement(text("""
    UPDATE statement_line SET journal_id = (
      SELECT j.id FROM journal j JOIN entry e ON e.journal_id = j.id AND e.account = 'rail:' || :rail
      WHERE j.at = :at AND e.amount = :amount
        AND NOT EXISTS (SELECT FROM statement_line AS l WHERE l.journal_id = j.id) LIMIT 1)
    WHERE statement_id = :file AND number = :line"""))
_FOUND = Statement(text("UPDATE statement_line SET kind = :kind, journal_id = :journal "
                        "WHERE statement_id = :file AND number = :line AND journal_id IS NULL"))
_GROW = Statement(text("""
    UPDATE statement SET version = version + 1, gross = gross + :gross, returned = returned + :returned,
      commission = commission + :commission, agreed_commission = agreed_commission + :agreed,
      state = CASE WHEN gross + :gross - returned - :returned - commission - :commission = received + let_go
              THEN 'received' ELSE 'matched' END
    WHERE id = :which AND version = :seen"""))
_LIST = Statement(text("""
    SELECT d.*, s.name AS statement_name FROM difference AS d JOIN statement AS s ON s.id = d.statement_id
    WHERE (d.settled_at IS NOT NULL) = :settled AND (CAST(:rail AS text) IS NULL OR d.rail = :rail)
      AND (CAST(:kind AS text) IS NULL OR d.kind = :kind)
      AND (CAST(:after AS uuid) IS NULL OR d.id > CAST(:after AS uuid)) ORDER BY d.id LIMIT :size"""))


def listed(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """What waits for a person, or what was decided. Refuses unit_bound."""
    scope.whole_node(work, READ)
    rows = work.all(_LIST, settled=body["settled"], rail=body["rail"], kind=body["kind"],
                    after=str(body["after"]) if body["after"] else None, size=PAGE)
    return {"differences": [_shown(row) for row in rows], "next": rows[-1].id if len(rows) == PAGE else None}


def _shown(row: Any) -> dict[str, Any]:
    return {"difference_id": row.id, "rail": row.rail, "kind": row.kind, "statement_id": row.statement_id,
            "statement_name": row.statement_name, "line": row.line, "reference": row.reference,
            "direction": row.direction, "stated": row.stated, "booked": row.booked,
            "day": row.day.isoformat() if row.day else None, "raised_at": row.raised_at.isoformat(),
            "possible": list(rules.DECISIONS[row.kind]) if row.settled_at is None else [],
            "decision": row.decision, "reason": row.reason, "settled_by": row.settled_by,
            "settled_at": row.settled_at.isoformat() if row.settled_at else None}


def decide(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A person settles a difference. Refuses unit_bound, difference_unknown, difference_settled,
    difference_decision_impossible, difference_booked, difference_remains, reconciliation_reason_required,
    statement_not_matched."""
    scope.whole_node(work, PERMISSION)
    decision = body["decision"]
    if len(body["reason"].strip()) < REASON:
        raise refuse("reconciliation_reason_required", "reason")
    row = work.first(_ONE, wanted=body["difference_id"])
    if row is None:
        raise refuse("difference_unknown", "difference_id")
    if row.settled_at is not None:
        raise refuse("difference_settled", "difference_id", decision=row.decision)
    possible = rules.DECISIONS[row.kind]
    if decision not in possible or (decision in (rules.BOOK, rules.HOLD) and row.direction != rules.PAYMENT):
        raise refuse("difference_decision_impossible", "decision", possible=", ".join(
            one for one in possible if row.direction == rules.PAYMENT or one not in (rules.BOOK, rules.HOLD)))
    outcome = "explained" if decision == rules.EXPLAIN else _move(work, row, decision)
    work.write(_SETTLE, expect=1, which=row.id, settled_at=work.now, settled_by=work.actor.id, decision=decision,
               reason=body["reason"].strip())
    work.audit(f"difference.{decision}", str(row.id), kind=row.kind, rail=row.rail, stated=row.stated,
               booked=row.booked, outcome=outcome, reason=body["reason"].strip())
    return {"difference_id": row.id, "decision": decision, "outcome": outcome}


def _move(work: UnitOfWork, row: Any, decision: str) -> str:
    statement = matching.statement(work, row.statement_id)
    if statement.state not in ("matched", "received"):
        raise refuse("statement_not_matched", "difference_id", state=statement.state)
    line = work.one(_LINE, file=row.statement_id, line=row.line)
    outcome: str
    if decision == rules.BOOK:
        outcome = _book(work, row, line)
    elif decision == rules.HOLD:
        ledger.post(work, ledger_rules.money_held(
            row.rail, f"{row.rail}:{line.reference}:{line.amount}:{row.statement_id}:{line.number}", line.amount))
        _review(work, row, line.amount, "stated_twice")
        _link(work, row, line.amount)
        outcome = "held"
    elif decision == rules.ACCEPT:
        outcome = _accept(work, row, line)
    else:
        outcome = _look_again(work, row, line)
    _agree(work, statement, line)
    return outcome


def _book(work: UnitOfWork, row: Any, line: Any) -> str:
    """As if the rail had reported it: it pays its bill, or is held for a person. A callback that comes later is no news
    then."""
    if books.of_references(work, row.rail, [line.reference]):
        raise refuse("difference_booked", "decision")
    report = Report(line.merchant_reference or "", base.PAID, line.reference, line.amount, line.at,
                    claimed=not line.merchant_reference)
    correlation = work.correlation_id
    outcome = settle.take(work, row.rail, report, "statement")
    work.correlation_id = correlation
    if outcome is None:
        raise refuse("difference_booked", "decision")
    _link(work, row, line.amount)
    return outcome


def _accept(work: UnitOfWork, row: Any, line: Any) -> str:
    """The rail's amount counts. More than we booked is held for a person, less is written off."""
    more = row.stated - row.booked
    name = f"{row.statement_id}:{line.number}"
    if row.direction == rules.PAYMENT and more > 0:
        entry = ledger_settlement.surplus(row.rail, name, more)
        _review(work, row, more, "stated_more")
    else:
        entry = ledger_settlement.written_off(row.rail, name, more if row.direction == rules.REFUND else -more)
    if entry is not None:
        ledger.post(work, entry)
    return "held" if row.direction == rules.PAYMENT and more > 0 else "written_off"


def _look_again(work: UnitOfWork, row: Any, line: Any) -> str:
    found = rules.match([Line(line.number, line.reference, line.direction, line.amount, line.day)],
                        books.of_references(work, row.rail, [line.reference]))[0]
    if found.kind not in rules.AGREED or found.booking is None:
        raise refuse("difference_remains", "decision")
    work.write(_FOUND, expect=1, kind=found.kind, journal=UUID(found.booking.key), file=row.statement_id,
               line=line.number)
    work.write(matching.CAME, journal_id=UUID(found.booking.key), at=work.now)
    return found.kind


def _review(work: UnitOfWork, row: Any, amount: int, reason: str) -> None:
    work.write(settle.REVIEW, id=uuid7(), reason=reason, rail=row.rail, reference=row.reference,
               merchant_reference=None, payment_id=None, bill_id=None, amount=amount, body=None, raised_at=work.now)


def _link(work: UnitOfWork, row: Any, amount: int) -> None:
    work.write(_LINK, expect=1, rail=row.rail, at=work.now, amount=amount, file=row.statement_id, line=row.line)


def _agree(work: UnitOfWork, statement: Any, line: Any) -> None:
    """The line counts now: the rail will transfer it with its statement."""
    payment = line.direction == rules.PAYMENT
    agreed = Settlement(line.amount if payment else 0, 0 if payment else line.amount, line.fee)
    by_terms = terms.of(work.settings, statement.rail).commission(line.amount) if payment else 0
    work.write(_GROW, expect=1, which=statement.id, seen=statement.version, gross=agreed.gross,
               returned=agreed.returned, commission=agreed.commission, agreed=by_terms)
    entry = ledger_settlement.stated(statement.rail, f"{statement.id}:{line.number}", agreed)
    if entry is not None:
        ledger.post(work, entry)
