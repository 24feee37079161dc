"""Movements at a rail as our books have them, found by the rail's references or by their days.

A booking is one journal that touches `rail:<rail>`: a debit is money that came, a credit money that went back. Its day
is the rail's own for a payment, and the day of booking otherwise. What moves on because of a statement is no booking.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules.calendar import cairo_date, opens
from rules.reconciliation import PAYMENT, REFUND, Booking

PAGE = 2000
LATE = timedelta(days=14)  # we may hear of a payment so long after it was made
_OWN = "('statement_agreed', 'statement_set_aside', 'statement_surplus', 'statement_written_off')"
_UNSTATED = "NOT EXISTS (SELECT FROM statement_line AS l WHERE l.journal_id = j.id)"
# At the centre, charges for bills of nodes too.
_PAYMENTS = ("(SELECT id, rail, reference, merchant_reference, settled_at FROM payment UNION ALL "
             "SELECT id, rail, reference, merchant_reference, paid_at FROM charge)")

_BY_REFERENCE = Statement(text(f"""
    SELECT j.id, w.reference, e.amount, CASE WHEN e.amount > 0 THEN coalesce(p.settled_at, j.at) ELSE j.at END AS at
    FROM unnest(CAST(:references AS text[])) AS w (reference)
    JOIN {_PAYMENTS} AS p ON p.rail = :rail AND p.reference = w.reference
    JOIN journal j ON j.payment_id = p.id
    JOIN entry e ON e.journal_id = j.id AND e.account = 'rail:' || :rail
    WHERE j.kind NOT IN {_OWN} AND {_UNSTATED}
    UNION ALL
    SELECT j.id, w.reference, e.amount, j.at
    FROM unnest(CAST(:references AS text[])) AS w (reference)
    JOIN journal j ON j.kind = 'money_held' AND j.payment_id IS NULL
      AND j.source COLLATE "C" >= 'money_held:' || :rail || ':' || w.reference || ':'
      AND j.source COLLATE "C" < 'money_held:' || :rail || ':' || w.reference || ';'
    JOIN entry e ON e.journal_id = j.id AND e.account = 'rail:' || :rail
    WHERE {_UNSTATED}"""), fresh=True)  # noqa: S608

_BY_TIME = Statement(text(f"""
    SELECT j.id, coalesce(p.reference, CASE WHEN j.kind = 'money_held' THEN split_part(j.source, ':', 3) END,
                          p.merchant_reference, '') AS reference,
           e.amount, CASE WHEN e.amount > 0 THEN coalesce(p.settled_at, j.at) ELSE j.at END AS at, j.at AS booked_at
    FROM journal j JOIN entry e ON e.journal_id = j.id AND e.account = 'rail:' || :rail
    LEFT JOIN {_PAYMENTS} AS p ON p.id = j.payment_id
    WHERE (j.at, j.id) > (:after_at, CAST(:after_id AS uuid)) AND j.at < :before AND j.kind NOT IN {_OWN}
      AND {_UNSTATED} AND NOT EXISTS (SELECT FROM difference AS d
                                      WHERE d.journal_id = j.id AND d.kind = 'missing_there'
                        AND (d.decision IS NULL OR d.decision NOT IN ('found_later', 'set_aside')))
    ORDER BY j.at, j.id LIMIT :size"""), fresh=True)  # noqa: S608


def of_references(work: UnitOfWork, rail: str, references: Collection[str]) -> list[Booking]:
    """The bookings under these references that agree with no line yet."""
    return [_booking(row) for row in work.all(_BY_REFERENCE, rail=rail, references=list(references))]


def of_days(work: UnitOfWork, rail: str, since: date, until: date) -> Iterator[list[Booking]]:
    """Bookings of Cairo days that agree with no line and that nobody was asked about, a page at a time."""
    after_at, after_id = opens(since), "00000000-0000-0000-0000-000000000000"
    before = opens(until + timedelta(days=1)) + LATE
    while rows := work.all(_BY_TIME, rail=rail, after_at=after_at, after_id=after_id, before=before, size=PAGE):
        found = [_booking(row) for row in rows]
        yield [one for one in found if since <= one.day <= until]
        after_at, after_id = rows[-1].booked_at, str(rows[-1].id)


def _booking(row: Any) -> Booking:
    return Booking(str(row.id), row.reference, PAYMENT if row.amount > 0 else REFUND, abs(row.amount),
                   cairo_date(row.at))
