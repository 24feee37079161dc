"""What requests keeps. Names, numbers, contacts and documents are sealed; `*_key` columns find an equal value again."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()
_moment = DateTime(timezone=True)

tracking_serial = Sequence("tracking_serial", minvalue=0, start=0, metadata=metadata)
licence_serial = Sequence("licence_serial", metadata=metadata)

# Every published version of the guide that this node has seen: a request keeps the version it was lodged under.
definition = Table(
    "definition",
    metadata,
    Column("code", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("effective_from", Date, nullable=False),
    Column("body", JSONB, nullable=False),
)

# From that day on nobody may lodge a request for the service, unless a version came into force after it.
retirement = Table(
    "retirement",
    metadata,
    Column("code", Text, primary_key=True),
    Column("retired_from", Date, primary_key=True),
    Column("reason", JSONB),
)

# Units, centres, holidays and working hours as catalog published them, laid over the lists of rules.places.
organisation = Table(
    "organisation",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("timeline", JSONB, nullable=False),
)

# One row, counted up with every change of `organisation`: what a process holds of it is good while this is the same.
organisation_stamp = Table(
    "organisation_stamp",
    metadata,
    Column("stamp", BigInteger, nullable=False),
)

request = Table(
    "request",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),  # the sequence of its events
    Column("tracking_number", Text, nullable=False, unique=True),
    Column("service_code", Text, nullable=False),
    Column("service_version", Integer, nullable=False),
    Column("unit", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("applicant_kind", Text, nullable=False),
    Column("name", Text, nullable=False),  # sealed
    Column("national_id", Text),  # sealed
    Column("national_id_key", LargeBinary),
    Column("passport", Text),  # sealed
    Column("contact", Text, nullable=False),  # sealed under the `contact` ring: name, phone, email, language
    Column("inquiry_key", LargeBinary, nullable=False),  # tracking number and the phone's last four digits
    Column("language", Text, nullable=False),
    Column("answers", JSONB, nullable=False),  # fields marked personal in the definition are sealed
    Column("state", Text, nullable=False),
    Column("state_kind", Text, nullable=False),
    Column("outcome", Text),
    Column("lodged_at", _moment, nullable=False),
    Column("due_on", Date),
    Column("judge_on", Date),  # when a sweep next looks at its periods
    Column("silence_on", Date),  # the first day on which silence may mean something
    Column("taken_by", Text, nullable=False),  # the account that took the file in; it may not decide it
    Column("licence_serial", Text),
    Index("request_national_id", "national_id_key"),
    Index("request_open", "unit", "due_on", postgresql_where=text("outcome IS NULL")),
    Index("request_to_judge", "judge_on", "id", postgresql_where=text("outcome IS NULL AND judge_on IS NOT NULL")),
    Index("request_silent", "silence_on", "id", postgresql_where=text("outcome IS NULL AND silence_on IS NOT NULL")),
)

# One row a transition: the timeline, and the marks by which the deadline is computed.
step = Table(
    "step",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("at", _moment, nullable=False),
    Column("from_state", Text),
    Column("action", Text),
    Column("to_state", Text, nullable=False),
    Column("clock", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("department", Text),
    Column("reason", Text),  # sealed: free text may name people
    Column("inputs", Text),  # sealed, for the same reason
    Column("branch", Text),  # of a parallel state, whose department acted
    Column("verdict", Text),  # favourable | unfavourable, what the branch says
)

task = Table(
    "task",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("request_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("department", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("branch", Text),  # of a parallel state; NULL in any other
    Column("status", Text, nullable=False),  # open | held | done | closed: the request went on without it
    Column("held_by", Text),
    Column("held_at", _moment),
    Column("created_at", _moment, nullable=False),
    Column("due_on", Date),
    Column("judge_on", Date),  # when a sweep next looks at it
    Column("warned_at", _moment),
    Column("breached_at", _moment),
    Column("escalated_to", Text),  # the role that was told
    Column("escalated_at", _moment),
    Column("done_at", _moment),
    Column("action", Text),
    Column("taken_by", Text, nullable=False),  # of the request, so that handing out needs one table
    Index("task_open", "unit", "department", "role", "due_on", "created_at", postgresql_where=text("status = 'open'")),
    Index("task_held", "held_by", "due_on", "id", postgresql_where=text("status = 'held'")),
    Index("task_request", "request_id"),
    Index("task_to_judge", "judge_on", "id",
          postgresql_where=text("status IN ('open', 'held') AND judge_on IS NOT NULL")),
)

document = Table(
    "document",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("request_id", Uuid),  # NULL until a request takes it
    Column("code", Text),
    Column("file_name", Text, nullable=False),  # sealed
    Column("media_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),  # sealed
    Column("added_at", _moment, nullable=False),
    Index("document_request", "request_id"),
    Index("document_untaken", "added_at", postgresql_where=text("request_id IS NULL")),
)

licence = Table(
    "licence",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("serial", Text, nullable=False, unique=True),
    Column("request_id", Uuid, nullable=False, unique=True),
    Column("service_code", Text, nullable=False),
    Column("service_version", Integer, nullable=False),
    Column("output", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("qr", Text, nullable=False),  # sealed: it carries the holder's name
    Column("fields", JSONB, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    Column("issued_at", _moment, nullable=False),
    Column("document", LargeBinary),  # sealed; NULL until rendered
    Column("media_type", Text),
    Column("render_attempts", Integer, nullable=False, server_default="0"),
    Column("render_at", _moment, nullable=False, server_default=func.now()),
    Index("licence_unrendered", "render_at", postgresql_where=text("document IS NULL")),
)

from services.requests import tables_deadlines  # noqa: E402, F401  (more of the same metadata)
