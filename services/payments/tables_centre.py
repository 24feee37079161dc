"""What the centre keeps of bills of nodes that are paid at its rails. At a node these stay empty.

`charge`             one wish of a node, under the node's own id of the payment, and how it stands at the rail
`charge_withdrawal`  wishes that were taken back before they arrived
`charge_report`      what rails reported, once each; the callback as it came, sealed, and its digest
`charge_refund`      money that a node gives back of a charge, under the node's own id of the refund; `attempt` is how
                     often the node ordered it, `tries` how often we called the rail
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import JSONB

from services.payments.tables import metadata

_moment = DateTime(timezone=True)

charge = Table(
    "charge", metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),  # how much was told of it: the sequence of its events
    Column("node", Text, nullable=False),
    Column("bill_id", Uuid, nullable=False),
    Column("bill_number", Text, nullable=False),
    Column("service_code", Text, nullable=False),
    Column("rail", Text, nullable=False),
    Column("merchant_reference", Text, nullable=False),  # at the rail; a charge is idempotent by it
    Column("state", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("shares", JSONB, nullable=False),  # [{account, amount}]
    Column("expires_at", _moment),
    Column("wished_at", _moment, nullable=False),
    Column("taken_at", _moment, nullable=False),
    Column("reference", Text),
    Column("pay_url", Text),
    Column("paid_amount", BigInteger),  # all that came under it
    Column("paid_at", _moment),
    Column("attempts", Integer, nullable=False),
    Column("next_at", _moment),
    Column("error", Text),
    Unique("rail", "merchant_reference"),
    Index("charge_reference", "rail", "reference", postgresql_where=text("reference IS NOT NULL")),
    Index("charge_due", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    Index("charge_unreferenced", "rail", "taken_at", postgresql_where=text("state = 'wished'")),
    Index("charge_node", "node", "id"),
    Index("charge_moment", text("coalesce(paid_at, wished_at)")),
)

charge_withdrawal = Table(
    "charge_withdrawal", metadata,
    Column("wish_id", Uuid, primary_key=True),
    Column("node", Text, primary_key=True),  # whose word it is: it says nothing of another's wish
    Column("taken_at", _moment, nullable=False),
)

charge_report = Table(
    "charge_report", metadata,
    Column("charge_id", Uuid, ForeignKey("charge.id"), primary_key=True),
    Column("news", Text, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("amount", BigInteger, primary_key=True),
    Column("source", Text, nullable=False),  # callback | charge | question
    Column("body", Text),  # sealed: it may name the payer
    Column("digest", LargeBinary),  # SHA-256 of what `body` holds
    Column("taken_at", _moment, nullable=False),
    Column("paid_at", _moment),  # the rail's time of this payment; NULL where none came
    Index("charge_report_paid", "paid_at", postgresql_where=text("status = 'paid'")),
    Index("charge_report_kept", "taken_at", postgresql_where=text("body IS NOT NULL")),
)

charge_refund = Table(
    "charge_refund", metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("node", Text, nullable=False),
    Column("charge_id", Uuid, nullable=False),  # which a restored centre may not know yet
    Column("amount", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("said", JSONB, nullable=False),  # {of, owner_id, parts}: the node's own words, said again with the answer
    Column("state", Text, nullable=False),  # contracts.payments_centre.REFUND_STATES
    Column("tries", Integer, nullable=False),
    Column("next_at", _moment),
    Column("reference", Text),  # the rail's own number of the refund
    Column("why", Text),  # contracts.payments_centre.WHYS
    Column("detail", Text),  # what the rail said
    Column("wished_at", _moment, nullable=False),
    Column("taken_at", _moment, nullable=False),
    Column("done_at", _moment),
    Column("settled_by", Text),  # who looked at the rail's statement, where that had to be
    Index("charge_refund_charge", "charge_id"),
    Index("charge_refund_done", "done_at", postgresql_where=text("state = 'done'")),
    # One at a time at the rail, so that its word can be told to belong to it.
    Index("charge_refund_at_rail", "charge_id", unique=True,
          postgresql_where=text("state IN ('sent', 'under_way', 'uncertain')")),
    Index("charge_refund_due", "next_at", postgresql_where=text("next_at IS NOT NULL")),
)
