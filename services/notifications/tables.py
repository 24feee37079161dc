"""What notifications keeps. Names, addresses and texts are sealed; a phone or e-mail is found again by keyed hash."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

# Written out, so that the planner recognises the condition of the partial index.
UNSENT = text("message.state IN ('created','queued','sending','failed_temporarily')")

_moment = DateTime(timezone=True)

recipient = Table(
    "recipient",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("tracking_number", Text, nullable=False),
    Column("service_name", JSONB, nullable=False),
    Column("unit", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("contact", Text),  # exactly as it came: sealed under the `contact` ring
    Column("department", Text),  # where the request last was, so that only a real move is told
    Column("outcome", Text),
    Column("heard_at", _moment, nullable=False, server_default=func.clock_timestamp()),
    Column("service", Text),  # its code; not kept of the oldest requests
    Column("lodged_at", _moment),
    Index("recipient_heard", "heard_at", postgresql_where=text("contact IS NOT NULL AND outcome IS NOT NULL")),
)

message = Table(
    "message",
    metadata,
    Column("id", Uuid, primary_key=True),
    # Counts messages of this database; the references that SMPP wants (16 and 8 bits) are cut from it.
    Column("serial", BigInteger, Identity(always=True), nullable=False),
    Column("version", Integer, nullable=False),
    Column("request_id", Uuid),  # none for a one-time code or a message to many
    Column("cause", Uuid, nullable=False),  # the event that is told about
    Column("channel", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("template_version", Integer, nullable=False),
    Column("language", Text, nullable=False),
    Column("state", Text, nullable=False),
    # Gone after their time, a code's text at once (retention.py).
    Column("address", Text),
    Column("address_lookup", LargeBinary),
    Column("content", Text),
    Column("created_at", _moment, nullable=False),
    Column("expires_at", _moment, nullable=False),
    # When somebody has to look at it again: to send, to try again, or to give up waiting for an unknown answer.
    Column("next_at", _moment, nullable=False),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("provider", Text),
    Column("parts", SmallInteger),
    Column("sent_at", _moment),
    Column("delivered_at", _moment),
    Column("error", Text),
    Column("lane", SmallInteger, nullable=False, server_default="1"),
    Column("legal", Boolean, nullable=False, server_default="false"),  # no choice and no daily limit holds it back
    Column("unit", Text),
    Column("held", Text),  # why it waits until `next_at` (gate.py)
    Column("campaign_id", Uuid),
    Column("queued_at", _moment),
    Column("counted_on", Date),  # the Cairo day on which it last took a place within the daily limit
    Column("price", Integer),  # of all its parts, in 1/1000 EGP; known when sent
    UniqueConstraint("request_id", "cause", "channel", name="message_once"),
    Index("message_cause_once", "cause", "channel", unique=True, postgresql_where=text("request_id IS NULL")),
    Index("message_made", "created_at"),
    Index("message_readable", "created_at", postgresql_where=text("address IS NOT NULL")),
    # A claim reads each lane from its head, whatever waits in the lanes behind.
    Index("message_due", "channel", "lane", "next_at", "id",
          postgresql_where=text("state IN ('queued','sending','failed_temporarily')")),
    Index("message_held", "channel", "next_at", postgresql_where=text("state = 'created'")),
    Index("message_over", "channel", "expires_at",
          postgresql_where=text("state IN ('created','queued','sending','failed_temporarily')")),
    Index("message_of_campaign", "campaign_id", postgresql_where=text(
        "campaign_id IS NOT NULL AND state IN ('created','queued','sending','failed_temporarily')")),
)

message_part = Table(
    "message_part",
    metadata,
    Column("message_id", Uuid, ForeignKey("message.id", ondelete="CASCADE"), primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("state", Text, nullable=False),
    Column("reference", Integer, nullable=False),  # user_message_reference: ours, echoed by a receipt
    Column("provider_message_id", Text),  # theirs, known once they answered
    Index("message_part_provider", "provider_message_id", postgresql_where=text("provider_message_id IS NOT NULL")),
    Index("message_part_unanswered", "reference", postgresql_where=text("provider_message_id IS NULL")),
)

# Delivery receipts as they came, kept before the provider is told that we have them; a row leaves when it was applied.
receipt = Table(
    "receipt",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("provider", Text, nullable=False),
    Column("provider_message_id", Text, nullable=False),
    Column("state", Text, nullable=False),  # delivered | undelivered
    Column("reason", Text),
    Column("reference", Integer),
    Column("address_lookup", LargeBinary, nullable=False),
    Column("received_at", _moment, nullable=False, server_default=func.clock_timestamp()),
    Index("receipt_received", "received_at"),
)
