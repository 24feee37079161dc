"""Providers of messages: what each takes of its channel, steering them, and the delivery receipts that they report."""

from __future__ import annotations

from typing import Any

from flask import Response, g, request
from flask_smorest import Blueprint
from marshmallow import fields, validate

from chassis.ids import uuid7
from contracts.notifications_providers import WHAT, ListProviderChanges, SteerProvider
from rules.refusal import refuse
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import text
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_message_providers", __name__, url_prefix=PREFIX,
                      description="Who hands messages over for this node")
RECEIPTS_BYTES = 256 * 1024  # a thousand receipts of one call
_PERCENT = {"description": "Part in a hundred"}


class ProviderSteering(SteerProvider):
    class Meta:
        exclude = ("name",)


class MessageProviderShown(Shown):
    name = text()
    channel = text(validate=validate.OneOf(("sms", "email")))
    weight = fields.Integer(required=True)
    weight_set = fields.Boolean(required=True, metadata={"description": "By a person, against the settings"})
    health = fields.Integer(required=True, metadata=_PERCENT)
    on = fields.Boolean(required=True)
    share = fields.Integer(required=True, metadata=_PERCENT)
    stepped_at = fields.AwareDateTime(required=True, allow_none=True,
                                      metadata={"description": "The channel's last step of health"})


class MessageProviders(Shown):
    providers = fields.List(fields.Nested(MessageProviderShown), required=True)


class MessageProviderChange(Shown):
    id = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)
    channel = text()
    name = text()
    what = text(validate=validate.OneOf(WHAT))
    reason = text()
    actor = text()
    before = fields.Dict(required=True, allow_none=True)
    after = fields.Dict(required=True, allow_none=True)
    figures = fields.Dict(required=True, metadata={"description": "By provider, what was seen of it"})


class MessageProviderChanges(Shown):
    changes = fields.List(fields.Nested(MessageProviderChange), required=True)
    next = fields.Integer(required=True, allow_none=True)


class ReceiptsTaken(Shown):
    taken = fields.Integer(required=True)


@door(blueprint, "GET", "/messages/providers", permission="provider.steer")
@blueprint.response(200, MessageProviders)
def message_providers() -> Response:
    """Providers and the part of its channel that each takes now"""
    return answer(platform().call("notifications.providers", {}, caller().actor))


@door(blueprint, "GET", "/messages/providers/changes", permission="provider.steer")
@blueprint.arguments(ListProviderChanges(), location="query")
@blueprint.response(200, MessageProviderChanges)
def message_provider_changes(query: dict[str, Any]) -> Response:
    """How the shares came about, newest first: steps of health and what people set, with reasons and figures"""
    return answer(platform().call("notifications.provider_changes", ListProviderChanges().dump(query), caller().actor))


@door(blueprint, "POST", "/messages/providers/<name>", permission="provider.steer", media_types=JSON, idempotent=True)
@blueprint.arguments(ProviderSteering())
@blueprint.response(200, MessageProviderShown)
def steer_message_provider(body: dict[str, Any], name: str) -> Response:
    """Set the weight of a provider, take it out or back in, and say why"""
    return answer(platform().call("notifications.steer_provider", {**body, "name": name}, caller().actor,
                                  command_id=g.command_id))


@door(blueprint, "POST", "/messages/receipts/<provider>", permission="message.receipt", signed=True,
      limit=RECEIPTS_BYTES)
@blueprint.doc(requestBody={"required": True, "content": {"application/json": {"schema": {"type": "object"}}}})
@blueprint.response(200, ReceiptsTaken)
def take_message_receipts(provider: str) -> Response:
    """Delivery receipts of an HTTP provider

    Signed with HMAC-SHA256 over `X-Timestamp` (seconds since 1970), a full stop and the raw body, in hexadecimal in
    `X-Signature`; carries no Idempotency-Key. services/notifications/providers/HTTP.md describes the body."""
    try:
        body = request.get_data().decode()
    except UnicodeDecodeError:
        raise refuse("receipt_malformed") from None
    if "\x00" in body:
        raise refuse("receipt_malformed")
    given = {"provider": provider[:40], "timestamp": request.headers.get("X-Timestamp", "")[:40],
             "signature": request.headers.get("X-Signature", "")[:200], "body": body}
    return answer(platform().call("notifications.receipts", given, caller().actor, command_id=uuid7()))
