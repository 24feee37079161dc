"""Citizens' accounts; part of the metadata of tables.py. An account is one person's card and one phone, both sealed."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Index, LargeBinary, Table, Text, Uuid, text

from services.gateway.tables import metadata

_moment = DateTime(timezone=True)

citizen_account = Table(
    "citizen_account",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("card", Text, nullable=False),  # national_id | passport
    Column("number", Text, nullable=False),  # sealed
    Column("number_key", LargeBinary, nullable=False),  # of card and number
    Column("phone", Text, nullable=False),  # sealed
    Column("phone_key", LargeBinary, nullable=False),
    Column("language", Text, nullable=False),
    Column("made_at", _moment, nullable=False),
    Column("seen_at", _moment, nullable=False),  # the last log-in
    Column("bound_at", _moment),  # at a window, against the card; NULL: it sees only what was lodged from it
    Column("bound_by", Text),  # the clerk's account
    Column("bound_unit", Text),
    Column("bound_reason", Text),  # sealed: why another phone or another person gave way
    Column("ended_at", _moment),
    Column("tell_since", _moment),  # its phone is still to be told that it ended
    Index("citizen_account_once", "number_key", "phone_key", unique=True, postgresql_where=text("ended_at IS NULL")),
    Index("citizen_bound_person", "number_key", unique=True,
          postgresql_where=text("bound_at IS NOT NULL AND ended_at IS NULL")),
    Index("citizen_bound_phone", "phone_key", unique=True,
          postgresql_where=text("bound_at IS NOT NULL AND ended_at IS NULL")),
    Index("citizen_to_tell", "tell_since", postgresql_where=text("tell_since IS NOT NULL")),
)

citizen_session = Table(
    "citizen_session",
    metadata,
    Column("id", Uuid, primary_key=True),  # what it is ended by; it opens nothing
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("account_id", Uuid, ForeignKey("citizen_account.id"), nullable=False),
    Column("telephone", Boolean, nullable=False),  # what the browser said of itself
    Column("opened_at", _moment, nullable=False),
    Column("seen_at", _moment, nullable=False),
    Column("expires_at", _moment, nullable=False),
    Column("revoked_at", _moment),
    Index("citizen_session_account", "account_id"),
    Index("citizen_session_expiry", "expires_at"),
)

# For whom a code was sent: to log in with, or to bind a phone with at a window.
citizen_challenge = Table(
    "citizen_challenge",
    metadata,
    Column("id", Uuid, primary_key=True),  # of the challenge in notifications, which holds the code's hash
    Column("purpose", Text, nullable=False),
    Column("card", Text, nullable=False),
    Column("number", Text, nullable=False),  # sealed
    Column("language", Text, nullable=False),
    Column("started_by", Text, nullable=False),
    Column("unit", Text),
    Column("reason", Text),  # sealed; without one nobody gives way
    Column("expires_at", _moment, nullable=False),
    Index("citizen_challenge_expiry", "expires_at"),
)
