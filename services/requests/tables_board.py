"""The tables of the boards; part of the metadata of tables.py. `board_fact`, the view that tells the same from the
cases themselves, stands in migration 0017."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, DateTime, Identity, Integer, Table, Text

from services.requests.tables import metadata

# What is counted. The first ones are counts of the delta's kind, the last sums of a kind's amounts.
KINDS = ("lodged", "approved", "rejected", "withdrawn", "lapsed", "finished_late", "reopened", "executed", "delivered",
         "arrived", "acted", "acted_late", "overdue", "rated", "complained")
SUMS = {"finished_seconds": ("approved", "rejected", "withdrawn", "lapsed"), "acted_seconds": ("acted",),
        "stars": ("rated",)}
COUNTS = (*KINDS, *SUMS)

# What a commit adds to the totals of a day; gone once it is folded in. '' where there is none.
board_delta = Table(
    "board_delta",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("day", Date, nullable=False),
    Column("unit", Text, nullable=False),
    Column("department", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False),
)

# The totals of a Cairo day, seen from each side of each place: the whole node (`*`), a unit, a department of a unit.
board_day = Table(
    "board_day",
    metadata,
    Column("place", Text, primary_key=True),
    Column("dimension", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("key", Text, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in COUNTS),
)

# What lies open at a desk, in whose hand ('' in nobody's), and how much of it is late, as it was last looked at.
board_desk = Table(
    "board_desk",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("department", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("open", Integer, nullable=False),
    Column("late", Integer, nullable=False),
    Column("late_week", Integer, nullable=False),  # of the late ones: by more than 7 days
    Column("late_month", Integer, nullable=False),  # by more than 30 days
    Column("oldest", Date),  # the date due that passed first
)

# Requests that have not ended; `waiting` of them for the citizen, whose time is not the offices'.
board_open = Table(
    "board_open",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("open", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),
    Column("late", Integer, nullable=False),
    Column("oldest", Date),
)

# One row: when both were last looked at.
board_looked = Table(
    "board_looked",
    metadata,
    Column("at", DateTime(timezone=True), nullable=False),
)
