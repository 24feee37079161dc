"""The tables that every service's database holds besides its own.

`event_log`     what happened, in the transaction in which it happened; kept beyond delivery
`event_cursor`  how far each reader of the log has come (`sequencer` and `bus` among them)
`inbox`         what each subscription took, and what it still owes (waiting, parked)
`inbox_stream`  the highest sequence a subscription has applied per aggregate (ways `latest` and `ordered`)
`command`       commands applied, with the answer that a repeat gets
`audit`         who did what; chained by the sealer, never changed
`audit_seal`    the chain's head, signed once a day
`reseal_progress` how far each sealed column has come under a new key
`rekey_progress` how far each hashed column has come under a new look-up key
`retention_run` the last Cairo day on which each retention rule was run to its end
`serial_jump`   numbers left out because they may have been given after the backup that was restored
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()
_moment = DateTime(timezone=True)

event_log = Table(
    "event_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    # Dense, given by the one sequencer after commit: the only safe thing for a reader's cursor. NULL: not yet placed.
    Column("position", BigInteger),
    Column("event_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Uuid, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("occurred_at", _moment, nullable=False),
    Column("recorded_at", _moment, nullable=False, server_default=func.clock_timestamp()),
    # The whole CloudEvents envelope, exactly as it goes out: readers sign and hash these bytes.
    Column("body", LargeBinary, nullable=False),
    Index("event_log_position", "position", unique=True, postgresql_where=text("position IS NOT NULL")),
    Index("event_log_unplaced", "id", postgresql_where=text("position IS NULL")),
    Index("event_log_subject", "subject", "sequence", unique=True),
)

event_cursor = Table(
    "event_cursor",
    metadata,
    Column("reader", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("moved_at", _moment, nullable=False, server_default=func.clock_timestamp()),
)

inbox = Table(
    "inbox",
    metadata,
    Column("subscription", Text, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Column("state", Text, nullable=False),  # done | waiting | parked | skipped | superseded
    Column("subject", Uuid, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("next_at", _moment),
    Column("error", Text),
    Column("reason", Text),  # why an operator skipped it
    Column("body", LargeBinary),  # kept only while the event is owed; its personal fields are sealed
    Column("received_at", _moment, nullable=False, server_default=func.clock_timestamp()),
    Index("inbox_due", "next_at", postgresql_where=text("state = 'waiting'")),
    Index("inbox_owed", "subscription", "subject", "sequence", postgresql_where=text("state IN ('waiting','parked')")),
    Index("inbox_received", "received_at", postgresql_where=text("state IN ('done','skipped','superseded')")),
)

inbox_stream = Table(
    "inbox_stream",
    metadata,
    Column("subscription", Text, primary_key=True),
    Column("subject", Uuid, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
)

command = Table(
    "command",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("method", Text, nullable=False),
    Column("request_hash", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),  # sealed: an answer may hold personal data
    Column("applied_at", _moment, nullable=False, server_default=func.clock_timestamp()),
    Index("command_applied", "applied_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", _moment, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_unit", Text),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("position", BigInteger),  # given by the sealer, with the chain's hash up to and including this row
    Column("hash", LargeBinary),
    Index("audit_position", "position", unique=True, postgresql_where=text("position IS NOT NULL")),
    Index("audit_unsealed", "id", postgresql_where=text("position IS NULL")),
    Index("audit_subject", "subject", "id"),
)

audit_seal = Table(
    "audit_seal",
    metadata,
    Column("day", Date, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("signed_at", _moment, nullable=False, server_default=func.clock_timestamp()),
    Column("version", Integer, nullable=False, server_default="1"),
)

reseal_progress = Table(
    "reseal_progress",
    metadata,
    Column("target", Text, primary_key=True),  # table.column
    Column("key_id", Text, primary_key=True),  # ring:id of the key that it is sealed under
    Column("reached", ARRAY(Text)),  # the primary key of the last row looked at
    Column("done", BigInteger, nullable=False),
    Column("finished", Boolean, nullable=False),
    Column("moved_at", _moment, nullable=False, server_default=func.clock_timestamp()),
)

rekey_progress = Table(
    "rekey_progress",
    metadata,
    Column("target", Text, primary_key=True),  # table.column
    Column("key", LargeBinary, primary_key=True),  # the fingerprint of the new key
    Column("reached", ARRAY(Text)),  # the primary key of the last source row looked at
    Column("done", BigInteger, nullable=False),
    Column("finished", Boolean, nullable=False),
    Column("moved_at", _moment, nullable=False, server_default=func.clock_timestamp()),
)

retention_run = Table(
    "retention_run",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("day", Date, nullable=False),
    Column("count", BigInteger, nullable=False),  # let go of on that day
    Column("finished_at", _moment, nullable=False),
)

serial_jump = Table(
    "serial_jump",
    metadata,
    Column("epoch", Integer, primary_key=True),
    Column("sequence", Text, primary_key=True),
    Column("after", BigInteger, primary_key=True),  # the last number left out; the next one given is behind it
    Column("before", BigInteger, nullable=False),  # the newest that the backup knew
    Column("why", Text, nullable=False),  # restored | recovered: what the other end of the line knew
    Column("at", _moment, nullable=False),
)
