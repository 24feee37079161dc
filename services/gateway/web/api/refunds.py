"""Money that goes back, and payments in dispute."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from contracts.payments_refunds import (
    CloseDispute,
    DecideRefund,
    HandOverRefund,
    OpenDispute,
    RefundState,
    RequestRefund,
    SteerRefund,
)
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_refunds", __name__, url_prefix=PREFIX, description="Refunds and disputes")
PIASTRES = {"description": "Piastres"}


class RefundWish(Schema):
    lines = RequestRefund().fields["lines"]
    reason = RequestRefund().fields["reason"]


class CreditRefundWish(Schema):
    reason = RequestRefund().fields["reason"]


class RefundDecision(Schema):
    approve = DecideRefund().fields["approve"]
    way = DecideRefund().fields["way"]
    reason = DecideRefund().fields["reason"]


class RefundHandOver(Schema):
    reference = HandOverRefund().fields["reference"]


class RefundSteering(Schema):
    act = SteerRefund().fields["act"]
    way = SteerRefund().fields["way"]
    reference = SteerRefund().fields["reference"]
    reason = SteerRefund().fields["reason"]


class DisputeOpening(Schema):
    reference = OpenDispute().fields["reference"]
    reason = OpenDispute().fields["reason"]


class DisputeClosing(Schema):
    won = CloseDispute().fields["won"]
    reason = CloseDispute().fields["reason"]


class RefundStands(RefundState):
    """A refund as it stands; held money may have come for no bill."""

    bill_id = fields.UUID(required=True, allow_none=True)
    bill_number = text_or_none()
    request_id = fields.UUID(required=True, allow_none=True)
    tracking_number = text_or_none()


class RefundShown(RefundStands):
    credit_id = fields.UUID(required=True, allow_none=True)
    review_id = fields.UUID(required=True, allow_none=True, metadata={"description": "Where it was held"})
    parts = fields.List(fields.Dict(), required=True, metadata={"description": "Of the bill's lines; else none"})
    reason = text()
    requested_by = text()
    requested_at = fields.AwareDateTime(required=True)
    decided_by = text_or_none()
    decided_at = fields.AwareDateTime(required=True, allow_none=True)
    decision_reason = text_or_none()
    attempts = fields.Integer(required=True)
    error = text_or_none(metadata={"description": "What the rail said last"})
    done_by = text_or_none()
    open = fields.Boolean(required=True)
    travels = fields.Boolean(required=True, metadata={
        "description": "It goes by a rail of the centre's: until that has answered, nothing else can be done with it"})


class CreditShown(Shown):
    credit_id = fields.UUID(required=True)
    bill_id = fields.UUID(required=True)
    amount = fields.Integer(required=True, metadata=PIASTRES)
    left = fields.Integer(required=True, metadata=PIASTRES)
    raised_at = fields.AwareDateTime(required=True)


class RefundList(Shown):
    refunds = fields.List(fields.Nested(RefundShown), required=True)
    credits = fields.List(fields.Nested(CreditShown), required=True)


class DisputeShown(Shown):
    dispute_id = fields.UUID(required=True)
    bill_id = fields.UUID(required=True)
    state = text(metadata={"description": "opened, won or lost"})
    amount = fields.Integer(required=True, metadata=PIASTRES)


def _do(name: str, body: dict[str, Any], status: int = 200) -> Response:
    return answer(platform().call(name, body, caller().actor, command_id=g.command_id), status)


@door(
    blueprint, "POST", "/bills/<uuid:bill_id>/refunds", permission="refund.request", media_types=JSON, idempotent=True
)
@blueprint.arguments(RefundWish())
@blueprint.response(201, RefundStands)
def ask_refund(body: dict[str, Any], bill_id: Any) -> Response:
    """Ask that what was paid, or parts of its lines, go back; a second person decides"""
    return _do("payments.request_refund", {**body, "bill_id": str(bill_id)}, 201)


@door(
    blueprint, "POST", "/credits/<uuid:credit_id>/refunds", permission="refund.request", media_types=JSON,
    idempotent=True,
)
@blueprint.arguments(CreditRefundWish())
@blueprint.response(201, RefundStands)
def ask_credit_refund(body: dict[str, Any], credit_id: Any) -> Response:
    """Ask again that a citizen's credit go back"""
    return _do("payments.request_refund", {**body, "credit_id": str(credit_id)}, 201)


@door(blueprint, "GET", "/bills/<uuid:bill_id>/refunds", permission="refund.read")
@blueprint.response(200, RefundList)
def refunds_of_bill(bill_id: Any) -> Response:
    """The refunds of a bill, and what came for it when it was paid already"""
    return answer(platform().call("payments.refunds", {"bill_id": str(bill_id)}, caller().actor))


@door(blueprint, "GET", "/refunds", permission="refund.read")
@blueprint.response(200, RefundList)
def waiting_refunds() -> Response:
    """Refunds that wait for a person, for a rail or for their hand-over, longest first"""
    return answer(platform().call("payments.refunds", {}, caller().actor))


@door(
    blueprint, "POST", "/refunds/<uuid:refund_id>/decision", permission="refund.approve", media_types=JSON,
    idempotent=True,
)
@blueprint.arguments(RefundDecision())
@blueprint.response(200, RefundStands)
def decide_refund(body: dict[str, Any], refund_id: Any) -> Response:
    """Approve or reject, as another person than who asked or who collected the money"""
    return _do("payments.decide_refund", {**body, "refund_id": str(refund_id)})


@door(
    blueprint, "POST", "/refunds/<uuid:refund_id>/payment", permission="refund.pay", media_types=JSON, idempotent=True
)
@blueprint.arguments(RefundHandOver())
@blueprint.response(200, RefundStands)
def pay_refund(body: dict[str, Any], refund_id: Any) -> Response:
    """Say that an approved refund was given in cash, ordered at the bank, at the terminal or on the rail's pages"""
    return _do("payments.hand_over_refund", {**body, "refund_id": str(refund_id)})


@door(
    blueprint, "POST", "/refunds/<uuid:refund_id>/steering", permission="refund.approve", media_types=JSON,
    idempotent=True,
)
@blueprint.arguments(RefundSteering())
@blueprint.response(200, RefundStands)
def steer_refund(body: dict[str, Any], refund_id: Any) -> Response:
    """Decide about a refund that the rail refused, or of which nobody can tell whether it was done"""
    return _do("payments.steer_refund", {**body, "refund_id": str(refund_id)})


@door(
    blueprint, "POST", "/bills/<uuid:bill_id>/disputes", permission="dispute.manage", media_types=JSON, idempotent=True
)
@blueprint.arguments(DisputeOpening())
@blueprint.response(201, DisputeShown)
def open_dispute(body: dict[str, Any], bill_id: Any) -> Response:
    """Record that the payer's bank takes a payment into question"""
    return _do("payments.open_dispute", {**body, "bill_id": str(bill_id)}, 201)


@door(
    blueprint, "POST", "/bills/<uuid:bill_id>/disputes/decision", permission="dispute.manage", media_types=JSON,
    idempotent=True,
)
@blueprint.arguments(DisputeClosing())
@blueprint.response(200, DisputeShown)
def close_dispute(body: dict[str, Any], bill_id: Any) -> Response:
    """Record what the bank decided; what was lost, the rail has taken back"""
    return _do("payments.close_dispute", {**body, "bill_id": str(bill_id)})
