"""What payments owns. Money is integer piastres, EGP; `version` columns are the sequence of a bill's events.

`definition`   fee lines of each published version of each service, as the guide announced them
`request_seen` how far each request has come, so that a late fact never bills a request that moved on
`bill`         what is owed: one for each time a request entered a payment state, and one more for each time that
               money for it had to be sent back
`payment`      an attempt to pay a bill through a rail
`callback`     what rails reported, once each
`forged_callback`  how many nobody signed, until they are told in the audit
`review`       money and reports that only a person can settle
`receipt`, `receipt_book`  acknowledgements of money; the book of a unit's counter has no gap
`journal`, `entry`         the double-entry ledger, append-only and balanced by the database itself
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()
_moment = DateTime(timezone=True)

bill_serial = Sequence("bill_serial", metadata=metadata)
receipt_serial = Sequence("receipt_serial", metadata=metadata)

definition = Table(
    "definition", metadata,
    Column("code", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("fees", JSONB, nullable=False),
    Column("name", JSONB, nullable=False),
    Column("lapsing", JSONB, nullable=False),  # payment states that a request leaves when its bill expires
    Column("taken_at", _moment, nullable=False),
)

request_seen = Table(
    "request_seen", metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("state_kind", Text, nullable=False),
    Column("outcome", Text),
    Column("tracking_number", Text),  # this and below: NULL for a request from before they were kept
    Column("service_code", Text),
    Column("service_version", Integer),
    Column("unit", Text),
    Index("request_seen_tracking", "tracking_number"),
)

bill = Table(
    "bill", metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("number", Text, nullable=False, unique=True),
    Column("request_id", Uuid, nullable=False),
    Column("entry", BigInteger, nullable=False),  # sequence of the request's event that asked for this payment
    Column("attempt", Integer, nullable=False),  # 2 and more: billed again, or a further fine
    Column("kind", Text, nullable=False),  # fee: the request waits for it | fine | difference: a person issued it
    Column("stage", Text, nullable=False),
    Column("tracking_number", Text, nullable=False),
    Column("service_code", Text, nullable=False),
    Column("service_version", Integer, nullable=False),
    Column("unit", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("lines", JSONB, nullable=False),
    Column("issued_at", _moment, nullable=False),
    Column("correlation_id", Text, nullable=False),  # of the request: the rail's news is told under it
    Column("expires_at", _moment),
    Column("rail", Text),
    Column("reference", Text),
    Column("paid_at", _moment),
    Column("receipt_number", Text),
    Column("refunded", BigInteger, nullable=False),  # of the total, what was given back
    UniqueConstraint("request_id", "stage", "entry", "attempt", name="bill_entry"),
    Index("bill_open", "expires_at", postgresql_where=text("state IN ('created','pending','failed')")),
)

payment = Table(
    "payment", metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("bill_id", Uuid, ForeignKey("bill.id"), nullable=False),
    Column("rail", Text, nullable=False),
    Column("merchant_reference", Text, nullable=False),  # ours at the rail; a charge is idempotent by it
    Column("reference", Text),  # the rail's, quoted by the citizen
    Column("pay_url", Text),
    Column("state", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("paid_amount", BigInteger),
    Column("started_at", _moment, nullable=False),
    Column("expires_at", _moment),
    Column("settled_at", _moment),
    Column("attempts", Integer, nullable=False),  # of the present errand: sending, then asking
    Column("next_at", _moment),  # when to send or ask next; NULL: nothing more to do
    Column("error", Text),
    UniqueConstraint("rail", "merchant_reference", name="payment_merchant_reference"),
    Index("payment_bill", "bill_id"),
    # One reference at a time for each rail: a second start answers the first.
    Index("payment_live", "bill_id", "rail", unique=True, postgresql_where=text("state IN ('created','pending')")),
    Index("payment_reference", "rail", "reference", unique=True, postgresql_where=text("reference IS NOT NULL")),
    Index("payment_unreferenced", "rail", "started_at", postgresql_where=text("state = 'created'")),
    Index("payment_due", "next_at", postgresql_where=text("next_at IS NOT NULL")),
)

callback = Table(
    "callback", metadata,
    Column("rail", Text, primary_key=True),
    Column("reference", Text, primary_key=True),  # the rail's own
    Column("status", Text, primary_key=True),
    Column("amount", BigInteger, primary_key=True),  # a repeat with another amount is news, not a duplicate
    Column("payment_id", Uuid),
    Column("source", Text, nullable=False),  # callback | poll
    Column("outcome", Text, nullable=False),
    Column("taken_at", _moment, nullable=False),
)

review = Table(
    "review", metadata,
    Column("id", Uuid, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("rail", Text, nullable=False),
    Column("reference", Text),
    Column("merchant_reference", Text),
    Column("payment_id", Uuid),
    Column("bill_id", Uuid),
    Column("amount", BigInteger, nullable=False),
    Column("body", Text),  # what the rail sent, sealed: it may name the payer
    Column("raised_at", _moment, nullable=False),
    Column("settled_at", _moment),
    Column("settled_by", Text),
    Column("decision", Text),
    Column("refund_id", Uuid),  # by which its money goes back; NULL: it does not, or that was rejected
    Index("review_open", "raised_at", postgresql_where=text("settled_at IS NULL")),
    Index("review_bill", "bill_id"),
    Index("review_given_back", "merchant_reference", postgresql_where=text("reason = 'refund_reported'")),
    Index("review_payment", "payment_id", postgresql_where=text("settled_at IS NULL AND payment_id IS NOT NULL")),
)

receipt = Table(
    "receipt", metadata,
    Column("number", Text, primary_key=True),
    Column("bill_id", Uuid, ForeignKey("bill.id"), nullable=False, unique=True),
    Column("payment_id", Uuid),
    Column("way", Text, nullable=False),  # cash, or the rail's name
    Column("amount", BigInteger, nullable=False),
    Column("tendered", BigInteger),
    Column("change", BigInteger),
    Column("unit", Text, nullable=False),
    Column("book", Text),
    Column("book_serial", BigInteger),
    Column("taken_by", Text, nullable=False),
    Column("taken_at", _moment, nullable=False),
    UniqueConstraint("book", "book_serial", name="receipt_book_serial"),
)

receipt_book = Table(
    "receipt_book", metadata,
    Column("book", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

journal = Table(
    "journal", metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False, unique=True),  # what is posted, once: payment:<id>, cash:<bill id> …
    Column("bill_id", Uuid),
    Column("payment_id", Uuid),
    Column("unit", Text),
    Column("at", _moment, nullable=False),
)

entry = Table(
    "entry", metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("journal_id", Uuid, ForeignKey("journal.id"), nullable=False),
    Column("account", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),  # debit above zero, credit below
    Index("entry_journal", "journal_id"),
    Index("entry_account", "account"),
)

forged_callback = Table(
    "forged_callback", metadata,
    Column("minute", _moment, primary_key=True),
    Column("rail", Text, primary_key=True),
    Column("source", Text, primary_key=True),  # a keyed hash of the address
    Column("count", BigInteger, nullable=False),
)

# The tables of the other rooms belong to the same metadata.
from services.payments import (  # noqa: E402
    tables_centre,  # noqa: F401
    tables_collections,  # noqa: F401
    tables_counter,  # noqa: F401
    tables_reconciliation,  # noqa: F401
    tables_refunds,  # noqa: F401
)
