"""Inspections after the issue, what a head is asked about a licence, and declared relations."""

from __future__ import annotations

import base64
from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.requests_engine import DecideQuestion, ListFollowUps, ListRelations, WithdrawRelation
from rules import follow_ups
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import named, text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import UPLOAD_SECONDS, platform

blueprint = Blueprint("api_engine", __name__, url_prefix=PREFIX, description="After the issue, and declared relations")


class QuestionDecision(Schema):
    version = fields.Integer(required=True, metadata={"description": "Of the question as it was read"})
    decision = fields.String(required=True, validate=validate.OneOf(follow_ups.DECISIONS))
    reason = DecideQuestion().fields["reason"]


class RelationWithdrawal(Schema):
    reason = WithdrawRelation().fields["reason"]


class FollowUpShown(Shown):
    follow_up_id = fields.UUID(required=True)
    serial = text(metadata={"description": "Of the licence"})
    service_name = named()
    name = named()
    number = fields.Integer(required=True, metadata={"description": "1 for the first"})
    due_on = fields.Date(required=True)
    status = text(validate=validate.OneOf(follow_ups.STATUSES))
    why = text_or_none(metadata={"description": "Of a dropped one: what the licence was by then"})
    result = text_or_none(metadata={"description": "compliant or violation"})
    opened_at = fields.AwareDateTime(required=True, allow_none=True)
    done_at = fields.AwareDateTime(required=True, allow_none=True)


class FollowUpPage(Shown):
    follow_ups = fields.List(fields.Nested(FollowUpShown), required=True)
    next = fields.UUID(required=True, allow_none=True)


class QuestionShown(Shown):
    question_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    serial = text()
    service_name = named()
    name = named()
    findings = text_or_none()
    photos = fields.List(fields.UUID(), required=True)
    opened_at = fields.AwareDateTime(required=True)


class QuestionList(Shown):
    questions = fields.List(fields.Nested(QuestionShown), required=True)


class QuestionDecided(Shown):
    question_id = fields.UUID(required=True)
    serial = text()
    decision = text(validate=validate.OneOf(follow_ups.DECISIONS))


class RelationShown(Shown):
    relation_id = fields.UUID(required=True)
    account = text()
    department = text_or_none()
    kind = text(metadata={"description": "Which number it was declared by; the number itself is kept nowhere"})
    declared_at = fields.AwareDateTime(required=True)
    withdrawn_at = fields.AwareDateTime(required=True, allow_none=True)
    withdrawn_by = text_or_none()
    reason = text_or_none()


class RelationPage(Shown):
    relations = fields.List(fields.Nested(RelationShown), required=True)
    next = fields.UUID(required=True, allow_none=True)


class RelationWithdrawn(Shown):
    relation_id = fields.UUID(required=True)
    withdrawn_at = fields.AwareDateTime(required=True)


@door(blueprint, "GET", "/follow-ups", permission="licence.read")
@blueprint.arguments(ListFollowUps(), location="query")
@blueprint.response(200, FollowUpPage)
def list_follow_ups(query: dict[str, Any]) -> Response:
    """Inspections after the issue in my unit, planned, open and done, by the day they are due"""
    return answer(platform().call("requests.follow_ups", ListFollowUps().dump(query), caller().actor))


@door(blueprint, "GET", "/licence-questions", permission="licence.suspend")
@blueprint.response(200, QuestionList)
def list_licence_questions() -> Response:
    """Licences of my unit in whose inspection a violation was found, and nobody has decided yet"""
    return answer(platform().call("requests.licence_questions", {}, caller().actor))


@door(blueprint, "GET", "/licence-questions/<uuid:question_id>/photos/<uuid:document_id>",
      permission="licence.suspend")
@blueprint.response(200, {"type": "string", "contentMediaType": "image/*"}, content_type="image/*")
def show_question_photo(question_id: Any, document_id: Any) -> Response:
    """A picture of the inspection that a question is about; that it was opened is recorded"""
    found = platform().call("requests.licence_question_photo",
                            {"question_id": str(question_id), "document_id": str(document_id)}, caller().actor,
                            timeout=UPLOAD_SECONDS)
    response = Response(base64.b64decode(found["content"]), content_type=found["media_type"])
    response.headers.set("Content-Disposition", "inline", filename=f"{document_id}")
    return response


@door(blueprint, "POST", "/licence-questions/<uuid:question_id>/decision", permission="licence.suspend",
      media_types=JSON, idempotent=True)
@blueprint.arguments(QuestionDecision(), example={"version": 1, "decision": "suspend",
                                               "reason": "خالف المحل اشتراطات الحريق"})
@blueprint.response(200, QuestionDecided)
def decide_licence_question(body: dict[str, Any], question_id: Any) -> Response:
    """Suspend the licence or leave it as it is, with the reason"""
    return answer(platform().call("requests.decide_licence_question", {"question_id": str(question_id), **body},
                                  caller().actor, command_id=g.command_id))


@door(blueprint, "GET", "/relations", permission="relation.declare")
@blueprint.arguments(ListRelations(), location="query")
@blueprint.response(200, RelationPage)
def list_relations(query: dict[str, Any]) -> Response:
    """The relations I declared; as head of the unit, those of my unit. With whom is told to nobody"""
    return answer(platform().call("requests.relations", ListRelations().dump(query), caller().actor))


@door(blueprint, "POST", "/relations/<uuid:relation_id>/withdrawal", permission="relation.withdraw", media_types=JSON,
      idempotent=True)
@blueprint.arguments(RelationWithdrawal(), example={"reason": "انتهت الصلة التي أُقر بها"})
@blueprint.response(200, RelationWithdrawn)
def withdraw_relation(body: dict[str, Any], relation_id: Any) -> Response:
    """Take a declared relation out of effect, with the reason. Its record stays"""
    return answer(platform().call("requests.withdraw_relation", {"relation_id": str(relation_id), **body},
                                  caller().actor, command_id=g.command_id))
