"""Anybody checks a letter by its number."""

from __future__ import annotations

from flask import Response
from flask_smorest import Blueprint
from marshmallow import fields, validate

from contracts.requests_outputs import LETTER_STATUSES
from services.gateway.web import ask
from services.gateway.web.access import door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import named, text

blueprint = Blueprint("api_verification", __name__, url_prefix=PREFIX, description="Verification of documents")


class LetterVerified(Shown):
    number = text()
    status = text(validate=validate.OneOf(LETTER_STATUSES))
    body = text()
    body_name = named()
    service_code = text()
    service_name = named()
    unit = text()
    unit_name = named()
    governorate_name = named()
    issued_on = fields.Date(required=True)
    sent_on = fields.Date(required=True, allow_none=True)
    answered_on = fields.Date(required=True, allow_none=True)


@door(blueprint, "GET", "/letters/<number>/verification", permission="licence.verify")
@blueprint.response(200, LetterVerified)
def verify_letter(number: str) -> Response:
    """Whether a letter of the authority is real, and awaits its answer. Counted with the look-ups of licences"""
    return answer(ask.letter(number))
