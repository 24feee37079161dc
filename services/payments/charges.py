"""The centre's side of a node's bill: the wish that came up the line is one charge at a rail of the centre, and what
the rail says of it is booked here and told down, once.

The centre holds the rail's secrets, checks what it signed, keeps the callback as it came and answers it. It knows of
the bill its number, amount and accounting codes, and decides nothing about it: whether the money pays the bill is the
node's. Its books say what the rail owes (`rail:<rail>`) and what is owed to each node (`node:<code>`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.config import CENTRE
from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts import payments_centre as language
from contracts.events import Event
from rules import ledger as accounts
from rules.refusal import Refusal
from services.payments import charge_records, charge_refunds, ledger, reported, tables_centre
from services.payments.charge_records import Charge, add, change, one
from services.payments.rails import RAILS, base
from services.payments.rails.base import TERMINAL_SLIP, Report

FIRST_QUESTION = timedelta(seconds=15)  # the rail is asked by itself when no callback came for so long
_BODY = "payments.charge_report.body"
_ENDS = {base.FAILED: "failed", base.EXPIRED: "expired", base.CANCELLED: "cancelled"}
_SAYS = {base.NEW: "pending", base.PAID: "paid", **_ENDS, base.REFUNDED: "refunded",
         base.PARTLY_REFUNDED: "partly_refunded"}

_TAKE_BACK = Statement(text("UPDATE charge SET state = 'withdrawn', next_at = NULL WHERE id = :which "
                            "AND version = :seen AND state = 'wished'"))
_WITHDRAWN = Statement(text("SELECT 1 FROM charge_withdrawal WHERE wish_id = :wanted AND node = :node"))
_WITHDRAW = Statement(text("INSERT INTO charge_withdrawal (wish_id, node, taken_at) VALUES (:wish_id, :node, :at) "
                           "ON CONFLICT DO NOTHING"))
_KNOWN = Statement(text("SELECT 1 FROM charge_report WHERE charge_id = :charge_id AND news = :news "
                        "AND status = :status AND amount = :amount"))
_REPORT = Statement.insert(tables_centre.charge_report)
# Money that came before its wish did: a restored centre hears of it again from the node (settle.py held it meanwhile).
_CLAIM = Statement(text(
    "SELECT id, amount FROM review WHERE rail = :rail AND merchant_reference = :ours AND payment_id IS NULL "
    "AND bill_id IS NULL AND amount = :amount AND settled_at IS NULL AND refund_id IS NULL LIMIT 1"))
_CLAIMED = Statement(text("UPDATE review SET settled_at = :now, settled_by = 'system', decision = 'claimed' "
                          "WHERE id = :which AND settled_at IS NULL"))


def take_wish(work: UnitOfWork, event: Event) -> None:
    """A node wishes a bill to be paid at a rail here, or no longer. The same wish twice changes nothing; a withdrawal
    that comes before its wish keeps that from ever being started. What a node says of another's wish is put on record
    and changes nothing."""
    data, wish_id = event.data, UUID(str(event.data["wish_id"]))
    known = charge_records.known(work, wish_id)
    if known is not None and known.node != data["node"]:
        work.audit("charge.not_its_own", str(wish_id), node=known.node, told_by=data["node"], state=data["state"])
        return
    if data["state"] == language.WITHDRAWN:
        _withdraw(work, wish_id, data["node"], known)
        return
    if known is not None:
        return
    withdrawn = work.first(_WITHDRAWN, wanted=wish_id, node=data["node"]) is not None
    expires_at = None if data["expires_at"] is None else datetime.fromisoformat(data["expires_at"])
    wish = Charge(
        id=wish_id, version=0, node=data["node"], bill_id=UUID(str(data["bill_id"])), bill_number=data["bill_number"],
        service_code=data["service_code"], rail=data["rail"], merchant_reference=wish_id.hex,
        state="withdrawn" if withdrawn else "wished", amount=data["amount"], shares=data["shares"],
        expires_at=expires_at, wished_at=datetime.fromisoformat(data["wished_at"]), taken_at=work.now, attempts=0,
        next_at=None if withdrawn else work.now)
    if withdrawn:
        add(work, wish)
        return
    said, why = _judged(work, wish)
    if said is None:
        add(work, wish)
        return
    add(work, replace(wish, version=1, state=said, next_at=None, error=why))
    _tell(work, wish, Report(wish.merchant_reference, base.FAILED), said, None, 1)


def _judged(work: UnitOfWork, wish: Charge) -> tuple[str | None, str | None]:
    """How a wish ends that no rail is to hear of, and why."""
    if wish.expires_at is not None and wish.expires_at <= work.now:
        return "expired", "the bill's time was over when the wish arrived"
    try:
        traits = RAILS.of(work.settings, wish.rail).traits
    except Refusal as refusal:
        return "refused", refusal.faults[0].code
    if traits.travels or traits.way == TERMINAL_SLIP:
        return "refused", "rail_unavailable"
    return (None, None) if traits.takes(wish.amount) else ("refused", "rail_amount_outside")


def _withdraw(work: UnitOfWork, wish_id: UUID, node: str, known: Charge | None) -> None:
    if known is None:
        work.write(_WITHDRAW, wish_id=wish_id, node=node, at=work.now)
    elif known.state == "wished":
        work.write(_TAKE_BACK, expect=1, which=known.id, seen=known.version)
        work.audit("charge.withdrawn", str(known.id), node=known.node)
    # One that the rail has taken on lives on there; money that still comes is told, and is the node's to judge.


def find(work: UnitOfWork, rail: str, report: Report) -> Charge | None:
    """The charge that a report speaks of; None where it is about none, and always at a node."""
    if work.settings.node != CENTRE:
        return None
    wanted = (report.reference or "") if report.claimed else report.merchant_reference
    return charge_records.meant(work, rail, wanted, theirs=report.claimed)


def take(work: UnitOfWork, charge: Charge, report: Report, source: str, body: str = "") -> bool:
    """Apply a genuine report about a charge; False when it was no news. Money is booked as it came, whatever was asked
    for, and told down with the rail's time: whether it pays the bill is judged at the node."""
    key = reported.key(charge.rail, report)
    if report.status == base.NEW:
        return _adopt(work, charge, report)
    where = {"charge_id": charge.id, "news": key["reference"], "status": key["status"], "amount": key["amount"]}
    if work.first(_KNOWN, **where) is not None:
        return False
    digest = hashlib.sha256(body.encode()).digest() if body else None
    # The rail's time, unless its clock is ahead of ours.
    paid_at = min(report.paid_at or work.now, work.now) if report.status == base.PAID else None
    work.write(_REPORT, **where, source=source, digest=digest, taken_at=work.now, paid_at=paid_at,
               body=work.privacy.seal(body, field=_BODY) if body else None)
    if report.status == base.PAID:
        if report.amount:
            _book(work, charge, report, key)
        changed = change(work, charge, state="paid", reference=report.reference or charge.reference,
                         paid_amount=(charge.paid_amount or 0) + (report.amount or 0),
                         paid_at=charge.paid_at or paid_at, next_at=None, error=None)
    elif report.status in _ENDS:
        state = charge.state if charge.state == "paid" else _ENDS[report.status]
        asks_on = state != "paid" and not report.final  # where the payer can still pay the same reference
        changed = change(work, charge, state=state, reference=charge.reference or report.reference, attempts=0,
                         next_at=work.now + FIRST_QUESTION if asks_on else None)
    elif charge_refunds.hear(work, charge, report):  # told as the node's own refund
        _noted(work, charge, report, source)
        return True
    else:
        changed = change(work, charge)
    _tell(work, charge, report, _SAYS[report.status], digest, changed.version, paid_at, key["reference"])
    _noted(work, charge, report, source)
    return True


