"""Held money on its way back: what a person finds to belong to no bill is given back as a refund, asked for by one
person and approved by another, through the rail by which it came where that rail can, otherwise by hand.

It stays held, and its review open, until it is known to have gone back.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select, update

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules import ledger as accounts
from rules import ledger_refunds, payment_states
from rules.refusal import refuse
from services.payments import bills, held_cash, ledger, records, refund_records, tables
from services.payments.records import Bill
from services.payments.refund_records import Refund

_review = tables.review.c
# Whoever settles the review otherwise, or asks for its return too, writes the same row: only one of them succeeds.
_ON_ITS_WAY = Statement(update(tables.review).where(
    _review.id == bindparam("which"), _review.settled_at.is_(None), _review.refund_id.is_(None)
).values(refund_id=bindparam("refund")))
_STAYS = Statement(update(tables.review).where(
    _review.id == bindparam("which"), _review.refund_id == bindparam("refund"), _review.settled_at.is_(None)
).values(refund_id=None))
_RETURNED = Statement(update(tables.review).where(
    _review.id == bindparam("which"), _review.refund_id == bindparam("refund"), _review.settled_at.is_(None)
).values(settled_at=bindparam("settled_at"), settled_by=bindparam("settled_by"), decision="returned"))
_REVIEW = Statement(select(tables.review).where(_review.id == bindparam("wanted")))
_OTHERS_OF_BILL = Statement(select(_review.id).where(
    _review.bill_id == bindparam("wanted_bill"), _review.id != bindparam("wanted"), _review.amount > 0,
    _review.settled_at.is_(None)))
_OTHERS_OF_PAYMENT = Statement(select(_review.id).where(
    _review.payment_id == bindparam("wanted_payment"), _review.id != bindparam("wanted"), _review.amount > 0,
    _review.settled_at.is_(None)))


def ask(work: UnitOfWork, review: Any, reason: str, way: str) -> Refund:
    """Ask that the money of an open review go back by `way`. Refuses refund_open when that was asked already."""
    if review.refund_id is not None:
        raise refuse("refund_open", "review_id")
    bill = records.bill(work, review.bill_id) if review.bill_id is not None else None
    asked = Refund(
        id=uuid7(), version=1, bill_id=review.bill_id, credit_id=None, review_id=review.id,
        payment_id=review.payment_id, unit=unit_of(work, review, bill), state="requested", way=way,
        rail=rail_of(review), amount=review.amount, parts=[], reason=reason, requested_by=work.actor.id,
        requested_at=work.now)
    work.write(_ON_ITS_WAY, expect=1, which=review.id, refund=asked.id)
    refund_records.add(work, asked, bill)
    return asked


def rail_of(review: Any) -> str | None:
    """The rail at which the money lies; None for cash that a tablet took."""
    return None if held_cash.is_device(review.rail) else str(review.rail)


def unit_of(work: UnitOfWork, review: Any, bill: Bill | None) -> str:
    """The unit whose people give it back: the bill's or the tablet's; money at a rail for no bill is of none ('')."""
    if bill is not None:
        return bill.unit
    if held_cash.is_device(review.rail):
        return str(held_cash.told(work, review)["unit"])
    return ""


def collector(work: UnitOfWork, standing: Refund) -> str | None:
    """Who took the cash; None for what came through a rail."""
    review = work.one(_REVIEW, wanted=standing.review_id)
    return held_cash.told(work, review).get("collected_by") if held_cash.is_device(review.rail) else None


def let_go(work: UnitOfWork, standing: Refund) -> None:
    """It does not go back: it waits for a person again."""
    work.write(_STAYS, expect=1, which=standing.review_id, refund=standing.id)


def done(work: UnitOfWork, standing: Refund, bill: Bill | None, out: str, shift_id: Any) -> None:
    """It went back out of the account `out`. The bill that it was held for is cancelled, and the request is billed anew
    if it still waits."""
    review = work.one(_REVIEW, wanted=standing.review_id)
    ledger.post(work, ledger_refunds.held_refunded(accounts.held(review.rail), str(standing.id), out, standing.amount),
                unit=standing.unit or None, bill_id=review.bill_id,
                payment_id=review.payment_id, shift_id=shift_id)
    work.write(_RETURNED, expect=1, which=review.id, refund=standing.id, settled_at=work.now,
               settled_by=standing.decided_by)
    work.audit("review.returned", str(review.id), amount=review.amount, why=review.reason, reason=standing.reason)
    _free_payment(work, review)
    if bill is not None:
        _free_bill(work, review, bill)


def _free_payment(work: UnitOfWork, review: Any) -> None:
    if review.payment_id is None:
        return
    payment = records.payment(work, review.payment_id)
    others = work.first(_OTHERS_OF_PAYMENT, wanted_payment=payment.id, wanted=review.id)
    if payment.state == "under_review" and others is None:
        records.change_payment(work, payment, state="returned")


def _free_bill(work: UnitOfWork, review: Any, bill: Bill) -> None:
    others = work.first(_OTHERS_OF_BILL, wanted_bill=bill.id, wanted=review.id)
    if bill.state != "under_review" or others is not None:
        return
    step = payment_states.step(bill.state, payment_states.RETURNED)
    bills.issue_again(work, records.change_bill(work, bill, records.event_of(step.to_state), state=step.to_state))


def check_open(review: Any) -> None:
    """Refuses refund_open while the money is on its way back."""
    if review.refund_id is not None:
        raise refuse("refund_open", "review_id")
