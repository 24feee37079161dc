"""Tables of the line between a node and the centre (rules/link.py says what the columns mean).

A stream is told by the other end: `peer` is `EG` at a node and a node's code at the centre.

`link_source`    how far the log of each service is numbered for a peer
`link_out`       what goes out, signed; the body as it is signed. Kept beyond receipt
`link_sent`      how far the peer has it, by its receipts, and what is known of the peer besides
`link_mark`      how far a stream that comes in is applied, by the sender's epoch
`link_held`      what came too early
`link_parked`    what was not applied, with the reason, until somebody settles it
`link_log`       everything that came in, in the order in which it was applied, chained by hashes
`link_head`      the place and the hash at the chain's end
`link_key`       keys of the peers: from a place in the stream on, and until another
`link_count`     messages by day and type, for the comparison of both ends
`link_told`      what the peer counted for a day that is over, and whether it is the same
`link_recovered` facts of one's own that a restored node was given back by the centre
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from services.gateway.tables import metadata

_MOMENT = DateTime(timezone=True)

link_source = Table(
    "link_source",
    metadata,
    Column("peer", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),  # of our own, in which it was last numbered
    Column("position", BigInteger, nullable=False),
)

link_out = Table(
    "link_out",
    metadata,
    Column("peer", Text, primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("event_id", UUID(as_uuid=True), nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", UUID(as_uuid=True), nullable=False),
    Column("occurred_at", _MOMENT, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("stored_at", _MOMENT, nullable=False),
    Index("link_out_event", "peer", "event_id", unique=True),
)

link_sent = Table(
    "link_sent",
    metadata,
    Column("peer", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),  # of our own, that the figures are about
    Column("sent", BigInteger, nullable=False),
    Column("applied", BigInteger, nullable=False),
    Column("backed_up", BigInteger, nullable=False),
    Column("incarnation", Integer, nullable=False),  # of the peer as a receiver
    Column("receipt_at", _MOMENT),
    Column("heard_at", _MOMENT),
    Column("skew_ms", Integer),  # the peer's clock before ours, as its last hello said
    Column("version", Text),
    Column("state", Text, nullable=False),  # new | linked | restored
    Column("peer_epoch", Integer, nullable=False),  # of the newest control message of the peer, and its number
    Column("peer_counter", BigInteger, nullable=False),
    Column("counter", BigInteger, nullable=False),  # of our own control messages
    # Of our own epochs the last in which the peer answered us and had nothing of the former ones to give back any more.
    Column("heard_epoch", Integer, nullable=False, server_default="0"),
    # Of our own facts, by our former epochs: [first, last] that the peer has and we have not, and until where we wait
    # for none any more (link/writing_off.py). Of a node to which something was written off, by its epochs: beyond which
    # place of its stream blocks of numbers count, and how far its log must be numbered before that is known.
    Column("lost", JSONB, nullable=False, server_default="{}"),
    Column("written_off", JSONB, nullable=False, server_default="{}"),
    Column("numbers_since", JSONB),
    Column("numbers_awaited", JSONB, nullable=False, server_default="{}"),
)

link_mark = Table(
    "link_mark",
    metadata,
    Column("peer", Text, primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("applied", BigInteger, nullable=False),
    Column("backed_up", BigInteger, nullable=False),
)

link_held = Table(
    "link_held",
    metadata,
    Column("peer", Text, primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("received_at", _MOMENT, nullable=False),
)

link_parked = Table(
    "link_parked",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("peer", Text, nullable=False),
    Column("epoch", Integer, nullable=False),  # as the message says, as the two after it
    Column("sequence", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # of the message: the same one again is counted up
    Column("position", BigInteger),  # in link_log, where it is genuine and so has a place
    Column("body", LargeBinary),  # none of a body that is too large
    Column("count", BigInteger, nullable=False),
    Column("first_at", _MOMENT, nullable=False),
    Column("last_at", _MOMENT, nullable=False),
    Column("settled_at", _MOMENT),
    Column("settled_by", Text),
    Column("settled_reason", Text),
    Index("link_parked_same", "peer", "reason", "digest", unique=True),
    Index("link_parked_open", "peer", "last_at", postgresql_where=text("settled_at IS NULL")),
)

link_log = Table(
    "link_log",
    metadata,
    Column("position", BigInteger, primary_key=True),
    Column("peer", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("event_id", UUID(as_uuid=True), nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", UUID(as_uuid=True)),  # none of a parked one whose body cannot be read; so the next one
    Column("occurred_at", _MOMENT),
    Column("body", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("received_at", _MOMENT, nullable=False),
    Column("parked", Text),  # the reason why it did not take effect; when it does later, it stands a second time
    Column("hash", LargeBinary, nullable=False),
    Index("link_log_place", "peer", "epoch", "sequence", unique=True, postgresql_where=text("parked IS NULL")),
    Index("link_log_event", "peer", "event_id", unique=True, postgresql_where=text("parked IS NULL")),
    Index("link_log_parked", "peer", "epoch", "sequence", postgresql_where=text("parked IS NOT NULL")),
    Index("link_log_received", "received_at", postgresql_using="brin"),
)

link_head = Table(
    "link_head",
    metadata,
    Column("one", Boolean, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

link_key = Table(
    "link_key",
    metadata,
    Column("peer", Text, primary_key=True),
    Column("key_id", Text, primary_key=True),
    Column("public", LargeBinary, nullable=False),
    Column("since_epoch", Integer, nullable=False),
    Column("since_sequence", BigInteger, nullable=False),
    Column("revoked_epoch", Integer),
    Column("revoked_sequence", BigInteger),
)

link_count = Table(
    "link_count",
    metadata,
    Column("peer", Text, primary_key=True),
    Column("direction", Text, primary_key=True),  # out | in
    Column("epoch", Integer, primary_key=True),  # of the sender
    Column("day", Date, primary_key=True),  # of Cairo, on which the fact happened
    Column("type", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)

link_told = Table(
    "link_told",
    metadata,
    Column("peer", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("differs", JSONB, nullable=False),  # type: [theirs, ours]; empty when all is the same
    Column("told_at", _MOMENT, nullable=False),
)

link_recovered = Table(
    "link_recovered",
    metadata,
    Column("peer", Text, primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("event_id", UUID(as_uuid=True), nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", UUID(as_uuid=True), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", _MOMENT, nullable=False),
    Index("link_recovered_subject", "subject"),
)
