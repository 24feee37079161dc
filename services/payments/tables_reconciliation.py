"""Statements of rails held against the books, what the bank received for them, and periods told to the treasury.

`statement`       a rail's file: which days, how far it was read, what it owes us
`statement_line`  each of its lines, what was found of it, and the journal it agrees with
`difference`      what does not agree and waits for a person, or what the person decided
`bank_line`       a transfer that the bank shows, for one statement
`treasury_period` a run of days told to the treasury, frozen
`treasury_row`    what was collected in it by unit and accounting code
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.payments.tables import journal, metadata

_moment = DateTime(timezone=True)

# How the books are read along a statement.
Index("journal_at", journal.c.at)
Index("journal_payment", journal.c.payment_id, postgresql_where=text("payment_id IS NOT NULL"))
Index("journal_source_c", journal.c.source,  # by bytes (COLLATE "C"), for ranges of references
      postgresql_where=text("kind = 'money_held' AND payment_id IS NULL"))

statement = Table(
    "statement", metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("rail", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("state", Text, nullable=False),  # reading, matching, matched, received, set_aside
    Column("last_line", Integer, nullable=False),  # read so far
    Column("lines", Integer, nullable=False),
    Column("imported_by", Text, nullable=False),
    Column("started_at", _moment, nullable=False),
    Column("matched_at", _moment),
    Column("expected_on", Date),
    Column("gross", BigInteger, nullable=False),  # of the lines that agree with the books, piastres
    Column("returned", BigInteger, nullable=False),
    Column("commission", BigInteger, nullable=False),
    Column("agreed_commission", BigInteger, nullable=False),  # by the terms with the rail
    Column("received", BigInteger, nullable=False),
    Column("let_go", BigInteger, nullable=False),  # of the net, by a person
    Index("statement_digest", "rail", "digest", unique=True, postgresql_where=text("state <> 'set_aside'")),
    Index("statement_days", "rail", "since"),
)

statement_line = Table(
    "statement_line", metadata,
    Column("statement_id", Uuid, ForeignKey("statement.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("rail", Text, nullable=False),
    Column("reference", Text),
    Column("merchant_reference", Text),
    Column("direction", Text),
    Column("amount", BigInteger),
    Column("fee", BigInteger),
    Column("at", _moment),
    Column("day", Date),
    Column("kind", Text),  # None: not held against the books yet
    Column("journal_id", Uuid),
    Column("raw", Text),  # of a line that could not be read, sealed: it may name a payer
    Column("faults", JSONB),
    Index("statement_line_open", "statement_id", "reference", postgresql_where=text("kind IS NULL")),
    Index("statement_line_stated", "rail", "reference"),
    Index("statement_line_raw", "statement_id", postgresql_where=text("raw IS NOT NULL")),
    Index("statement_line_journal", "journal_id", unique=True, postgresql_where=text("journal_id IS NOT NULL")),
)

difference = Table(
    "difference", metadata,
    Column("id", Uuid, primary_key=True),
    Column("rail", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("statement_id", Uuid, ForeignKey("statement.id"), nullable=False),  # that brought it to light
    Column("line", Integer),
    Column("journal_id", Uuid),
    Column("reference", Text),
    Column("direction", Text),
    Column("stated", BigInteger),
    Column("booked", BigInteger),
    Column("day", Date),
    Column("raised_at", _moment, nullable=False),
    Column("settled_at", _moment),
    Column("settled_by", Text),
    Column("decision", Text),
    Column("reason", Text),
    UniqueConstraint("statement_id", "line", name="difference_of_line"),
    Index("difference_open", "rail", "raised_at", postgresql_where=text("settled_at IS NULL")),
    Index("difference_journal", "journal_id", unique=True, postgresql_where=text(
        "kind = 'missing_there' AND (decision IS NULL OR decision NOT IN ('found_later', 'set_aside'))")),
)

bank_line = Table(
    "bank_line", metadata,
    Column("rail", Text, primary_key=True),
    Column("reference", Text, primary_key=True),  # the bank's own
    Column("statement_id", Uuid, ForeignKey("statement.id"), nullable=False),
    Column("account", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("received_on", Date, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", _moment, nullable=False),
)

treasury_period = Table(
    "treasury_period", metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("number", Integer, nullable=False, unique=True),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("state", Text, nullable=False),  # prepared, closed
    Column("total", BigInteger, nullable=False),
    Column("prepared_by", Text, nullable=False),
    Column("prepared_at", _moment, nullable=False),
    Column("closed_by", Text),
    Column("closed_at", _moment),
    Column("csv_digest", LargeBinary),
    Column("xml_digest", LargeBinary),
    Column("key_id", Text),
    Column("signature", Text),
    Index("treasury_one_open", "state", unique=True, postgresql_where=text("state = 'prepared'")),
)

treasury_row = Table(
    "treasury_row", metadata,
    Column("period_id", Uuid, ForeignKey("treasury_period.id"), primary_key=True),
    Column("edition", BigInteger, primary_key=True),  # of the period's preparation; the last one counts
    Column("kind", Text, primary_key=True),  # collection, correction
    Column("unit", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("collected", BigInteger, nullable=False),
    Column("returned", BigInteger, nullable=False),
)
