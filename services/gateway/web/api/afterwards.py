"""What comes after a request: delivery, the citizen's rating, complaints, opening again."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.requests_afterwards import DELIVERED_HOW, IDENTITY_CHECKED, RECEIVERS, ListComplaints
from rules import afterwards
from services.gateway.web import ask
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.requests import PHONE_PARAMETER, last4
from services.gateway.web.api.shapes import named, text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_afterwards", __name__, url_prefix=PREFIX, description="Delivery, ratings, complaints")


class Delivery(Schema):
    how = fields.String(load_default="window", validate=validate.OneOf(DELIVERED_HOW))
    receiver = fields.String(load_default="holder", validate=validate.OneOf(RECEIVERS))
    receiver_name = fields.String(load_default=None, allow_none=True, validate=validate.Length(3, 200))
    identity = fields.String(required=True, validate=validate.OneOf(IDENTITY_CHECKED))
    reference = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 100))


class Delivered(Shown):
    serial = text()
    edition = fields.Integer(required=True)
    delivered_at = fields.AwareDateTime(required=True)


class Rating(Schema):
    stars = fields.Integer(required=True, strict=True, validate=validate.Range(1, 5))
    comment = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))


class RatingInvitation(Shown):
    token = text()


class RatingShown(Shown):
    service_name = named()
    unit_name = named()
    outcome = text_or_none()
    rated = fields.Boolean(required=True)
    stars = fields.Integer(required=True, allow_none=True)


class Rated(Shown):
    stars = fields.Integer(required=True)


class Complaint(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(afterwards.KINDS))
    text = fields.String(required=True, validate=validate.Length(10, 2000))


class ComplaintMade(Shown):
    complaint_number = text()
    due_on = fields.Date(required=True)
    state = text()


class ComplaintShown(Shown):
    complaint_number = text()
    state = text(validate=validate.OneOf(afterwards.STATES))
    kind = text(validate=validate.OneOf(afterwards.KINDS))
    made_at = fields.AwareDateTime(required=True)
    due_on = fields.Date(required=True)
    before = text(metadata={"description": "The role of the head before whom it lies"})
    level = fields.Integer(required=True)
    late = fields.Boolean(required=True)
    upheld = fields.Boolean(required=True, allow_none=True)
    answer = text_or_none()


class ComplaintFileShown(ComplaintShown):
    version = fields.Integer(required=True)
    tracking_number = text()
    text = fields.String(required=True)


class ComplaintPage(Shown):
    complaints = fields.List(fields.Dict(), required=True)
    next = fields.UUID(required=True, allow_none=True)


class ComplaintAnswer(Schema):
    upheld = fields.Boolean(required=True)
    answer = fields.String(required=True, validate=validate.Length(10, 2000))
    version = fields.Integer(load_default=None, allow_none=True)


class ComplaintAnswered(Shown):
    complaint_number = text()
    state = text()
    upheld = fields.Boolean(required=True)


class ReopeningReason(Schema):
    reason = fields.String(required=True, validate=validate.Length(10, 2000))


class ReopeningAsked(Shown):
    reopening_id = fields.UUID(required=True)
    state = text()


class ReopeningPage(Shown):
    reopenings = fields.List(fields.Dict(), required=True)


class ReopeningDecision(ReopeningReason):
    grant = fields.Boolean(required=True)
    version = fields.Integer(load_default=None, allow_none=True)


class ReopeningDecided(ReopeningAsked):
    request_state = text_or_none(metadata={"description": "Where the request stands again, if granted"})


@door(blueprint, "POST", "/requests/<tracking_number>/complaints", permission="complaint.make", media_types=JSON,
      idempotent=True, parameters=[PHONE_PARAMETER])
@blueprint.arguments(Complaint(), example={"kind": "delay", "text": "تأخر طلبي أسبوعين ولم يتصل بي أحد"})
@blueprint.response(201, ComplaintMade)
def complain(body: dict[str, Any], tracking_number: str) -> Response:
    """Complain about a request; one open complaint at a time"""
    return answer(ask.inquire("requests.complain", tracking_number, last4(), command_id=g.command_id, **body), 201)


@door(blueprint, "GET", "/complaints/<complaint_number>", permission="complaint.make",
      parameters=[PHONE_PARAMETER])
@blueprint.response(200, ComplaintShown)
def show_complaint(complaint_number: str) -> Response:
    """Where a complaint stands and what was answered, for whoever holds its number and the digits"""
    return answer(ask.complaint(complaint_number, last4()))


@door(blueprint, "GET", "/complaints", permission="complaint.answer")
@blueprint.arguments(ListComplaints(), location="query")
@blueprint.response(200, ComplaintPage)
def list_complaints(query: dict[str, Any]) -> Response:
    """The complaints that lie before me, the most urgent first"""
    return answer(platform().call("requests.complaints", ListComplaints().dump(query), caller().actor))


@door(blueprint, "GET", "/complaints/<complaint_number>/file", permission="complaint.answer")
@blueprint.response(200, ComplaintFileShown)
def show_complaint_file(complaint_number: str) -> Response:
    """A complaint that lies before me, with its text. Reading it is recorded"""
    return answer(platform().call("requests.complaint_file", {"complaint_number": complaint_number}, caller().actor))


@door(blueprint, "POST", "/complaints/<complaint_number>/answer", permission="complaint.answer", media_types=JSON,
      idempotent=True)
@blueprint.arguments(ComplaintAnswer(), example={"upheld": True, "answer": "راجعنا الملف وأُنجز الطلب اليوم"})
@blueprint.response(200, ComplaintAnswered)
def answer_complaint(body: dict[str, Any], complaint_number: str) -> Response:
    """Answer a complaint. Who had a hand in the request does not"""
    return answer(platform().call("requests.answer_complaint", {"complaint_number": complaint_number, **body},
                                  caller().actor, command_id=g.command_id))  # fmt: skip


@door(blueprint, "POST", "/requests/<tracking_number>/reopenings", permission="complaint.make", media_types=JSON,
      idempotent=True, parameters=[PHONE_PARAMETER])
@blueprint.arguments(ReopeningReason(), example={"reason": "قُدمت الشهادة المطلوبة قبل القرار"})
@blueprint.response(201, ReopeningAsked)
def ask_reopening(body: dict[str, Any], tracking_number: str) -> Response:
    """Ask that a rejection or a lapse be looked at anew; once for each"""
    return answer(ask.inquire("requests.ask_reopening", tracking_number, last4(), command_id=g.command_id, **body), 201)


@door(blueprint, "GET", "/reopenings", permission="request.reopen")
@blueprint.response(200, ReopeningPage)
def list_reopenings() -> Response:
    """What was asked for in my unit, the oldest first"""
    return answer(platform().call("requests.reopenings", {}, caller().actor))


@door(blueprint, "POST", "/reopenings/<uuid:reopening_id>/decision", permission="request.reopen", media_types=JSON,
      idempotent=True)
@blueprint.arguments(ReopeningDecision(), example={"grant": True, "reason": "المستند كان في الملف قبل القرار"})
@blueprint.response(200, ReopeningDecided)
def decide_reopening(body: dict[str, Any], reopening_id: Any) -> Response:
    """Open a request again, or refuse to. Who ended it does not decide"""
    return answer(platform().call("requests.decide_reopening", {"reopening_id": str(reopening_id), **body},
                                  caller().actor, command_id=g.command_id))  # fmt: skip


@door(blueprint, "POST", "/register/<serial>/delivery", permission="licence.deliver", media_types=JSON, idempotent=True)
@blueprint.arguments(Delivery(), example={"how": "window", "receiver": "holder", "identity": "national_id"})
@blueprint.response(201, Delivered)
def deliver(body: dict[str, Any], serial: str) -> Response:
    """Record to whom a print was handed over, how, and what identity was looked at"""
    found = platform().call("requests.deliver", {"serial": serial, **body}, caller().actor, command_id=g.command_id)
    return answer(found, 201)


@door(blueprint, "POST", "/requests/<tracking_number>/rating-invitations", permission="request.rate",
      idempotent=True, parameters=[PHONE_PARAMETER])
@blueprint.response(201, RatingInvitation)
def ask_rating(tracking_number: str) -> Response:
    """The token of the rating's page, for whoever holds the number and the digits of a request that has ended"""
    return answer(ask.inquire("requests.ask_rating", tracking_number, last4(), command_id=g.command_id), 201)


@door(blueprint, "GET", "/ratings/<token>", permission="request.rate")
@blueprint.response(200, RatingShown)
def show_rating(token: str) -> Response:
    """What the link of the last message asks to rate. The token is the key; no log-in"""
    return answer(platform().call("requests.rating", {"token": token}, caller().actor))


@door(blueprint, "POST", "/ratings/<token>", permission="request.rate", media_types=JSON, idempotent=True)
@blueprint.arguments(Rating(), example={"stars": 5, "comment": "خدمة سريعة"})
@blueprint.response(201, Rated)
def rate(body: dict[str, Any], token: str) -> Response:
    """Rate a request, once"""
    found = platform().call("requests.rate", {"token": token, **body}, caller().actor, command_id=g.command_id)
    return answer(found, 201)
