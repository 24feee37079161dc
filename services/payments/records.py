"""Bills and payments as they stand in the database, and the one way in which either changes.

A change names the version it was made from, so two writers cannot both succeed; the chassis runs the slower one again.
Every change of a bill is exactly one event, whose sequence is the bill's new version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select, update

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts import payments as language
from contracts.events import EventType
from rules.refusal import refuse
from services.payments import tables

CURRENCY = "EGP"
FEE, FINE, DIFFERENCE = "fee", "fine", "difference"


@dataclass(frozen=True, slots=True)
class Bill:
    """What is owed for one stage of one request. `total`, `refunded` and the lines' amounts are piastres. `kind`: fee
    (the request waits for it), or fine or difference, which a person issued and no request waits for."""

    id: UUID
    version: int
    number: str
    request_id: UUID
    entry: int
    attempt: int
    stage: str
    tracking_number: str
    service_code: str
    service_version: int
    unit: str
    state: str
    total: int
    lines: list[dict[str, Any]]
    issued_at: datetime
    correlation_id: str
    expires_at: datetime | None
    rail: str | None = None
    reference: str | None = None
    paid_at: datetime | None = None
    receipt_number: str | None = None
    kind: str = FEE
    refunded: int = 0


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt to pay a bill through a rail."""

    id: UUID
    version: int
    bill_id: UUID
    rail: str
    merchant_reference: str
    state: str
    amount: int
    started_at: datetime
    expires_at: datetime | None
    attempts: int
    next_at: datetime | None
    reference: str | None = None
    pay_url: str | None = None
    paid_amount: int | None = None
    settled_at: datetime | None = None
    error: str | None = None


_BILL_CHANGES = ("state", "expires_at", "rail", "reference", "paid_at", "receipt_number", "refunded")
_AMENDED = (*_BILL_CHANGES, "lines", "total")
_PAYMENT_CHANGES = ("state", "expires_at", "attempts", "next_at", "reference", "pay_url", "paid_amount", "settled_at",
                    "error")


def _select(table: Any, record: type, *where: Any) -> Statement:
    return Statement(select(*(table.c[field.name] for field in fields(record))).where(*where))


def _update(table: Any, changes: tuple[str, ...]) -> Statement:
    return Statement(update(table).where(table.c.id == bindparam("which"), table.c.version == bindparam("seen")).values(
        version=bindparam("seen") + 1, **{name: bindparam(name, type_=table.c[name].type) for name in changes}))


_INSERT_BILL = Statement.insert(tables.bill)
_INSERT_PAYMENT = Statement.insert(tables.payment)
_UPDATE_BILL = _update(tables.bill, _BILL_CHANGES)
_AMEND_BILL = _update(tables.bill, _AMENDED)
_UPDATE_PAYMENT = _update(tables.payment, _PAYMENT_CHANGES)
_BILL = _select(tables.bill, Bill, tables.bill.c.id == bindparam("wanted"))
_BILLS_OF_REQUEST = Statement(
    select(*(tables.bill.c[field.name] for field in fields(Bill)))
    .where(tables.bill.c.request_id == bindparam("wanted")).order_by(tables.bill.c.entry, tables.bill.c.attempt))
_BILLS_OF_REQUESTS = Statement(
    select(*(tables.bill.c[field.name] for field in fields(Bill)))
    .where(tables.bill.c.request_id == func.any(bindparam("wanted", type_=ARRAY(Uuid))))
    .order_by(tables.bill.c.entry, tables.bill.c.attempt))
_PAYMENT = _select(tables.payment, Payment, tables.payment.c.id == bindparam("wanted"))


_BY_THEIRS = Statement(
    select(*(tables.payment.c[field.name] for field in fields(Payment)),
           *(tables.bill.c[field.name].label(f"bill__{field.name}") for field in fields(Bill)))
    .join_from(tables.payment, tables.bill, tables.bill.c.id == tables.payment.c.bill_id)
    .where(tables.payment.c.rail == bindparam("wanted_rail"), tables.payment.c.reference == bindparam("wanted")))
_PAYMENTS_OF_BILL = Statement(
    select(*(tables.payment.c[field.name] for field in fields(Payment)))
    .where(tables.payment.c.bill_id == bindparam("wanted")).order_by(tables.payment.c.started_at))


