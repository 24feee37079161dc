"""The centre's side of a refund that a node decided: the money goes back by the rail that took it, once, and what came
of it is told down.

Who decided, and why, is the node's. The centre looks that the charge is that node's, was paid, and is not given back
twice; its books then owe the node so much less. A refusal is the end of its attempt: the rail hears of the refund again
only when the node orders it anew. Where nobody can tell, a person here looks at the rail's statement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts import payments_centre as language
from contracts.events import Event
from rules import ledger as accounts
from rules.refusal import Fault, Refusal, refuse
from services.payments import charge_records, ledger, refund_reports, tables_centre
from services.payments.charge_records import Charge
from services.payments.explaining import explained
from services.payments.rails import RAILS, base, centre, pos
from services.payments.rails.base import Report
from services.payments.reconciliation import scope
from services.payments.refunds import APPROVE

AT_RAIL = ("sent", "under_way", "uncertain")  # the rail may say that it was done
OPEN = ("wished", *AT_RAIL)
PATIENCE = timedelta(days=1)  # that a charge may be unknown or unpaid here: a restored centre hears of it again
_OWN = ("of", "owner_id", "parts")  # what the answer says again
_SAYS = {"wished": "waiting", "sent": "waiting", "under_way": "under_way", "done": "done", "refused": "refused",
         "uncertain": "uncertain"}


@dataclass(frozen=True, slots=True)
class ChargeRefund:
    """A refund of a node and how it stands at the rail. Piastres. `version` counts what was noted of it."""

    id: UUID
    version: int
    node: str
    charge_id: UUID
    amount: int
    attempt: int
    said: dict[str, Any]
    state: str
    tries: int
    next_at: datetime | None
    wished_at: datetime
    taken_at: datetime
    reference: str | None = None
    why: str | None = None
    detail: str | None = None
    done_at: datetime | None = None
    settled_by: str | None = None


_t = tables_centre.charge_refund
_CHANGES = ("attempt", "said", "state", "tries", "next_at", "wished_at", "taken_at", "reference", "why", "detail",
            "done_at", "settled_by")
_COLUMNS = [_t.c[field.name] for field in fields(ChargeRefund)]
_ONE = Statement(select(*_COLUMNS).where(_t.c.id == bindparam("wanted")))
_OF_CHARGE = Statement(select(*_COLUMNS).where(_t.c.charge_id == bindparam("wanted")).order_by(_t.c.taken_at, _t.c.id))
_INSERT = Statement.insert(_t)
_UPDATE = Statement(update(_t).where(_t.c.id == bindparam("which"), _t.c.version == bindparam("seen")).values(
    version=bindparam("seen") + 1, **{name: bindparam(name, type_=_t.c[name].type) for name in _CHANGES}))


def take_wish(work: UnitOfWork, event: Event) -> None:
    """A node orders a refund. An order that is known is answered with how it stands; a later attempt of one that was
    refused begins anew, and one that nobody can tell of is looked up at the rail again: it may have been given back, so
    that it stays at the rail until that is known. What a node says of another's refund is put on record and changes
    nothing."""
    data, refund_id = event.data, UUID(str(event.data["refund_id"]))
    known = find(work, refund_id)
    if known is None:
        taken = ChargeRefund(
            id=refund_id, version=1, node=data["node"], charge_id=UUID(str(data["wish_id"])), amount=data["amount"],
            attempt=data["attempt"], said=_said(data), state="wished", tries=0,
            next_at=work.now, taken_at=work.now, wished_at=datetime.fromisoformat(data["wished_at"]))
        work.write(_INSERT, **asdict(taken))
        tell(work, taken)  # so that its node knows of it also when it is restored from before it
        return
    if (known.node, known.charge_id, known.amount) != (data["node"], UUID(str(data["wish_id"])), data["amount"]):
        work.audit("charge_refund.not_its_own", str(refund_id), node=known.node, told_by=data["node"],
                   amount=data["amount"])
        return
    if data["attempt"] > known.attempt and known.state in ("refused", "uncertain"):
        tell(work, change(
            work, known, attempt=data["attempt"], state="wished" if known.state == "refused" else "sent",
            next_at=work.now, taken_at=work.now, why=None, detail=None, said=_said(data),
            wished_at=datetime.fromisoformat(data["wished_at"])))
        return
    tell(work, change(work, known, attempt=max(known.attempt, data["attempt"])))


def _said(data: dict[str, Any]) -> dict[str, Any]:
    return {**{name: data[name] for name in _OWN}, "known": [str(one) for one in data["known"]]}


def judged(work: UnitOfWork, order: ChargeRefund, charge: Charge | None) -> tuple[str, str] | None:
    """Whether the rail must not hear of it: (`refused`, `uncertain` or `wait`, why); None where it goes out. Of what
    may have been paid, and given back, before this place was restored and forgot it, nobody can tell: a charge that it
    does not know, knows as unpaid, or as paid less, and one whose rail was taken off it since."""
    restored, over = work.settings.epoch > 1, work.now - order.taken_at > PATIENCE
    ended = "uncertain" if restored else "refused"
    if charge is not None and charge.node != order.node:
        return "refused", "charge_unknown"
    others = [one for one in of_charge(work, order.charge_id) if one.id != order.id]
    if unknown_to(order, others):
        return "refused", "another_unknown"
    if any(one.state in AT_RAIL for one in others):
        return "wait", "another_first"
    if charge is None:
        return ended if over else "wait", "charge_unknown"
    closed = charge.state in ("refused", "withdrawn")
    if closed or not charge.paid_amount or not charge.reference:
        return ended if over or closed else "wait", "charge_unpaid"
    if given_back(others) + order.amount > charge.paid_amount:
        return "wait" if restored and not over else ended, "above_paid"
    try:
        able = RAILS.of(work.settings, charge.rail).traits.refund != base.NO_REFUND
    except Refusal:  # it was set up here when it took the money
        able = False
    return None if able else (ended, "rail_cannot")


def unknown_to(order: ChargeRefund, others: Iterable[ChargeRefund]) -> list[ChargeRefund]:
    """Those of its node's refunds of the same charge, begun or done, of which the node, restored from before them, did
    not know when it ordered this one: they may be the same money. One that was ordered by a node that counted this one
    is not: a centre that was restored hears both again, and may have the later when the earlier is judged."""
    return [one for one in others
            if one.node == order.node and one.state != "refused" and str(one.id) not in order.said["known"]
            and str(order.id) not in one.said["known"]]


def hear(work: UnitOfWork, charge: Charge, report: Report) -> bool:
    """The rail says that it gave money of a charge back; whether it means a refund that we ordered. Such a one is
    done, and told as that."""
    mine = [one for one in of_charge(work, charge.id) if one.state != "refused"]  # which its node has heard of as over
    order = refund_reports.meant(mine, charge.paid_amount, report)
    if order is not None:
        done(work, order, charge.rail, report.news or order.reference)
        return True
    return refund_reports.is_known(mine, charge.paid_amount, report)


def done(work: UnitOfWork, order: ChargeRefund, rail: str, reference: str | None, by: str | None = None) -> None:
    """The money went back by this rail: book it, once, and tell it down."""
    ledger.post(work, accounts.returned_for_node(rail, str(order.id), order.node, order.amount),
                payment_id=order.charge_id)
    tell(work, change(work, order, state="done", next_at=None, reference=reference, why=None, detail=None,
                      done_at=work.now, settled_by=by))
    work.audit("charge_refund.done", str(order.id), node=order.node, amount=order.amount, rail=rail)


def end(work: UnitOfWork, order: ChargeRefund, state: str, why: str | None, detail: str | None = None,
        by: str | None = None) -> None:
    """Nothing more happens by itself: it was refused, or nobody can tell."""
    tell(work, change(work, order, state=state, next_at=None, why=why, detail=detail, settled_by=by))
    work.audit(f"charge_refund.{state}", str(order.id), node=order.node, amount=order.amount, why=why or "")


def settle(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A person has looked at the rail's statement for a refund of which nobody could tell. Refuses forbidden,
    unit_bound, charge_refund_unknown, charge_refund_certain, field_required (`reference`, where it was given back, and
    `rail` where the charge is not known here), rail_unknown, explanation_too_short."""
    scope.whole_node(work, APPROVE)
    reason, order = explained(body["reason"]), find(work, body["refund_id"])
    if order is None:
        raise refuse("charge_refund_unknown", "refund_id")
    if order.state != "uncertain":
        raise refuse("charge_refund_certain", "refund_id")
    if body["given_back"]:
        rail = _gave(work, order, body)
        done(work, order, rail, body["reference"], by=work.actor.id)
    else:
        end(work, order, "refused", "not_given_back", by=work.actor.id)
    work.audit("charge_refund.settled", str(order.id), node=order.node, given_back=body["given_back"], reason=reason)
    return {"refund_id": order.id, "state": "done" if body["given_back"] else "refused"}


