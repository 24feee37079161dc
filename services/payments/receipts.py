"""Receipts: numbered at the moment money is taken, worded in both languages when shown.

The receipt number is the node's (and may skip one when a transaction fails); the serial in the book of a unit's
counter has no gap, because it is taken in the transaction of the receipt itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select, update

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import arabic, numbering, payment_states
from rules.refusal import refuse
from services.payments import guide, records, tables
from services.payments.records import Bill

CAIRO = ZoneInfo("Africa/Cairo")

_SERIAL = Statement(select(func.nextval("receipt_serial")))
_RECEIPT = Statement.insert(tables.receipt)
_BOOK = Statement(select(tables.receipt_book.c.last).where(tables.receipt_book.c.book == bindparam("wanted")))
_OPEN_BOOK = Statement.insert(tables.receipt_book)
_TURN_PAGE = Statement(update(tables.receipt_book).where(
    tables.receipt_book.c.book == bindparam("which"), tables.receipt_book.c.last == bindparam("seen")
).values(last=bindparam("seen") + 1))
_OF_BILL = Statement(select(tables.receipt).where(tables.receipt.c.bill_id == bindparam("wanted")))


def next_number(work: UnitOfWork, serial: int | None = None) -> str:
    """A receipt number of this node; `serial` where one was drawn already."""
    drawn = work.scalar(_SERIAL) if serial is None else serial
    return numbering.receipt_number(work.settings.node, work.now.astimezone(CAIRO).year, drawn)


def give(work: UnitOfWork, number: str, paid: Bill, way: str, *, payment_id: UUID | None = None,
         tendered: int | None = None, book: str | None = None, serial: int | None = None,
         taken_by: str | None = None, taken_at: datetime | None = None) -> None:
    """Gather the receipt of a bill. With `book`, its next serial too; a device numbers its own book and says who took
    the money and when."""
    serial = next_serial(work, book) if book is not None and serial is None else serial
    work.write(_RECEIPT, number=number, bill_id=paid.id, payment_id=payment_id, way=way, amount=paid.total,
               tendered=tendered, change=None if tendered is None else tendered - paid.total, unit=paid.unit, book=book,
               book_serial=serial, taken_by=taken_by or work.actor.id, taken_at=taken_at or work.now)


def next_serial(work: UnitOfWork, book: str) -> int:
    """Turn a page of a book: its next serial, once this work is committed."""
    last = work.scalar(_BOOK, wanted=book)
    if last is None:
        work.write(_OPEN_BOOK, book=book, last=1)
        return 1
    work.write(_TURN_PAGE, expect=1, which=book, seen=last)
    return int(last) + 1


def show(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """What a receipt shows. Refuses bill_unknown, and bill_not_paid while there is nothing to acknowledge."""
    standing = records.bill(work, body["bill_id"])
    if standing.state not in payment_states.COLLECTED or standing.paid_at is None:
        raise refuse("bill_not_paid", "bill_id", **payment_states.told(standing.state))
    given = work.first(_OF_BILL, wanted=standing.id)
    return {
        **records.state_of(standing),
        "service_name": guide.service_name(work, standing.service_code, standing.service_version),
        "amount_in_words": {language: arabic.amount_in_words(standing.total, language) for language in ("ar", "en")},
        "amount_in_figures": {language: arabic.format_egp(standing.total, language) for language in ("ar", "en")},
        "way": given.way if given else None,
        "tendered": given.tendered if given else None,
        "change": given.change if given else None,
        "book": given.book if given else None,
        "book_serial": given.book_serial if given else None,
        "taken_by": given.taken_by if given and given.way == "cash" else None,
    }
