"""Messages to many citizens at once.

`campaign`         what is told, when, how fast, and how far it came
`audience`         whom it is told, and how far the reading of it came
`audience_piece`   an uploaded list as it came, until it was read
`audience_member`  one address on one channel, in the order in which they are written to
`audience_fault`   what is wrong with a line of the list; no value of it
`campaign_delta`   a message of a campaign changed its state: written in that commit, folded in by a timer
`campaign_count`   how many messages are in which state, and why
`campaign_minute`  how many went out in which minute
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Time,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.notifications.tables import metadata

_moment = DateTime(timezone=True)

campaign = Table(
    "campaign",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),  # of what people and the clock did to it; feeding changes none
    Column("state", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("unit", Text),  # null: the governorate's own
    Column("wording", JSONB, nullable=False),
    Column("not_before", _moment),
    Column("hours_from", Time, nullable=False),
    Column("hours_until", Time, nullable=False),
    Column("per_minute", Integer, nullable=False),
    Column("pause_at_percent", SmallInteger, nullable=False),
    Column("audience_id", Uuid),
    Column("estimate", JSONB(none_as_null=True)),  # null where text or audience changed since
    Column("written_by", Text, nullable=False),
    Column("authors", ARRAY(Text), nullable=False, server_default="{}"),  # of words or audience, whoever came last
    Column("submitted_by", Text),
    Column("approved_by", Text),
    Column("approved_at", _moment),
    Column("reason", Text),  # of the last decision of a person, or why it paused itself
    Column("created_at", _moment, nullable=False),
    Column("changed_at", _moment, nullable=False),
    Column("started_at", _moment),
    Column("ended_at", _moment),
    Column("recipients", Integer, nullable=False, server_default="0"),
    Column("position", Integer, nullable=False, server_default="0"),  # the last place of the audience dealt with
    Column("used_until", _moment),  # the throttle's memory
    Column("judged_failed", Integer, nullable=False, server_default="0"),  # forgiven by who resumed it
    Column("judged_ended", Integer, nullable=False, server_default="0"),
    CheckConstraint("approved_by <> written_by AND approved_by <> submitted_by AND approved_by <> ALL (authors)",
                    name="campaign_four_eyes"),
    CheckConstraint("state NOT IN ('approved', 'running', 'paused', 'done') OR approved_by IS NOT NULL",
                    name="campaign_approved"),
    Index("campaign_at_work", "state", postgresql_where=text("state IN ('approved','running','paused')")),
)

audience = Table(
    "audience",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("campaign_id", Uuid, ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),  # applicants | list
    Column("state", Text, nullable=False),
    Column("chosen", JSONB(none_as_null=True)),  # which applicants
    Column("file_name", Text),  # of the list, sealed
    Column("format", Text),
    Column("size", Integer),
    Column("sha256", Text),
    Column("columns", JSONB, nullable=False, server_default=text("'[]'")),  # placeholders that its members have
    Column("fault", Text),  # why the file cannot be read at all
    Column("fault_params", JSONB(none_as_null=True)),
    Column("reached", Text),  # the last line, or request, that was read
    Column("lines", Integer, nullable=False, server_default="0"),
    Column("broken", Integer, nullable=False, server_default="0"),
    Column("doubles", Integer, nullable=False, server_default="0"),
    Column("unreachable", Integer, nullable=False, server_default="0"),  # applicants without a usable address
    Column("members", Integer, nullable=False, server_default="0"),
    Column("tally", JSONB, nullable=False, server_default=text("'{}'")),  # members by channel and language
    Column("made_by", Text, nullable=False),
    Column("made_at", _moment, nullable=False),
    Column("read_at", _moment),
    Column("accepted_by", Text),  # who goes on without the broken lines
    Index("audience_of", "campaign_id"),
    Index("audience_reading", "made_at", postgresql_where=text("state = 'reading'")),
)

audience_piece = Table(
    "audience_piece",
    metadata,
    Column("audience_id", Uuid, ForeignKey("audience.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),  # sealed
)

audience_member = Table(
    "audience_member",
    metadata,
    Column("audience_id", Uuid, ForeignKey("audience.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("address_lookup", LargeBinary, nullable=False),
    Column("line", Integer),  # of the list
    Column("content", Text),  # of the list: address and values, sealed
    Column("request_id", Uuid),  # of an applicant, whose contact is read where it is kept
    Index("audience_member_once", "audience_id", "channel", "address_lookup", unique=True),
)

audience_fault = Table(
    "audience_fault",
    metadata,
    Column("audience_id", Uuid, ForeignKey("audience.id", ondelete="CASCADE"), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("field", Text),
    Column("code", Text, nullable=False),
    Column("params", JSONB, nullable=False),
)

campaign_delta = Table(
    "campaign_delta",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("campaign_id", Uuid, nullable=False),
    Column("channel", Text, nullable=False),
    Column("left_state", Text),  # null for a message that was made
    Column("left_reason", Text),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),  # '' where none
    Column("count", Integer, nullable=False),
    Column("at", _moment, nullable=False),
)

campaign_count = Table(
    "campaign_count",
    metadata,
    Column("campaign_id", Uuid, ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("count", Integer, nullable=False),
)

campaign_minute = Table(
    "campaign_minute",
    metadata,
    Column("campaign_id", Uuid, ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True),
    Column("minute", _moment, primary_key=True),
    Column("sent", Integer, nullable=False),
)
