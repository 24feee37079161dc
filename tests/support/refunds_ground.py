"""People and acts of the tests of refunds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chassis.actors import Actor
from services.payments import cash, paying, refunds
from tests.support.payments_ground import PUBLIC, TOTAL, Ground, callback_body

UNIT = "EG-C-01"
CASHIER = Actor(id="staff:1", kind="staff", roles=("cashier",), unit=UNIT)
OTHER_CASHIER = Actor(id="staff:2", kind="staff", roles=("cashier",), unit=UNIT)
OFFICER = Actor(id="staff:finance", kind="staff", roles=("finance_officer",), unit=UNIT)
CHIEF = Actor(id="staff:finance-chief", kind="staff", roles=("finance_officer",), unit=UNIT)
STRANGER = Actor(id="staff:elsewhere", kind="staff", roles=("finance_officer",), unit="EG-C-02")
WHY = "the request was withdrawn before the inspection"


def pay_cash(ground: Ground, bill: dict[str, Any]) -> dict[str, Any]:
    """The bill, paid at the counter."""
    ground.at_counter(CASHIER)
    ground.attempt(lambda work: cash.take(work, {"bill_id": bill["bill_id"], "tendered": TOTAL}), CASHIER)
    return ground.bill(bill["bill_id"])


def pay_at_rail(ground: Ground, bill: dict[str, Any]) -> str:
    """A callback pays the bill at Fawry; answers our reference there."""
    ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": "fawry"}), PUBLIC)
    return reported(ground, bill)


def reported(ground: Ground, bill: dict[str, Any], status: str = "PAID", **more: Any) -> str:
    """The rail reports about the bill's newest reference there; answers ours."""
    ours = str(ground.rows("SELECT merchant_reference FROM payment WHERE bill_id = :b AND rail = 'fawry' "
                           "ORDER BY started_at DESC", b=bill["bill_id"])[0][0])
    ground.callback(callback_body(ours, status, reference=str(int(ours[-10:], 16)), **more))
    return ours


def paid_twice(ground: Ground) -> dict[str, Any]:
    """A bill for which a reference was given, paid in cash and then at the kiosk."""
    bill = ground.billed()
    ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": "fawry"}), PUBLIC)
    pay_cash(ground, bill)
    reported(ground, bill)
    return ground.bill(bill["bill_id"])


def ask(ground: Ground, bill: dict[str, Any], actor: Actor = OFFICER, **more: Any) -> dict[str, Any]:
    body = {"bill_id": bill["bill_id"], "credit_id": None, "lines": None, "reason": WHY, **more}
    made: dict[str, Any] = ground.attempt(lambda work: refunds.request(work, body), actor)
    return made


def decide(ground: Ground, refund_id: UUID, approve: bool = True, actor: Actor = CHIEF, **more: Any) -> dict[str, Any]:
    body = {"refund_id": refund_id, "approve": approve, "way": None, "reason": "checked the receipt", **more}
    decided: dict[str, Any] = ground.attempt(lambda work: refunds.decide(work, body), actor)
    return decided


def hand_over(ground: Ground, refund_id: UUID, actor: Actor = OTHER_CASHIER,
              reference: str | None = None) -> dict[str, Any]:
    body = {"refund_id": refund_id, "reference": reference}
    done: dict[str, Any] = ground.attempt(lambda work: refunds.hand_over(work, body), actor)
    return done


def steer(ground: Ground, refund_id: UUID, act: str, actor: Actor = CHIEF, **more: Any) -> dict[str, Any]:
    body = {"refund_id": refund_id, "act": act, "way": None, "reference": None,
            "reason": "asked the rail by telephone", **more}
    steered: dict[str, Any] = ground.attempt(lambda work: refunds.steer(work, body), actor)
    return steered


def standing(ground: Ground, bill: dict[str, Any]) -> dict[str, Any]:
    """The refunds and credits of a bill as the finance officer sees them."""
    seen: dict[str, Any] = refunds.listed(ground.unit_of_work(OFFICER), {"bill_id": bill["bill_id"]})
    return seen
