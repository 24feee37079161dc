"""What people do to bills: a fine or a difference beside the fees, an exemption, an amendment, a cancellation.

Whatever lowers what a citizen owes takes two persons. What stood before is kept with what stands now. A changed bill is
charged anew: a reference that a rail gave for the old total is given up, and money that still comes by it is held.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, text, update

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts import payments as language
from rules import fees, payment_states
from rules import ledger as accounts
from rules.numbering import parse_tracking
from rules.refusal import Fault, Refusal, refuse
from services.payments import bills, guide, ledger, records, settle, tables, tables_refunds
from services.payments.explaining import explained
from services.payments.records import Bill

ISSUE, AMEND, APPROVE, CANCEL = "bill.issue", "bill.amend", "bill.approve", "bill.cancel"
EXEMPTION, AMENDMENT = "exemption", "amendment"
REQUESTED, APPROVED, REJECTED, VOID = "requested", "approved", "rejected", "void"

_table = tables_refunds.bill_change
_INSERT = Statement.insert(_table)
_ONE = Statement(select(_table).where(_table.c.id == bindparam("wanted")))
_OF_BILL = Statement(select(_table).where(_table.c.bill_id == bindparam("wanted"))
                     .order_by(_table.c.requested_at, _table.c.id))
_WAITING = Statement(select(_table).where(  # the predicate of the index bill_change_one, to the letter
    text("state = 'requested'"), text("(CAST(:unit AS text) IS NULL OR unit = :unit)"))
    .order_by(_table.c.requested_at).limit(500))
_DECIDE = Statement(update(_table).where(
    _table.c.id == bindparam("which"), _table.c.version == bindparam("seen")
).values(version=bindparam("seen") + 1, **{name: bindparam(name, type_=_table.c[name].type) for name in (
    "state", "decided_by", "decided_at", "decision_reason")}))
_REQUEST = Statement(select(tables.request_seen, bills.NEXT_SERIAL).where(
    tables.request_seen.c.request_id == bindparam("wanted")))
_NUMBERED = Statement(select(tables.request_seen, bills.NEXT_SERIAL).where(
    tables.request_seen.c.tracking_number == bindparam("wanted")))


# -- beside the fees -------------------------------------------------------------------------------------------------

def issue(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A person bills a fine or a difference. Refuses forbidden, request_not_billable, account_not_of_service,
    explanation_too_short, request_or_number, tracking_malformed."""
    known, named = _request(work, body)
    earlier = [] if known is None else records.bills_of_request(work, known.request_id)
    if known is None or (known.unit is None and not earlier):
        raise refuse("request_not_billable", named)
    request_id: UUID = known.request_id
    like = known if known.unit is not None else earlier[-1]
    work.require(ISSUE, unit=like.unit)
    reason, kind = explained(body["reason"]), body["kind"]
    charges = _charges(work, like, kind, body["lines"])
    attempt = 1 + max((one.attempt for one in earlier if (one.stage, one.entry) == (kind, known.sequence)), default=0)
    total = fees.total(charges)
    issued = Bill(
        id=uuid7(), version=1, number=bills.number(work, known.serial), request_id=request_id, entry=known.sequence,
        attempt=attempt, stage=kind, tracking_number=like.tracking_number, service_code=like.service_code,
        service_version=like.service_version, unit=like.unit, state="created", total=total,
        lines=[charge.as_dict() for charge in charges], issued_at=work.now, correlation_id=work.correlation_id,
        expires_at=bills.last_moment(work, body["days"]) if body["days"] else None, kind=kind)
    records.add_bill(work, issued)
    records.announce(work, issued, language.ISSUED)
    work.audit("bill.issued", str(issued.id), kind=kind, total=total, reason=reason)
    return records.state_of(issued)


def _request(work: UnitOfWork, body: dict[str, Any]) -> tuple[Any, str]:
    """What is known of the request, and the field that named it."""
    request_id, number = body.get("request_id"), body.get("tracking_number")
    if (request_id is None) == (number is None):
        raise refuse("request_or_number", "request_id")
    if number is None:
        return work.first(_REQUEST, wanted=request_id), "request_id"
    return work.first(_NUMBERED, wanted=parse_tracking(number)), "tracking_number"


