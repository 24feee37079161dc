"""What a rail promised for a statement and what the bank shows of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select, text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import ledger_settlement
from rules.calendar import cairo_date
from rules.reconciliation import Settlement
from rules.refusal import Fault, Refusal, refuse
from services.payments import ledger
from services.payments import tables_reconciliation as tables
from services.payments.reconciliation import differences, matching, scope

RECORD, LET_GO = "settlement.record", "settlement.let_go"

_KNOWN = Statement(select(tables.bank_line.c.reference).where(
    tables.bank_line.c.rail == bindparam("wanted_rail"), tables.bank_line.c.reference == bindparam("wanted")))
_ADD = Statement.insert(tables.bank_line)
_RECEIVED = Statement(text("""
    UPDATE statement SET version = version + 1, received = received + :amount, let_go = let_go + :let_go,
      state = CASE WHEN gross - returned - commission = received + :amount + let_go + :let_go THEN 'received'
              ELSE 'matched' END WHERE id = :which AND version = :seen"""))
_MOVED = Statement(text("""
    SELECT EXISTS (SELECT FROM difference WHERE statement_id = :file AND decision NOT IN ('explain', 'found_later')
                   ) OR EXISTS (SELECT FROM bank_line WHERE statement_id = :file) AS moved"""))
_SET_ASIDE = Statement(text("UPDATE statement SET version = version + 1, state = 'set_aside' "
                            "WHERE id = :which AND version = :seen"))
_RELEASE = Statement(text("UPDATE statement_line SET journal_id = NULL WHERE statement_id = :file "
                          "AND journal_id IS NOT NULL"))
_CLOSE = Statement(text("UPDATE difference SET settled_at = :at, settled_by = :by, decision = 'set_aside', "
                        "reason = :reason WHERE statement_id = :file AND settled_at IS NULL"))


def receive(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A line of the bank, for a statement. Answers the statement as it stands after it. Refuses unit_bound,
    statement_not_matched, bank_line_known, bank_amount_invalid, bank_day_ahead."""
    scope.whole_node(work, RECORD)
    at = _standing(work, body)
    faults = []
    if body["amount"] == 0:
        faults.append(Fault("bank_amount_invalid", "amount"))
    if body["received_on"] > cairo_date(work.now):
        faults.append(Fault("bank_day_ahead", "received_on"))
    if work.first(_KNOWN, wanted_rail=at.rail, wanted=body["reference"]) is not None:
        faults.append(Fault("bank_line_known", "reference"))
    if faults:
        raise Refusal(faults)
    work.write(_ADD, rail=at.rail, reference=body["reference"], statement_id=at.id, account=body["account"],
               amount=body["amount"], received_on=body["received_on"], recorded_by=work.actor.id, recorded_at=work.now)
    work.write(_RECEIVED, expect=1, which=at.id, seen=at.version, amount=body["amount"], let_go=0)
    ledger.post(work, ledger_settlement.received(at.rail, body["account"], f"{at.rail}:{body['reference']}",
                                                 body["amount"]))
    work.audit("settlement.received", str(at.id), rail=at.rail, reference=body["reference"], amount=body["amount"])
    return after(at, received=body["amount"])


def let_go(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """What is outstanding of a statement is booked as a difference, by another person than who read it in. Refuses
    unit_bound, four_eyes, settlement_complete, statement_not_matched, reconciliation_reason_required."""
    scope.whole_node(work, LET_GO)
    at = _standing(work, body)
    _reason(body)
    if at.imported_by == work.actor.id:
        raise refuse("four_eyes")
    outstanding = Settlement(at.gross, at.returned, at.commission).net - at.received - at.let_go
    entry = ledger_settlement.kept_more(at.rail, f"{at.id}:{at.version}", outstanding)
    if entry is None:
        raise refuse("settlement_complete", "statement_id")
    ledger.post(work, entry)
    work.write(_RECEIVED, expect=1, which=at.id, seen=at.version, amount=0, let_go=outstanding)
    work.audit("settlement.let_go", str(at.id), rail=at.rail, amount=outstanding, reason=body["reason"].strip())
    return after(at, let_go=outstanding)


def set_aside(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A wrong file counts no more: its lines agree with nothing, what it moved is moved back, and the right file can be
    read in. Its lines stay. Refuses statement_in_use once a transfer or a decision that moved money was recorded."""
    scope.whole_node(work, differences.PERMISSION)
    at = matching.statement(work, body["statement_id"])
    _reason(body)
    if at.state == "set_aside":
        raise refuse("statement_not_matched", "statement_id", state=at.state)
    if work.scalar(_MOVED, file=at.id):
        raise refuse("statement_in_use", "statement_id")
    work.write(_SET_ASIDE, expect=1, which=at.id, seen=at.version)
    work.write(_CLOSE, file=at.id, at=work.now, by=work.actor.id, reason=body["reason"].strip())
    work.write(_RELEASE, file=at.id)
    if at.matched_at is not None:
        entry = ledger_settlement.set_aside(at.rail, str(at.id), Settlement(at.gross, at.returned, at.commission))
        if entry is not None:
            ledger.post(work, entry)
    work.audit("statement.set_aside", str(at.id), rail=at.rail, reason=body["reason"].strip())
    return {**matching.shown(at), "state": "set_aside"}


def after(at: Any, received: int = 0, let_go: int = 0) -> dict[str, Any]:
    """The statement as it will stand once this work is committed."""
    said = matching.shown(at)
    left = said["outstanding"] - received - let_go
    return {**said, "received": at.received + received, "let_go": at.let_go + let_go, "outstanding": left,
            "state": "matched" if left else "received"}


def _standing(work: UnitOfWork, body: dict[str, Any]) -> Any:
    at = matching.statement(work, body["statement_id"])
    if at.state not in ("matched", "received"):
        raise refuse("statement_not_matched", "statement_id", state=at.state)
    return at


def _reason(body: dict[str, Any]) -> None:
    if len(body["reason"].strip()) < differences.REASON:
        raise refuse("reconciliation_reason_required", "reason")
