"""Turns at the windows: tickets of one day and unit. Nothing here names anybody."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, Table, Text, Uuid, text

from services.requests.tables import metadata, moment

# One row a leg: a ticket that is sent on to another queue goes on there as its next leg, under the same letter and
# number.
turn = Table(
    "turn",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("ticket_id", Uuid, nullable=False),  # the first leg's id
    Column("leg", Integer, nullable=False),
    Column("unit", Text, nullable=False),
    Column("day", Date, nullable=False),  # Cairo's
    Column("issued_in", Text, nullable=False),  # the queue whose letter stands on the ticket (rules.turns.QUEUES)
    Column("number", Integer, nullable=False),  # dense by unit, day and that queue
    Column("queue", Text, nullable=False),  # in which this leg waits
    Column("place", Integer, nullable=False),  # dense by unit, day and that queue
    Column("priority", Boolean, nullable=False),
    Column("state", Text, nullable=False),  # rules.turns.STATES
    Column("taken_at", moment, nullable=False),
    Column("taken_by", Text, nullable=False),
    Column("called_at", moment),  # first called
    Column("called_by", Text),
    Column("called_last", moment),
    Column("calls", Integer, nullable=False),
    Column("counter", Text),  # the window to which it was called
    Column("served_at", moment),
    Column("ended_at", moment),
    Column("waiting_seconds", Integer),  # from taking to the first call
    Column("service_seconds", Integer),  # from standing at the window to the end; NULL: nobody recorded the end
    Index("turn_number", "unit", "day", "issued_in", "number", "leg", unique=True),
    Index("turn_place", "unit", "day", "queue", "place", unique=True),
    Index("turn_at_window", "unit", "day", "counter", unique=True,
          postgresql_where=text("state IN ('called', 'serving')")),
    Index("turn_waiting", "unit", "day", "queue", "priority", "place", postgresql_where=text("state = 'waiting'")),
    Index("turn_open", "day", postgresql_where=text("state IN ('waiting', 'called', 'serving')")),
)

# The last number and place of a queue's day: of two who take a ticket at once the second sees the first.
turn_count = Table(
    "turn_count",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("queue", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("place", Integer, nullable=False),
)

# About which requests somebody came, and which visit of each it was.
turn_request = Table(
    "turn_request",
    metadata,
    Column("ticket_id", Uuid, primary_key=True),
    Column("request_id", Uuid, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("visit", Integer, nullable=False),
    Index("turn_request_visits", "request_id", "day"),
    Index("turn_request_of_unit", "unit", "day"),
)
