"""What catalog keeps: every published version of every definition. A version never changes."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, Index, Integer, LargeBinary, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

definition = Table(
    "definition",
    metadata,
    Column("code", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("subject", Uuid, nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
    Column("published_by", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("body", JSONB, nullable=False),
    Index("definition_in_force", "code", "effective_from", "version"),
)
