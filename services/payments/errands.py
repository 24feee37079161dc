"""Errands to the rails: sending charges, and asking after those of which nothing is heard.

The rail is called with no database work open: what is due is read first, then the call is made with nothing held
(only the leader's session stays, idle and outside a transaction), then what came of it is recorded in a transaction
of its own. Killed in between, the errand is simply run again: a charge is idempotent by our reference, a report that
was applied is no news. Two processes that both believe to lead do no harm either.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import bindparam, select

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import payment_states
from services.payments import gauges, ledger, records, settle, side_by_side, tables, wishes
from services.payments.rails import RAILS
from services.payments.rails.base import Order, Rail, RailRefused, RailUnreachable, Report, Share
from services.payments.records import Payment

if TYPE_CHECKING:
    from chassis.service import Platform

log = logging.getLogger(__name__)

SEND_AGAIN = (1, 2, 4, 8, 15, 30, 60)  # seconds after the nth failed sending, then every minute
ASK_AGAIN = (15, 30, 60, 120, 300, 600)  # seconds after the nth question without news, then every ten minutes
GRACE = timedelta(days=3)  # a kiosk may report a late payment so long after its reference expired

_DUE = Statement(
    select(tables.payment.c.id).where(tables.payment.c.next_at <= bindparam("moment"))
    .order_by(tables.payment.c.next_at).limit(side_by_side.AT_ONCE))


class Ordered(Protocol):
    """What was ordered at a rail: a payment here, or a charge for a node's bill at the centre."""

    @property
    def rail(self) -> str: ...

    @property
    def merchant_reference(self) -> str: ...


def run(platform: Platform) -> bool:
    """Run what is due. True when there may be more."""
    return side_by_side.run(platform, _DUE, records.payment, _errand, _failed)


def _errand(platform: Platform, payment: Payment) -> None:
    if RAILS.of(platform.settings, payment.rail).traits.travels:
        platform.attempt(partial(wishes.tend, payment=payment))
    elif payment.state == "created":
        _send(platform, payment)
    else:
        _ask(platform, payment)


def _failed(platform: Platform, payment: Payment) -> None:
    platform.attempt(partial(_put_off, payment=payment, again=SEND_AGAIN, error="internal"))


def _send(platform: Platform, payment: Payment) -> None:
    bill = records.bill(platform.unit_of_work(), payment.bill_id)
    over = payment.expires_at is not None and payment.expires_at <= platform.unit_of_work().now
    if over or (bill.state, payment_states.STARTED) not in payment_states.STEPS:
        platform.attempt(lambda work: _drop(work, payment))
        return
    order = Order(payment.merchant_reference, payment.amount, f"{bill.number} {bill.service_code}", payment.expires_at,
                  tuple(Share(charge.account, charge.amount) for charge in ledger.charges(bill.lines)))
    rail = RAILS.of(platform.settings, payment.rail)
    try:
        report = place(payment, rail, order)
    except RailUnreachable as error:
        platform.attempt(partial(_put_off, payment=payment, again=SEND_AGAIN, error=str(error)))
    except RailRefused as error:
        log.error("the rail refused a charge", extra={"payment_id": str(payment.id), "error": str(error)})
        platform.attempt(partial(_refused, payment=payment, why=str(error)))
    else:
        platform.attempt(lambda work: _record(work, payment, report, "charge", SEND_AGAIN))


def place(payment: Ordered, rail: Rail, order: Order) -> Report:
    """Place the order. A charge that is refused may have been taken before we died: the rail is asked for it."""
    try:
        return call(payment, "charge", lambda: rail.charge(order))
    except RailRefused as refused:
        try:
            found = call(payment, "ask", lambda: rail.ask(payment.merchant_reference))
        except RailRefused:
            raise refused from None
        if found.reference is None:
            raise refused from None
        return found


def _ask(platform: Platform, payment: Payment) -> None:
    rail = RAILS.of(platform.settings, payment.rail)
    try:
        report = call(payment, "ask", lambda: rail.ask(payment.merchant_reference))
    except (RailUnreachable, RailRefused) as error:
        platform.attempt(partial(_put_off, payment=payment, again=ASK_AGAIN, error=str(error)))
    else:
        platform.attempt(lambda work: _record(work, payment, report, "question", ASK_AGAIN))


def call(payment: Ordered, errand: str, ask: Callable[[], Report]) -> Report:
    """What the rail answers, measured. Raises RailRefused, and RailUnreachable also for an answer about another
    charge."""
    started, outcome = time.perf_counter(), "ok"
    try:
        report = ask()
        if report.merchant_reference != payment.merchant_reference:
            raise RailUnreachable("an answer about another charge")
        return report
    except RailUnreachable:
        outcome = "unreachable"
        raise
    except RailRefused:
        outcome = "refused"
        raise
    finally:
        gauges.rail_call(payment.rail, errand, outcome, time.perf_counter() - started)


def _record(work: UnitOfWork, payment: Payment, report: Report, source: str, again: tuple[int, ...]) -> None:
    outcome = settle.take(work, payment.rail, report, source)
    if outcome is None or outcome in settle.LEFT_ALONE:
        _put_off(work, payment, again, None, report.pay_url)


def _put_off(work: UnitOfWork, payment: Payment, again: tuple[int, ...], error: str | None,
             pay_url: str | None = None) -> None:
    """Count the attempt and set the next one, unless the payment moved on meanwhile (a callback was faster). The
    address of the rail's page may have changed since the charge."""
    standing = records.payment(work, payment.id)
    if standing.version != payment.version or standing.next_at is None:
        return
    wait = timedelta(seconds=again[min(standing.attempts, len(again) - 1)])
    records.change_payment(work, standing, attempts=standing.attempts + 1, error=error,
                           pay_url=(pay_url or standing.pay_url) if standing.reference else None,
                           next_at=_before_the_end(standing, work.now + wait))


def _before_the_end(payment: Payment, at: datetime) -> datetime | None:
    if payment.expires_at is not None and at > payment.expires_at + GRACE:
        return None
    return at


def _drop(work: UnitOfWork, payment: Payment) -> None:
    """The bill was settled, cancelled or expired, or its reference would have, before the charge went out: it never
    does."""
    standing = records.payment(work, payment.id)
    if standing.state == "created":
        records.change_payment(work, standing, state="cancelled", next_at=None, settled_at=work.now)


def _refused(work: UnitOfWork, payment: Payment, why: str) -> None:
    standing = records.payment(work, payment.id)
    if standing.state == "created":
        records.change_payment(work, standing, state="failed", next_at=None, settled_at=work.now, error=why)
        work.audit("payment.refused_by_rail", str(payment.id), rail=payment.rail, error=why)
