"""What was sent to citizens: by request and by address for staff, and counted."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import fields

from contracts.notifications_seen import FindMessages, GetCounts
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import named, text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_messages", __name__, url_prefix=PREFIX, description="Messages to citizens")


class MessageShown(Shown):
    message_id = fields.UUID(required=True)
    channel = text()
    template = text()
    template_name = named()
    template_version = fields.Integer(required=True)
    language = text()
    state = text()
    held = text_or_none()
    held_until = fields.AwareDateTime(required=True, allow_none=True)
    address = text_or_none()
    parts = fields.Integer(required=True, allow_none=True)
    price = fields.Integer(required=True, allow_none=True, metadata={"description": "Millièmes, 1/1000 EGP"})
    provider = text_or_none()
    created_at = fields.AwareDateTime(required=True)
    sent_at = fields.AwareDateTime(required=True, allow_none=True)
    delivered_at = fields.AwareDateTime(required=True, allow_none=True)
    receipt = text_or_none(metadata={
        "description": "Of what was sent: awaited, overdue (it may have arrived or not), none_promised (e-mail)"})


class MessagesShown(Shown):
    messages = fields.List(fields.Nested(MessageShown), required=True)


class MessagesPage(MessagesShown):
    next = fields.UUID(required=True, allow_none=True)


class Times(Shown):
    median = fields.Float(required=True, allow_none=True, metadata={"description": "Seconds"})
    p95 = fields.Float(required=True, allow_none=True, metadata={"description": "Seconds"})


class TimesOf(Shown):
    sent = fields.Nested(Times, required=True)
    delivered = fields.Nested(Times, required=True)


class Counted(Shown):
    key = text()
    name = named(allow_none=True, metadata={"description": "Of a template"})
    channel = text()
    created = fields.Integer(required=True)
    sent = fields.Integer(required=True)
    delivered = fields.Integer(required=True)
    failed = fields.Integer(required=True)
    expired = fields.Integer(required=True)
    parts = fields.Integer(required=True)
    price = fields.Integer(required=True, metadata={"description": "Millièmes, 1/1000 EGP"})
    time = fields.Nested(TimesOf, required=True)


class CountsShown(Shown):
    since = fields.Date(required=True)
    until = fields.Date(required=True)
    by = text()
    rows = fields.List(fields.Nested(Counted), required=True)
    as_of = fields.AwareDateTime(required=True)


class ChannelShown(Shown):
    channel = text()
    lane = text()
    made = fields.Integer(required=True)
    sent = fields.Integer(required=True)
    delivered = fields.Integer(required=True)
    time = fields.Nested(Times, required=True)


class PerformanceShown(Shown):
    since = fields.Date(required=True)
    until = fields.Date(required=True)
    channels = fields.List(fields.Nested(ChannelShown), required=True)


@door(blueprint, "GET", "/requests/<tracking_number>/messages", permission="message.read")
@blueprint.response(200, MessagesShown)
def of_request(tracking_number: str) -> Response:
    """What was sent about a request, oldest first, addresses masked"""
    return answer(platform().call("notifications.messages", {"tracking_number": tracking_number[:40]}, caller().actor))


@door(blueprint, "POST", "/messages/search", permission="message.read", media_types=JSON, idempotent=True)
@blueprint.arguments(FindMessages())
@blueprint.response(200, MessagesPage)
def of_address(body: dict[str, Any]) -> Response:
    """What was sent to one phone or e-mail, the newest first, addresses masked; the reading is recorded"""
    return answer(platform().call("notifications.of_address", FindMessages().dump(body), caller().actor))


@door(blueprint, "GET", "/messages/counts", permission="message.dashboard")
@blueprint.arguments(GetCounts(), location="query")
@blueprint.response(200, CountsShown)
def counts(query: dict[str, Any]) -> Response:
    """How many messages were made, sent, delivered, failed and expired, how long they took and what they cost"""
    return answer(platform().call("notifications.counts", GetCounts().dump(query), caller().actor))


@door(blueprint, "GET", "/messages/performance", permission="message.performance")
@blueprint.response(200, PerformanceShown)
def performance() -> Response:
    """How long messages took to be delivered in the last 30 full days"""
    return answer(platform().call("notifications.performance", {}, caller().actor))
