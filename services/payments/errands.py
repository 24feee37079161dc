"""Errands to the rails: sending charges, and asking after those of which nothing is heard.

The rail is called with no database work open: what is due is read first, then the call is made with nothing held
(only the leader's session stays, idle and outside a transaction), then what came of it is recorded in a transaction
of its own. Killed in between, the errand is simply run again: a charge is idempotent by our reference, a report that
was applied is no news. Two processes that both believe to lead do no harm either.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from chassis import logs
from chassis.database import Statement
from chassis.errors import ChassisError
from chassis.uow import UnitOfWork
from rules import payment_states
from services.payments import gauges, ledger, records, settle, tables
from services.payments.rails import RAILS
from services.payments.rails.base import Order, Rail, RailRefused, RailUnreachable, Report, Share
from services.payments.records import Payment

if TYPE_CHECKING:
    from chassis.service import Platform

log = logging.getLogger(__name__)

AT_ONCE = 16
SEND_AGAIN = (1, 2, 4, 8, 15, 30, 60)  # seconds after the nth failed sending, then every minute
ASK_AGAIN = (15, 30, 60, 120, 300, 600)  # seconds after the nth question without news, then every ten minutes
GRACE = timedelta(days=3)  # a kiosk may report a late payment so long after its reference expired

_DUE = Statement(
    select(tables.payment.c.id).where(tables.payment.c.next_at <= bindparam("moment"))
    .order_by(tables.payment.c.next_at).limit(AT_ONCE))


def run(platform: Platform) -> bool:
    """Run what is due, side by side, so that one slow rail delays nobody long. True when there may be more."""
    look = platform.unit_of_work()
    due = [records.payment(look, row.id) for row in look.all(_DUE, moment=look.now)]
    threads = [threading.Thread(target=_errand, args=(platform, payment), daemon=True) for payment in due]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(due) == AT_ONCE


def _errand(platform: Platform, payment: Payment) -> None:
    try:
        logs.correlation.set(payment.id.hex)
        if payment.state == "created":
            _send(platform, payment)
        else:
            _ask(platform, payment)
    except ChassisError as error:  # the database or the clock of another process was faster: due again at once
        log.warning("errand put off", extra={"payment_id": str(payment.id), "error": str(error)})
    except Exception:
        log.exception("errand failed", extra={"payment_id": str(payment.id)})
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
        report = _charge_or_find(payment, rail, order)
    except RailUnreachable as error:
        platform.attempt(partial(_put_off, payment=payment, again=SEND_AGAIN, error=str(error)))
    except RailRefused as error:
        log.error("the rail refused a charge", extra={"payment_id": str(payment.id), "error": str(error)})
        platform.attempt(partial(_refused, payment=payment, why=str(error)))
    else:
        platform.attempt(lambda work: _record(work, payment, report, "charge", SEND_AGAIN))


def _charge_or_find(payment: Payment, rail: Rail, order: Order) -> Report:
    """Place the order. A charge that is refused may have been taken before we died: the rail is asked for it."""
    try:
        return _call(payment, "charge", lambda: rail.charge(order))
    except RailRefused as refused:
        try:
            found = _call(payment, "ask", lambda: rail.ask(payment.merchant_reference))
        except RailRefused:
            raise refused from None
        if found.reference is None:
            raise refused from None
        return found


def _ask(platform: Platform, payment: Payment) -> None:
    rail = RAILS.of(platform.settings, payment.rail)
    try:
        report = _call(payment, "ask", lambda: rail.ask(payment.merchant_reference))
    except (RailUnreachable, RailRefused) as error:
        platform.attempt(partial(_put_off, payment=payment, again=ASK_AGAIN, error=str(error)))
    else:
        platform.attempt(lambda work: _record(work, payment, report, "question", ASK_AGAIN))


def _call(payment: Payment, errand: str, call: Callable[[], Report]) -> Report:
    started, outcome = time.perf_counter(), "ok"
    try:
        report = call()
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
