"""Visits of the mobile district, the bundles that tablets took along, and what they did without a line."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Column, Date, Index, Integer, LargeBinary, Sequence, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.requests.tables import metadata, moment

visit_serial = Sequence("visit_serial", metadata=metadata)

visit = Table(
    "visit",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),  # the sequence of its events
    Column("number", Text, nullable=False, unique=True),
    Column("inquiry_key", LargeBinary, nullable=False),  # number and the phone's last four digits
    Column("request_id", Uuid),  # NULL: about an application that is still to be made
    Column("unit", Text, nullable=False),
    Column("service_code", Text, nullable=False),
    Column("purpose", Text, nullable=False),  # rules.visits.PURPOSES
    Column("state", Text, nullable=False),  # rules.visits.STATES
    Column("contact", Text),  # sealed under the `contact` ring; NULL where the request has it, or after its time
    Column("person_key", LargeBinary),  # keyed hash of phone and service: one open visit a person, where no request is
    Column("address", Text),  # sealed
    Column("note", Text),  # sealed: what the citizen wrote
    Column("language", Text, nullable=False),
    Column("ordered_at", moment, nullable=False),
    Column("ordered_by", Text, nullable=False),
    Column("preferred_on", Date),
    Column("device_id", Uuid),
    Column("clerk_id", Text),
    Column("day", Date),
    Column("ended_at", moment),
    Column("reason", Text),  # sealed: why it was called off or missed, or what the clerk reported
    Index("visit_to_plan", "unit", "state", "id"),
    Index("visit_of_day", "device_id", "day", postgresql_where=text("state IN ('planned', 'out')")),
    Index("visit_open_request", "request_id", unique=True,
          postgresql_where=text("state IN ('ordered', 'planned', 'out')")),
    Index("visit_open_person", "person_key", unique=True,
          postgresql_where=text("state IN ('ordered', 'planned', 'out')")),
    Index("visit_request", "request_id"),
)

# How many visits a tablet's day has: counted here, so that of two who plan at once the second sees the first.
visit_day = Table(
    "visit_day",
    metadata,
    Column("device_id", Uuid, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("planned", Integer, nullable=False),
)

# Under which bundle something was done says who did it, and since when it can have been done.
visit_bundle = Table(
    "visit_bundle",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("device_id", Uuid, nullable=False),
    Column("clerk_id", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("issued_at", moment, nullable=False),  # when it was first taken
    Column("channel", Text, nullable=False, server_default="mobile_district"),  # of what is lodged under it
    Index("visit_bundle_once", "device_id", "clerk_id", "day", unique=True),
)

offline_item = Table(
    "offline_item",
    metadata,
    Column("id", Uuid, primary_key=True),  # the tablet's
    Column("version", BigInteger, nullable=False),
    Column("device_id", Uuid, nullable=False),
    Column("unit", Text, nullable=False),
    Column("number", BigInteger, nullable=False),  # the tablet's own count
    Column("kind", Text, nullable=False),
    Column("told_time", Text, nullable=False),  # the tablet's time as it was signed
    Column("device_time", moment),  # the same, where it can be read
    Column("arrived_at", moment, nullable=False),  # the node's time
    Column("uploaded_by", Text, nullable=False),
    Column("clerk_id", Text, nullable=False),  # who did it, by the bundle
    Column("bundle_id", Uuid),
    Column("visit_id", Uuid),
    Column("request_id", Uuid),  # which it is about, once there is one
    Column("after_id", Uuid),
    Column("body", Text),  # sealed, as it was signed; NULL after its time
    Column("signature", Text, nullable=False),  # sealed: beside the public key it would tell a guess of the body right
    Column("documents", JSONB, nullable=False),  # {sha256: id of the document that was uploaded}
    Column("state", Text, nullable=False),  # rules.offline.STATES
    Column("codes", ARRAY(Text), nullable=False),  # why it is in quarantine
    Column("faults", Text),  # sealed: the same with their values
    Column("answer", Text),  # sealed: what the first upload was answered; a repeat gets the same
    Column("outcome", Text),  # sealed: what the room that applied it answered
    Column("waits", Text),  # item: for the one before it; licence: for one that is on its way
    Column("again_at", moment),  # when it is next tried without anybody's asking
    Column("tries", Integer, nullable=False),
    Column("accepted", ARRAY(Text), nullable=False),  # what a person looked into and does not stand on
    Column("happened_at", moment),  # when it was done, by a person's finding
    Column("settled_at", moment),
    Column("settled_by", Text),
    Column("reason", Text),  # sealed: why a person closed it
    Index("offline_item_device", "device_id", "number"),
    Index("offline_item_quarantine", "unit", "id", postgresql_where=text("state = 'quarantined'")),
    Index("offline_item_waiting", "again_at", postgresql_where=text("state = 'quarantined' AND waits IS NOT NULL")),
    Index("offline_item_request", "request_id", postgresql_where=text("request_id IS NOT NULL")),
    Index("offline_item_after", "after_id", postgresql_where=text("after_id IS NOT NULL")),
)
