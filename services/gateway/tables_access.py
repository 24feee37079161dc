"""Tables of how one comes in: second factors of the staff, keys of partners, refusals until they are told in the audit.

`second_factor`  the sealed secret of an authenticator app and the last time step that was taken
`recovery_code`  SHA-256 of codes that stand in for the app, each once
`partner_key`    SHA-256 of a partner's key, what it may, where, until when
`denial`         who was turned away where, counted by the minute; no address is kept, only its keyed hash
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from services.gateway.tables import metadata

_MOMENT = DateTime(timezone=True)

second_factor = Table(
    "second_factor",
    metadata,
    Column("account_id", UUID(as_uuid=True), ForeignKey("account.id"), primary_key=True),
    Column("secret", Text, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("set_up_at", _MOMENT, nullable=False),
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("account_id", UUID(as_uuid=True), ForeignKey("account.id"), primary_key=True),
    Column("code_hash", LargeBinary, primary_key=True),
    Column("used_at", _MOMENT),
)

partner_key = Table(
    "partner_key",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("units", ARRAY(Text)),
    Column("per_minute", Integer, nullable=False),
    Column("made_at", _MOMENT, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("expires_at", _MOMENT, nullable=False),
    Column("used_at", _MOMENT),
    Column("revoked_at", _MOMENT),
    Column("revoked_by", Text),
    Column("revoked_because", Text),
    Column("agency_id", UUID(as_uuid=True), ForeignKey("agency.id")),  # its program comes in as this agency
    Index("partner_key_made", "made_at"),
)

denial = Table(
    "denial",
    metadata,
    Column("minute", _MOMENT, primary_key=True),
    Column("who", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("permission", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("count", Integer, nullable=False),
)
