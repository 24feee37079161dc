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

# One row: how many changes were approved. Each approval demands the one it was judged against.
organisation_state = Table(
    "organisation_state",
    metadata,
    Column("only", Boolean, primary_key=True),
    Column("version", BigInteger, nullable=False),
)
