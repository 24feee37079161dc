"""The published language of bills of a node that are paid at a rail of the centre: the wish that a node tells, and what
became of it. Money is integer piastres, EGP; nobody's name, phone or number is told."""

from __future__ import annotations

from datetime import date

from marshmallow import Schema, ValidationError, fields, validate

from contracts.events import EventSchema, event

WISHED, WITHDRAWN = "wished", "withdrawn"
WISH_STATES = (WISHED, WITHDRAWN)
CHARGE_STANDS = ("wished", "paid", "told", "refunded", "ended")
"""How a charge stands for people: not paid yet, paid, its payment receipted by its node, given back in whole or in
part, over without money (withdrawn, refused, expired, failed, cancelled)."""
# `refused`: the rail, or the centre itself, took no order. `wished` has not reached the rail yet.
CHARGE_STATES = ("wished", "pending", "paid", "failed", "expired", "cancelled", "refused", "withdrawn")
NEWS = ("pending", "paid", "failed", "expired", "cancelled", "refused", "refunded", "partly_refunded")
"""What a fact about a charge may say. A refund is told as the rail reported it and leaves the charge paid."""


REFUND_STATES = ("wished", "sent", "under_way", "done", "refused", "uncertain")
"""Of a refund at the centre: wished by its node, on its way to the rail, and what became of it."""
REFUND_SAYS = ("waiting", "under_way", "done", "refused", "uncertain")
REFUND_WHYS = ("rail_unreachable", "charge_unknown", "charge_unpaid", "another_first", "above_paid", "rail_cannot",
               "rail_refused", "not_given_back", "another_unknown", "ordered_before")
"""`another_first`: an earlier refund of the same charge is not over; `not_given_back`: a person at the centre found so
in the rail's statement; `another_unknown`: the centre has a refund of the same charge of which its node, restored, did
not know when it ordered this one, and which is told once more; `ordered_before`: before the centre was restored, and
the rail knows nothing of it, so that it may have been refused and paid in another way."""


class Share(EventSchema):
    """The part of a charge that belongs to one accounting code, piastres."""

    account = fields.String(required=True)
    amount = fields.Integer(required=True)


class WishState(EventSchema):
    """A bill of this node is to be paid at a rail of the centre (`wished`), or no longer (`withdrawn`: it was paid in
    another way, cancelled, or its time is over). `wish_id` is the node's payment and its reference at the rail. After
    `expires_at` nobody starts it any more."""

    wish_id = fields.UUID(required=True)
    bill_id = fields.UUID(required=True)
    bill_number = fields.String(required=True)
    service_code = fields.String(required=True)
    rail = fields.String(required=True)
    amount = fields.Integer(required=True)
    shares = fields.List(fields.Nested(Share), required=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)
    wished_at = fields.AwareDateTime(required=True)
    state = fields.String(required=True, validate=validate.OneOf(WISH_STATES))


class ChargeNews(EventSchema):
    """What a rail told the centre about a charge for a node's bill. `amount` is what was asked for, `paid_amount` the
    money that came with this news (also where it differs); `paid_at` is the rail's time. `news` is the rail's own
    number of this piece of news, `callback_sha256` the digest of the raw callback that the centre keeps, null where
    the rail was asked. `final` is false for a failure after which the same reference can still be paid."""

    charge_id = fields.UUID(required=True)
    node = fields.String(required=True)
    bill_number = fields.String(required=True)
    rail = fields.String(required=True)
    said = fields.String(required=True, validate=validate.OneOf(NEWS))
    amount = fields.Integer(required=True)
    paid_amount = fields.Integer(required=True, allow_none=True)
    refunded = fields.Integer(required=True, allow_none=True)
    returned = fields.Integer(required=True, allow_none=True)
    reference = fields.String(required=True, allow_none=True)
    pay_url = fields.String(required=True, allow_none=True)
    paid_at = fields.AwareDateTime(required=True, allow_none=True)
    news = fields.String(required=True, allow_none=True)
    final = fields.Boolean(required=True)
    callback_sha256 = fields.String(required=True, allow_none=True)
    told_at = fields.AwareDateTime(required=True)


class RefundPart(EventSchema):
    """So many piastres of one line of a bill."""

    code = fields.String(required=True)
    account = fields.String(required=True)
    amount = fields.Integer(required=True)


class RefundWishState(EventSchema):
    """What this node decided to give back of a wish that was paid: an order to the centre's rail, approved here by a
    second person. `attempt` counts how often the refund was ordered, from 1. What is given back (`of`, `owner_id`: a
    bill's own money, a credit, money held; `parts` by accounting code) the centre only says again with its answer, to a
    node that may have forgotten it. `known` are the refunds of this wish that the node counts, this one among them."""

    refund_id = fields.UUID(required=True)
    wish_id = fields.UUID(required=True)
    bill_number = fields.String(required=True)
    amount = fields.Integer(required=True)
    attempt = fields.Integer(required=True)
    of = fields.String(required=True, validate=validate.OneOf(("bill", "credit", "held")))
    owner_id = fields.UUID(required=True)
    parts = fields.List(fields.Nested(RefundPart), required=True)
    known = fields.List(fields.UUID(), required=True)
    wished_at = fields.AwareDateTime(required=True)


