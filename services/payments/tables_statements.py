"""Files of rails on their way in over HTTP, and what was decreed of holidays.

`statement_upload`  a file that somebody sends, until it was read in or refused
`statement_piece`   what came of it, sealed, in pieces of 256 KiB; gone when it was read in or refused
`holiday`           holidays and working days as the organisation decreed them, each with its timeline
"""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.payments.tables import metadata

_moment = DateTime(timezone=True)

statement_upload = Table(
    "statement_upload", metadata,
    Column("id", Uuid, primary_key=True),
    Column("rail", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("size", Integer, nullable=False),  # bytes, as they were told beforehand
    Column("digest", LargeBinary),  # SHA-256, told at the end
    Column("state", Text, nullable=False),  # coming, waiting, read, refused
    Column("begun_by", Text, nullable=False),
    Column("begun_at", _moment, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("next_at", _moment),
    Column("statement_id", Uuid, ForeignKey("statement.id")),
    Column("faults", JSONB),
    Index("statement_upload_open", "begun_at", postgresql_where=text("state IN ('coming', 'waiting')")),
)

statement_piece = Table(
    "statement_piece", metadata,
    Column("upload_id", Uuid, ForeignKey("statement_upload.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

holiday = Table(
    "holiday", metadata,
    Column("code", Text, primary_key=True),
    Column("timeline", JSONB, nullable=False),
)
