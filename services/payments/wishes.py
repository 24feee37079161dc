"""A node's bills at the centre's rails: the wish goes up the line as an event; what the rail said comes down as one.

The wish is written in the commit that starts the payment, so it goes out when the line does, however long that is cut.
It lapses with its bill, and is withdrawn when the bill was settled in another way meanwhile. What comes down is taken
as any rail's report is (settle.py): twice is no news, and money that does not fit is held for a person.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from chassis.uow import UnitOfWork
from contracts import payments_centre as language
from contracts.events import Event
from rules import payment_states
from services.payments import ledger, records, settle
from services.payments.rails import RAILS, base, centre
from services.payments.rails.base import Report
from services.payments.records import Bill, Payment

LOOK_AGAIN = (5, 15, 30, 60, 300)  # seconds after the nth look at a wish that the centre has not answered

_SAID = {"pending": base.NEW, "paid": base.PAID, "failed": base.FAILED, "expired": base.EXPIRED,
         "cancelled": base.CANCELLED, "refused": base.FAILED, "refunded": base.REFUNDED,
         "partly_refunded": base.PARTLY_REFUNDED}


def tell(work: UnitOfWork, bill: Bill, payment: Payment, state: str) -> None:
    """Tell the wish of a payment that begins, or that it is withdrawn."""
    adapter = cast(centre.Centre, RAILS.of(work.settings, payment.rail))
    work.append(language.WISH_CHANGED, payment.id, 1 if state == language.WISHED else 2, {
        "wish_id": payment.id, "bill_id": bill.id, "bill_number": bill.number, "service_code": bill.service_code,
        "rail": adapter.rail, "amount": payment.amount,
        "shares": [{"account": charge.account, "amount": charge.amount} for charge in ledger.charges(bill.lines)],
        "expires_at": payment.expires_at, "wished_at": payment.started_at, "state": state})


def tend(work: UnitOfWork, payment: Payment) -> None:
    """Look at a wish: one that the centre has not answered is withdrawn when its bill can no longer be paid by it; of
    one that has a reference nothing is asked from here."""
    standing = records.payment(work, payment.id)
    if standing.version != payment.version or standing.next_at is None:
        return
    if standing.state != "created":
        records.change_payment(work, standing, next_at=None)
        return
    bill = records.bill(work, standing.bill_id)
    over = standing.expires_at is not None and standing.expires_at <= work.now
    if over or (bill.state, payment_states.STARTED) not in payment_states.STEPS:
        records.change_payment(work, standing, state="cancelled", next_at=None, settled_at=work.now)
        tell(work, bill, standing, language.WITHDRAWN)
        work.audit("payment.wish_withdrawn", str(bill.id), payment_id=str(payment.id), bill_state=bill.state)
        return
    wait = timedelta(seconds=LOOK_AGAIN[min(standing.attempts, len(LOOK_AGAIN) - 1)])
    records.change_payment(work, standing, attempts=standing.attempts + 1, next_at=work.now + wait)


def take(work: UnitOfWork, event: Event) -> None:
    """What a rail told the centre of a wish of this node. Money for one that nobody knows here (the node was restored
    from a backup of before it) is held and laid before a person."""
    data = event.data
    if data["node"] != work.settings.node:
        raise ValueError(f"a fact for {data['node']}")
    settle.take(work, centre.NAME, _report(data), "line")


def _report(data: dict[str, Any]) -> Report:
    said = _SAID[data["said"]]
    return Report(
        merchant_reference=UUID(str(data["charge_id"])).hex, status=said, reference=data["reference"],
        amount=data["paid_amount"] if said == base.PAID else None, paid_at=_moment(data["paid_at"]),
        pay_url=data["pay_url"], refunded=data["refunded"], returned=data["returned"], final=data["final"],
        news=data["news"])


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
