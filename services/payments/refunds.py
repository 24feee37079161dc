"""Giving money back: asked for by one person, approved by another, done by the rail (refund_errands) or by hand.

A bill's own money goes back in whole or in parts of its lines; what came for a bill that was paid before is a credit of
the citizen, posted as such in the commit that hears of it, with its refund already asked for. What went back is posted
when it is known to have gone back: once, as a new entry.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts import payments as language
from rules import ledger as accounts
from rules import ledger_refunds, payment_states
from rules import refunds as rules
from rules.refunds import Part
from rules.refusal import refuse
from services.payments import held_returns, ledger, records, refund_records, refund_ways, shifts, tables
from services.payments.explaining import explained
from services.payments.records import Bill
from services.payments.refund_records import Credit, Refund
from services.payments.totals import Source

REQUEST, APPROVE, PAY, READ = "refund.request", "refund.approve", "refund.pay", "refund.read"
SYSTEM = "system"  # who asks for the refund of what was paid twice

_COLLECTION = Statement(select(tables.receipt.c.payment_id, tables.receipt.c.taken_by, tables.receipt.c.way).where(
    tables.receipt.c.bill_id == bindparam("wanted")))


# -- asking ----------------------------------------------------------------------------------------------------------

def raise_credit(work: UnitOfWork, bill: Bill, account: str, amount: int, *, reference: str,
                 payment_id: UUID | None = None, rail: str | None = None) -> Credit:
    """A bill was paid again: the money that lies in `account` is the citizen's, and its refund is asked for."""
    came = Credit(id=uuid7(), version=1, bill_id=bill.id, payment_id=payment_id, unit=bill.unit, account=account,
                  amount=amount, refunded=0, raised_at=work.now)
    ledger.post(work, ledger_refunds.money_credited(account, reference, accounts.credit(bill.unit), amount),
                unit=bill.unit, bill_id=bill.id, payment_id=payment_id)
    refund_records.add_credit(work, came)
    _add(work, bill, came, amount, (), "paid twice", SYSTEM, payment_id, rail)
    return came


