"""Answers of agencies to letters: those that reached their letter, and those that wait for a person."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.agencies import OPINIONS
from contracts.requests_letter_answers import ASIDE, STATES, WHY
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import named, text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_letter_answers", __name__, url_prefix=PREFIX,
                      description="What agencies answered to letters through the platform")
_ONE = "/letter-answers/<uuid:answer_id>"


class LetterAnswersQuery(Schema):
    state = fields.String(load_default=ASIDE, validate=validate.OneOf(STATES))
    before = fields.UUID(load_default=None)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class LetterAnswerRow(Shown):
    answer_id = fields.UUID(required=True)
    number = text(metadata={"description": "The letter's number, as the agency quoted it"})
    body = text()
    agency = text()
    agency_name = named()
    opinion = text(validate=validate.OneOf(OPINIONS))
    answered_on = fields.Date(required=True)
    reference = text_or_none()
    has_note = fields.Boolean(required=True)
    given_at = fields.AwareDateTime(required=True)
    arrived_at = fields.AwareDateTime(required=True)
    state = text(validate=validate.OneOf(STATES))
    why = fields.String(required=True, allow_none=True, validate=validate.OneOf(WHY))
    unit = text_or_none()
    tracking_number = text_or_none()
    letter_number = text_or_none(metadata={"description": "Of the letter that it belongs to"})
    settled_by = text_or_none()
    settled_at = fields.AwareDateTime(required=True, allow_none=True)


class LetterThatWaits(Shown):
    number = text()
    tracking_number = text()
    sent_on = fields.Date(required=True, allow_none=True)


class LetterAnswerShown(LetterAnswerRow):
    note = text_or_none()
    candidates = fields.List(fields.Nested(LetterThatWaits), required=True, metadata={
        "description": "The newest letters of my unit to the same body that wait for an answer"})


class LetterAnswersFound(Shown):
    answers = fields.List(fields.Nested(LetterAnswerRow), required=True)
    next = fields.UUID(required=True, allow_none=True, metadata={"description": "What `before` continues with"})


class LetterAnswerSettling(Schema):
    remark = fields.String(required=True, validate=validate.Length(max=1000))


class LetterAnswerSettled(Shown):
    answer_id = fields.UUID(required=True)
    state = text(validate=validate.OneOf(STATES))


class LetterAnswerAttaching(LetterAnswerSettling):
    number = fields.String(required=True, validate=validate.Length(min=1, max=40))


class LetterAnswerAttached(LetterAnswerSettled):
    number = text()


@door(blueprint, "GET", "/letter-answers", permission="letter.send")
@blueprint.arguments(LetterAnswersQuery, location="query")
@blueprint.response(200, LetterAnswersFound)
def list_letter_answers(query: dict[str, Any]) -> Response:
    """Answers of agencies about letters of my unit, and about letters that nobody knows"""
    return answer(platform().call("requests.letter_answers", LetterAnswersQuery().dump(query), caller().actor))


@door(blueprint, "GET", _ONE, permission="letter.send")
@blueprint.response(200, LetterAnswerShown)
def read_letter_answer(answer_id: Any) -> Response:
    """One answer with the agency's words; that it was read is recorded"""
    return answer(platform().call("requests.letter_answer", {"answer_id": str(answer_id)}, caller().actor))


@door(blueprint, "POST", _ONE + "/settlement", permission="letter.send", media_types=JSON, idempotent=True)
@blueprint.arguments(LetterAnswerSettling, example={"remark": "أُرسل الرد إلى الوحدة المختصة"})
@blueprint.response(200, LetterAnswerSettled)
def settle_letter_answer(said: dict[str, Any], answer_id: Any) -> Response:
    """Say what was done about an answer that fitted no letter"""
    return answer(platform().call("requests.settle_letter_answer", {"answer_id": str(answer_id), **said},
                                  caller().actor, command_id=g.command_id))


@door(blueprint, "POST", _ONE + "/letter", permission="letter.send", media_types=JSON, idempotent=True)
@blueprint.arguments(LetterAnswerAttaching, example={
    "number": "L-C-2026-000004-F", "remark": "ذكرت الجهة رقماً ناقصاً، وأكدته هاتفياً"})
@blueprint.response(200, LetterAnswerAttached)
def attach_letter_answer(said: dict[str, Any], answer_id: Any) -> Response:
    """Record an answer on the letter that it belongs to, where the agency quoted another number"""
    return answer(platform().call("requests.attach_letter_answer", {"answer_id": str(answer_id), **said},
                                  caller().actor, command_id=g.command_id))
