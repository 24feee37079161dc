"""What requests keeps. Names, numbers, contacts and documents are sealed; `*_key` columns find an equal value again."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
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
_moment = moment = DateTime(timezone=True)

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
    Column("particulars", Text),  # sealed: of a company, an attorney, heirs, a foreigner (rules.applicants)
    Column("holder", Text),  # sealed: in whose name the outcome is issued; NULL: the applicant's own
    Column("corrected", Integer, nullable=False, server_default="0"),  # times; a step demands the count it read
    Column("account_id", Uuid),  # the citizen's account it was lodged from; NULL: without one, or at a window
    Index("request_national_id", "national_id_key"),
    Index("request_account", "account_id", "id", postgresql_where=text("account_id IS NOT NULL")),
    Index("request_by_state", "unit", "state", "id"),
    Index("request_by_service", "unit", "service_code", "id"),
    Index("request_by_service_state", "unit", "service_code", "state", "id"),
    Index("request_open", "unit", "due_on", postgresql_where=text("outcome IS NULL")),
    Index("request_open_ids", "id", postgresql_where=text("outcome IS NULL")),  # the sweep of open dates goes by it
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
    Column("legal_reason", JSONB),  # of the definition's list, as it read then: {code, name, legal_basis}
    Column("missing", JSONB),  # what the applicant is to complete: {documents, answers}, codes of the definition
    Column("due_on", Date),  # the request's, after the step
    Column("outcome", Text),  # the request's, after the step
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
    Column("left_by", ARRAY(Text), nullable=False, server_default="{}"),  # who had it and let it lie
    Column("raised_from", Text),  # the unit below, in which exclusions left nobody
    Index("task_open", "unit", "department", "role", "due_on", "created_at", postgresql_where=text("status = 'open'")),
    Index("task_held", "held_by", "due_on", "id", postgresql_where=text("status = 'held'")),
    Index("task_request", "request_id"),
    Index("task_taken", "taken_by", postgresql_where=text("status = 'open' AND taken_by <> 'public'")),
    Index("task_held_since", "held_at", postgresql_where=text("status = 'held'")),
    Index("task_at_desk", "unit", "due_on", postgresql_where=text("status IN ('open', 'held')")),
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
    Column("content", LargeBinary),  # sealed; NULL when it lies in pieces
    Column("added_at", _moment, nullable=False),
    # uploading | quarantined | clean | refused; `verdict` says why it was refused
    Column("status", Text, nullable=False, server_default="quarantined"),
    Column("verdict", Text),
    Column("checked_at", _moment),
    Column("kept_until", _moment),  # a draft waits for its request so long
    Index("document_request", "request_id"),
    Index("document_quarantined", "id", postgresql_where=text("status = 'quarantined'")),
    Index("document_untaken", "added_at", postgresql_where=text("request_id IS NULL")),
)

# A larger document, in the pieces in which it came; each is sealed by itself.
document_piece = Table(
    "document_piece",
    metadata,
    Column("document_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),  # sealed
    Column("size", Integer, nullable=False),  # bytes before sealing
)

# An application that is not lodged yet, found again by a random token alone.
draft = Table(
    "draft",
    metadata,
    Column("token_key", LargeBinary, primary_key=True),  # keyed hash of the token, which is nowhere kept
    Column("service_code", Text, nullable=False),
    Column("owner", Text, nullable=False),  # the account of a clerk, or `public`
    Column("body", Text, nullable=False),  # sealed
    Column("saved_at", _moment, nullable=False),
    Column("ends_at", _moment, nullable=False),
    Index("draft_ends", "ends_at"),
)

# What a clerk put right after a request was lodged: the trace of both values.
correction = Table(
    "correction",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # of the request's corrections
    Column("field", Text, primary_key=True),
    Column("before", Text),  # sealed
    Column("after", Text),  # sealed
    Column("reason", Text, nullable=False),  # sealed
    Column("at", _moment, nullable=False),
    Column("actor_id", Text, nullable=False),
)

# Every serial of tracking_serial once: the request that bears it, or why none does.
number_register = Table(
    "number_register",
    metadata,
    Column("serial", BigInteger, primary_key=True, autoincrement=False),
    Column("request_id", Uuid),
    Column("reason", Text),
    Column("at", _moment, nullable=False),
)

# One row: the first serial that the register answers for, up to which one every serial is in it, and the newest that
# had been drawn at a moment.
number_mark = Table(
    "number_mark",
    metadata,
    Column("since", BigInteger, nullable=False),
    Column("explained", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("seen_at", _moment, nullable=False),
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
    Column("state", Text, nullable=False, server_default="in_force"),  # rules.register.STATES
    Column("state_at", _moment),
    Column("supersedes", Text),  # the serial of the licence it took the place of
    Column("succession", Text),  # renewal | alteration | transfer, where it took one's place
    Column("successor", Text),  # the serial of the licence that took its place
    Column("successor_request", Uuid),  # the request that is to supersede it
    Column("edition", Integer, nullable=False, server_default="1"),  # of its print; a lost print's replacement counts
    Column("copies", Integer, nullable=False, server_default="0"),
    Index("licence_unrendered", "render_at", postgresql_where=text("document IS NULL")),
    Index("licence_listed", "unit", "id"),
    Index("licence_successor_request", "successor_request", postgresql_where=text("successor_request IS NOT NULL")),
)

from services.requests import (  # noqa: E402, F401  (more of the same metadata)
    tables_afterwards,
    tables_assignment,
    tables_board,
    tables_deadlines,
    tables_desk,
    tables_engine,
    tables_finding,
    tables_mobile,
    tables_outputs,
    tables_portal,
    tables_visits,
)
