"""Deadlines for staff: who must look, periods made longer, what silence meant and what a person is asked about it."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.requests import PLAIN_TEXT
from contracts.requests_deadlines import DEEMED_KINDS, REVIEW_DECISIONS, REVIEW_KINDS, ListWarnings
from rules.periods import LEVELS
from services.gateway.web import ask
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.licences import pdf
from services.gateway.web.api.requests import PHONE_PARAMETER, last4
from services.gateway.web.api.shapes import day_or_none, named, text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import UPLOAD_SECONDS, platform

blueprint = Blueprint("api_deadlines", __name__, url_prefix=PREFIX, description="Deadlines and silence")


class Extension(Schema):
    tracking_number = fields.String(required=True, validate=validate.Length(max=60))
    period = fields.String(load_default="whole", validate=validate.Length(max=60))
    days = fields.Integer(required=True, strict=True)
    reason = fields.String(required=True, validate=PLAIN_TEXT)


class LateFact(Schema):
    action = fields.String(required=True, validate=validate.Length(max=60))
    occurred_at = fields.AwareDateTime(required=True)
    reason = fields.String(required=True, validate=PLAIN_TEXT)


class SilenceDecision(Schema):
    version = fields.Integer(required=True)
    decision = fields.String(required=True, validate=validate.OneOf(REVIEW_DECISIONS))
    reason = fields.String(required=True, validate=PLAIN_TEXT)


class WarningShown(Shown):
    warning_id = fields.UUID(required=True)
    request_id = fields.UUID(required=True)
    task_id = fields.UUID(required=True, allow_none=True)
    tracking_number = text()
    service_name = named()
    state_name = named()
    period = text(metadata={"description": "`whole`, the code of a part, or `task` for a department's own target"})
    level = text(validate=validate.OneOf(LEVELS))
    due_on = day_or_none()
    department = text_or_none()
    at = fields.AwareDateTime(required=True)


class WarningPage(Shown):
    warnings = fields.List(fields.Nested(WarningShown), required=True)
    next = fields.UUID(required=True, allow_none=True)


class Extended(Shown):
    tracking_number = text()
    period = text()
    days = fields.Integer(required=True)
    due_before = day_or_none()
    due_on = day_or_none()


class ReviewShown(Shown):
    review_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    kind = text(validate=validate.OneOf(REVIEW_KINDS))
    request_id = fields.UUID(required=True, allow_none=True)
    tracking_number = text_or_none()
    unit = text_or_none()
    facts = fields.Dict(required=True)
    opened_at = fields.AwareDateTime(required=True)


class ReviewList(Shown):
    reviews = fields.List(fields.Nested(ReviewShown), required=True)


class Reported(Shown):
    review_id = fields.UUID(required=True)


class Decided(Reported):
    decision = text(validate=validate.OneOf(REVIEW_DECISIONS))


class DeemedShown(Shown):
    number = text()
    kind = text(validate=validate.OneOf(DEEMED_KINDS))
    kind_name = named()
    holder = text()
    service_name = named()
    unit_name = named()
    due_on = fields.Date(required=True)
    effective_on = fields.Date(required=True)
    issued_on = fields.Date(required=True)
    under_review = fields.Boolean(
        required=True, metadata={"description": "A fact speaks against it and a person looks into it"}
    )
    qr = text()


@door(blueprint, "GET", "/warnings", permission="warning.list")
@blueprint.arguments(ListWarnings(), location="query")
@blueprint.response(200, WarningPage)
def list_warnings(query: dict[str, Any]) -> Response:
    """What my role is to look at in my unit: late or nearly so, the newest first"""
    return answer(platform().call("requests.warnings", ListWarnings().dump(query), caller().actor))


@door(blueprint, "POST", "/extensions", permission="request.extend", media_types=JSON, idempotent=True)
@blueprint.arguments(Extension(), example={"tracking_number": "26-01-0000001-K", "days": 10,
                                           "reason": "تعذرت المعاينة لسوء الأحوال الجوية"})
@blueprint.response(200, Extended)
def extend(body: dict[str, Any]) -> Response:
    """Make a statutory period longer, as far as its definition allows and before it is over"""
    return answer(platform().call("requests.extend", body, caller().actor, command_id=g.command_id))


@door(blueprint, "POST", "/tasks/<uuid:task_id>/late-fact", permission="task.act", media_types=JSON, idempotent=True)
@blueprint.arguments(LateFact(), example={"action": "send_back", "occurred_at": "2026-11-20T09:00:00Z",
                                          "reason": "أُعيد الملف ورقياً قبل انقضاء المدة"})
@blueprint.response(200, Reported)
def report_late_fact(body: dict[str, Any], task_id: Any) -> Response:
    """What my desk had done before silence took effect; the head of the unit is asked"""
    payload = {"task_id": str(task_id), **body, "occurred_at": body["occurred_at"].isoformat()}
    return answer(platform().call("requests.report_late_fact", payload, caller().actor, command_id=g.command_id))


@door(blueprint, "GET", "/silence-reviews", permission="silence.review")
@blueprint.response(200, ReviewList)
def list_reviews() -> Response:
    """What a person is asked about silence and has not answered"""
    return answer(platform().call("requests.silence_reviews", {}, caller().actor))


@door(blueprint, "POST", "/silence-reviews/<uuid:review_id>", permission="silence.review", media_types=JSON,
      idempotent=True)
@blueprint.arguments(SilenceDecision(), example={"version": 1, "decision": "stands",
                                                 "reason": "القرار الورقي غير مكتمل"})
@blueprint.response(200, Decided)
def decide_review(body: dict[str, Any], review_id: Any) -> Response:
    """Answer it. Nothing is withdrawn by this: a person does that by its own act"""
    return answer(platform().call("requests.decide_silence_review", {"review_id": str(review_id), **body},
                                  caller().actor, command_id=g.command_id))  # fmt: skip


@door(blueprint, "GET", "/deemed/<number>", permission="licence.verify")
@blueprint.response(200, DeemedShown)
def verify_deemed(number: str) -> Response:
    """Whether a document of what silence meant is real. Counted with the look-ups of licences"""
    return answer(ask.deemed(number))


@door(blueprint, "GET", "/requests/<tracking_number>/deemed", permission="licence.fetch", parameters=[PHONE_PARAMETER])
@blueprint.response(200, {"type": "string", "contentMediaType": "application/pdf"}, content_type="application/pdf")
def fetch_deemed(tracking_number: str) -> Response:
    """The document that says what silence meant, as a PDF"""
    return pdf(ask.inquire("requests.deemed_document", tracking_number, last4(), timeout=UPLOAD_SECONDS))
