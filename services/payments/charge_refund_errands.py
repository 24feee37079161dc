"""Errands of the centre to its rails for refunds of nodes. As refund_errands.py: an order is marked as sent, in a
commit of its own, before the rail is called, so that whoever is killed afterwards looks it up before it is sent again.
A restored place may have sent what it has no mark of: it looks every order up first."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from chassis.config import CENTRE
from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules.refusal import Refusal
from services.payments import (
    charge_records,
    charge_refunds,
    gauges,
    refund_errands,
    refund_reports,
    refund_ways,
    side_by_side,
    tables_centre,
)
from services.payments.charge_records import Charge
from services.payments.charge_refunds import ChargeRefund
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

if TYPE_CHECKING:
    from chassis.service import Platform

log = logging.getLogger(__name__)

LOOK_AGAIN = timedelta(seconds=30)  # at an order that must wait for its charge, or for another of the same charge
_LONGEST = 200  # of what a rail said, characters

_DUE = Statement(select(tables_centre.charge_refund.c.id)
                 .where(tables_centre.charge_refund.c.next_at <= bindparam("moment"))
                 .order_by(tables_centre.charge_refund.c.next_at).limit(side_by_side.AT_ONCE))


def run(platform: Platform) -> bool:
    """Run what is due. True when there may be more."""
    if platform.settings.node != CENTRE:
        return False
    return side_by_side.run(platform, _DUE, charge_refunds.one, _errand)


def _errand(platform: Platform, seen: ChargeRefund) -> None:
    if seen.state == "under_way":
        _ask(platform, seen)
    else:
        _send(platform, seen)


def _send(platform: Platform, seen: ChargeRefund) -> None:
    marked: tuple[ChargeRefund, Charge, RefundOrder] | None = platform.attempt(lambda work: _mark(work, seen))
    if marked is None:
        return
    standing, charge, order = marked
    started, outcome = time.perf_counter(), "ok"
    try:
        report = RAILS.of(platform.settings, charge.rail).refund(order)
    except RailUnreachable as error:
        outcome = "unreachable"
        platform.attempt(partial(_put_off, seen=standing, error=str(error)))
    except RailRefused as error:
        outcome = "refused"
        log.error("the rail refused a refund", extra={"refund_id": str(seen.id), "error": str(error)})
        platform.attempt(partial(_end, seen=standing, state="refused", why="rail_refused", error=str(error)))
    except (RefundUncertain, Refusal) as error:  # the latter: the rail was taken off this place since it was sent
        outcome = "uncertain"
        log.error("nobody can tell whether money was given back", extra={"refund_id": str(seen.id)})
        why = "ordered_before" if order.only_looked_up else None
        platform.attempt(partial(_end, seen=standing, state="uncertain", why=why, error=str(error)))
    else:
        platform.attempt(lambda work: _record(work, standing, charge, report))
    finally:
        gauges.rail_call(charge.rail, "refund", outcome, time.perf_counter() - started)


def _mark(work: UnitOfWork, seen: ChargeRefund) -> tuple[ChargeRefund, Charge, RefundOrder] | None:
    """Note that the order is going out. None when it does not, or changed meanwhile."""
    standing = charge_refunds.one(work, seen.id)
    if standing.version != seen.version or standing.next_at is None:
        return None
    charge = charge_records.known(work, standing.charge_id)
    verdict = charge_refunds.judged(work, standing, charge) if standing.state == "wished" else None
    if verdict is not None:
        how, why = verdict
        if how != "wait":
            charge_refunds.end(work, standing, how, why)
            if why == "another_unknown":
                charge_refunds.tell_again(work, standing)
            return None
        later = charge_refunds.change(work, standing, next_at=work.now + LOOK_AGAIN, why=why)
        if standing.why != why:
            charge_refunds.tell(work, later)
        return None
    if charge is None:  # its node ordered again what nobody here could tell of, and still nobody can
        charge_refunds.end(work, standing, "uncertain", "charge_unknown")
        return None
    restored = refund_ways.from_before(work, standing.wished_at)
    before = charge_refunds.given_back(charge_refunds.of_charge(work, charge.id))
    order = RefundOrder(
        refund_reference=standing.id.hex, merchant_reference=charge.merchant_reference,
        reference=charge.reference or "", amount=standing.amount, paid_amount=charge.paid_amount or 0,
        reason=f"refund {charge.bill_number}", refunded_before=before,
        repeated=standing.tries > 0 or standing.attempt > 1 or restored, only_looked_up=restored)
    sent = charge_refunds.change(work, standing, state="sent", tries=standing.tries + 1,
                                 next_at=work.now + refund_errands.LEASE)
    return sent, charge, order


def _still_out(standing: ChargeRefund, seen: ChargeRefund) -> bool:
    """Whether the answer to this call decides: the rail's callback was not faster, nor somebody else's call later. That
    the node ordered the same once more meanwhile takes nothing from it."""
    return standing.state == "sent" and standing.tries == seen.tries


def _record(work: UnitOfWork, seen: ChargeRefund, charge: Charge, report: RefundReport) -> None:
    standing = charge_refunds.one(work, seen.id)
    if not _still_out(standing, seen):
        return
    if report.status == DONE:
        charge_refunds.done(work, standing, charge.rail, report.reference)
        return
    charge_refunds.tell(work, charge_refunds.change(
        work, standing, state="under_way", reference=report.reference, why=None, detail=None,
        next_at=work.now + timedelta(seconds=refund_errands.ASK[0])))


def _put_off(work: UnitOfWork, seen: ChargeRefund, error: str) -> None:
    standing = charge_refunds.one(work, seen.id)
    if not _still_out(standing, seen):
        return
    again = refund_errands.AGAIN
    wait = timedelta(seconds=again[min(standing.tries - 1, len(again) - 1)])
    later = charge_refunds.change(work, standing, next_at=work.now + wait, why="rail_unreachable",
                                  detail=error[:_LONGEST])
    if standing.why != "rail_unreachable":
        charge_refunds.tell(work, later)


def _end(work: UnitOfWork, seen: ChargeRefund, state: str, why: str | None, error: str) -> None:
    standing = charge_refunds.one(work, seen.id)
    if _still_out(standing, seen):
        charge_refunds.end(work, standing, state, why, error[:_LONGEST])


def _ask(platform: Platform, seen: ChargeRefund) -> None:
    """Ask after an order that the rail took on. It is not sent again: the rail has it."""
    charge = charge_records.one(platform.unit_of_work(), seen.charge_id)
    try:
        report: Report | None = RAILS.of(platform.settings, charge.rail).ask(charge.merchant_reference)
    except (RailUnreachable, RailRefused, Refusal) as error:
        log.warning("refund not answered for", extra={"refund_id": str(seen.id), "error": str(error)})
        report = None
    platform.attempt(lambda work: _heard(work, seen, charge, report))


def _heard(work: UnitOfWork, seen: ChargeRefund, charge: Charge, report: Report | None) -> None:
    standing = charge_refunds.one(work, seen.id)
    if standing.version != seen.version:
        return
    mine = charge_refunds.of_charge(work, charge.id)
    if report is not None and refund_reports.meant(mine, charge.paid_amount, report) == standing:
        charge_refunds.done(work, standing, charge.rail, standing.reference)
    elif work.now - standing.taken_at > refund_errands.PATIENCE:
        charge_refunds.end(work, standing, "uncertain", None, "under way for too long")
    else:
        again = refund_errands.ASK
        charge_refunds.change(work, standing, tries=standing.tries + 1,
                              next_at=work.now + timedelta(seconds=again[min(standing.tries, len(again) - 1)]))
