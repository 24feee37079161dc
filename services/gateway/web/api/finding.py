"""Finding and listing requests, for the staff of a unit."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import fields, validate

from contracts.requests_finding import FindRequests, ListRequests
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import day_or_none, named, text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_finding", __name__, url_prefix=f"{PREFIX}/finding", description="Finding requests")


class Found(Shown):
    request_id = fields.UUID(required=True)
    tracking_number = text()
    service_code = text()
    service_name = named()
    unit = text()
    state = text()
    state_kind = text()
    state_name = named()
    outcome = text_or_none()
    lodged_at = fields.AwareDateTime(required=True)
    due_on = day_or_none()
    late = fields.Boolean(required=True)
    applicant = fields.Dict(metadata={"description": "Kind and masked name, for who may find by person"})


class FoundPage(Shown):
    requests = fields.List(fields.Nested(Found), required=True, validate=validate.Length(max=50))
    next = text_or_none()


@door(blueprint, "GET", "", permission="request.find")
@blueprint.arguments(ListRequests(), location="query")
@blueprint.response(200, FoundPage)
def list_requests(query: dict[str, Any]) -> Response:
    """Requests of my unit by service, state and lateness; nobody is named"""
    return answer(platform().call("requests.list", ListRequests().dump(query), caller().actor))


@door(blueprint, "POST", "", permission="request.find", media_types=JSON, idempotent=True)
@blueprint.arguments(FindRequests(), example={"name": "محمود عبد الله"})
@blueprint.response(200, FoundPage)
def find(body: dict[str, Any]) -> Response:
    """Find requests by number, national ID, passport, name or the property's address. What names people stands in the
    body, never in an address or a log; such a search is recorded"""
    return answer(platform().call("requests.find", FindRequests().dump(body), caller().actor))
