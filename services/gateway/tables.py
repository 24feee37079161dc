"""The gateway's own database: staff accounts and sessions, the local copy of the guide, an index of bills, failures
counted for throttling. No address, no token and no citizen's number is stored in the clear."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

metadata = MetaData()

account = Table(
    "account",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("username", String(64), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("display_name", String(200), nullable=False),
    Column("roles", ARRAY(String(40)), nullable=False),
    Column("unit", String(20)),
    Column("department", String(40)),
    Column("window_number", String(20)),
    Column("channel", String(20), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("external_id", Text, unique=True),
    Column("password_temporary", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("account_id", UUID(as_uuid=True), ForeignKey("account.id"), nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Column("id", UUID(as_uuid=True), nullable=False, unique=True),
    Column("how", Text, nullable=False),
    Column("telephone", Boolean, nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Index("session_account", "account_id"),
    Index("session_expiry", "expires_at"),
)

definition = Table(
    "definition",
    metadata,
    Column("code", String(60), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("effective_from", Date, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("taken_at", DateTime(timezone=True), nullable=False),
)

retirement = Table(
    "retirement",
    metadata,
    Column("code", String(60), primary_key=True),
    Column("retired_from", Date, primary_key=True),
    Column("reason", JSONB),
    Column("taken_at", DateTime(timezone=True), nullable=False),
)

# Units, centres, holidays and working hours as catalog published them.
organisation = Table(
    "organisation",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("timeline", JSONB, nullable=False),
)

# One row, counted up with every change of `organisation`.
organisation_stamp = Table("organisation_stamp", metadata, Column("stamp", BigInteger, nullable=False))

bill = Table(
    "bill",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("number", String(40), nullable=False, unique=True),
    Column("tracking_number", String(40), nullable=False),
    Column("request_id", UUID(as_uuid=True), nullable=False),
    Column("unit", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Index("bill_tracking_number", "tracking_number"),
)

failure = Table(
    "failure",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("window_start", DateTime(timezone=True), primary_key=True),
    Column("count", Integer, nullable=False),
    Index("failure_window", "window_start"),
)

from services.gateway import (  # noqa: E402  (more of the same metadata)
    tables_access,  # noqa: F401
    tables_agencies,  # noqa: F401
    tables_citizens,  # noqa: F401
    tables_commands,  # noqa: F401
    tables_link,  # noqa: F401
    tables_national,  # noqa: F401
)
