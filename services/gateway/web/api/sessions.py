"""Staff log in here for a bearer token."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from services.gateway import accounts
from services.gateway.web import ask
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_sessions", __name__, url_prefix=f"{PREFIX}/sessions", description="Staff sessions")


class LogIn(Schema):
    username = fields.String(required=True, validate=validate.Length(1, 64))
    password = fields.String(required=True, validate=validate.Length(1, 200))
    code = fields.String(load_default="", validate=validate.Length(max=40), metadata={
        "description": "Of the authenticator app, or one on paper; where the account has an authenticator"})


class Session(Shown):
    token = fields.String()
    expires_at = fields.AwareDateTime()
    account = fields.Dict()


@door(blueprint, "POST", "", permission="guide.read", media_types=JSON)
@blueprint.arguments(LogIn(), example={"username": "officer", "password": "…"})
@blueprint.response(201, Session)
def open_session(body: dict[str, Any]) -> Response:
    """Log in: a token for `Authorization: Bearer`, good for one shift"""
    token, ends, row = ask.log_in(body["username"], body["password"], body["code"])
    return answer(
        {
            "token": token,
            "expires_at": ends.isoformat(),
            "account": {
                "username": row.username,
                "name": row.display_name,
                "roles": list(row.roles),
                "unit": row.unit,
                "department": row.department,
                "window": row.window_number,
            },
        },
        201,
    )


@door(blueprint, "DELETE", "", permission="guide.read", staff=True)
@blueprint.response(204)
def close_session() -> Response:
    """Log out: the token stops working at once"""
    token = caller().token
    if token:
        platform().run(lambda work: accounts.close_session(work, token), caller().actor)
    return Response(status=204)
