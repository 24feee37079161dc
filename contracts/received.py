"""The published language of what came over the line: facts of another place, told to the services of this one. The
gateway appends each in the transaction in which the line applied it. `line` is its place there: of two facts about the
same thing the one that stands later counts, by epoch and then by sequence."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.agencies import AnswerGiven
from contracts.events import EventSchema, event
from contracts.organisation import OrganisationChanged
from contracts.payments_centre import ChargeNews, ChargeRefundNews, RefundWishState, WishState
from rules.link_commands import COMMANDS, OUTCOMES


class Line(EventSchema):
    """Where it stands in the stream of who told it."""

    peer = fields.String(required=True)
    epoch = fields.Integer(required=True)
    sequence = fields.Integer(required=True)


class OfLine(EventSchema):
    line = fields.Nested(Line, required=True)


class GuideReceived(OfLine):
    """The centre published a version of a service (`published`: version, effective_from, definition) or retired it
    (`retired`: retired_from, reason). `number` counts both together by service, from 1."""

    code = fields.String(required=True)
    number = fields.Integer(required=True)
    what = fields.String(required=True, validate=validate.OneOf(("published", "retired")))
    version = fields.Integer()
    effective_from = fields.Date()
    definition = fields.Dict()
    retired_from = fields.Date()
    reason = fields.Dict(keys=fields.String(), values=fields.String())


class EntityReceived(OrganisationChanged):
    """The centre changed an entity of the organisation: its whole timeline. `number` counts the centre's words about
    the entity, from 1."""

    number = fields.Integer()
    line = fields.Nested(Line, required=True)


class WishReceived(WishState):
    """A node wishes a bill of its own to be paid at a rail of the centre, or no longer."""

    node = fields.String(required=True)
    line = fields.Nested(Line, required=True)


class PaymentReceived(ChargeNews):
    """What the centre heard of a rail about a wish of this node."""

    line = fields.Nested(Line, required=True)


class RefundWishReceived(RefundWishState):
    """A node gives back of a wish of its own that was paid at a rail of the centre."""

    node = fields.String(required=True)
    line = fields.Nested(Line, required=True)


class RefundReceived(ChargeRefundNews):
    """How a refund of this node stands at the centre."""

    line = fields.Nested(Line, required=True)


class LetterAnswered(AnswerGiven):
    """An agency answered, at the centre, a letter of this node. `note` is a sealed box (chassis.boxes) that this node
    opens."""

    line = fields.Nested(Line, required=True)


class KeyIssued(EventSchema):
    """The centre tells a node of a key of a place that signs: good from a place in its stream on, or revoked from one
    on. `public` is base64."""

    node = fields.String(required=True)
    peer = fields.String(required=True)
    key_id = fields.String(required=True)
    public = fields.String(required=True)
    since_epoch = fields.Integer(required=True)
    since_sequence = fields.Integer(required=True)
    revoked_epoch = fields.Integer(required=True, allow_none=True)
    revoked_sequence = fields.Integer(required=True, allow_none=True)


class KeyChanged(KeyIssued):
    """The node knows of it."""

    line = fields.Nested(Line, required=True)


class CommandOrdered(EventSchema):
    """The centre asks a node for one of a few declared acts (rules.link_commands). `by` is the account that ordered it,
    `reason` its own words; after `until` it is not carried out any more."""

    command_id = fields.UUID(required=True)
    node = fields.String(required=True)
    name = fields.String(required=True, validate=validate.OneOf(tuple(COMMANDS)))
    arguments = fields.Dict(required=True)
    by = fields.String(required=True)
    reason = fields.String(required=True)
    until = fields.AwareDateTime(required=True)


class CommandGiven(CommandOrdered):
    """It arrived at its node."""

    line = fields.Nested(Line, required=True)


class CommandAnswered(EventSchema):
    """What a node made of a command: done, refused (the code says why) or lapsed; `answer` are figures, never data of
    people."""

    command_id = fields.UUID(required=True)
    name = fields.String(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    code = fields.String(required=True, allow_none=True)
    answer = fields.Dict(required=True)


GUIDE_RECEIVED = event("gateway.guide.received.v1", GuideReceived)
HOLIDAYS_DECREED = event("gateway.holidays.decreed.v1", EntityReceived)
ORGANISATION_RECEIVED = event("gateway.organisation.received.v1", EntityReceived)
PAYMENT_WISHED = event("gateway.payment.wished.v1", WishReceived)
REFUND_WISHED = event("gateway.refund.wished.v1", RefundWishReceived)
REFUND_ANSWERED = event("gateway.refund.answered.v1", RefundReceived)
PAYMENT_CONFIRMED = event("gateway.payment.confirmed.v1", PaymentReceived)
LETTER_ANSWERED = event("gateway.letter.answered.v1", LetterAnswered)
KEY_ISSUED = event("gateway.key.issued.v1", KeyIssued)
KEY_CHANGED = event("gateway.key.changed.v1", KeyChanged)
COMMAND_ORDERED = event("gateway.command.ordered.v1", CommandOrdered)
COMMAND_GIVEN = event("gateway.command.given.v1", CommandGiven)
COMMAND_ANSWERED = event("gateway.command.answered.v1", CommandAnswered)
