"""Starting a payment. The rail is not called here: the wish is recorded, and errands.py carries it to the rail."""

from __future__ import annotations

from typing import Any

from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules import payment_states
from rules.refusal import refuse
from services.payments import records
from services.payments.rails import RAILS
from services.payments.records import Payment
from services.payments.settle import LIVE


def start(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Record that a bill is to be paid through a rail; its reference follows within moments (payments.bill.pending).
    While one is under way on the same rail, that one is answered. Refuses rail_unknown, bill_unknown,
    bill_not_payable."""
    rail = RAILS.of(work.settings, body["rail"])
    bill = records.bill(work, body["bill_id"])
    if bill.expires_at is not None and bill.expires_at <= work.now:
        raise refuse("bill_not_payable", "bill_id", state="expired")
    payment_states.step(bill.state, payment_states.STARTED)
    live = next((one for one in records.payments_of_bill(work, bill.id)
                 if one.rail == rail.name and one.state in LIVE), None)
    if live is None:
        payment_id = uuid7()
        live = Payment(id=payment_id, version=1, bill_id=bill.id, rail=rail.name, merchant_reference=payment_id.hex,
                       state="created", amount=bill.total, started_at=work.now, expires_at=bill.expires_at, attempts=0,
                       next_at=work.now)
        records.add_payment(work, live)
        work.audit("payment.started", str(bill.id), rail=rail.name, payment_id=str(payment_id))
    return {"payment_id": live.id, "state": live.state, "reference": live.reference, "pay_url": live.pay_url}
