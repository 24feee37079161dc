"""Refunds of what the centre's rail took: the order goes up the line as an event, and what came of it comes down so.

The order is told in the commit that marks it as sent, so it goes out when the line does. Until the centre has answered
nothing else can be done with the refund, because the money may be on its way back. Both books follow the one word
`done`: it is booked here once, however often and late it comes.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import named, uuid7
from chassis.uow import UnitOfWork
from contracts import payments as bill_language
from contracts import payments_centre as language
from contracts.events import Event
from rules import payment_states
from rules import refunds as rules
from rules.refusal import Refusal
from services.payments import records, refund_records, refund_ways, refunds, settle
from services.payments.rails import centre
from services.payments.records import Bill, Payment
from services.payments.refund_records import Refund

if TYPE_CHECKING:
    from chassis.service import Platform

log = logging.getLogger(__name__)

FORGOTTEN = "given back at the centre's rail by an order of before this place was restored"
_OPEN_HERE = ("approved", *rules.AT_RAIL)
_ON_ITS_WAY = ("sent", "under_way", "uncertain")  # ordered here, as far as we know, and not answered for
_PAYMENTS = Statement(text("SELECT bill_id FROM payment WHERE id = :wanted AND rail = :rail"))
_REVIEWED = Statement(text("SELECT id, body, settled_at FROM review WHERE rail = :rail AND reference = :reference"))
_NOW_DONE = Statement(text("UPDATE review SET body = :body WHERE id = :id AND body IS NULL"))
_LIFTED = Statement(text("UPDATE review SET settled_at = :now, settled_by = :by, decision = 'noted' "
                         "WHERE id = :id AND settled_at IS NULL"))
_FORGOTTEN = Statement(text(f"""
    SELECT told.id, told.body FROM review told
    WHERE told.reason = 'refund_reported' AND told.rail = :rail AND told.settled_at IS NULL AND told.body IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM refund r WHERE r.id = {refund_ways.ORDER_ID} AND r.state <> 'rejected')
      AND told.id > coalesce(CAST(:after AS uuid), '00000000-0000-0000-0000-000000000000')
    ORDER BY told.id LIMIT :most"""))  # noqa: S608
PAGE = 100
_KEPT = ("refund_id", "charge_id", "of", "owner_id", "parts", "amount")


def tell(work: UnitOfWork, seen: Refund) -> None:
    """Order it at the centre, unless it changed meanwhile. Nothing is called; the answer comes down."""
    standing = refund_records.refund(work, seen.id)
    if standing.version != seen.version or standing.next_at is None or standing.payment_id is None:
        return
    payment = records.payment(work, standing.payment_id)
    bill = records.bill(work, payment.bill_id)
    work.correlation_id = bill.correlation_id
    sent = refund_records.change(work, standing, bill, state=rules.step(standing.state, rules.SENT), next_at=None,
                                 attempts=standing.attempts + 1, error=None)
    work.append(language.REFUND_WISH_CHANGED, named("payments.refundwish", str(sent.id)), sent.attempts, {
        "refund_id": sent.id, "wish_id": payment.id, "bill_number": bill.number, "amount": sent.amount,
        "attempt": sent.attempts, "of": sent.of, "parts": sent.parts,
        "owner_id": sent.review_id or sent.credit_id or bill.id, "wished_at": work.now,
        "known": [*_known_of(work, payment), *refund_ways.settled(work, sent)]})


def _known_of(work: UnitOfWork, payment: Payment) -> list[UUID]:
    """The refunds of a payment that count here: what they take, no other takes."""
    return [one.id for one in refund_records.of_bill(work, payment.bill_id)
            if one.payment_id == payment.id and one.state != "rejected"]


def take(work: UnitOfWork, event: Event) -> None:
    """How a refund stands at the centre. An answer to an earlier attempt changes nothing, but `done` always counts:
    what was given back is booked. What this place, restored, does not know to have ordered is laid before a person,
    and until it is booked or refused nothing else of its payment goes back."""
    data = event.data
    if data["node"] != work.settings.node:
        raise ValueError(f"a fact for {data['node']}")
    standing, said = _known(work, UUID(str(data["refund_id"]))), data["said"]
    if standing is not None and standing.state == "done" and refund_ways.goes_up(work, standing):
        return
    if said == "done":
        _done(work, standing, data)
        return
    if said == "refused":
        _lift(work, data)
    if standing is None or (data["attempt"] > standing.attempts and standing.state not in _ON_ITS_WAY):
        if said != "refused":
            _lay_before(work, standing, data)
    elif refund_ways.goes_up(work, standing) and data["attempt"] >= standing.attempts:
        _stands(work, standing, said, data)


def _done(work: UnitOfWork, standing: Refund | None, data: dict[str, Any]) -> None:
    if standing is None or not refund_ways.goes_up(work, standing) or standing.state not in _OPEN_HERE:
        _lay_before(work, standing, data)
        return
    bill = refund_records.bill_of(work, standing)
    if bill is not None:
        work.correlation_id = bill.correlation_id
    refunds.confirm(work, standing, bill, reference=data["reference"])
    _lift(work, data, booked=True)
    work.audit("refund.done", str(standing.id), rail=standing.rail, amount=standing.amount)


def _stands(work: UnitOfWork, standing: Refund, said: str, data: dict[str, Any]) -> None:
    bill = refund_records.bill_of(work, standing)
    why, detail = data["why"], data["detail"]
    error = ": ".join(one for one in (why, detail) if one) or None
    if said == "waiting" and standing.state == "sent":
        if error != standing.error:
            refund_records.change(work, standing, bill, error=error)
        return
    trigger = {"under_way": rules.TAKEN_ON, "refused": rules.REFUSED, "uncertain": rules.DOUBTED}.get(said)
    if trigger is None or (standing.state, trigger) not in rules.STEPS:
        return
    refund_records.change(work, standing, bill, state=rules.step(standing.state, trigger), error=error,
                          reference=data["reference"])
    work.audit(f"refund.{said}", str(standing.id), rail=standing.rail, amount=standing.amount, error=error or "")


def _lift(work: UnitOfWork, data: dict[str, Any], *, booked: bool = False) -> None:
    """What was laid before a person is over: it is in the books, or an order that was not done gave nothing back."""
    before = work.first(_REVIEWED, rail=centre.NAME, reference=data["refund_id"])
    if before is not None and before.settled_at is None and (booked or before.body is None):
        work.write(_LIFTED, id=before.id, now=work.now, by=refunds.SYSTEM)
        work.audit("refund.known_here_again", data["refund_id"], amount=data["amount"], booked=booked)


def _known(work: UnitOfWork, refund_id: UUID) -> Refund | None:
    try:
        return refund_records.refund(work, refund_id)
    except Refusal:
        return None


def _lay_before(work: UnitOfWork, standing: Refund | None, data: dict[str, Any]) -> None:
    """Money went back, or may, that this place, restored from a backup, did not order as far as it knows: a person is
    told so, once. An order that was done is asked for again where it is forgotten; when two persons agree it goes up,
    and the centre answers at once that it was done."""
    body = None
    forgotten = standing is None or standing.state == "rejected"
    if forgotten and data["said"] == "done":
        body = work.privacy.seal(orjson.dumps({name: data[name] for name in _KEPT}).decode(), field=settle.SEALED)
    before = work.first(_REVIEWED, rail=centre.NAME, reference=data["refund_id"])
    if before is not None and (body is None or before.body is not None):
        return
    row = work.first(_PAYMENTS, wanted=UUID(str(data["charge_id"])), rail=centre.NAME)
    payment = records.payment(work, UUID(str(data["charge_id"]))) if row is not None else None
    bill = records.bill(work, payment.bill_id) if payment is not None else None
    if before is None:
        work.write(settle.REVIEW, id=uuid7(), reason="refund_reported", rail=centre.NAME, reference=data["refund_id"],
                   merchant_reference=UUID(str(data["charge_id"])).hex, payment_id=payment.id if payment else None,
                   bill_id=bill.id if bill else None, amount=0, body=body, raised_at=work.now)
    else:
        work.write(_NOW_DONE, id=before.id, body=body)
    if body is not None and payment is not None and bill is not None:
        _ask_again(work, payment, bill, standing, data)
    work.audit("refund.not_known_here", data["refund_id"], amount=data["amount"])


def ask_forgotten(platform: Platform) -> None:
    """Have asked for what could not be when it was told, because another refund of its bill was open, once that one is
    over. As long as it still cannot be, nothing changes. One that fails, such as a review whose key is not there, is
    logged, tried again the next time, and holds up no other."""
    after = None
    while True:
        rows = platform.unit_of_work().all(_FORGOTTEN, rail=centre.NAME, after=after, most=PAGE)
        for row in rows:
            try:
                platform.attempt(partial(_ask_forgotten, sealed=row.body))
            except Exception:
                log.exception("a refund could not be asked for again", extra={"review": str(row.id)})
        if len(rows) < PAGE:
            return
        after = rows[-1].id


def _ask_forgotten(work: UnitOfWork, sealed: str) -> None:
    told = orjson.loads(work.privacy.open(sealed, field=settle.SEALED))
    row = work.first(_PAYMENTS, wanted=UUID(told["charge_id"]), rail=centre.NAME)
    before = _known(work, UUID(told["refund_id"]))
    if row is not None and (before is None or before.state == "rejected"):
        payment = records.payment(work, UUID(told["charge_id"]))
        _ask_again(work, payment, records.bill(work, payment.bill_id), before, told)


def _ask_again(work: UnitOfWork, payment: Payment, bill: Bill, before: Refund | None, data: dict[str, Any]) -> None:
    standing = refund_records.of_bill(work, bill.id)
    of, owner = data["of"], UUID(str(data["owner_id"]))
    # What went back in another way meanwhile is not asked for again: the review stays, and a person sees both.
    if of == refund_records.HELD or any(one.state in rules.OPEN for one in standing):
        return  # held money is asked for at its review; an open one is over first (ask_forgotten)
    if of == refund_records.BILL and (
            (bill.state, payment_states.REFUND_REQUESTED) not in payment_states.STEPS or not _is_left(
                bill, standing, data["parts"])):
        return
    if of == refund_records.CREDIT and owner not in [
            one.id for one in refund_records.credits_of_bill(work, bill.id) if one.left >= data["amount"]]:
        return
    if before is not None:
        refund_records.change(work, before, bill, state=rules.step(before.state, rules.FOUND_DONE), way=rules.RAIL,
                              decided_by=None, decided_at=None, decision_reason=None, next_at=None)
    else:
        refund_records.add(work, Refund(
            id=UUID(str(data["refund_id"])), version=1, bill_id=bill.id,
            credit_id=owner if of == refund_records.CREDIT else None, payment_id=payment.id, unit=bill.unit,
            state="requested", way=rules.RAIL, rail=centre.NAME, amount=data["amount"], parts=data["parts"],
            reason=FORGOTTEN, requested_by=refunds.SYSTEM, requested_at=work.now), bill)
    if of == refund_records.BILL:
        step = payment_states.step(bill.state, payment_states.REFUND_REQUESTED)
        records.change_bill(work, bill, bill_language.CHANGED, state=step.to_state)


def _is_left(bill: Bill, standing: list[Refund], parts: list[dict[str, Any]]) -> bool:
    """Whether these parts are still the bill's to give back."""
    try:
        rules.parts(bill.lines, refunds.taken(standing), [rules.Part(one["code"], one["amount"]) for one in parts])
    except Refusal:
        return False
    return True
