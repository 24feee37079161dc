"""One-time codes: what a code that was sent is checked against, and how many went where. No code, number or address can
be read here: a code is a keyed hash bound to its challenge, numbers and addresses are keyed hashes."""

from __future__ import annotations

from sqlalchemy import ARRAY, Column, DateTime, Index, Integer, LargeBinary, Table, Text, Uuid, text

from services.notifications.tables import metadata

_moment = DateTime(timezone=True)

code_challenge = Table(
    "code_challenge",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("phone", Text, nullable=False),  # sealed
    Column("phone_key", LargeBinary, nullable=False),
    Column("code_hash", LargeBinary, nullable=False),  # of challenge and code together
    Column("created_at", _moment, nullable=False),
    Column("expires_at", _moment, nullable=False),
    Column("tries", ARRAY(Uuid), nullable=False, server_default="{}"),  # who took one, before the code was compared
    Column("ended", Text),  # used | replaced
    Column("ended_at", _moment),
    Index("code_challenge_open", "phone_key", postgresql_where=text("ended IS NULL")),
    Index("code_challenge_expiry", "expires_at"),
)

# How many codes were sent in a window of time, by keyed hash of the number or of the source's address.
code_count = Table(
    "code_count",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("window_start", _moment, primary_key=True),
    Column("count", Integer, nullable=False),
    Index("code_count_window", "window_start"),
)

# When the last code went to a number.
code_last = Table(
    "code_last",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("at", _moment, nullable=False),
    Index("code_last_at", "at"),
)

