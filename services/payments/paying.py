"""Starting a payment. The rail is not called here: the wish is recorded, and errands.py carries it to the rail."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.payments_centre import WISHED
from rules import payment_states
from rules.refusal import refuse
from services.payments import records, wishes
from services.payments.rails import RAILS
from services.payments.rails.base import TERMINAL_SLIP
from services.payments.records import Payment
from services.payments.settle import LIVE


def start(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Record that a bill is to be paid through a rail; its reference follows within moments (payments.bill.pending).
    While one is under way on the same rail, that one is answered. Refuses rail_unknown, rail_unavailable,
    rail_takes_slips, bill_unknown, bill_not_payable, rail_amount_outside."""
    rail = RAILS.of(work.settings, body["rail"]).traits
    if rail.way == TERMINAL_SLIP:
        raise refuse("rail_takes_slips", "rail")
    bill = records.bill(work, body["bill_id"])
    if bill.expires_at is not None and bill.expires_at <= work.now:
        raise refuse("bill_not_payable", "bill_id", **payment_states.told("expired"))
    payment_states.step(bill.state, payment_states.STARTED)
    if not rail.takes(bill.total):
        raise refuse("rail_amount_outside", "rail", least=rail.least // 100, most=rail.most // 100)
    ends = bill.expires_at  # of a wish that travels: how long a reference lives begins to count at the centre
    if not rail.travels:
        ends = work.now + rail.lives if ends is None else min(ends, work.now + rail.lives)
    live = next((one for one in records.payments_of_bill(work, bill.id)
                 if one.rail == rail.name and one.state in LIVE), None)
    if live is None:
        payment_id = uuid7()
        live = Payment(id=payment_id, version=1, bill_id=bill.id, rail=rail.name, merchant_reference=payment_id.hex,
                       state="created", amount=bill.total, started_at=work.now, expires_at=ends, attempts=0,
                       next_at=work.now)
        records.add_payment(work, live)
        if rail.travels:
            wishes.tell(work, bill, live, WISHED)
        work.audit("payment.started", str(bill.id), rail=rail.name, payment_id=str(payment_id))
    return {"payment_id": live.id, "state": live.state, "reference": live.reference, "pay_url": live.pay_url,
            "travels": rail.travels}


def rails(work: UnitOfWork) -> dict[str, Any]:
    """Where bills can be paid on this node, and what each rail can do."""
    return {"rails": [{**{name: value for name, value in asdict(traits).items() if name != "lives"},
                       "lives_hours": int(traits.lives.total_seconds()) // 3600}
                      for traits in RAILS.offered(work.settings)]}
