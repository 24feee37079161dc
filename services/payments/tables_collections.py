"""Totals kept by day, so that nothing that is shown has to go through the books.

`ledger_delta`, `collection_delta`  what a commit adds to the totals, written in that commit: rows of its own, so that
                                    two counters never wait for each other; a timer folds them in and removes them
`day_balance`  what moved on an account of a unit on a day, and what it held at the day's end
`balance`      which accounts a unit has
`collected`    what was collected on a day, once for each way of looking at it (`dimension`), for each unit and
               for the whole node (unit `*`)
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Identity, Index, Integer, Table, Text

from services.payments.tables import metadata

ledger_delta = Table(
    "ledger_delta", metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("day", Date, nullable=False),
    Column("account", Text, nullable=False),
    Column("unit", Text, nullable=False),  # '' where money belongs to no unit yet
    Column("amount", BigInteger, nullable=False),  # debit above zero, credit below
)

collection_delta = Table(
    "collection_delta", metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("day", Date, nullable=False),
    Column("unit", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("way", Text, nullable=False),  # cash, or the rail's name
    Column("cashier", Text, nullable=False),  # '' where no person took it
    Column("amount", BigInteger, nullable=False),
    Column("receipts", Integer, nullable=False),
)

day_balance = Table(
    "day_balance", metadata,
    Column("account", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("debit", BigInteger, nullable=False),
    Column("credit", BigInteger, nullable=False),
    Column("closing", BigInteger, nullable=False),
    Index("day_balance_unit", "unit", "day"),
    Index("day_balance_day", "day"),
)

balance = Table(
    "balance", metadata,
    Column("account", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
)

collected = Table(
    "collected", metadata,
    Column("dimension", Text, primary_key=True),  # unit, service, way, cashier
    Column("unit", Text, primary_key=True),
    Column("key", Text, primary_key=True),  # '' for the unit as a whole
    Column("day", Date, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("receipts", BigInteger, nullable=False),
    Index("collected_day", "dimension", "day"),
    Index("collected_unit", "dimension", "unit", "day"),
)
