"""Receipt books: one for each counter and year, one for each tablet and year. A number of a book is given once, to a
receipt or to a void with its reason, and none is left out."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import counter as rules
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.payments import counters, receipts, shifts, tables_counter

_VOID = Statement.insert(tables_counter.receipt_void)
# Given, void before, or told by the device with its money held for a person.
_USED = Statement(text(
    "SELECT 1 FROM receipt WHERE book = :book AND book_serial = :serial "
    "UNION ALL SELECT 1 FROM receipt_void WHERE book = :book AND serial = :serial "
    "UNION ALL SELECT 1 FROM review WHERE rail = :drawer AND reference LIKE '%:' || CAST(:serial AS text)"))
_KNOWN = Statement(text("SELECT unit FROM receipt WHERE book = :book LIMIT 1"))


def of_counter(counter: str, at: datetime) -> str:
    """The book of a counter on a day: a new one each Cairo year."""
    return f"{counter}/{cairo_date(at).year}"


def of_device(device_id: UUID | str, year: int) -> str:
    return f"device:{device_id}/{year}"


def void_next(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """The next number of the own counter's book is given up. Refuses shift_required, counter_reason_required."""
    shift = shifts.enter(work)
    book = of_counter(shift.counter, work.now)
    return _void(work, book, receipts.next_serial(work, book), body["reason"])


def void_of_device(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A number that a tablet never used. Refuses forbidden, drawer_unknown, receipt_number_used,
    counter_reason_required."""
    book, serial = of_device(body["device_id"], body["year"]), body["serial"]
    known = work.first(_KNOWN, book=book)
    if known is None:
        raise refuse("drawer_unknown", "device_id")
    work.require(counters.MANAGE, unit=known.unit)
    if work.first(_USED, book=book, serial=serial, drawer=f"device.{body['device_id']}") is not None:
        raise refuse("receipt_number_used", "serial")
    return _void(work, book, serial, body["reason"])


def _void(work: UnitOfWork, book: str, serial: int, reason: str) -> dict[str, Any]:
    if not rules.enough(reason):
        raise refuse("counter_reason_required", "reason")
    work.write(_VOID, book=book, serial=serial, reason=reason, voided_by=work.actor.id, voided_at=work.now)
    work.audit("receipt.number_void", f"{book}/{serial}", reason=reason)
    return {"book": book, "serial": serial}
