"""Payments that the payer's bank takes into question. The rails tell of one by post or on their pages, not by callback,
so a person records it and another closes it. While it is open, nothing of the bill is given back; what is lost, the
rail has taken back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select, update

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts import payments as language
from rules import ledger as accounts
from rules import ledger_refunds, payment_states
from rules import refunds as rules
from rules.refusal import refuse
from services.payments import ledger, records, refund_records, refunds, tables, tables_refunds
from services.payments.explaining import explained
from services.payments.records import Bill
from services.payments.totals import Source

MANAGE = "dispute.manage"

_table = tables_refunds.dispute
_INSERT = Statement.insert(_table, "id", "bill_id", "state", "amount", "reason", "reference", "opened_by", "opened_at")
_OPEN = Statement(select(_table).where(_table.c.bill_id == bindparam("wanted"), _table.c.state == "opened"))
_CLOSE = Statement(update(_table).where(_table.c.id == bindparam("which"), _table.c.state == "opened").values(
    {name: bindparam(name, type_=_table.c[name].type) for name in ("state", "closed_by", "closed_at",
                                                                   "closing_reason")}))
_PAYMENT = Statement(select(tables.receipt.c.payment_id).where(tables.receipt.c.bill_id == bindparam("wanted")))


def open_one(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A payment through a rail is disputed. Refuses forbidden, bill_unknown, bill_not_refundable (nothing was paid or
    is left, or a refund is under way), dispute_without_rail, explanation_too_short."""
    bill = records.bill(work, body["bill_id"])
    work.require(MANAGE, unit=bill.unit)
    reason = explained(body["reason"])
    step = refunds.bill_step(bill, payment_states.DISPUTE_OPENED)
    if work.scalar(_PAYMENT, wanted=bill.id) is None:
        raise refuse("dispute_without_rail", "bill_id")
    dispute_id, amount = uuid7(), bill.total - bill.refunded
    work.write(_INSERT, id=dispute_id, bill_id=bill.id, state="opened", amount=amount, reason=reason,
               reference=body["reference"], opened_by=work.actor.id, opened_at=work.now)
    records.change_bill(work, bill, language.CHANGED, state=step.to_state)
    work.audit("dispute.opened", str(dispute_id), bill=bill.number, amount=amount, reason=reason)
    return {"dispute_id": dispute_id, "bill_id": bill.id, "state": "opened", "amount": amount}


def close(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """The bank decided: the payment stands, or the rail took back what was left of it. Another person than who opened
    it says so. Refuses forbidden, bill_unknown, bill_not_refundable, dispute_own, explanation_too_short."""
    bill = records.bill(work, body["bill_id"])
    work.require(MANAGE, unit=bill.unit)
    reason = explained(body["reason"])
    won = payment_states.REST_WON if bill.refunded else payment_states.DISPUTE_WON
    step = refunds.bill_step(bill, won if body["won"] else payment_states.DISPUTE_LOST)
    standing = work.one(_OPEN, wanted=bill.id)
    if work.actor.id == standing.opened_by:
        work.deny(MANAGE, str(standing.id))
        raise refuse("dispute_own", "bill_id")
    state = "won" if body["won"] else "lost"
    work.write(_CLOSE, expect=1, which=standing.id, state=state, closed_by=work.actor.id, closed_at=work.now,
               closing_reason=reason)
    if step.effect == payment_states.CHARGE_BACK:
        _charge_back(work, bill, standing)
    records.change_bill(work, bill, language.CHANGED, state=step.to_state,
                        refunded=bill.refunded if body["won"] else bill.total)
    work.audit(f"dispute.{state}", str(standing.id), bill=bill.number, amount=standing.amount, reason=reason)
    return {"dispute_id": standing.id, "bill_id": bill.id, "state": state, "amount": standing.amount}


def _charge_back(work: UnitOfWork, bill: Bill, standing: Any) -> None:
    payment = records.payment(work, work.scalar(_PAYMENT, wanted=bill.id))
    codes = {line["code"]: line["account"] for line in bill.lines}
    left = rules.parts(bill.lines, refunds.taken(refund_records.of_bill(work, bill.id)), None)
    ledger.post(work, ledger_refunds.charged_back([(codes[part.code], part.amount) for part in left], str(standing.id),
                                                  accounts.rail(payment.rail)),
                unit=bill.unit, bill_id=bill.id, payment_id=payment.id,
                source=Source(bill.service_code, payment.rail, receipts=0))
