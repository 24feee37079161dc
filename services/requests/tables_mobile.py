"""The tables of the mobile district: devices, numbers reserved for them, tickets; and the register of licence serials.
Part of the metadata of tables.py."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, Table, Text, Uuid, text

from services.requests.tables import metadata, moment

# A tablet of a unit. Its key is made on it; here is the public half.
device = Table(
    "device",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("unit", Text, nullable=False),
    Column("label", Text, nullable=False),  # as it is written on the tablet
    Column("public_key", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),  # rules.devices.STATES
    Column("state_at", moment, nullable=False),
    Column("registered_at", moment, nullable=False),
    Column("registered_by", Text, nullable=False),
    Column("certificate", Text),
    Column("certified_by", Text),
    Column("valid_from", moment),
    Column("valid_until", moment),
    Column("revoked_at", moment),
    Column("kind", Text, nullable=False, server_default="tablet"),  # rules.devices.KINDS
    Column("wipe_asked_at", moment),  # it is to empty itself at its next contact
    Column("wipe_at_once", Boolean, nullable=False, server_default=text("false")),  # not waiting for what it holds
    Column("wiped_at", moment),
    Column("wiped_lost", Text),  # numbers of items that it had not uploaded then, comma between
    Column("contacted_at", moment),  # when it last made itself known
    Index("device_listed", "unit", "id"),
)

# What was done to a device, by whom and why; its version after each act.
device_act = Table(
    "device_act",
    metadata,
    Column("device_id", Uuid, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("at", moment, nullable=False),
    Column("act", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("reason", Text),  # sealed: free text may name people
)

# Numbers drawn for a device at one download, and when what is unused of them is given up.
serial_block = Table(
    "serial_block",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("device_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),  # licence | tracking
    Column("reserved_at", moment, nullable=False),
    Column("ends_at", moment, nullable=False),
    Column("closed_at", moment),
    Column("reason", Text),  # why it was closed
    Index("serial_block_open", "device_id", "kind", postgresql_where=text("closed_at IS NULL")),
    Index("serial_block_ends", "ends_at", postgresql_where=text("closed_at IS NULL")),
)

reserved_serial = Table(
    "reserved_serial",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("serial", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Text, nullable=False, unique=True),  # as printed
    Column("block_id", Uuid, nullable=False),
    Column("device_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),  # reserved | used | void
    Column("reason", Text),  # why it is void
    Column("at", moment, nullable=False),
    Index("reserved_serial_block", "block_id"),
    Index("reserved_serial_left", "device_id", "kind", postgresql_where=text("state = 'reserved'")),
)

# The node's permission for one device to release one request's licence (rules.release).
ticket = Table(
    "ticket",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("request_id", Uuid, nullable=False),
    Column("device_id", Uuid, nullable=False),
    Column("serial", BigInteger, nullable=False, unique=True),
    Column("number", Text, nullable=False, unique=True),  # the licence's serial as printed
    Column("stage", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),  # piastres
    Column("body", Text, nullable=False),  # sealed: the ticket's text names the holder
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    Column("issued_at", moment, nullable=False),
    Column("release_by", moment, nullable=False),
    Column("report_by", moment, nullable=False),  # what was not reported by then is void
    Column("state", Text, nullable=False),  # issued | reported | used | void
    Column("state_at", moment, nullable=False),
    Column("reason", Text),  # why it is void
    Column("qr", Text),  # sealed: as the device released it
    Column("released_at", moment),  # by the device's clock
    Column("device_time", moment),  # of the report, by the device's clock
    Column("receipt_number", Integer),  # the device's own
    Column("clerk", Text),
    Column("reported_at", moment),
    Index("ticket_live", "request_id", unique=True, postgresql_where=text("state IN ('issued', 'reported')")),
    Index("ticket_device", "device_id", "id"),
    Index("ticket_receipt", "device_id", "receipt_number", unique=True,
          postgresql_where=text("receipt_number IS NOT NULL")),
)

# Money that a device reported and payments was told of: once for each ticket and receipt of the device.
release_told = Table(
    "release_told",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("ticket_id", Uuid, nullable=False),
    Column("device_id", Uuid, nullable=False),
    Column("receipt_number", Integer, nullable=False),
    Column("applied", Text, nullable=False),  # released | cash_only
    Column("at", moment, nullable=False),
    Index("release_told_ticket", "ticket_id"),
    Index("release_told_device", "device_id", "receipt_number"),
)

# Every serial of licence_serial once: the licence that bears it, or why none does.
licence_number = Table(
    "licence_number",
    metadata,
    Column("serial", BigInteger, primary_key=True, autoincrement=False),
    Column("licence_id", Uuid),
    Column("reason", Text),
    Column("at", moment, nullable=False),
)

# As number_mark, of licence serials.
licence_number_mark = Table(
    "licence_number_mark",
    metadata,
    Column("since", BigInteger, nullable=False),
    Column("explained", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("seen_at", moment, nullable=False),
)
