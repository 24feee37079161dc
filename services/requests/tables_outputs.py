"""What the register of licences keeps of each licence beside its row, and letters."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table, Text, Uuid

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
