"""Who looked at the data of a request."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from services.gateway.web import ask
from services.gateway.web.access import door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.requests import PHONE_PARAMETER, last4
from services.gateway.web.api.shapes import named

blueprint = Blueprint("api_access_log", __name__, url_prefix=PREFIX, description="Who looked at a request's data")


class AccessLogPage(Schema):
    before = fields.Integer(load_default=None, validate=validate.Range(min=1))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class AccessLogEntry(Schema):
    at = fields.AwareDateTime(required=True)
    act = fields.String(required=True)
    act_name = named()
    identifies = fields.Boolean(required=True, metadata={"description": "it shows who the applicant is"})
    role = fields.String(required=True, allow_none=True)
    role_name = fields.Dict(required=True, allow_none=True)
    department = fields.String(required=True, allow_none=True)
    department_name = fields.Dict(required=True, allow_none=True)
    unit = fields.String(required=True, allow_none=True)
    unit_name = fields.Dict(required=True, allow_none=True)


class AccessLogShown(Shown):
    tracking_number = fields.String(required=True)
    entries = fields.List(fields.Nested(AccessLogEntry), required=True)
    next = fields.Integer(required=True, allow_none=True)


@door(blueprint, "GET", "/requests/<tracking_number>/access-log", permission="request.inquire",
      parameters=[PHONE_PARAMETER])
@blueprint.arguments(AccessLogPage, location="query")
@blueprint.response(200, AccessLogShown)
def show_access_log(query: dict[str, Any], tracking_number: str) -> Response:
    """Which department and role of the staff looked at the request's data, and when; names no employee"""
    return answer(ask.inquire("requests.access_log", tracking_number, last4(), **query))
