"""Tables of the centre: what it knows of every governorate, and what the national portal takes; part of the metadata of
tables.py. A row that a node tells carries the place (`epoch`, `sequence`) of the event that it is as of: the later one
counts, whichever comes first, and a restored node's word goes before what it said before."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.gateway.tables import metadata

_moment = DateTime(timezone=True)

# Every request of the country as its node last told it. Nobody is named.
national_request = Table(
    "national_request",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),  # in link_log
    Column("tracking_number", Text, nullable=False),
    Column("governorate", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("service_code", Text, nullable=False),
    Column("service_name", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_kind", Text, nullable=False),
    Column("state_name", JSONB, nullable=False),
    Column("department", Text),
    Column("lodged_at", _moment, nullable=False),
    Column("due_on", Date),
    Column("applicant_until", Date),
    Column("clock", Text, nullable=False),
    Column("outcome", Text),
    Column("changed_at", _moment, nullable=False),
    Column("inquiry_check", Text),  # rules.inquiry; empty where the node forgot who applied
    Column("corrections", BigInteger, nullable=False, server_default="0"),  # of the check, how many are in it
    Column("corrections_epoch", Integer, nullable=False, server_default="0"),  # in which a node counts them
    Index("national_request_number", "tracking_number"),
)

# What each bill brought in, and gave back: of two states of a bill the difference is a row of national_money_delta.
national_bill = Table(
    "national_bill",
    metadata,
    Column("bill_id", Uuid, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("governorate", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("service_code", Text, nullable=False),
    Column("collected", BigInteger, nullable=False),  # piastres; 0 until it was paid
    Column("collected_on", Date),  # Cairo
    Column("refunded", BigInteger, nullable=False),
)

national_money_delta = Table(
    "national_money_delta",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("governorate", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("service_code", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("collected", BigInteger, nullable=False),
    Column("refunded", BigInteger, nullable=False),
    Column("bills", BigInteger, nullable=False),
)

national_money = Table(
    "national_money",
    metadata,
    Column("governorate", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("service_code", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("collected", BigInteger, nullable=False),
    Column("refunded", BigInteger, nullable=False),
    Column("bills", BigInteger, nullable=False),
)

# When anything of a governorate last took effect here.
national_place = Table(
    "national_place",
    metadata,
    Column("governorate", Text, primary_key=True),
    Column("applied_at", _moment, nullable=False),
    Column("behind", _moment),  # while it catches up after a cut: the newest moment that is told so far
)

# What a governorate offers: its editions, each document once however many governorates have the same.
national_definition = Table(
    "national_definition",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("document", JSONB, nullable=False),
)

national_edition = Table(
    "national_edition",
    metadata,
    Column("governorate", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("effective_from", Date, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("position", BigInteger, nullable=False),
)

national_retirement = Table(
    "national_retirement",
    metadata,
    Column("governorate", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("retired_from", Date, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

# Which word about an entity stands. `heard` numbers the centre's words about it: this one is the centre's own
# (`epoch` 0), or a node's that was said in knowledge of it.
national_entity = Table(
    "national_entity",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("heard", BigInteger, nullable=False, server_default="0"),
)

# Tracking numbers that governorates reserved for the national portal; each is given once.
national_number = Table(
    "national_number",
    metadata,
    Column("number", Text, primary_key=True),
    Column("governorate", Text, nullable=False),
    Column("block_id", Uuid, nullable=False),  # the application's, where a restored centre learned of it first
    Column("application_id", Uuid),  # to which it was given
    # The place in the node's stream at which its block was first heard of; none where that is not known.
    Column("epoch", Integer),
    Column("sequence", BigInteger),
    Column("at", _moment, nullable=False),
    Index("national_number_free", "governorate", "number", postgresql_where=text("application_id IS NULL")),
)

# An application that was handed down. What is personal in it went with it, sealed for the node; here is none.
national_application = Table(
    "national_application",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("governorate", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("service_code", Text, nullable=False),
    Column("service_name", JSONB, nullable=False),
    Column("tracking_number", Text, nullable=False),
    Column("inquiry_check", Text),
    Column("state", Text, nullable=False),  # handed, then as the node says (contracts.requests_portal.STATES)
    Column("lodged_at", _moment, nullable=False),
    Column("state_at", _moment, nullable=False),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("sequence", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("tracking_number"),
)

# An application that is being filled in at the centre, as requests keeps one at a node.
portal_draft = Table(
    "portal_draft",
    metadata,
    Column("token_key", LargeBinary, primary_key=True),
    Column("service_code", Text, nullable=False),  # with the governorate's, as the pages address it
    Column("body", Text, nullable=False),  # sealed
    Column("saved_at", _moment, nullable=False),
    Column("ends_at", _moment, nullable=False),
    Index("portal_draft_ends", "ends_at"),
)

# A document that waits at the centre for its application.
portal_document = Table(
    "portal_document",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("file_name", Text, nullable=False),  # sealed
    Column("media_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("status", Text, nullable=False),  # uploading | whole
    Column("added_at", _moment, nullable=False),
    Column("kept_until", _moment, nullable=False),
    Index("portal_document_kept", "kept_until"),
)

portal_piece = Table(
    "portal_piece",
    metadata,
    Column("document_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),  # sealed
    Column("size", Integer, nullable=False),  # bytes before sealing
)
