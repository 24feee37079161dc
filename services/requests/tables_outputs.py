"""What the register of licences keeps of each licence beside its row, and letters."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, LargeBinary, Sequence, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.requests.tables import metadata, moment

# What became of a licence, by whom and why; its version after each act.
licence_act = Table(
    "licence_act",
    metadata,
    Column("licence_id", Uuid, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("at", moment, nullable=False),
    Column("act", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("edition", Integer, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("reason", Text),  # sealed: free text may name people
    Column("other", Text),  # the serial of the licence that took its place
)

# Every time the document left the house: the copy's number within its edition, who had it and the document's digest.
licence_print = Table(
    "licence_print",
    metadata,
    Column("licence_id", Uuid, primary_key=True),
    Column("copy", Integer, primary_key=True),
    Column("edition", Integer, nullable=False),
    Column("at", moment, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("purpose", Text, nullable=False),  # fetched by the applicant, or handed out at a window, by post …
    Column("sha256", Text, nullable=False),
)

letter_serial = Sequence("letter_serial", metadata=metadata)

# A letter to a body outside, about one stay of a request in the state (or branch) that asks it.
letter = Table(
    "letter",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("number", Text, unique=True),  # NULL until it was drawn
    Column("request_id", Uuid, nullable=False),
    Column("entered", BigInteger, nullable=False),  # the request's version when it came there
    Column("state", Text, nullable=False),
    Column("branch", Text),
    Column("body", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("status", Text, nullable=False),  # drafted | sent | answered
    Column("created_at", moment, nullable=False),
    Column("draw_at", moment, nullable=False),
    Column("document", LargeBinary),  # sealed
    Column("media_type", Text),
    Column("sent_on", Date),
    Column("sent_by", Text),
    Column("sent_how", Text),
    Column("sent_reference", Text),
    Column("answered_on", Date),
    Column("answered_by", Text),
    Column("answer_reference", Text),
    Column("answer_document", Uuid),
    Column("answer_note", Text),  # sealed
    Column("recorded_at", moment),
    Column("answer_opinion", Text),  # of an agency that answered through the platform; so the next one
    Column("answer_agency", JSONB(none_as_null=True)),  # its name in both languages
    Index("letter_request", "request_id", "state", "entered"),
    Index("letter_undrawn", "draw_at", postgresql_where=text("document IS NULL")),
    Index("letter_waiting", "body", "id", postgresql_where=text("status <> 'answered'")),
)

# What agencies answered through the platform, every answer as it came; `aside`: it fits no letter that waits for one.
letter_answer = Table(
    "letter_answer",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Text, nullable=False),  # of the letter, as the agency quoted it
    Column("letter_id", Uuid),
    Column("request_id", Uuid),
    Column("unit", Text),
    Column("body", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("agency_name", JSONB, nullable=False),
    Column("opinion", Text, nullable=False),
    Column("answered_on", Date, nullable=False),
    Column("reference", Text),
    Column("note", Text),  # sealed
    Column("box", Text),  # the note as it came, where no key of this node opens it
    Column("given_at", moment, nullable=False),
    Column("arrived_at", moment, nullable=False),
    Column("state", Text, nullable=False),  # recorded | aside | seen
    Column("why", Text),
    Column("settled_at", moment),
    Column("settled_by", Text),
    Column("remark", Text),  # sealed: free text may name people
    Index("letter_answer_aside", "id", postgresql_where=text("state = 'aside'")),
    Index("letter_answer_request", "request_id"),
)
