"""The tables of deadlines and of silence; part of the metadata of tables.py."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Index,
    Integer,
    Sequence,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.requests.tables import metadata

_moment = DateTime(timezone=True)

deemed_serial = Sequence("deemed_serial", metadata=metadata)

# Who was told what of a period or of a task, once for each length that the period has had.
warning = Table(
    "warning",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("request_id", Uuid, nullable=False),
    Column("task_id", Uuid),  # of a department's own target; NULL for a statutory period
    Column("period", Text, nullable=False),
    Column("level", Text, nullable=False),  # warned | silence_near | breached | escalated
    Column("allowance", Integer, nullable=False),  # the period's days when it was told
    Column("due_on", Date),
    Column("unit", Text, nullable=False),
    Column("department", Text),
    Column("role", Text, nullable=False),  # whose it is to look
    Column("at", _moment, nullable=False),
    Index("warning_once", "request_id", "period", "level", "allowance", "task_id", unique=True,
          postgresql_nulls_not_distinct=True),
    Index("warning_desk", "unit", "role", "at"),
)

extension = Table(
    "extension",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),  # of the event that tells it
    Column("period", Text, nullable=False),
    Column("days", Integer, nullable=False),
    Column("reason", Text, nullable=False),  # sealed
    Column("actor_id", Text, nullable=False),
    Column("at", _moment, nullable=False),
)

# What silence meant, with the document that says so. One row a period: the key keeps it from speaking twice.
deemed = Table(
    "deemed",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # deemed_approval | deemed_rejection
    Column("number", Text, nullable=False, unique=True),
    Column("unit", Text, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("effective_at", _moment, nullable=False),
    Column("issued_at", _moment, nullable=False),
    Column("issued_on", Date, nullable=False),  # Cairo's date of issued_at, by which the daily norm counts
    Column("signed", Text, nullable=False),  # sealed: it names the holder
    Index("deemed_day", "issued_on"),
)

# What the machine asks a person about silence: a contradiction, too many at once, a clock that jumped.
silence_review = Table(
    "silence_review",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("request_id", Uuid),
    Column("unit", Text),  # NULL: of the whole node
    Column("facts", JSONB, nullable=False),
    Column("opened_at", _moment, nullable=False),
    Column("decision", Text),
    Column("reason", Text),  # sealed
    Column("decided_by", Text),
    Column("decided_at", _moment),
    Index("silence_review_open", "kind", "request_id", unique=True, postgresql_nulls_not_distinct=True,
          postgresql_where=text("decided_at IS NULL")),
)

# One row: the latest instant at which the sweep looked at the clock.
silence_clock = Table(
    "silence_clock",
    metadata,
    Column("seen_until", _moment),
    Column("boot_id", Text),  # the switching-on of the machine that looked, and its count of seconds at that moment
    Column("boot_seconds", Double),
)

# One row: the stamp of the organisation by which all open requests were judged, and how far the sweep has come.
due_sweep = Table(
    "due_sweep",
    metadata,
    Column("stamp", BigInteger, nullable=False),
    Column("after", Uuid),
    Column("done", Boolean, nullable=False),
)

# Up to when everything that a service told has come in.
heard = Table(
    "heard",
    metadata,
    Column("source", Text, primary_key=True),
    Column("until", _moment, primary_key=True),
    Column("received_at", _moment, nullable=False),
)
