"""What catalog keeps of the organisation: every operation ever approved, one row a version of its entity. A row never
changes (the database refuses it); what stands on a day comes of folding them over the published lists."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Index, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.catalog.tables import metadata

organisation_entity = Table(
    "organisation_entity",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("op", Text, nullable=False),  # add | change | close
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    Column("body", JSONB(none_as_null=True)),  # null where the entity is closed; an employee's name is sealed
    Column("proposal_id", Uuid, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Index("organisation_of_proposal", "proposal_id"),
)

# What the centre told of an entity last, whole; `version` is the sequence of our own event about it, `number` that of
# the centre's, `epoch` and `sequence` its place on the line. From then on the entity is the centre's, and what was
# approved here rests.
organisation_received = Table(
    "organisation_received",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("timeline", JSONB, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("number", BigInteger, nullable=False, server_default="0"),
)

# One row: how many changes were approved here or told by the centre. Each approval demands the one it was judged
# against.
organisation_state = Table(
    "organisation_state",
    metadata,
    Column("only", Boolean, primary_key=True),
    Column("version", BigInteger, nullable=False),
)
