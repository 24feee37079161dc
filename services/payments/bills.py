"""Bills: one for each time a request comes to a payment state, computed from the guide's frozen version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, text, update

from chassis.config import Settings
from chassis.database import Statement
from chassis.ids import named
from chassis.uow import UnitOfWork
from contracts import payments as language
from contracts.events import Event
from rules import fees, numbering, payment_states
from rules import ledger as ledger_rules
from rules.refusal import refuse
from services.payments import gauges, guide, records, tables
from services.payments.rails import RAILS, centre
from services.payments.receipts import CAIRO
from services.payments.records import Bill

LIVE = ("created", "pending")  # a payment that a rail still works at
DAYS = 30  # that a bill may be paid when SHUBBAK_BILL_DAYS does not say otherwise

_SEEN = Statement(select(tables.request_seen).where(tables.request_seen.c.request_id == bindparam("wanted")))
# With the serial of the bill that is about to be issued: one round trip instead of two on the way of every submission.
_SEEN_AND_SERIAL = Statement(text(
    "SELECT nextval('bill_serial') AS serial, request_seen.sequence FROM (SELECT 1) AS always "
    "LEFT JOIN request_seen ON request_id = :wanted"))
# The same for many events at once. A serial only for what will be billed.
_SEEN_AND_SERIALS = Statement(text(
    "SELECT asked.id AS request_id, request_seen.sequence, CASE WHEN asked.to_pay "
    "AND coalesce(request_seen.sequence, 0) < asked.sequence THEN nextval('bill_serial') END AS serial "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:to_pay AS boolean[]), CAST(:sequences AS bigint[])) "
    "AS asked (id, to_pay, sequence) LEFT JOIN request_seen ON request_id = asked.id"))
NEXT_SERIAL = tables.bill_serial.next_value().label("serial")
_FIRST_SEEN = Statement.insert(tables.request_seen)
_NEXT_SEEN = Statement(update(tables.request_seen).where(
    tables.request_seen.c.request_id == bindparam("which"), tables.request_seen.c.sequence == bindparam("seen")
).values({name: bindparam(name, type_=tables.request_seen.c[name].type)
          for name in ("sequence", "state_kind", "outcome")}))


def look_up(work: UnitOfWork, events: Sequence[Event]) -> None:
    """Read at once what following these events needs; no two of them are of one request."""
    ids = [UUID(str(event.data["request_id"])) for event in events]
    work.know(_SEEN_AND_SERIALS, ids, lambda row: row.request_id, ids=ids, sequences=[one.sequence for one in events],
              to_pay=[one.data["state_kind"] == "payment" for one in events])
    moved = [one for one in ids if any(row.sequence is not None for row in work.known(_SEEN_AND_SERIALS, one) or ())]
    if moved:
        records.look_up_bills(work, moved)


def follow_request(work: UnitOfWork, event: Event) -> None:
    """A request was submitted or moved. Whatever was still owed from an earlier state is cancelled; a payment state
    that it entered is billed. A fact that is older than what is known already asks for nothing: facts of one request
    may come in any order. Raises DefinitionNotHere to be called again once the guide has arrived."""
    data, request_id = event.data, UUID(str(event.data["request_id"]))
    to_pay = data["state_kind"] == "payment"
    read = work.known(_SEEN_AND_SERIALS, request_id)
    known: Any = read[0] if read else work.first(_SEEN_AND_SERIAL if to_pay else _SEEN, wanted=request_id)
    seen: int | None = known.sequence if known else None
    if seen is not None and seen >= event.sequence:
        return
    now = {"sequence": event.sequence, "state_kind": data["state_kind"], "outcome": data.get("outcome")}
    if seen is None:
        work.write(_FIRST_SEEN, request_id=request_id, tracking_number=data["tracking_number"],
                   service_code=data["service_code"], service_version=data["service_version"], unit=data["unit"], **now)
    else:
        work.write(_NEXT_SEEN, expect=1, which=request_id, seen=seen, **now)
        cancel_fees(work, request_id)
    if to_pay:
        _issue(work, event, request_id, known.serial)


def _issue(work: UnitOfWork, event: Event, request_id: UUID, serial: int) -> None:
    data, stage = event.data, event.data["stage"]
    lines, lapses = guide.fee_lines(work, data["service_code"], data["service_version"], data["state"])
    charges = fees.compute(lines, data["fee_inputs"], stage)
    ledger_rules.fee_split(charges)  # an account that cannot be posted to must fail now, not when money comes
    total = fees.total(charges)
    issued = Bill(
        id=named("bill", str(request_id), stage, str(event.sequence)), version=1, number=number(work, serial),
        request_id=request_id, entry=event.sequence, attempt=1, stage=stage, tracking_number=data["tracking_number"],
        service_code=data["service_code"], service_version=data["service_version"], unit=data["unit"],
        state="created", total=total, lines=[charge.as_dict() for charge in charges], issued_at=work.now,
        # Where nothing would become of the request, an expired bill would leave the citizen unable ever to pay.
        expires_at=last_moment(work, bill_days(work.settings)) if lapses else None, correlation_id=work.correlation_id)
    records.add_bill(work, issued)
    records.announce(work, issued, language.ISSUED)
    if total == 0:  # nothing to pay is paid at once: no money, no receipt, no posting
        records.change_bill(work, issued, language.PAID, state="paid", paid_at=work.now)


def issue_again(work: UnitOfWork, earlier: Bill) -> Bill | None:
    """A new bill like one that was cancelled because its money went back, if the request still waits to be paid."""
    known = work.one(_SEEN_AND_SERIAL, wanted=earlier.request_id)
    if earlier.kind == records.FEE and known.sequence != earlier.entry:
        return None
    attempt = 1 + max(one.attempt for one in records.bills_of_request(work, earlier.request_id)
                      if (one.stage, one.entry) == (earlier.stage, earlier.entry))
    issued = replace(
        earlier, id=named("bill", str(earlier.request_id), earlier.stage, str(earlier.entry), str(attempt)), version=1,
        number=number(work, known.serial), attempt=attempt, state="created", issued_at=work.now, rail=None,
        reference=None, paid_at=None, receipt_number=None,
        expires_at=last_moment(work, bill_days(work.settings)) if earlier.expires_at else None)
    records.add_bill(work, issued)
    records.announce(work, issued, language.ISSUED)
    return issued


def cancel_fees(work: UnitOfWork, request_id: UUID) -> None:
    """The request moved on: what it waited for is owed no more. A fine or a difference is owed all the same."""
    for standing in records.bills_of_request(work, request_id):
        if standing.kind == records.FEE and standing.state in payment_states.OPEN:
            step = payment_states.step(standing.state, payment_states.CANCELLED)
            records.change_bill(work, standing, records.event_of(step.to_state), state=step.to_state)


def number(work: UnitOfWork, serial: int) -> str:
    """The number of a bill of this node."""
    return numbering.bill_number(work.settings.node, work.now.astimezone(CAIRO).year, serial)


def bill_days(settings: Settings) -> int:
    """For how many days a bill may be paid. ConfigurationError when that is no number of days."""
    return settings.number("BILL_DAYS", DAYS, least=1, most=365)


def last_moment(work: UnitOfWork, days: int) -> datetime:
    """The end of the last Cairo day on which a bill may be paid for so many days: people keep days, not seconds."""
    day = work.now.astimezone(CAIRO).date() + timedelta(days=days + 1)
    return datetime.combine(day, time.min, CAIRO).astimezone(work.now.tzinfo)


def show(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """One bill with its payments, or all bills of a request. Refuses bill_unknown, also to a partner's key for a bill
    of a unit that it is not good for."""
    if body.get("bill_id") is not None:
        standing = records.bill(work, body["bill_id"])
        if not _reached_by_partner(work, standing):
            raise refuse("bill_unknown", "bill_id")
        return _shown(work, standing)
    if body.get("request_id") is None:
        raise refuse("field_required", "bill_id")
    return {"bills": [_shown(work, standing) for standing in records.bills_of_request(work, body["request_id"])
                      if _reached_by_partner(work, standing)]}


def _reached_by_partner(work: UnitOfWork, standing: Bill) -> bool:
    return work.actor.kind != "partner" or work.actor.reaches(standing.unit)


def _shown(work: UnitOfWork, standing: Bill) -> dict[str, Any]:
    attempts = records.payments_of_bill(work, standing.id)
    late = work.now - gauges.reference_alarm(work.settings)
    payments = [
        {"payment_id": payment.id, "rail": payment.rail, "state": payment.state, "amount": payment.amount,
         "reference": payment.reference, "pay_url": payment.pay_url, "started_at": payment.started_at,
         "late": payment.state == "created" and payment.started_at <= late,
         "travels": payment.rail == centre.NAME}
        for payment in attempts]
    rails = [traits.name for traits in RAILS.offered(work.settings) if traits.takes(standing.total)]
    under_way = [payment.rail for payment in attempts if payment.state in LIVE]
    others = [rail for rail in rails if rail not in under_way] if standing.state in payment_states.OPEN else []
    behind = centre.behind(work.settings)
    return {**records.state_of(standing), "issued_at": standing.issued_at, "rails": rails, "other_rails": others,
            "payments": payments, "shown_as": {centre.NAME: behind} if behind else {}}
