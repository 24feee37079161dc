"""The cashier's counter.

`counter`       where cash is taken: a window of a unit, a post office's counter, a tablet's drawer
`shift`         a cashier at a counter, from the float to the count; one open one for each of both
`shift_move`    what each journal moved in a shift's drawer; a shift's expected cash is their sum
`shift_slip`    slips of a card terminal that a shift took
`receipt_void`  numbers of a book that nothing was acknowledged under, each with its reason
`receipt_print` each time a receipt was printed: the first is the original
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.payments.tables import metadata

_moment = DateTime(timezone=True)

counter = Table(
    "counter", metadata,
    Column("code", Text, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("kind", Text, nullable=False),  # window, post_office, device
    Column("name", JSONB, nullable=False),
    Column("registered_by", Text, nullable=False),
    Column("registered_at", _moment, nullable=False),
    Index("counter_unit", "unit"),
)

shift = Table(
    "shift", metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("counter", Text, ForeignKey("counter.code"), nullable=False),
    Column("unit", Text, nullable=False),
    Column("cashier", Text, nullable=False),
    Column("state", Text, nullable=False),  # open, closed, approved
    Column("opened_at", _moment, nullable=False),
    Column("opening", BigInteger, nullable=False),  # the float
    Column("closed_at", _moment),
    Column("expected", BigInteger),
    Column("counted", BigInteger),
    Column("pieces", JSONB),  # how many of each piece of money, by its worth in piastres
    Column("difference", BigInteger),
    Column("deposited", BigInteger),  # at the close
    Column("reason", Text),
    Column("approved_at", _moment),
    Column("approved_by", Text),
    Column("note", Text),
    Index("shift_of_cashier", "cashier", unique=True, postgresql_where=text("state = 'open'")),
    Index("shift_at_counter", "counter", unique=True, postgresql_where=text("state = 'open'")),
    Index("shift_unit", "unit", "state", "opened_at"),
)

shift_move = Table(
    "shift_move", metadata,
    Column("journal_id", Uuid, ForeignKey("journal.id"), primary_key=True),
    Column("shift_id", Uuid, ForeignKey("shift.id"), nullable=False),
    Column("kind", Text, nullable=False),  # of the journal
    Column("amount", BigInteger, nullable=False),  # into the drawer above zero, out of it below
    Index("shift_move_shift", "shift_id"),
)

shift_slip = Table(
    "shift_slip", metadata,
    Column("payment_id", Uuid, ForeignKey("payment.id"), primary_key=True),
    Column("shift_id", Uuid, ForeignKey("shift.id"), nullable=False),
    Column("terminal_id", Text, nullable=False),
    Column("batch", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Index("shift_slip_shift", "shift_id"),
)

receipt_void = Table(
    "receipt_void", metadata,
    Column("book", Text, primary_key=True),
    Column("serial", BigInteger, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("voided_by", Text, nullable=False),
    Column("voided_at", _moment, nullable=False),
)

receipt_print = Table(
    "receipt_print", metadata,
    Column("receipt_number", Text, ForeignKey("receipt.number"), primary_key=True),
    Column("copy", Integer, primary_key=True),  # 1: the original
    Column("paper", Text, nullable=False),
    Column("reason", Text),
    Column("printed_by", Text, nullable=False),
    Column("printed_at", _moment, nullable=False),
)
