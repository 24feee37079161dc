"""Errands of the centre to its rails for bills of nodes. As errands.py, with charges for payments: what is due is read
first, the rail is called with no database work open, and what came of it is recorded in a transaction of its own; a
charge is idempotent by our reference."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from chassis.config import CENTRE
from chassis.database import Statement
from chassis.uow import UnitOfWork
from services.payments import charge_records, charges, errands, side_by_side, tables_centre
from services.payments.charge_records import Charge
from services.payments.rails import RAILS
from services.payments.rails.base import Order, RailRefused, RailUnreachable, Report, Share

if TYPE_CHECKING:
    from chassis.service import Platform

log = logging.getLogger(__name__)

_DUE = Statement(select(tables_centre.charge.c.id).where(tables_centre.charge.c.next_at <= bindparam("moment"))
                 .order_by(tables_centre.charge.c.next_at).limit(side_by_side.AT_ONCE))


def run(platform: Platform) -> bool:
    """Run what is due. True when there may be more."""
    if platform.settings.node != CENTRE:
        return False
    return side_by_side.run(platform, _DUE, charge_records.one, _errand, _failed)


def _errand(platform: Platform, charge: Charge) -> None:
    if charge.state == "wished":
        _send(platform, charge)
    else:
        _ask(platform, charge)


def _failed(platform: Platform, charge: Charge) -> None:
    again = errands.SEND_AGAIN if charge.state == "wished" else errands.ASK_AGAIN
    platform.attempt(partial(_put_off, charge=charge, again=again, error="internal"))


def _send(platform: Platform, charge: Charge) -> None:
    now = platform.unit_of_work().now
    if charge.expires_at is not None and charge.expires_at <= now:
        platform.attempt(lambda work: charges.lapse(work, charge))
        return
    rail = RAILS.of(platform.settings, charge.rail)
    lives = now + rail.traits.lives
    order = Order(charge.merchant_reference, charge.amount, f"{charge.bill_number} {charge.service_code}",
                  lives if charge.expires_at is None else min(charge.expires_at, lives),
                  tuple(Share(share["account"], share["amount"]) for share in charge.shares))
    try:
        report = errands.place(charge, rail, order)
    except RailUnreachable as error:
        platform.attempt(partial(_put_off, charge=charge, again=errands.SEND_AGAIN, error=str(error)))
    except RailRefused as error:
        log.error("the rail refused a charge", extra={"charge_id": str(charge.id), "error": str(error)})
        platform.attempt(partial(charges.refuse_at_rail, seen=charge, why=str(error)))
    else:
        platform.attempt(lambda work: _record(work, charge, report, "charge", errands.SEND_AGAIN))


def _ask(platform: Platform, charge: Charge) -> None:
    rail = RAILS.of(platform.settings, charge.rail)
    try:
        report = errands.call(charge, "ask", lambda: rail.ask(charge.merchant_reference))
    except (RailUnreachable, RailRefused) as error:
        platform.attempt(partial(_put_off, charge=charge, again=errands.ASK_AGAIN, error=str(error)))
    else:
        platform.attempt(lambda work: _record(work, charge, report, "question", errands.ASK_AGAIN))


def _record(work: UnitOfWork, charge: Charge, report: Report, source: str, again: tuple[int, ...]) -> None:
    if not charges.take(work, charge_records.one(work, charge.id), report, source):
        _put_off(work, charge, again, None)


def _put_off(work: UnitOfWork, charge: Charge, again: tuple[int, ...], error: str | None) -> None:
    standing = charge_records.one(work, charge.id)
    if standing.version != charge.version or standing.next_at is None:
        return
    wait = timedelta(seconds=again[min(standing.attempts, len(again) - 1)])
    charge_records.put_off(work, standing, _before_the_end(standing, work.now + wait), error)


def _before_the_end(charge: Charge, at: datetime) -> datetime | None:
    over = charge.state != "wished" and charge.expires_at is not None and at > charge.expires_at + errands.GRACE
    return None if over else at
