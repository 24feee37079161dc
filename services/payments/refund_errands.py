"""Refund orders on their way to the rails.

An order is marked as sent, in a commit of its own, before the rail is called: whoever is killed afterwards finds it
marked and comes again with `repeated`, which every adapter looks up before it sends. Nothing is held while the rail
thinks. An order of which nobody can tell what became of it is a person's.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import refunds as rules
from services.payments import (
    gauges,
    records,
    refund_records,
    refund_reports,
    refund_ways,
    refund_wishes,
    refunds,
    side_by_side,
    tables_refunds,
)
from services.payments.rails import RAILS
from services.payments.rails.base import (
    DONE,
    RailRefused,
    RailUnreachable,
    RefundOrder,
    RefundReport,
    RefundUncertain,
    Report,
)
from services.payments.records import Bill, Payment
from services.payments.refund_records import Refund

if TYPE_CHECKING:
    from chassis.service import Platform

log = logging.getLogger(__name__)

AGAIN = (5, 15, 60, 300, 900, 3600)  # seconds after the nth try without an answer, then every hour
LEASE = timedelta(seconds=60)  # that a call may take before somebody else believes that we were killed
ASK = (60, 300, 900, 3600)  # seconds between questions about an order that the rail took on
PATIENCE = timedelta(days=14)  # that a rail may have an order under way before a person looks into it

_DUE = Statement(select(tables_refunds.refund.c.id).where(
    tables_refunds.refund.c.next_at <= bindparam("moment")
).order_by(tables_refunds.refund.c.next_at).limit(side_by_side.AT_ONCE))


def run(platform: Platform) -> bool:
    """Run what is due. True when there may be more."""
    return side_by_side.run(platform, _DUE, refund_records.refund, _errand)


def _errand(platform: Platform, seen: Refund) -> None:
    if refund_ways.goes_up(platform.unit_of_work(), seen):
        platform.attempt(partial(refund_wishes.tell, seen=seen))
    elif seen.state == "under_way":
        _ask(platform, seen)
    else:
        _send(platform, seen)


def _send(platform: Platform, seen: Refund) -> None:
    marked: tuple[Refund, RefundOrder] | None = platform.attempt(lambda work: _mark(work, seen))
    if marked is None:
        return
    standing, order = marked
    started, outcome = time.perf_counter(), "ok"
    try:
        report = RAILS.of(platform.settings, str(standing.rail)).refund(order)
    except RailUnreachable as error:
        outcome = "unreachable"
        platform.attempt(partial(_put_off, seen=standing, error=str(error)))
    except RailRefused as error:
        outcome = "refused"
        log.error("the rail refused a refund", extra={"refund_id": str(seen.id), "error": str(error)})
        platform.attempt(partial(_to_a_person, seen=standing, trigger=rules.REFUSED, error=str(error)))
    except RefundUncertain as error:
        outcome = "uncertain"
        log.error("nobody can tell whether money was given back", extra={"refund_id": str(seen.id)})
        platform.attempt(partial(_to_a_person, seen=standing, trigger=rules.DOUBTED, error=str(error)))
    else:
        platform.attempt(lambda work: _record(work, standing, report))
    finally:
        gauges.rail_call(str(standing.rail), "refund", outcome, time.perf_counter() - started)


def _mark(work: UnitOfWork, seen: Refund) -> tuple[Refund, RefundOrder] | None:
    """Note that the order is going out. None when it changed meanwhile."""
    standing = refund_records.refund(work, seen.id)
    if standing.version != seen.version or standing.next_at is None or standing.payment_id is None:
        return None
    payment = records.payment(work, standing.payment_id)
    bill = records.bill(work, payment.bill_id)
    work.correlation_id = bill.correlation_id
    before = sum(one.amount for one in refund_reports.through_rail(work, payment) if one.state == "done")
    restored = refund_ways.from_before(work, standing.decided_at or standing.requested_at)
    order = RefundOrder(
        refund_reference=standing.id.hex, merchant_reference=payment.merchant_reference,
        reference=payment.reference or "", amount=standing.amount, paid_amount=payment.paid_amount or 0,
        reason=f"refund {bill.number}", refunded_before=before, repeated=standing.attempts > 0 or restored,
        only_looked_up=restored)
    sent = refund_records.change(work, standing, bill, state=rules.step(standing.state, rules.SENT),
                                 attempts=standing.attempts + 1, next_at=work.now + LEASE)
    return sent, order


def _record(work: UnitOfWork, seen: Refund, report: RefundReport) -> None:
    standing = refund_records.refund(work, seen.id)
    if standing.version != seen.version:  # the rail's callback was faster
        return
    bill = _bill(work, standing)
    work.correlation_id = bill.correlation_id
    if report.status == DONE:
        refunds.confirm(work, standing, bill, reference=report.reference)
        work.audit("refund.done", str(standing.id), rail=standing.rail, amount=standing.amount)
    else:
        refund_records.change(work, standing, bill, state=rules.step(standing.state, rules.TAKEN_ON),
                              reference=report.reference, error=None, next_at=work.now + timedelta(seconds=ASK[0]))


def _put_off(work: UnitOfWork, seen: Refund, error: str) -> None:
    standing = refund_records.refund(work, seen.id)
    if standing.version != seen.version:
        return
    wait = timedelta(seconds=AGAIN[min(standing.attempts - 1, len(AGAIN) - 1)])
    refund_records.change(work, standing, _bill(work, standing), next_at=work.now + wait, error=error)


def _to_a_person(work: UnitOfWork, seen: Refund, trigger: str, error: str) -> None:
    standing = refund_records.refund(work, seen.id)
    if standing.version != seen.version:
        return
    state = rules.step(standing.state, trigger)
    refund_records.change(work, standing, _bill(work, standing), state=state, next_at=None, error=error)
    work.audit(f"refund.{state}", str(standing.id), rail=standing.rail, amount=standing.amount, error=error)


def _ask(platform: Platform, seen: Refund) -> None:
    """Ask after an order that the rail took on. It is not sent again: the rail has it."""
    payment: Payment = records.payment(platform.unit_of_work(), seen.payment_id)  # type: ignore[arg-type]
    try:
        report: Report | None = RAILS.of(platform.settings, str(seen.rail)).ask(payment.merchant_reference)
    except (RailUnreachable, RailRefused) as error:
        log.warning("refund not answered for", extra={"refund_id": str(seen.id), "error": str(error)})
        report = None
    platform.attempt(lambda work: _heard(work, seen, payment, report))


def _heard(work: UnitOfWork, seen: Refund, payment: Payment, report: Report | None) -> None:
    standing = refund_records.refund(work, seen.id)
    if standing.version != seen.version:
        return
    bill = _bill(work, standing)
    if report is not None and refund_reports.belongs(work, payment, report) == standing:
        refunds.confirm(work, standing, bill, reference=standing.reference)
        work.audit("refund.done", str(standing.id), rail=standing.rail, amount=standing.amount)
        return
    if work.now - (standing.decided_at or standing.requested_at) > PATIENCE:
        _to_a_person(work, seen, rules.DOUBTED, "under way for too long")
        return
    wait = timedelta(seconds=ASK[min(standing.attempts, len(ASK) - 1)])
    refund_records.change(work, standing, bill, attempts=standing.attempts + 1, next_at=work.now + wait)


def _bill(work: UnitOfWork, standing: Refund) -> Bill:
    """What goes through a rail came for a bill."""
    return records.bill(work, standing.bill_id)  # type: ignore[arg-type]
