"""The versions of what is told, those that were shipped and those that people write, and the count of what changed."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.notifications.tables import metadata

_moment = DateTime(timezone=True)

template_version = Table(
    "template_version",
    metadata,
    Column("code", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("origin", Text, nullable=False),  # shipped | written
    Column("state", Text, nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),  # counts changes; a decision names the one it read
    Column("wording", JSONB, nullable=False),
    Column("based_on", Integer),  # the version that was in force when it was begun
    Column("shipped_seen", Integer),  # the shipped version at its last writing: a later one is news to its reviewer
    Column("authors", ARRAY(Text), nullable=False, server_default="{}"),
    Column("created_at", _moment, nullable=False),
    Column("changed_at", _moment, nullable=False),
    Column("proposed_by", Text),
    Column("proposed_at", _moment),
    Column("decided_by", Text),  # who put it in force, returned it, or withdrew it
    Column("decided_at", _moment),
    Column("in_force_at", _moment),
    Column("remark", Text),
    PrimaryKeyConstraint("code", "version", name="template_version_pkey"),
    # Whoever wrote or proposed it does not review it.
    CheckConstraint("state <> 'in_force' OR (decided_by IS NOT NULL AND proposed_by IS NOT NULL "
                    "AND decided_by <> proposed_by AND NOT decided_by = ANY (authors))",
                    name="template_version_two_people"),
    CheckConstraint("(origin = 'shipped') = (state = 'shipped') AND (origin = 'shipped') = (version <= 1000)",
                    name="template_version_origin"),
    Index("template_version_in_force", "code", unique=True, postgresql_where=text("state = 'in_force'")),
    Index("template_version_open", "code", unique=True,
          postgresql_where=text("state IN ('draft','proposed','returned')")),
)

# One row, counted up with everything that changes which wording is in force.
template_edition = Table(
    "template_edition",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("edition", BigInteger, nullable=False),
)
