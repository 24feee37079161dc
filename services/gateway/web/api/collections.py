"""What was collected, by day and from every side."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import fields

from contracts.payments_collections import GetCollections
from services.gateway.web.access import door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_collections", __name__, url_prefix=f"{PREFIX}/collections", description="Collections")


class Collected(Shown):
    key = text()
    amount = fields.Integer(required=True, metadata={"description": "Piastres, net of what was given back"})
    receipts = fields.Integer(required=True, allow_none=True)


class CollectionsShown(Shown):
    since = fields.Date(required=True)
    until = fields.Date(required=True)
    by = text()
    unit = text_or_none()
    currency = text()
    rows = fields.List(fields.Nested(Collected), required=True)
    total = fields.Integer(required=True)
    receipts = fields.Integer(required=True, allow_none=True)
    as_of = fields.AwareDateTime(required=True)


@door(blueprint, "GET", "", permission="collections.read")
@blueprint.arguments(GetCollections(), location="query")
@blueprint.response(200, CollectionsShown)
def collections(query: dict[str, Any]) -> Response:
    """What was collected in a period by day, unit, service, way, cashier or accounting code, up to this moment"""
    return answer(platform().call("payments.collections", GetCollections().dump(query), caller().actor))