class ChargeRefundNews(EventSchema):
    """How a refund that a node ordered stands at the centre. `said`: `waiting` (the rail was not reached yet, or it
    must wait), `under_way` (the rail has it), `done` (once for ever), `refused` (this attempt gave nothing back, and
    will not), `uncertain` (nobody can tell, a person at the centre looks at the rail's statement). `why` says why it
    waits or was refused, `detail` what the rail said; `reference` is the rail's own number of the refund."""

    refund_id = fields.UUID(required=True)
    charge_id = fields.UUID(required=True)
    node = fields.String(required=True)
    amount = fields.Integer(required=True)
    attempt = fields.Integer(required=True)
    of = fields.String(required=True, validate=validate.OneOf(("bill", "credit", "held")))
    owner_id = fields.UUID(required=True)
    parts = fields.List(fields.Nested(RefundPart), required=True)
    said = fields.String(required=True, validate=validate.OneOf(REFUND_SAYS))
    why = fields.String(required=True, allow_none=True, validate=validate.OneOf(REFUND_WHYS))
    detail = fields.String(required=True, allow_none=True)
    reference = fields.String(required=True, allow_none=True)
    done_at = fields.AwareDateTime(required=True, allow_none=True)
    told_at = fields.AwareDateTime(required=True)


REFUND_WISH_CHANGED = event("payments.refundwish.changed.v1", RefundWishState)
REFUND_NEWS = event("payments.chargerefund.changed.v1", ChargeRefundNews)
WISH_CHANGED = event("payments.wish.changed.v1", WishState)
CHARGE_NEWS = event("payments.charge.changed.v1", ChargeNews)


MOST_DAYS = 92  # that sums by day are asked for at once


def _countable(day: date) -> None:
    """Days before and after it can be told, in any zone."""
    if not 2000 <= day.year <= 2999:
        raise ValidationError("Must be a day of the years 2000 to 2999.")


class ListCharges(Schema):
    """Query `payments.charges` (centre) → {charges: [{charge_id, node, bill_number, rail, state, stands, amount,
    paid_amount, given_back, reference, wished_at, paid_at, expires_at, error}], next}: charges for nodes' bills, newest
    first. `stands` is one of CHARGE_STANDS; for `told` the asker says in `arrived` up to which moment each node has
    receipted what was told it, null for all. `since` and `until`: Cairo days on which it was paid, or wished."""

    node = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=20))
    state = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(CHARGE_STATES))
    stands = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(CHARGE_STANDS))
    since = fields.Date(load_default=None, allow_none=True, validate=_countable)
    until = fields.Date(load_default=None, allow_none=True, validate=_countable)
    arrived = fields.Dict(keys=fields.String(validate=validate.Length(max=20)),
                          values=fields.AwareDateTime(allow_none=True), load_default=dict,
                          validate=validate.Length(max=100))
    before = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 1000))


class ChargesByDay(Schema):
    """Query `payments.charges_by_day` (centre) → {days: [{node, day, charges, came, given_back}], in_doubt:
    [{refund_id, node, charge_id, bill_number, rail, reference, amount, why, detail, wished_at}], in_doubt_more}: what
    the centre's rails took for nodes' bills and gave back, piastres, by Cairo day, newest first (of the last week
    unless said otherwise; MOST_DAYS at most), each payment on its own day (`charges` counts payments: a bill that was
    paid twice counts on both days); and the refunds of which nobody can tell,
    the 100 that wait longest, with how many there are beyond them. `bill_number`, `rail` and `reference` are null where
    a restored centre does not know the charge."""

    node = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=20))
    since = fields.Date(load_default=None, allow_none=True, validate=_countable)
    until = fields.Date(load_default=None, allow_none=True, validate=_countable)


class SettleChargeRefund(Schema):
    """Command `payments.settle_charge_refund` (centre) → {refund_id, state}: a person has looked at the rail's
    statement for a refund of which nobody could tell: it was given back (with the rail's `reference`, and by which
    `rail` where a restored centre does not know the charge), or was not."""

    refund_id = fields.UUID(required=True)
    given_back = fields.Boolean(required=True)
    reference = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 60))
    rail = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 30))
    reason = fields.String(required=True, validate=validate.Length(1, 500))


class CollectedForNodes(Schema):
    """Query `payments.collected_for_nodes` (centre) → {nodes: [{node, amount, given_back, charges}]}: what the centre's
    rails took for the bills of each node less what they gave back (`amount`), and that, piastres; what a node has under
    the same name in its books (`rail:centre`) is the same sum as `amount` once all facts arrived."""