def _charges(work: UnitOfWork, like: Any, kind: str, lines: list[dict[str, Any]]) -> list[fees.Charge]:
    of_service, _ = guide.fee_lines(work, like.service_code, like.service_version, "")
    known = sorted({line["account"] for line in of_service})
    faults = [Fault("account_not_of_service", f"lines/{index}/account",
                    {"account": line["account"], "known": ", ".join(known)})
              for index, line in enumerate(lines) if line["account"] not in known]
    if faults:
        raise Refusal(faults)
    return [fees.Charge(f"{kind}_{index}", {"ar": line["name_ar"], "en": line["name_en"]}, line["account"],
                        line["amount"]) for index, line in enumerate(lines, 1)]


def cancel(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A person takes back an unpaid fine or difference, or a fee that no request waits for any more. Refuses forbidden,
    bill_unknown, bill_awaited, bill_not_payable, explanation_too_short."""
    bill = records.bill(work, body["bill_id"])
    work.require(CANCEL, unit=bill.unit)
    reason = explained(body["reason"])
    step = payment_states.step(bill.state, payment_states.CANCELLED)
    if bill.kind == records.FEE and bill.state in payment_states.OPEN:
        raise refuse("bill_awaited", "bill_id")
    if not step.changes:
        raise refuse("bill_not_payable", "bill_id", **payment_states.told(bill.state), trigger=payment_states.CANCELLED)
    _give_up_references(work, bill)
    cancelled = records.change_bill(work, bill, language.CHANGED, state=step.to_state)
    work.audit("bill.cancelled", str(bill.id), total=bill.total, reason=reason)
    return records.state_of(cancelled)


def extend(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """More days for a fine or a difference, also when its time is over: it can then be paid again, at the counter too.
    References of before stay good. Refuses forbidden, bill_unknown, bill_not_extendable (a fee follows its request, or
    nothing ends), bill_not_payable, explanation_too_short."""
    bill = records.bill(work, body["bill_id"])
    work.require(ISSUE, unit=bill.unit)
    reason = explained(body["reason"])
    step = payment_states.step(bill.state, payment_states.EXTENDED)
    until = bills.last_moment(work, body["days"])
    if bill.kind == records.FEE or bill.expires_at is None or until <= bill.expires_at:
        raise refuse("bill_not_extendable", "bill_id")
    extended = records.change_bill(work, bill, language.CHANGED, state=step.to_state, expires_at=until)
    work.audit("bill.extended", str(bill.id), before=bill.expires_at.isoformat(), after=until.isoformat(),
               state=bill.state, reason=reason)
    return records.state_of(extended)


# -- exemption and amendment -----------------------------------------------------------------------------------------

def exempt(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Ask that an unpaid bill, or some of its lines, be waived. Refuses forbidden, bill_unknown, bill_not_payable,
    bill_line_unknown, bill_change_open, explanation_too_short."""
    bill, reason = _changeable(work, body)
    wanted = [line["code"] for line in bill.lines] if body["lines"] is None else body["lines"]
    _known(bill, wanted, "lines/{}")
    lines = [line for line in bill.lines if line["code"] not in wanted]
    return _ask(work, bill, EXEMPTION, lines, reason, body["legal_basis"])


def amend(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Other amounts for lines of an unpaid bill. What raises it stands at once. Refuses forbidden, bill_unknown,
    bill_not_payable, bill_line_unknown, bill_line_twice, bill_change_nothing, bill_change_open,
    explanation_too_short."""
    bill, reason = _changeable(work, body)
    _known(bill, [line["code"] for line in body["lines"]], "lines/{}/code")
    amounts = {line["code"]: line["amount"] for line in body["lines"]}
    lines = [{**line, "amount": amounts.get(line["code"], line["amount"])} for line in bill.lines]
    lines = [line for line in lines if line["amount"]]
    if lines == bill.lines:
        raise refuse("bill_change_nothing", "lines")
    return _ask(work, bill, AMENDMENT, lines, reason, None)


def decide(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A second person approves or rejects. A change of a bill that was settled meanwhile is void. Refuses forbidden,
    bill_change_unknown, bill_change_own, bill_change_decided, explanation_too_short."""
    row = work.first(_ONE, wanted=body["change_id"])
    if row is None:
        raise refuse("bill_change_unknown", "change_id")
    work.require(APPROVE, unit=row.unit)
    reason = explained(body["reason"])
    if row.state != REQUESTED:
        raise refuse("bill_change_decided", "change_id", state=row.state)
    if work.actor.id == row.requested_by:
        work.deny(APPROVE, str(row.id))
        raise refuse("bill_change_own", "change_id")
    bill = records.bill(work, row.bill_id)
    state = APPROVED if body["approve"] else REJECTED
    if body["approve"] and (bill.state not in payment_states.OPEN or bill.lines != row.old_lines):
        state = VOID
    decided = {"state": state, "decided_by": work.actor.id, "decided_at": work.now, "decision_reason": reason}
    work.write(_DECIDE, expect=1, which=row.id, seen=row.version, **decided)
    if state == APPROVED:
        _apply(work, bill, row.new_lines)
    work.audit("bill_change.decided", str(row.id), kind=row.kind, state=state, bill=bill.number, reason=reason)
    return _shown({**row._asdict(), **decided})


def _changeable(work: UnitOfWork, body: dict[str, Any]) -> tuple[Bill, str]:
    bill = records.bill(work, body["bill_id"])
    work.require(AMEND, unit=bill.unit)
    reason = explained(body["reason"])
    payment_states.step(bill.state, payment_states.AMENDED)
    if any(one.state == REQUESTED for one in work.all(_OF_BILL, wanted=bill.id)):
        raise refuse("bill_change_open", "bill_id")
    return bill, reason


def _known(bill: Bill, wanted: list[str], path: str) -> None:
    codes = {line["code"] for line in bill.lines}
    faults = [Fault("bill_line_unknown" if code not in codes else "bill_line_twice", path.format(index), {"line": code})
              for index, code in enumerate(wanted) if code not in codes or code in wanted[:index]]
    if faults:
        raise Refusal(faults)


def _ask(work: UnitOfWork, bill: Bill, kind: str, lines: list[dict[str, Any]], reason: str,
         legal_basis: str | None) -> dict[str, Any]:
    total = sum(line["amount"] for line in lines)
    at_once = total > bill.total
    made = {
        "id": uuid7(), "version": 1, "bill_id": bill.id, "kind": kind, "state": APPROVED if at_once else REQUESTED,
        "unit": bill.unit, "old_lines": bill.lines, "old_total": bill.total, "new_lines": lines, "new_total": total,
        "reason": reason, "legal_basis": legal_basis, "requested_by": work.actor.id, "requested_at": work.now,
        "decided_by": work.actor.id if at_once else None, "decided_at": work.now if at_once else None,
        "decision_reason": None}
    work.write(_INSERT, **made)
    if at_once:
        _apply(work, bill, lines)
    work.audit(f"bill.{kind}_requested", str(made["id"]), bill=bill.number, before=bill.total, after=total,
               reason=reason)
    return _shown(made)


def _apply(work: UnitOfWork, bill: Bill, lines: list[dict[str, Any]]) -> None:
    accounts.fee_split(ledger.charges(lines))  # fails now, not when money comes
    total = sum(line["amount"] for line in lines)
    _give_up_references(work, bill)
    work.correlation_id = bill.correlation_id
    step = payment_states.step(bill.state, payment_states.AMENDED if total else payment_states.WAIVED)
    records.change_bill(
        work, bill, language.CHANGED if total else language.PAID, state=step.to_state, lines=lines, total=total,
        rail=None, reference=None, paid_at=None if total else work.now)


def _give_up_references(work: UnitOfWork, bill: Bill) -> None:
    """References of the bill as it was are quoted no more. The rails are asked on: one may still be paid."""
    for payment in records.payments_of_bill(work, bill.id):
        if payment.state in settle.LIVE:
            records.change_payment(work, payment, state="cancelled", settled_at=work.now, attempts=0,
                                   next_at=work.now + settle.FIRST_QUESTION)


def listed(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """The changes of a bill, or all that wait. Refuses forbidden, bill_unknown."""
    if body.get("bill_id") is None:
        rows = work.all(_WAITING, unit=work.actor.unit)
    else:
        bill = records.bill(work, body["bill_id"])
        work.require(AMEND, unit=bill.unit)
        rows = work.all(_OF_BILL, wanted=bill.id)
    return {"changes": [_shown(row._asdict()) for row in rows]}


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {"change_id": row["id"], **{name: row[name] for name in (
        "bill_id", "kind", "state", "unit", "old_lines", "old_total", "new_lines", "new_total", "reason",
        "legal_basis", "requested_by", "requested_at", "decided_by", "decided_at", "decision_reason")}}
