"""Remote commands: what the centre ordered and, at a node, what was ordered of it; with what came of each."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Index, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.gateway.tables import metadata

_moment = DateTime(timezone=True)

link_command = Table(
    "link_command",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("node", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("arguments", JSONB, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ordered_by", Text, nullable=False),
    Column("ordered_at", _moment, nullable=False),
    Column("until", _moment, nullable=False),
    Column("outcome", Text),  # NULL: not answered yet
    Column("code", Text),
    Column("answer", JSONB),
    Column("answered_at", _moment),
    Index("link_command_node", "node", "id"),
)
