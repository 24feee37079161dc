"""What people do to bills: fines and differences, exemptions, amendments, cancellations; money that waits."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.payments import BillState
from contracts.payments_bills import (
    AmendBill,
    CancelBill,
    DecideChange,
    ExtendBill,
    IssueBill,
    RequestExemption,
    SettleReview,
)
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_bill_changes", __name__, url_prefix=PREFIX, description="Bills that people change")
PIASTRES = {"description": "Piastres"}


class ExemptionWish(Schema):
    lines = RequestExemption().fields["lines"]
    reason = RequestExemption().fields["reason"]
    legal_basis = RequestExemption().fields["legal_basis"]


class BillAmendment(Schema):
    lines = AmendBill().fields["lines"]
    reason = AmendBill().fields["reason"]


class Cancellation(Schema):
    reason = CancelBill().fields["reason"]


class BillExtension(Schema):
    days = ExtendBill().fields["days"]
    reason = ExtendBill().fields["reason"]


class ChangeDecision(Schema):
    approve = DecideChange().fields["approve"]
    reason = DecideChange().fields["reason"]


class ReviewDecision(Schema):
    decision = SettleReview().fields["decision"]
    reason = SettleReview().fields["reason"]


class BillStands(BillState):
    """A bill as it stands."""


class BillChange(Shown):
    change_id = fields.UUID(required=True)
    bill_id = fields.UUID(required=True)
    kind = text(validate=validate.OneOf(("exemption", "amendment")))
    state = text(validate=validate.OneOf(("requested", "approved", "rejected", "void")))
    unit = text()
    old_lines = fields.List(fields.Dict(), required=True)
    old_total = fields.Integer(required=True, metadata=PIASTRES)
    new_lines = fields.List(fields.Dict(), required=True)
    new_total = fields.Integer(required=True, metadata=PIASTRES)
    reason = text()
    legal_basis = text_or_none()
    requested_by = text()
    requested_at = fields.AwareDateTime(required=True)
    decided_by = text_or_none()
    decided_at = fields.AwareDateTime(required=True, allow_none=True)
    decision_reason = text_or_none()


class BillChangeList(Shown):
    changes = fields.List(fields.Nested(BillChange), required=True)


class MoneyReview(Shown):
    review_id = fields.UUID(required=True)
    reason = text(metadata={"description": "Why a person must look at it"})
    rail = text()
    reference = text_or_none()
    bill_id = fields.UUID(required=True, allow_none=True)
    unit = text_or_none()
    amount = fields.Integer(required=True, metadata=PIASTRES)
    raised_at = fields.AwareDateTime(required=True)
    refund_id = fields.UUID(required=True, allow_none=True, metadata={"description": "By which it is to go back"})


class MoneyReviewList(Shown):
    reviews = fields.List(fields.Nested(MoneyReview), required=True)


class MoneyReviewSettled(Shown):
    review_id = fields.UUID(required=True)
    decision = text()
    receipt_number = text_or_none()
    refund_id = fields.UUID(required=True, allow_none=True, metadata={"description": "That a second person decides"})


def _do(name: str, body: dict[str, Any], status: int = 200) -> Response:
    return answer(platform().call(name, body, caller().actor, command_id=g.command_id), status)


@door(blueprint, "POST", "/bills", permission="bill.issue", media_types=JSON, idempotent=True)
@blueprint.arguments(IssueBill())
@blueprint.response(201, BillStands)
def issue_bill(body: dict[str, Any]) -> Response:
    """Bill a fine or a difference beside the fees; no request waits for it"""
    wanted = body["request_id"]
    return _do("payments.issue_bill", {**body, "request_id": None if wanted is None else str(wanted)}, 201)


@door(blueprint, "POST", "/bills/<uuid:bill_id>/exemptions", permission="bill.amend", media_types=JSON, idempotent=True)
@blueprint.arguments(ExemptionWish())
@blueprint.response(201, BillChange)
def ask_exemption(body: dict[str, Any], bill_id: Any) -> Response:
    """Ask that an unpaid bill or some of its lines be waived; a second person decides"""
    return _do("payments.request_exemption", {**body, "bill_id": str(bill_id)}, 201)


@door(blueprint, "POST", "/bills/<uuid:bill_id>/amendments", permission="bill.amend", media_types=JSON, idempotent=True)
@blueprint.arguments(BillAmendment())
@blueprint.response(201, BillChange)
def amend_bill(body: dict[str, Any], bill_id: Any) -> Response:
    """Other amounts for lines of an unpaid bill; what does not raise it waits for a second person"""
    return _do("payments.amend_bill", {**body, "bill_id": str(bill_id)}, 201)


@door(
    blueprint, "POST", "/bills/<uuid:bill_id>/cancellation", permission="bill.cancel", media_types=JSON, idempotent=True
)
@blueprint.arguments(Cancellation())
@blueprint.response(200, BillStands)
def cancel_bill(body: dict[str, Any], bill_id: Any) -> Response:
    """Take back an unpaid fine or difference"""
    return _do("payments.cancel_bill", {**body, "bill_id": str(bill_id)})


@door(blueprint, "POST", "/bills/<uuid:bill_id>/extension", permission="bill.issue", media_types=JSON, idempotent=True)
@blueprint.arguments(BillExtension())
@blueprint.response(200, BillStands)
def extend_bill(body: dict[str, Any], bill_id: Any) -> Response:
    """More days for a fine or a difference, also when its time is over"""
    return _do("payments.extend_bill", {**body, "bill_id": str(bill_id)})


@door(blueprint, "GET", "/bills/<uuid:bill_id>/changes", permission="bill.amend")
@blueprint.response(200, BillChangeList)
def changes_of_bill(bill_id: Any) -> Response:
    """What was changed of a bill: what stood before, who asked, who agreed"""
    return answer(platform().call("payments.bill_changes", {"bill_id": str(bill_id)}, caller().actor))


@door(blueprint, "GET", "/bill-changes", permission="bill.amend")
@blueprint.response(200, BillChangeList)
def waiting_changes() -> Response:
    """Exemptions and amendments that wait for their decision, longest first"""
    return answer(platform().call("payments.bill_changes", {}, caller().actor))


@door(
    blueprint, "POST", "/bill-changes/<uuid:change_id>/decision", permission="bill.approve", media_types=JSON,
    idempotent=True,
)
@blueprint.arguments(ChangeDecision())
@blueprint.response(200, BillChange)
def decide_change(body: dict[str, Any], change_id: Any) -> Response:
    """Approve or reject, as a second person; void where the bill was settled meanwhile"""
    return _do("payments.decide_change", {**body, "change_id": str(change_id)})


@door(blueprint, "GET", "/payments/reviews", permission="review.settle")
@blueprint.response(200, MoneyReviewList)
def waiting_reviews() -> Response:
    """Money and reports of rails that wait for a person, longest first"""
    return answer(platform().call("payments.reviews", {}, caller().actor))


@door(
    blueprint, "POST", "/payments/reviews/<uuid:review_id>/decision", permission="review.settle", media_types=JSON,
    idempotent=True,
)
@blueprint.arguments(ReviewDecision())
@blueprint.response(200, MoneyReviewSettled)
def settle_review(body: dict[str, Any], review_id: Any) -> Response:
    """Accept the money for its bill, ask that it go back, or note a report without money"""
    return _do("payments.settle_review", {**body, "review_id": str(review_id)})
