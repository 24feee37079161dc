"""The tables of what heads do about their people's files; part of the metadata of tables.py."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, DateTime, Index, Integer, Table, Text, Uuid

from services.requests.tables import metadata

_moment = DateTime(timezone=True)

# Files that a head handed to a colleague of the desk by name, with a reason.
handed_over = Table(
    "handed_over",
    metadata,
    Column("task_id", Uuid, primary_key=True),
    Column("version", BigInteger, primary_key=True),  # of the task, after it
    Column("request_id", Uuid, nullable=False),
    Column("holder", Text),  # whose it was; NULL: it lay open
    Column("receiver", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text),  # sealed
    Column("at", _moment, nullable=False),
    Index("handed_over_request", "request_id"),
)

# Why a request was late and what was done about it, as a head said it on that day. Nothing is overwritten.
late_cause = Table(
    "late_cause",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("request_id", Uuid, nullable=False),
    Column("unit", Text, nullable=False),
    Column("department", Text),  # at whose desk it lay; NULL: at none
    Column("service_code", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_on", Date, nullable=False),  # by which it was late: the law's date, or the desk's own
    Column("days_late", Integer, nullable=False),  # working days after it
    Column("cause", Text, nullable=False),  # rules.lateness.CAUSES
    Column("measure", Text, nullable=False),  # rules.lateness.MEASURES
    Column("words", Text),  # sealed
    Column("by", Text, nullable=False),
    Column("at", _moment, nullable=False),
    Index("late_cause_request", "request_id", "at"),
    Index("late_cause_unit", "unit", "at"),
)
