"""What comes after: delivery, the citizen's rating, complaints, requests to open a request again."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    Sequence,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)

from services.requests.tables import metadata, moment

delivery = Table(
    "delivery",
    metadata,
    Column("licence_id", Uuid, primary_key=True),
    Column("edition", Integer, primary_key=True),
    Column("id", Uuid, nullable=False),
    Column("at", moment, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("receiver", Text, nullable=False),  # holder | representative
    Column("receiver_name", Text),  # sealed
    Column("identity", Text, nullable=False),  # what was looked at
    Column("reference", Text),  # of the carrier
)

# Who holds the token of a link may rate the request once; only its digest is kept.
rating_invitation = Table(
    "rating_invitation",
    metadata,
    Column("token_key", LargeBinary, primary_key=True),
    Column("request_id", Uuid, nullable=False),
    Column("made_at", moment, nullable=False),
)

rating = Table(
    "rating",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("id", Uuid, nullable=False),
    Column("stars", SmallInteger, nullable=False),
    Column("comment", Text),  # sealed: free text may name people
    Column("at", moment, nullable=False),
)

complaint_serial = Sequence("complaint_serial", metadata=metadata)

complaint = Table(
    "complaint",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("number", Text, nullable=False, unique=True),
    Column("request_id", Uuid, nullable=False),
    Column("unit", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),  # sealed
    Column("inquiry_key", LargeBinary, nullable=False),
    Column("made_at", moment, nullable=False),
    Column("state", Text, nullable=False),  # rules.complaints.STATES
    Column("level", Integer, nullable=False),  # of rules.complaints.LADDER
    Column("due_on", Date, nullable=False),
    Column("late", Boolean, nullable=False),  # the highest level let it pass too
    Column("upheld", Boolean),
    Column("answer", Text),  # sealed
    Column("answered_by", Text),
    Column("answered_at", moment),
    Index("complaint_due", "due_on", postgresql_where=text("state = 'open' AND NOT late")),
    Index("complaint_open", "unit", "level", "due_on", "id", postgresql_where=text("state = 'open'")),
    Index("complaint_request", "request_id"),
)

reopening = Table(
    "reopening",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("request_id", Uuid, nullable=False),
    Column("unit", Text, nullable=False),
    Column("request_version", BigInteger, nullable=False),  # of the end that it is about
    Column("reason", Text, nullable=False),  # sealed
    Column("asked_at", moment, nullable=False),
    Column("state", Text, nullable=False),  # asked | granted | refused
    Column("decided_by", Text),
    Column("decided_at", moment),
    Column("decision", Text),  # sealed: the reason of who decided
    Index("reopening_end", "request_id", "request_version", unique=True),  # once for each end
    Index("reopening_asked", "unit", "id", postgresql_where=text("state = 'asked'")),
)
