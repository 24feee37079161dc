"""Money that goes back, and bills that people change.

`credit`       money of a citizen: what came for a bill that was paid before, and how much of it was given back
`refund`       an order to give money back, of a credit or of a bill that was paid; its life is rules.refunds
`dispute`      a payment that the payer's bank takes into question
`bill_change`  an exemption or an amendment of an unpaid bill: what stood, what stands, who asked and who agreed
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.payments.tables import metadata

_moment = DateTime(timezone=True)

credit = Table(
    "credit", metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("bill_id", Uuid, ForeignKey("bill.id"), nullable=False),
    Column("payment_id", Uuid),
    Column("unit", Text, nullable=False),
    Column("account", Text, nullable=False),  # where the money lies: a rail's account, or a drawer
    Column("amount", BigInteger, nullable=False),
    Column("refunded", BigInteger, nullable=False),
    Column("raised_at", _moment, nullable=False),
    Index("credit_bill", "bill_id"),
)

refund = Table(
    "refund", metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("bill_id", Uuid, ForeignKey("bill.id")),  # NULL: held money that came for no bill
    Column("credit_id", Uuid, ForeignKey("credit.id")),  # NULL: of the bill's own money, or held
    Column("review_id", Uuid, ForeignKey("review.id")),  # of held money: what it waited in
    Column("payment_id", Uuid),  # the payment at a rail by which the money came
    Column("unit", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("way", Text, nullable=False),  # rail | cash | bank | terminal | portal
    Column("rail", Text),  # through which, where it lies at one
    Column("amount", BigInteger, nullable=False),
    Column("parts", JSONB, nullable=False),  # [{code, account, amount}] of the bill's lines; [] of a credit
    Column("reason", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", _moment, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", _moment),
    Column("decision_reason", Text),
    Column("attempts", Integer, nullable=False),  # of sending the order to the rail; above 0: it may have had an effect
    Column("next_at", _moment),  # when it goes to the rail next; NULL: a person's turn, or over
    Column("reference", Text),  # the rail's number, the bank's order, the terminal's slip
    Column("error", Text),
    Column("done_by", Text),
    Column("done_at", _moment),
    Index("refund_bill", "bill_id"),
    Index("refund_due", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    Index("refund_waiting", "requested_at",
          postgresql_where=text("state IN ('requested','approved','sent','under_way','refused','uncertain')")),
    # One order at a time for one sum of money, so that a rail's word can be told to belong to it.
    Index("refund_one", text("coalesce(review_id, credit_id, bill_id)"), unique=True,
          postgresql_where=text("state IN ('requested','approved','sent','under_way','refused','uncertain')")),
)

dispute = Table(
    "dispute", metadata,
    Column("id", Uuid, primary_key=True),
    Column("bill_id", Uuid, ForeignKey("bill.id"), nullable=False),
    Column("state", Text, nullable=False),  # opened | won | lost
    Column("amount", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("reference", Text),  # the case's number at the rail or bank
    Column("opened_by", Text, nullable=False),
    Column("opened_at", _moment, nullable=False),
    Column("closed_by", Text),
    Column("closed_at", _moment),
    Column("closing_reason", Text),
    Index("dispute_open", "bill_id", unique=True, postgresql_where=text("state = 'opened'")),
)

bill_change = Table(
    "bill_change", metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("bill_id", Uuid, ForeignKey("bill.id"), nullable=False),
    Column("kind", Text, nullable=False),  # exemption | amendment
    Column("state", Text, nullable=False),  # requested | approved | rejected | void
    Column("unit", Text, nullable=False),
    Column("old_lines", JSONB, nullable=False),
    Column("old_total", BigInteger, nullable=False),
    Column("new_lines", JSONB, nullable=False),
    Column("new_total", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("legal_basis", Text),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", _moment, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", _moment),
    Column("decision_reason", Text),
    Index("bill_change_bill", "bill_id"),
    Index("bill_change_one", "bill_id", unique=True, postgresql_where=text("state = 'requested'")),
)
