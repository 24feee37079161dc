"""Files of rails for the tests, and days of payments that they speak of."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from chassis.actors import Actor
from services.payments import paying
from services.payments.reconciliation import imports
from tests.support.payments_ground import PUBLIC, TOTAL, Ground, callback_body

OFFICER = Actor(id="staff:50", kind="staff", roles=("finance_officer",))
HEAD = Actor(id="staff:51", kind="staff", roles=("finance_head",))
HEADING = "fawry_reference,merchant_reference,type,amount,fees,currency,time"
PAID_AT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)  # as callback_body says
DAY = PAID_AT.date()


@dataclass(frozen=True)
class Paid:
    """A bill that was paid through Fawry."""

    bill_id: Any
    merchant_reference: str
    reference: str


def pay(ground: Ground, paid: str = "120.50", *, told: bool = True) -> Paid:
    """A bill paid at a kiosk; with `told` false the rail's callback was lost."""
    bill = ground.billed()
    ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": "fawry"}), PUBLIC)
    [row] = ground.rows("SELECT merchant_reference FROM payment WHERE bill_id = :b", b=bill["bill_id"])
    ours = row.merchant_reference
    if told:
        ground.callback(callback_body(ours, reference=ours[-10:], paid=paid))
    return Paid(bill["bill_id"], ours, ours[-10:])


def line(paid: Paid, amount: str = "120.50", fees: str = "1.20", at: str = "2026-03-01T12:00:00",
         kind: str = "PAYMENT", currency: str = "EGP") -> str:
    return f"{paid.reference},{paid.merchant_reference},{kind},{amount},{fees},{currency},{at}"


def file_of(*lines: str, heading: str = HEADING) -> bytes:
    return ("\n".join((heading, *lines)) + "\n").encode()


def read_in(ground: Ground, content: bytes, *, since: date = DAY, until: date | None = None, rail: str = "fawry",
            name: str = "day.csv") -> dict[str, Any]:
    """Read a file in as the finance officer; what was found of it."""
    told = imports.File(rail, name, rail, since, until or since)
    return imports.read_in(lambda run: ground.attempt(run, OFFICER), told, io.BytesIO(content),
                           lambda _phase, _lines: None)


def waiting(ground: Ground, statement_id: Any) -> list[Any]:
    return ground.rows("SELECT * FROM difference WHERE statement_id = :s AND settled_at IS NULL ORDER BY line, id",
                       s=statement_id)


__all__ = ["DAY", "HEAD", "HEADING", "OFFICER", "PAID_AT", "TOTAL", "Paid", "file_of", "line", "pay", "read_in",
           "waiting"]