def _noted(work: UnitOfWork, charge: Charge, report: Report, source: str) -> None:
    work.audit("charge.reported", str(charge.id), node=charge.node, status=report.status, amount=report.amount or 0,
               source=source)


def _adopt(work: UnitOfWork, charge: Charge, report: Report) -> bool:
    """The rail has given its reference: the node can tell the citizen what to quote."""
    if report.reference is None or charge.reference is not None or charge.state != "wished":
        return False
    changed = change(work, charge, state="pending", reference=report.reference, pay_url=report.pay_url, attempts=0,
                     next_at=work.now + FIRST_QUESTION, error=None)
    _tell(work, charge, report, "pending", None, changed.version)
    return True


def _book(work: UnitOfWork, charge: Charge, report: Report, key: Mapping[str, Any]) -> None:
    amount, reference = report.amount or 0, f"{charge.id.hex}:{key['reference']}"
    claimed = work.first(_CLAIM, rail=charge.rail, ours=charge.merchant_reference, amount=amount)
    made = accounts.collected_for_node(charge.rail, reference, charge.node, amount)
    if claimed is not None:  # it stands in the books already, as held
        made = replace(made, kind="held_for_node", postings=(
            replace(made.postings[0], account=accounts.held(charge.rail)), *made.postings[1:]))
        work.write(_CLAIMED, expect=1, which=claimed.id, now=work.now)
    ledger.post(work, made, payment_id=charge.id)


def refuse_at_rail(work: UnitOfWork, seen: Charge, why: str) -> None:
    """The rail took no such order: the node offers other ways."""
    charge = one(work, seen.id)
    if charge.state != "wished":
        return
    changed = change(work, charge, state="refused", next_at=None, error=why)
    _tell(work, charge, Report(charge.merchant_reference, base.FAILED), "refused", None, changed.version)
    work.audit("charge.refused_by_rail", str(charge.id), node=charge.node, rail=charge.rail, error=why)


def lapse(work: UnitOfWork, seen: Charge) -> None:
    """The bill's time ended before the rail was reached: it never hears of it."""
    charge = one(work, seen.id)
    if charge.state != "wished":
        return
    changed = change(work, charge, state="expired", next_at=None)
    _tell(work, charge, Report(charge.merchant_reference, base.EXPIRED), "expired", None, changed.version)


def _tell(work: UnitOfWork, charge: Charge, report: Report, said: str, digest: bytes | None, version: int,
          paid_at: datetime | None = None, news: str | None = None) -> None:
    work.append(language.CHARGE_NEWS, charge.id, version, {
        "charge_id": charge.id, "node": charge.node, "bill_number": charge.bill_number, "rail": charge.rail,
        "said": said, "amount": charge.amount, "paid_amount": report.amount if report.status == base.PAID else None,
        "refunded": report.refunded, "returned": report.returned, "reference": report.reference or charge.reference,
        "pay_url": report.pay_url, "paid_at": paid_at, "news": news, "final": report.final,
        "callback_sha256": digest.hex() if digest else None, "told_at": work.now})