def _gave(work: UnitOfWork, order: ChargeRefund, body: dict[str, Any]) -> str:
    """The rail that gave it back: the charge's own, or the one on whose statement it is. All faults at once."""
    charge = charge_records.known(work, order.charge_id)
    rail = body["rail"] if charge is None else charge.rail
    missing = [Fault("field_required", name) for name, value in (("reference", body["reference"]), ("rail", rail))
               if value is None]
    if missing:
        raise Refusal(missing)
    if charge is None and (rail not in RAILS.names or rail in (centre.NAME, pos.NAME)):  # it may be set up no more
        raise refuse("rail_unknown", "rail")
    return str(rail)


def find(work: UnitOfWork, refund_id: UUID) -> ChargeRefund | None:
    row = work.first(_ONE, wanted=refund_id)
    return None if row is None else ChargeRefund(**row._asdict())


def one(work: UnitOfWork, refund_id: UUID) -> ChargeRefund:
    return ChargeRefund(**work.one(_ONE, wanted=refund_id)._asdict())


def of_charge(work: UnitOfWork, charge_id: UUID) -> list[ChargeRefund]:
    return [ChargeRefund(**row._asdict()) for row in work.all(_OF_CHARGE, wanted=charge_id)]


def given_back(orders: Iterable[ChargeRefund]) -> int:
    """What the rail gave back by them, piastres."""
    return sum(order.amount for order in orders if order.state == "done")


def change(work: UnitOfWork, old: ChargeRefund, **changes: Any) -> ChargeRefund:
    new = replace(old, version=old.version + 1, **changes)
    work.write(_UPDATE, expect=1, which=old.id, seen=old.version, **{name: getattr(new, name) for name in _CHANGES})
    return new


def tell_again(work: UnitOfWork, order: ChargeRefund) -> None:
    """How those stand of which its node does not know, before it decides what becomes of this one."""
    for one in unknown_to(order, [one for one in of_charge(work, order.charge_id) if one.id != order.id]):
        tell(work, change(work, one))


def tell(work: UnitOfWork, order: ChargeRefund) -> None:
    """How it stands, down to its node."""
    work.append(language.REFUND_NEWS, order.id, order.version, {
        "refund_id": order.id, "charge_id": order.charge_id, "node": order.node, "amount": order.amount,
        "attempt": order.attempt, **{name: order.said[name] for name in _OWN}, "said": _SAYS[order.state],
        "why": order.why, "detail": order.detail,
        "reference": order.reference, "done_at": order.done_at, "told_at": work.now})
