"""Providers of a channel.

`provider_share`     how much each instance takes at this moment
`provider_change`    how that came about: who or what, why, and the figures it stood on; append-only by a trigger
`provider_callback`  signatures of callbacks taken lately, so that none is taken twice
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.notifications.tables import metadata

_moment = DateTime(timezone=True)

provider_share = Table(
    "provider_share", metadata,
    Column("name", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("weight", SmallInteger, CheckConstraint("weight BETWEEN 1 AND 100"), nullable=False),  # by the settings
    Column("set_weight", SmallInteger, CheckConstraint("set_weight BETWEEN 1 AND 100")),  # by a person, who wins
    Column("health", SmallInteger, CheckConstraint("health BETWEEN 10 AND 100"), nullable=False),
    Column("is_on", Boolean, nullable=False),
    Column("stepped_at", _moment),  # of the channel's last step: every row of a channel is written at each
)

provider_change = Table(
    "provider_change", metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", _moment, nullable=False),
    Column("channel", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("before", JSONB),  # weight, health, on, share; null for one that was not there
    Column("after", JSONB),
    Column("figures", JSONB, nullable=False),  # by instance, what was seen
    Index("provider_change_channel", "channel", "id"),
)

provider_callback = Table(
    "provider_callback", metadata,
    Column("signature", LargeBinary, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("at", _moment, nullable=False),
    Index("provider_callback_at", "at"),
)
