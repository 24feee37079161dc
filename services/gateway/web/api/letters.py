"""Letters to bodies outside, by whoever holds the task that asks them."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.requests_outputs import SENT_HOW
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.licences import pdf
from services.gateway.web.api.shapes import Moved, named, text
from services.gateway.web.api.tasks import Action
from services.gateway.web.caller import caller
from services.gateway.web.platform import UPLOAD_SECONDS, platform

blueprint = Blueprint("api_letters", __name__, url_prefix=f"{PREFIX}/tasks", description="Letters to outside bodies")


class Sending(Schema):
    how = fields.String(required=True, validate=validate.OneOf(SENT_HOW))
    sent_on = fields.Date(load_default=None, allow_none=True)
    reference = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))


class Answered(Action):
    answered_on = fields.Date(required=True)
    answer_reference = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))
    note = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))
    document_id = fields.UUID(load_default=None, allow_none=True)


class LetterShown(Shown):
    letter_id = fields.UUID(required=True)
    number = text()
    status = text()
    body_name = named(allow_none=True)
    sent_on = fields.Date(required=True, allow_none=True)
    answered_on = fields.Date(required=True, allow_none=True)


@door(blueprint, "GET", "/<uuid:task_id>/letter", permission="task.read")
@blueprint.response(200, {"type": "string", "contentMediaType": "application/pdf"}, content_type="application/pdf")
def show_letter(task_id: Any) -> Response:
    """The letter of a task that I hold, to be sent"""
    found = platform().call("requests.letter", {"task_id": str(task_id)}, caller().actor, timeout=UPLOAD_SECONDS)
    response = pdf(found)
    response.headers["X-Letter-Number"] = found["number"]
    return response


@door(blueprint, "POST", "/<uuid:task_id>/letter/sending", permission="letter.send", media_types=JSON, idempotent=True)
@blueprint.arguments(Sending(), example={"how": "hand", "reference": "صادر 118"})
@blueprint.response(200, LetterShown)
def send_letter(body: dict[str, Any], task_id: Any) -> Response:
    """Record that the letter went out"""
    payload = Sending().dump(body)
    return answer(platform().call("requests.send_letter", {"task_id": str(task_id), **payload}, caller().actor,
                                  command_id=g.command_id))  # fmt: skip


@door(blueprint, "POST", "/<uuid:task_id>/letter/answer", permission="letter.send", media_types=JSON, idempotent=True)
@blueprint.arguments(Answered(), example={"answered_on": "2026-03-10", "action": "agreed", "note": "لا مانع"})
@blueprint.response(200, Moved)
def answer_letter(body: dict[str, Any], task_id: Any) -> Response:
    """Record the body's answer with its date and paper, and go on"""
    payload = Answered().dump(body)
    own = {"answered_on": payload.pop("answered_on"), "reference": payload.pop("answer_reference"),
           "note": payload.pop("note"), "document_id": payload.pop("document_id")}  # fmt: skip
    task = {"task_id": str(task_id)}
    return answer(platform().call("requests.answer_letter", {**task, **own, "act": {**task, **payload}},
                                  caller().actor, command_id=g.command_id))  # fmt: skip
