"""What only a person can settle: money that came and does not fit.

A review is settled once: `accepted` (the held money pays its bill), `returned` (it went back, which takes two persons:
held_returns) or `noted` (there was no money in it). Money that is more than the bill stays held, as a review of its
own.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, text, update

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules import ledger as ledger_rules
from rules import payment_states
from rules.refusal import refuse
from services.payments import (
    device_cash,
    held_cash,
    held_returns,
    ledger,
    receipts,
    records,
    refund_ways,
    settle,
    tables,
)
from services.payments.explaining import LEAST, explained
from services.payments.totals import Source

SETTLE = "review.settle"

_columns = tables.review.c
_OPEN = Statement(select(tables.review).where(_columns.settled_at.is_(None)).order_by(_columns.raised_at).limit(500))
_ONE = Statement(select(tables.review).where(_columns.id == bindparam("wanted"), _columns.settled_at.is_(None)))
_SETTLE = Statement(update(tables.review).where(
    _columns.id == bindparam("which"), _columns.settled_at.is_(None), _columns.refund_id.is_(None)
).values(settled_at=bindparam("settled_at"), settled_by=bindparam("settled_by"), decision=bindparam("decision")))


_LISTED = Statement(
    select(tables.review, tables.bill.c.unit)
    .outerjoin_from(tables.review, tables.bill, tables.bill.c.id == _columns.bill_id)
    .where(_columns.settled_at.is_(None),
           text("(CAST(:unit AS text) IS NULL OR bill.unit IS NULL OR bill.unit = :unit)"))
    .order_by(_columns.raised_at).limit(500))


def listed(work: UnitOfWork) -> dict[str, Any]:
    """What waits for a person, longest first; a person of a unit sees that of its bills and of no bill."""
    return {"reviews": [{
        "review_id": row.id, "reason": row.reason, "rail": row.rail, "reference": row.reference,
        "bill_id": row.bill_id, "unit": row.unit, "amount": row.amount, "raised_at": row.raised_at,
        "refund_id": row.refund_id}
        for row in work.all(_LISTED, unit=work.actor.unit)]}


def settle_one(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A person settles a review: accept or note; or asks that its money go back. Refuses forbidden, review_unknown,
    review_holds_money, explanation_too_short, and what accept and give_back refuse."""
    review = _one(work, body["review_id"])
    bill = records.bill(work, review.bill_id) if review.bill_id is not None else None
    work.require(SETTLE, unit=held_returns.unit_of(work, review, bill) or None)
    reason, decision = explained(body["reason"]), body["decision"]
    receipt_number = refund_id = None
    if decision == "accept":
        receipt_number = accept(work, review.id, reason)
    elif decision == "note" and review.amount:
        raise refuse("review_holds_money", "decision")
    else:
        refund_id = give_back(work, review.id, reason)
    return {"review_id": review.id, "decision": decision, "receipt_number": receipt_number, "refund_id": refund_id}


def waiting(work: UnitOfWork) -> list[Any]:
    """The reviews that wait, longest first, at most 500."""
    return work.all(_OPEN)


def accept(work: UnitOfWork, review_id: UUID, reason: str) -> str:
    """The held money pays its bill after all; answers the receipt number. Refuses review_unknown, bill_unknown (money
    that belongs to no bill), refund_open, bill_not_payable, amount_insufficient."""
    review = _one(work, review_id)
    held_returns.check_open(review)
    if review.bill_id is None:
        raise refuse("bill_unknown", "review_id")
    bill = records.bill(work, review.bill_id)
    step = payment_states.step(bill.state, payment_states.ACCEPTED)
    if review.amount < bill.total:
        raise refuse("amount_insufficient", "review_id", missing=bill.total - review.amount)
    number = receipts.next_number(work)
    if held_cash.is_device(review.rail):
        device_cash.accept(work, review, bill, number)
    else:
        _accept_of_rail(work, review, bill, step.to_state, number)
    _settle(work, review, "accepted", reason)
    if review.amount > bill.total:
        work.write(settle.REVIEW, id=uuid7(), reason="remainder", rail=review.rail, reference=review.reference,
                   merchant_reference=review.merchant_reference, payment_id=review.payment_id, bill_id=bill.id,
                   amount=review.amount - bill.total, body=review.body if held_cash.is_device(review.rail) else None,
                   raised_at=work.now)
    return number


def _accept_of_rail(work: UnitOfWork, review: Any, bill: records.Bill, state: str, number: str) -> None:
    payment = records.payment(work, review.payment_id)
    paid = records.change_bill(
        work, bill, records.event_of(state), state=state, rail=payment.rail, reference=payment.reference,
        paid_at=payment.settled_at or work.now, receipt_number=number)
    receipts.give(work, number, paid, payment.rail, payment_id=payment.id)
    ledger.post(work, ledger_rules.held_applied(payment.rail, number, ledger.charges(paid.lines)), unit=paid.unit,
                bill_id=paid.id, payment_id=payment.id, source=Source(paid.service_code, payment.rail))
    records.change_payment(work, payment, state="paid")


def give_back(work: UnitOfWork, review_id: UUID, reason: str) -> UUID | None:
    """Ask that the held money go back: answers the refund, which another person approves. A review without money is
    noted and settled. Refuses review_unknown, refund_open, review_reason_required."""
    review = _one(work, review_id)
    if not review.amount:
        _settle(work, review, "noted", reason)
        return None
    _must_explain(reason)
    rail = held_returns.rail_of(review)
    asked = held_returns.ask(work, review, reason, refund_ways.usual_way(work, rail, review.payment_id))
    work.audit("review.return_requested", str(review.id), amount=review.amount, why=review.reason, reason=reason,
               refund=str(asked.id), way=asked.way)
    return asked.id


def _one(work: UnitOfWork, review_id: UUID) -> Any:
    row = work.first(_ONE, wanted=review_id)
    if row is None:
        raise refuse("review_unknown", "review_id")
    return row


def _settle(work: UnitOfWork, review: Any, decision: str, reason: str) -> None:
    _must_explain(reason)
    work.write(_SETTLE, expect=1, which=review.id, settled_at=work.now, settled_by=work.actor.id, decision=decision)
    work.audit(f"review.{decision}", str(review.id), amount=review.amount, why=review.reason, reason=reason)


def _must_explain(reason: str) -> None:
    if len(reason.strip()) < LEAST:
        raise refuse("review_reason_required", "reason")
