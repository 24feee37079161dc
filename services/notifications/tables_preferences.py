"""What citizens chose about being written to, by address, and how many messages an address got on a day.

`preference`          one address: whether messages to it were stopped, and in which language they go there
`preference_address`  its keyed hash, under every configured look-up key; nothing else finds an address
`preference_choice`   what was chosen, when, and through which door; never changed
`address_day`         messages handed over for an address on a Cairo day, for the daily limit; gone after two days
"""

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
    Table,
    Text,
    Uuid,
)

from services.notifications.tables import metadata

_moment = DateTime(timezone=True)

preference = Table(
    "preference", metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),  # sealed
    Column("opted_out_at", _moment),
    Column("language", Text),  # none: that of each request
    Column("changed_at", _moment, nullable=False),
    Index("preference_changed", "changed_at"),
)

preference_address = Table(
    "preference_address", metadata,
    Column("lookup", LargeBinary, primary_key=True),
    Column("preference_id", Uuid, ForeignKey("preference.id", ondelete="CASCADE"), nullable=False),
    Index("preference_address_of", "preference_id"),
)

preference_choice = Table(
    "preference_choice", metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("preference_id", Uuid, ForeignKey("preference.id", ondelete="CASCADE"), nullable=False),
    Column("at", _moment, nullable=False),
    Column("door", Text, nullable=False),
    Column("actor_id", Text),  # staff only
    Column("opted_out", Boolean, nullable=False),
    Column("language", Text),
    Index("preference_choice_of", "preference_id", "id"),
)

address_day = Table(
    "address_day", metadata,
    Column("lookup", LargeBinary, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("count", Integer, nullable=False),
    Index("address_day_day", "day"),
)
