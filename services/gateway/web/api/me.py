"""What somebody of the staff does about the own log-in: password, authenticator, sessions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from services.gateway import accounts
from services.gateway.web import own_account
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import text, text_or_none

blueprint = Blueprint("api_me", __name__, url_prefix=f"{PREFIX}/me",
                      description="The own log-in of the staff: password, authenticator, sessions")
OWN = "account.own"
_PASSWORD = validate.Length(1, 200)
_CODE = validate.Length(1, 40)


class StaffSession(Shown):
    session_id = fields.UUID(required=True)
    how = text(validate=validate.OneOf(accounts.WAYS))
    telephone = fields.Boolean(required=True)
    opened_at = fields.AwareDateTime(required=True)
    seen_at = fields.AwareDateTime(required=True, metadata={"description": "To five minutes"})
    expires_at = fields.AwareDateTime(required=True)
    this = fields.Boolean(required=True)


class SecondFactor(Shown):
    set_up_at = fields.AwareDateTime(required=True, allow_none=True)
    codes_left = fields.Integer(required=True, metadata={"description": "Codes on paper that are not used yet"})
    required = fields.Boolean(required=True, metadata={"description": "Whether a role of the account demands it"})


class OwnAccount(Shown):
    account_id = fields.UUID(required=True)
    username = text()
    display_name = text()
    roles = fields.List(fields.String(), required=True)
    unit = text_or_none()
    department = text_or_none()
    window = text_or_none()
    channel = text()
    demand = text_or_none(metadata={
        "description": "What must be done before anything else: `password_to_change`, `authenticator_required`"})
    second_factor = fields.Nested(SecondFactor, required=True)
    sessions = fields.List(fields.Nested(StaffSession), required=True)


class PasswordChange(Schema):
    old = fields.String(required=True, validate=_PASSWORD)
    new = fields.String(required=True, validate=_PASSWORD)


class PasswordGiven(Schema):
    password = fields.String(required=True, validate=_PASSWORD)


class Enrolment(Shown):
    secret = text(metadata={"description": "For an app that reads no QR code"})
    uri = text(metadata={"description": "What the QR code says"})
    enrolment = text(metadata={"description": "To be sent with the first code"})
    expires_at = fields.AwareDateTime(required=True)


class FirstCode(Schema):
    enrolment = fields.String(required=True, validate=validate.Length(1, 2000))
    code = fields.String(required=True, validate=_CODE)


class AppCode(Schema):
    code = fields.String(required=True, validate=_CODE)


class PaperCodes(Shown):
    recovery_codes = fields.List(fields.String(), required=True, metadata={"description": "Shown this once"})


@door(blueprint, "GET", "", permission=OWN, staff=True)
@blueprint.response(200, OwnAccount)
def show_me() -> Response:
    """My account, what it still asks of me, and my open sessions"""
    return answer(own_account.shown())


@door(blueprint, "POST", "/password", permission=OWN, media_types=JSON, staff=True)
@blueprint.arguments(PasswordChange(), example={"old": "the present one", "new": "a longer new one"})
@blueprint.response(204)
def change_my_password(body: dict[str, Any]) -> Response:
    """Change my password; my other sessions end"""
    own_account.change_password(body["old"], body["new"])
    return Response(status=204)


@door(blueprint, "POST", "/authenticator", permission=OWN, media_types=JSON, staff=True)
@blueprint.arguments(PasswordGiven(), example={"password": "the present one"})
@blueprint.response(200, Enrolment)
def begin_authenticator(body: dict[str, Any]) -> Response:
    """Begin to set up an authenticator app (RFC 6238); nothing changes before its first code"""
    begun = own_account.begin_second_factor(body["password"])
    return answer({**begun, "expires_at": datetime.fromtimestamp(begun["expires_at"], UTC).isoformat()})


@door(blueprint, "POST", "/authenticator/confirmation", permission=OWN, media_types=JSON, staff=True)
@blueprint.arguments(FirstCode(), example={"enrolment": "k1.…", "code": "492039"})
@blueprint.response(200, PaperCodes)
def confirm_authenticator(body: dict[str, Any]) -> Response:
    """Give the first code: log-in asks for one from now on, and my other sessions end"""
    return answer({"recovery_codes": own_account.finish_second_factor(body["enrolment"], body["code"])})


@door(blueprint, "POST", "/recovery-codes", permission=OWN, media_types=JSON, staff=True)
@blueprint.arguments(AppCode(), example={"code": "492039"})
@blueprint.response(200, PaperCodes)
def renew_recovery_codes(body: dict[str, Any]) -> Response:
    """New recovery codes; the old ones are void"""
    return answer({"recovery_codes": own_account.renew_codes(body["code"])})


@door(blueprint, "DELETE", "/sessions", permission=OWN, staff=True)
@blueprint.response(204)
def end_my_other_sessions() -> Response:
    """End all my sessions but this one"""
    own_account.end_other_sessions()
    return Response(status=204)


@door(blueprint, "DELETE", "/sessions/<uuid:session_id>", permission=OWN, staff=True)
@blueprint.response(204)
def end_my_session(session_id: UUID) -> Response:
    """End one of my sessions, at once"""
    own_account.end_session(session_id)
    return Response(status=204)