def bill(work: UnitOfWork, bill_id: UUID) -> Bill:
    """The bill. Refuses bill_unknown."""
    row = work.first(_BILL, wanted=bill_id)
    if row is None:
        raise refuse("bill_unknown", "bill_id")
    return Bill(**row._asdict())


def bills_of_request(work: UnitOfWork, request_id: UUID) -> list[Bill]:
    known = work.known(_BILLS_OF_REQUESTS, request_id)
    rows = work.all(_BILLS_OF_REQUEST, wanted=request_id) if known is None else known
    return [Bill(**row._asdict()) for row in rows]


def look_up_bills(work: UnitOfWork, request_ids: Sequence[UUID]) -> None:
    """Read at once what `bills_of_request` then answers for each."""
    work.know(_BILLS_OF_REQUESTS, request_ids, lambda row: row.request_id, wanted=list(request_ids))


def payment(work: UnitOfWork, payment_id: UUID) -> Payment:
    return Payment(**work.one(_PAYMENT, wanted=payment_id)._asdict())


def payment_with_reference(work: UnitOfWork, rail: str, reference: str) -> tuple[Payment, Bill] | None:
    """The payment that was given this reference by the rail, and its bill."""
    row = work.first(_BY_THEIRS, wanted_rail=rail, wanted=reference)
    if row is None:
        return None
    payment_columns = {field.name: getattr(row, field.name) for field in fields(Payment)}
    bill_columns = {field.name: getattr(row, f"bill__{field.name}") for field in fields(Bill)}
    return Payment(**payment_columns), Bill(**bill_columns)


def payments_of_bill(work: UnitOfWork, bill_id: UUID) -> list[Payment]:
    return [Payment(**row._asdict()) for row in work.all(_PAYMENTS_OF_BILL, wanted=bill_id)]


def add_bill(work: UnitOfWork, new: Bill) -> None:
    work.write(_INSERT_BILL, **asdict(new))


def change_bill(work: UnitOfWork, old: Bill, event_type: EventType, *, occurred: datetime | None = None,
                collected_by: str | None = None, **changes: Any) -> Bill:
    """Change a bill and say so. Whether the change is allowed has been judged before (rules.payment_states).
    `occurred` is when it happened outside, if that was before we heard of it: a request's clock goes by it.
    `collected_by` is who took it in cash."""
    new = replace(old, version=old.version + 1, **changes)
    statement, names = (_AMEND_BILL, _AMENDED) if "lines" in changes else (_UPDATE_BILL, _BILL_CHANGES)
    work.write(statement, expect=1, which=old.id, seen=old.version, **{name: getattr(new, name) for name in names})
    announce(work, new, event_type, occurred, collected_by)
    return new


def announce(work: UnitOfWork, standing: Bill, event_type: EventType, occurred: datetime | None = None,
             collected_by: str | None = None) -> None:
    data = state_of(standing)
    if event_type is language.PAID:
        data["collected_by"] = collected_by
    work.append(event_type, standing.id, standing.version, data, occurred=occurred)


def state_of(standing: Bill) -> dict[str, Any]:
    """The bill in the published language (contracts.payments.BillState)."""
    return {
        "bill_id": standing.id, "bill_number": standing.number, "request_id": standing.request_id,
        "tracking_number": standing.tracking_number, "service_code": standing.service_code, "unit": standing.unit,
        "stage": standing.stage, "state": standing.state, "total": standing.total, "currency": CURRENCY,
        "lines": standing.lines, "expires_at": standing.expires_at, "rail": standing.rail,
        "reference": standing.reference, "paid_at": standing.paid_at, "receipt_number": standing.receipt_number,
        "kind": standing.kind, "refunded": standing.refunded,
    }


def add_payment(work: UnitOfWork, new: Payment) -> None:
    work.write(_INSERT_PAYMENT, **asdict(new))


def change_payment(work: UnitOfWork, old: Payment, **changes: Any) -> Payment:
    new = replace(old, version=old.version + 1, **changes)
    work.write(_UPDATE_PAYMENT, expect=1, which=old.id, seen=old.version,
               **{name: getattr(new, name) for name in _PAYMENT_CHANGES})
    return new


EVENT_OF_STATE = {"created": language.ISSUED, "pending": language.PENDING, "paid": language.PAID}


def event_of(state: str) -> EventType:
    """The event that a bill's arrival in a state is told by."""
    return EVENT_OF_STATE.get(state, language.CHANGED)