def request(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A person asks for a refund of a bill (its `lines`, or all that is left), or of a credit. Refuses forbidden,
    refund_of_one, bill_unknown, credit_unknown, bill_not_refundable, refund_open, explanation_too_short and the faults
    of rules.refunds.parts."""
    if (body.get("bill_id") is None) == (body.get("credit_id") is None):
        raise refuse("refund_of_one", "bill_id")
    if body.get("credit_id") is not None:
        return _request_credit(work, body)
    bill = records.bill(work, body["bill_id"])
    work.require(REQUEST, unit=bill.unit)
    reason = explained(body["reason"])
    standing = refund_records.of_bill(work, bill.id)
    if any(one.of == refund_records.BILL and one.state in rules.OPEN for one in standing):
        raise refuse("refund_open", "bill_id")
    step = bill_step(bill, payment_states.REFUND_REQUESTED)
    wanted = None if body["lines"] is None else [Part(line["code"], line["amount"]) for line in body["lines"]]
    parts = rules.parts(bill.lines, taken(standing), wanted)
    asked = bill_asked(work, bill, parts, reason)
    records.change_bill(work, bill, language.CHANGED, state=step.to_state)
    work.audit("refund.requested", str(asked.id), bill=bill.number, amount=asked.amount, reason=reason)
    return refund_records.state_of(asked, bill)


def bill_asked(work: UnitOfWork, bill: Bill, parts: tuple[Part, ...], reason: str) -> Refund:
    """Gather the refund of these parts of a bill."""
    came = work.first(_COLLECTION, wanted=bill.id)
    payment_id = came.payment_id if came else None
    rail = records.payment(work, payment_id).rail if payment_id is not None else None
    return _add(work, bill, None, rules.total(parts), parts, reason, work.actor.id, payment_id, rail)


def _request_credit(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    held = refund_records.credit(work, body["credit_id"])
    work.require(REQUEST, unit=held.unit)
    reason = explained(body["reason"])
    if body["lines"] is not None:
        raise refuse("field_unknown", "lines")
    if any(one.credit_id == held.id and one.state in rules.OPEN for one in refund_records.of_bill(work, held.bill_id)):
        raise refuse("refund_open", "credit_id")
    if not held.left:
        raise refuse("refund_nothing_left", "credit_id")
    bill = records.bill(work, held.bill_id)
    rail = records.payment(work, held.payment_id).rail if held.payment_id is not None else None
    asked = _add(work, bill, held, held.left, (), reason, work.actor.id, held.payment_id, rail)
    work.audit("refund.requested", str(asked.id), bill=bill.number, amount=asked.amount, reason=reason)
    return refund_records.state_of(asked, bill)


def _add(work: UnitOfWork, bill: Bill, held: Credit | None, amount: int, parts: tuple[Part, ...], reason: str,
         requested_by: str, payment_id: UUID | None, rail: str | None) -> Refund:
    codes = {line["code"]: line["account"] for line in bill.lines}
    asked = Refund(
        id=uuid7(), version=1, bill_id=bill.id, credit_id=held.id if held else None, payment_id=payment_id,
        unit=bill.unit, state="requested", way=refund_ways.usual_way(work, rail, payment_id), rail=rail, amount=amount,
        parts=[{"code": part.code, "account": codes[part.code], "amount": part.amount} for part in parts],
        reason=reason, requested_by=requested_by, requested_at=work.now)
    refund_records.add(work, asked, bill)
    return asked


def taken(standing: list[Refund]) -> list[Part]:
    """What earlier refunds took of a bill's lines, those under way among them."""
    return [Part(part["code"], part["amount"]) for one in standing if one.state != "rejected" for part in one.parts]


def bill_step(bill: Bill, trigger: str) -> payment_states.Step:
    """The step of the bill. Refuses bill_not_refundable where there is none, or nothing was paid."""
    if (bill.state, trigger) not in payment_states.STEPS or not bill.total:
        raise refuse("bill_not_refundable", "bill_id", **payment_states.told(bill.state))
    return payment_states.step(bill.state, trigger)


# -- deciding --------------------------------------------------------------------------------------------------------

def decide(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A second person approves or rejects. Refuses forbidden, refund_unknown, refund_own (who asked or who collected
    the money), refund_not_possible, refund_way_impossible, refund_kept_by_centre, refund_forgotten_first,
    explanation_too_short."""
    standing = refund_records.refund(work, body["refund_id"])
    work.require(APPROVE, unit=standing.unit or None)
    reason = explained(body["reason"])
    if work.actor.id in (standing.requested_by, _collector(work, standing)):
        work.deny(APPROVE, str(standing.id))
        raise refuse("refund_own", "refund_id")
    bill = refund_records.bill_of(work, standing)
    state = rules.step(standing.state, rules.APPROVED if body["approve"] else rules.REJECTED)
    way = body["way"] if body["approve"] and body["way"] else standing.way
    if body["approve"] and not refund_ways.possible(work, way, standing.rail, standing.payment_id):
        raise refuse("refund_way_impossible", "way", way=way)
    if body["approve"]:
        refund_ways.check_way(work, standing, way)
    else:
        refund_ways.check_dropping(work, standing)
    changed = refund_records.change(
        work, standing, bill, state=state, way=way, decided_by=work.actor.id, decided_at=work.now,
        decision_reason=reason, next_at=work.now if body["approve"] and way == rules.RAIL else None)
    if not body["approve"]:
        let_go(work, standing, bill)
    work.audit("refund.decided", str(standing.id), state=state, way=way, amount=standing.amount, reason=reason)
    return refund_records.state_of(changed, bill)


def let_go(work: UnitOfWork, standing: Refund, bill: Bill | None) -> None:
    """Nothing goes back by this refund: the bill is what it was, a credit the citizen's, held money held."""
    if standing.of == refund_records.HELD:
        held_returns.let_go(work, standing)
    elif standing.of == refund_records.BILL and bill is not None:
        step = payment_states.step(
            bill.state, payment_states.REST_KEPT if bill.refunded else payment_states.REFUND_DROPPED)
        records.change_bill(work, bill, language.CHANGED, state=step.to_state)


def _collector(work: UnitOfWork, standing: Refund) -> str | None:
    if standing.of == refund_records.HELD:
        return held_returns.collector(work, standing)
    came = work.first(_COLLECTION, wanted=standing.bill_id)
    return came.taken_by if came else None


def hand_over(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """An approved refund was given in cash, ordered at the bank, made at the card terminal or on the rail's own pages,
    by another person than the one who approved it. Refuses forbidden, refund_unknown, refund_paid_by_approver,
    refund_not_by_hand, refund_kept_by_centre, refund_forgotten_first, refund_not_possible, field_required (the number
    of the order or slip); in cash shift_required, drawer_short."""
    standing = refund_records.refund(work, body["refund_id"])
    work.require(PAY, unit=standing.unit or None)
    if standing.state != "approved":
        raise refuse("refund_not_possible", "refund_id", **rules.told(standing.state), trigger=rules.CONFIRMED)
    if standing.way == rules.RAIL:
        raise refuse("refund_not_by_hand", "refund_id")
    if work.actor.id == standing.decided_by:
        work.deny(PAY, str(standing.id))
        raise refuse("refund_paid_by_approver", "refund_id")
    reference = body["reference"]
    if standing.way != rules.CASH and reference is None:
        raise refuse("field_required", "reference")
    refund_ways.check_way(work, standing, standing.way)
    bill = refund_records.bill_of(work, standing)
    done = confirm(work, standing, bill, reference=reference)
    work.audit("refund.handed_over", str(done.id), way=done.way, amount=done.amount, reference=reference)
    return refund_records.state_of(done, bill)


def steer(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A person decides about a refund that the rail refused or left in doubt: sent_again (it is looked up there first),
    rerouted, confirmed (the rail's statement shows it), given_up. Refuses forbidden, refund_unknown, refund_own,
    refund_not_possible, refund_kept_by_centre, refund_forgotten_first, refund_way_impossible, field_required,
    explanation_too_short."""
    standing = refund_records.refund(work, body["refund_id"])
    work.require(APPROVE, unit=standing.unit or None)
    reason, act = explained(body["reason"]), body["act"]
    if work.actor.id in (standing.requested_by, _collector(work, standing)):
        work.deny(APPROVE, str(standing.id))
        raise refuse("refund_own", "refund_id")
    bill = refund_records.bill_of(work, standing)
    refund_ways.check_steering(work, standing, act)
    if act == rules.GIVEN_UP:
        refund_ways.check_dropping(work, standing)
    if act == rules.SENT_AGAIN:
        refund_ways.check_way(work, standing, standing.way)
    state = rules.step(standing.state, act)
    if act == rules.CONFIRMED:
        if standing.state not in rules.AT_RAIL:  # by hand it is handed over, by another person
            raise refuse("refund_not_possible", "refund_id", **rules.told(standing.state), trigger=act)
        if body["reference"] is None:
            raise refuse("field_required", "reference")
        changed = confirm(work, standing, bill, reference=body["reference"])
    else:
        way = _steered(work, standing, body) if act == rules.REROUTED else standing.way
        at_rail = act == rules.SENT_AGAIN or (act == rules.REROUTED and way == rules.RAIL)
        changed = refund_records.change(work, standing, bill, state=state, way=way, decided_by=work.actor.id,
                                        decided_at=work.now, decision_reason=reason,
                                        next_at=work.now if at_rail else None)
        if act == rules.GIVEN_UP:
            let_go(work, standing, bill)
    work.audit("refund.steered", str(standing.id), act=act, way=changed.way, amount=standing.amount, reason=reason)
    return refund_records.state_of(changed, bill)


def _steered(work: UnitOfWork, standing: Refund, body: dict[str, Any]) -> str:
    if body["way"] is None:
        raise refuse("field_required", "way")
    if not refund_ways.possible(work, body["way"], standing.rail, standing.payment_id):
        raise refuse("refund_way_impossible", "way", way=body["way"])
    refund_ways.check_way(work, standing, body["way"])
    return str(body["way"])


# -- done ------------------------------------------------------------------------------------------------------------

def confirm(work: UnitOfWork, standing: Refund, bill: Bill | None, *, reference: str | None) -> Refund:
    """The money went back: post it, once, and say so."""
    out = _account(work, standing)
    shift_id = shifts.pay_out(work, standing.amount) if standing.way == rules.CASH else None
    done = refund_records.change(work, standing, bill, state=rules.step(standing.state, rules.CONFIRMED), next_at=None,
                                 reference=reference, error=None, done_by=work.actor.id, done_at=work.now)
    if bill is None or standing.of == refund_records.HELD:
        held_returns.done(work, standing, bill, out, shift_id)
        return done
    if standing.credit_id is not None:
        held = refund_records.credit(work, standing.credit_id)
        ledger.post(work, ledger_refunds.credit_refunded(accounts.credit(held.unit), str(standing.id), out,
                                                         standing.amount),
                    unit=standing.unit, bill_id=bill.id, payment_id=standing.payment_id, shift_id=shift_id)
        refund_records.change_credit(work, held, held.refunded + standing.amount)
        return done
    refunded = bill.refunded + standing.amount
    step = payment_states.step(
        bill.state, payment_states.REFUNDED if refunded == bill.total else payment_states.PARTLY_REFUNDED)
    taken_back = [(part["account"], part["amount"]) for part in standing.parts]
    way = standing.way if standing.way in (rules.CASH, rules.BANK) else standing.rail
    ledger.post(work, ledger_refunds.bill_refunded(taken_back, str(standing.id), out), unit=bill.unit, bill_id=bill.id,
                payment_id=standing.payment_id,
                source=Source(bill.service_code, str(way), work.actor.id if standing.way == rules.CASH else "",
                              receipts=0), shift_id=shift_id)
    records.change_bill(work, bill, language.CHANGED, state=step.to_state, refunded=refunded)
    return done


def _account(work: UnitOfWork, standing: Refund) -> str:
    """What the money goes out of: a drawer, a bank account (the node's own where it is of no unit), or the rail's."""
    if standing.way == rules.CASH:
        return accounts.cash(standing.unit)
    if standing.way == rules.BANK:
        return accounts.bank(standing.unit or work.settings.node)
    return accounts.rail(str(standing.rail))


# -- showing ---------------------------------------------------------------------------------------------------------

def listed(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """The refunds of a bill with its credits, or all refunds that wait. Refuses forbidden, bill_unknown."""
    if body.get("bill_id") is None:
        found = refund_records.waiting(work, work.actor.unit)
        bills = {bill_id: records.bill(work, bill_id) for bill_id in {one.bill_id for one in found} if bill_id}
        return {"refunds": [_shown(work, one, bills.get(one.bill_id) if one.bill_id else None) for one in found],
                "credits": []}
    bill = records.bill(work, body["bill_id"])
    work.require(READ, unit=bill.unit)
    return {
        "refunds": [_shown(work, one, bill) for one in refund_records.of_bill(work, bill.id)],
        "credits": [{"credit_id": one.id, "bill_id": one.bill_id, "amount": one.amount, "left": one.left,
                     "raised_at": one.raised_at} for one in refund_records.credits_of_bill(work, bill.id)]}


def _shown(work: UnitOfWork, one: Refund, bill: Bill | None) -> dict[str, Any]:
    return refund_records.shown(one, bill, travels=refund_ways.goes_up(work, one))
