"""The double-entry ledger of collections, on a cash basis: what came in, where it lies, what it was for.

Entries are made by rules.ledger, whose accounts they use; here they are written down. The database refuses a journal
that does not sum to zero, and any change of one that stands (migrations/versions/0001_payments.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules import ledger as rules
from rules.fees import Charge
from services.payments import counter_check, refund_checks, tables, tables_counter, totals, treasury
from services.payments.records import Bill
from services.payments.totals import Source

_JOURNAL = Statement.insert(tables.journal)
_MOVE = Statement.insert(tables_counter.shift_move)
# inline: without it SQLAlchemy asks for the new id back, which an INSERT of several rows cannot carry.
_ENTRY = Statement(insert(tables.entry).inline().values(
    {name: bindparam(name, type_=tables.entry.c[name].type) for name in ("journal_id", "account", "amount")}))


def charges(lines: Iterable[dict[str, Any]]) -> list[Charge]:
    """A bill's lines as the rules know them."""
    return [Charge(line["code"], line["name"], line["account"], line["amount"]) for line in lines]


def post(work: UnitOfWork, made: rules.Entry, *, unit: str | None = None, bill_id: UUID | None = None,
         payment_id: UUID | None = None, source: Source | None = None, shift_id: UUID | None = None) -> None:
    """Gather one journal and what it adds to the totals of its day. Its kind and reference name what is posted; posting
    that twice is a conflict. `source` is said for whatever touches revenue; `shift_id` for whatever moves cash in or
    out of a counter's drawer: the shift that the work has entered (shifts.enter)."""
    journal_id = uuid7()
    work.write(_JOURNAL, id=journal_id, kind=made.kind, source=f"{made.kind}:{made.reference}", bill_id=bill_id,
               payment_id=payment_id, unit=unit, at=work.now)
    work.write_many(_ENTRY, [{"journal_id": journal_id, "account": posting.account, "amount": posting.amount}
                             for posting in made.postings])
    if shift_id is not None:
        moved = sum(posting.amount for posting in made.postings if posting.account == rules.cash(unit or ""))
        work.write(_MOVE, journal_id=journal_id, shift_id=shift_id, kind=made.kind, amount=moved)
    totals.count(work, made, unit, source)


def post_cash(work: UnitOfWork, paid: Bill, receipt_number: str, shift_id: UUID) -> None:
    """A bill was paid at the counter of its unit, in a cashier's shift."""
    post(work, rules.cash_receipt(paid.unit, receipt_number, charges(paid.lines)), unit=paid.unit, bill_id=paid.id,
         source=Source(paid.service_code, "cash", work.actor.id), shift_id=shift_id)


def post_rail(work: UnitOfWork, paid: Bill, receipt_number: str, rail: str, payment_id: UUID) -> None:
    """A bill was paid through a rail."""
    post(work, rules.rail_receipt(rail, receipt_number, charges(paid.lines)), unit=paid.unit, bill_id=paid.id,
         payment_id=payment_id, source=Source(paid.service_code, rail))


def post_held(work: UnitOfWork, rail: str, reference: str, amount: int, *, bill: Bill | None = None,
              payment_id: UUID | None = None) -> None:
    """Money came that settles no bill: it is in the books from the first moment, held for a person."""
    post(work, rules.money_held(rail, reference, amount), unit=bill.unit if bill else None,
         bill_id=bill.id if bill else None, payment_id=payment_id)


