"""What comes after a request: delivery, and the citizen's rating."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.requests_afterwards import DELIVERED_HOW, IDENTITY_CHECKED, RECEIVERS
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import named, text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_afterwards", __name__, url_prefix=PREFIX, description="Delivery, ratings, complaints")


class Delivery(Schema):
    how = fields.String(load_default="window", validate=validate.OneOf(DELIVERED_HOW))
    receiver = fields.String(load_default="holder", validate=validate.OneOf(RECEIVERS))
    receiver_name = fields.String(load_default=None, allow_none=True, validate=validate.Length(3, 200))
    identity = fields.String(required=True, validate=validate.OneOf(IDENTITY_CHECKED))
    reference = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 100))


class Delivered(Shown):
    serial = text()
    edition = fields.Integer(required=True)
    delivered_at = fields.AwareDateTime(required=True)


class Rating(Schema):
    stars = fields.Integer(required=True, strict=True, validate=validate.Range(1, 5))
    comment = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))


class RatingShown(Shown):
    service_name = named()
    unit_name = named()
    outcome = text_or_none()
    rated = fields.Boolean(required=True)
    stars = fields.Integer(required=True, allow_none=True)


class Rated(Shown):
    stars = fields.Integer(required=True)


@door(blueprint, "POST", "/register/<serial>/delivery", permission="licence.deliver", media_types=JSON, idempotent=True)
@blueprint.arguments(Delivery(), example={"how": "window", "receiver": "holder", "identity": "national_id"})
@blueprint.response(201, Delivered)
def deliver(body: dict[str, Any], serial: str) -> Response:
    """Record to whom a print was handed over, how, and what identity was looked at"""
    found = platform().call("requests.deliver", {"serial": serial, **body}, caller().actor, command_id=g.command_id)
    return answer(found, 201)


@door(blueprint, "GET", "/ratings/<token>", permission="request.rate")
@blueprint.response(200, RatingShown)
def show_rating(token: str) -> Response:
    """What the link of the last message asks to rate. The token is the key; no log-in"""
    return answer(platform().call("requests.rating", {"token": token}, caller().actor))


@door(blueprint, "POST", "/ratings/<token>", permission="request.rate", media_types=JSON, idempotent=True)
@blueprint.arguments(Rating(), example={"stars": 5, "comment": "خدمة سريعة"})
@blueprint.response(201, Rated)
def rate(body: dict[str, Any], token: str) -> Response:
    """Rate a request, once"""
    found = platform().call("requests.rate", {"token": token, **body}, caller().actor, command_id=g.command_id)
    return answer(found, 201)
