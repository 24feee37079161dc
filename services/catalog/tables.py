"""What catalog keeps. What was published or decided never changes (the database refuses it): the guide as its authority
published it (`national_version`), what this governorate offers of it (`adoption`), the editions that came of both
(`definition`), and from when a service is no longer offered (`retirement`). Only proposals change, until decided.

No table keys a fee or a document by a unit: one edition holds for all centres of the governorate."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()
_moment = DateTime(timezone=True)

# One row a service, counted up by whatever changes it: what was decided on what was read holds only while this is the
# same, also against a change that adds rows of other tables.
service = Table(
    "service",
    metadata,
    Column("code", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
)

definition = Table(
    "definition",
    metadata,
    Column("code", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("subject", Uuid, nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("published_at", _moment, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("national_version", Integer, nullable=False),
    Column("overrides", JSONB, nullable=False),
    Index("definition_in_force", "code", "effective_from", "version"),
)

national_version = Table(
    "national_version",
    metadata,
    Column("code", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("effective_from", Date, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("approved_by", Text),
    Column("published_at", _moment, nullable=False),
)

retirement = Table(
    "retirement",
    metadata,
    Column("scope", Text, primary_key=True),  # national | local
    Column("code", Text, primary_key=True),
    Column("retired_from", Date, primary_key=True),
    Column("reason", JSONB, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", _moment, nullable=False),
)

# Of this governorate, and at a centre of every governorate that told. `version` is the sequence of its events.
adoption = Table(
    "adoption",
    metadata,
    Column("governorate", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("offered", Boolean, nullable=False),
    Column("overrides", JSONB, nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("state", Text, nullable=False),  # settled | blocked: the overrides do not fit the newest national version
    Column("faults", JSONB, nullable=False),
    Column("national_version", Integer),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", _moment, nullable=False),
)

proposal = Table(
    "proposal",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("effective_from", Date),
    Column("based_on", Integer),
    Column("state", Text, nullable=False),  # draft | in_review | returned | approved | withdrawn
    Column("round", Integer, nullable=False),  # how often it was submitted
    Column("author", Text, nullable=False),
    Column("editors", JSONB, nullable=False),
    Column("created_at", _moment, nullable=False),
    Column("changed_at", _moment, nullable=False),
    Column("decided_at", _moment),
    Column("remark", Text),
    Index("proposal_by_state", "state", "id"),
)

# Of one round: a body that was returned and amended is approved anew by everybody.
approval = Table(
    "approval",
    metadata,
    Column("proposal_id", Uuid, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("permission", Text, primary_key=True),
    Column("by", Text, nullable=False),
    Column("at", _moment, nullable=False),
    UniqueConstraint("proposal_id", "round", "by"),
)
