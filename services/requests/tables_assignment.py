"""The tables of handing out and of what departments add to a step; part of the metadata of tables.py."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Column, Date, DateTime, Index, Integer, LargeBinary, Table, Text, Uuid

from services.requests.tables import metadata

_moment = DateTime(timezone=True)

# Who asked for files at which desk, and when last: the people among whom the engine deals.
attendance = Table(
    "attendance",
    metadata,
    Column("account", Text, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("department", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("seen_at", _moment, nullable=False),
    Column("day", Date, nullable=False),  # Cairo
    Column("given", Integer, nullable=False),  # files on that day
    Index("attendance_desk", "unit", "department", "seen_at"),
)

# Who may not act on a request, beside who took it in: `collected` its money, `decided` what it appeals against.
apart = Table(
    "apart",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("why", Text, nullable=False),
    Column("at", _moment, nullable=False),
    Index("apart_account", "account"),
)

# For whom an attorney acts, and heirs, by the same keyed hash. With the applicants in the view person_of_request.
party = Table(
    "party",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("person_key", LargeBinary, primary_key=True),
    Index("party_person", "person_key"),
)

# Files that were taken out of a hand: by a head with a reason, or by the clock without.
taken_back = Table(
    "taken_back",
    metadata,
    Column("task_id", Uuid, primary_key=True),
    Column("version", BigInteger, primary_key=True),  # of the task, after it
    Column("request_id", Uuid, nullable=False),
    Column("holder", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text),  # sealed
    Column("at", _moment, nullable=False),
)

# Pictures that an inspector took; the step they belong to is (request_id, sequence).
step_photo = Table(
    "step_photo",
    metadata,
    Column("document_id", Uuid, primary_key=True),
    Column("request_id", Uuid, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("caption", Text),  # sealed
    Column("follow_up_id", Uuid),  # of an inspection after the issue, which is no step (sequence 0)
    Index("step_photo_request", "request_id"),
)
