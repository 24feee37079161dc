"""Counts of messages by day, so that nothing that is shown goes through the messages, and the counts outlive them.

`message_delta`  what a commit adds to the counts, in rows of its own: two writers never wait for each other
`message_day`    the counts of the messages made on a Cairo day, once for each way of looking at them (`dimension`);
                 `step` is the step of the ladder of durations (durations.py), -1 where nothing was timed
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Identity, Index, Integer, SmallInteger, Table, Text, text

from services.notifications.tables import message, metadata, recipient

message_delta = Table(
    "message_delta", metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("day", Date, nullable=False),
    Column("channel", Text, nullable=False),
    Column("provider", Text, nullable=False),  # '' before one took it
    Column("template", Text, nullable=False),
    Column("unit", Text, nullable=False),  # '' of what belongs to no unit
    Column("lane", SmallInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("step", SmallInteger, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("price", BigInteger, nullable=False),  # millièmes
)

message_day = Table(
    "message_day", metadata,
    Column("dimension", Text, primary_key=True),  # provider, template, unit, lane
    Column("day", Date, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("step", SmallInteger, primary_key=True),
    Column("messages", BigInteger, nullable=False),
    Column("parts", BigInteger, nullable=False),
    Column("price", BigInteger, nullable=False),
    Index("message_day_of", "dimension", "day"),
)

Index("recipient_number", recipient.c.tracking_number)
# What one citizen was told, the newest first.
Index("message_to", message.c.address_lookup, message.c.id, postgresql_where=text("address_lookup IS NOT NULL"))