_CHECKS = {
    "unbalanced journal": """
        SELECT j.id::text || ': ' || count(e.id) || ' entries, sum ' || coalesce(sum(e.amount), 0)
        FROM journal j LEFT JOIN entry e ON e.journal_id = j.id GROUP BY j.id
        HAVING count(e.id) < 2 OR coalesce(sum(e.amount), 0) <> 0""",
    "paid bill without its collection": """
        SELECT b.number FROM bill b
        LEFT JOIN collection j ON j.bill_id = b.id
        WHERE b.state IN ('paid', 'refund_requested', 'partly_refunded', 'refunded', 'disputed')
          AND b.total > 0 AND j.id IS NULL""",
    "collection of a bill that is not paid": """
        SELECT b.number FROM collection j JOIN bill b ON b.id = j.bill_id
        WHERE b.state NOT IN ('paid', 'refund_requested', 'partly_refunded', 'refunded', 'disputed')""",
    "collection that differs from its bill": """
        SELECT b.number FROM collection j JOIN bill b ON b.id = j.bill_id JOIN entry e ON e.journal_id = j.id
        GROUP BY b.id, b.number, b.total
        HAVING sum(e.amount) FILTER (WHERE e.amount > 0) <> b.total""",
    "bill collected twice": """
        SELECT b.number FROM collection j JOIN bill b ON b.id = j.bill_id
        GROUP BY b.id, b.number HAVING count(*) > 1""",
    "bill whose lines differ from its total": """
        SELECT b.number FROM bill b
        WHERE b.total <> coalesce((SELECT sum((l->>'amount')::bigint) FROM jsonb_array_elements(b.lines) l), 0)""",
    "paid bill without a receipt": """
        SELECT b.number FROM bill b LEFT JOIN receipt r ON r.bill_id = b.id AND r.number = b.receipt_number
        WHERE b.state IN ('paid', 'refund_requested', 'partly_refunded', 'refunded', 'disputed')
          AND b.total > 0 AND r.number IS NULL""",
    "money from a rail that is not in the books": """
        SELECT p.merchant_reference FROM payment p LEFT JOIN journal j ON j.payment_id = p.id
          AND j.kind NOT IN ('bill_refunded', 'credit_refunded', 'held_refunded', 'charged_back')
        LEFT JOIN entry e ON e.journal_id = j.id AND e.account = 'rail:' || p.rail
        WHERE p.paid_amount IS NOT NULL GROUP BY p.id, p.merchant_reference, p.paid_amount
        HAVING coalesce(sum(e.amount), 0) <> p.paid_amount""",
    "payment whose state hides its money": """
        SELECT merchant_reference FROM payment
        WHERE (paid_amount IS NOT NULL) <> (state IN ('paid', 'under_review', 'returned'))""",
    "money for a node that is not in the books": """
        SELECT c.id::text FROM charge c LEFT JOIN journal j ON j.payment_id = c.id
        LEFT JOIN entry e ON e.journal_id = j.id AND e.account = 'node:' || c.node
        GROUP BY c.id, c.paid_amount HAVING -coalesce(sum(e.amount), 0) <> coalesce(c.paid_amount, 0)
          - (SELECT coalesce(sum(r.amount), 0) FROM charge_refund r WHERE r.charge_id = c.id AND r.state = 'done')""",
    "held money that does not match what waits for a person": """
        SELECT h.account || ' holds ' || h.amount || ', reviews say ' || h.waiting FROM (
          SELECT e.account, -sum(e.amount) AS amount,
            (SELECT coalesce(sum(r.amount), 0) FROM review r
             WHERE 'held:' || r.rail = e.account AND r.settled_at IS NULL) AS waiting
          FROM entry e WHERE e.account LIKE 'held:%' GROUP BY e.account) h WHERE h.amount <> h.waiting""",
    "gap in a receipt book": """
        SELECT b.book FROM receipt_book b LEFT JOIN (
          SELECT book, book_serial AS serial FROM receipt UNION ALL SELECT book, serial FROM receipt_void
        ) r ON r.book = b.book GROUP BY b.book, b.last
        HAVING count(r.serial) <> b.last OR max(r.serial) IS DISTINCT FROM b.last OR min(r.serial) <> 1""",
    "number of a book that is both given and void": """
        SELECT v.book || ' ' || v.serial FROM receipt_void v
        JOIN receipt r ON r.book = v.book AND r.book_serial = v.serial""",
}


def check_ledger(connection: Connection) -> list[str]:
    """Everything that is wrong with the books, as `what: which`; empty when they are right. Reads only."""
    return [f"{what}: {row[0]}" for what, query in _CHECKS.items() for row in connection.execute(text(query))
            ] + refund_checks.check(connection) + totals.check(connection) \
        + counter_check.check(connection) + treasury.check(connection)


def balances(connection: Connection) -> dict[str, int]:
    """The balance of every account in piastres."""
    rows: Iterable[Any] = connection.execute(text("SELECT account, sum(amount) FROM entry GROUP BY account ORDER BY 1"))
    return {account: int(amount) for account, amount in rows}
