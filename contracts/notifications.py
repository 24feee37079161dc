"""The published language of notifications: messages to citizens and what became of them."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.events import EventSchema, event
from contracts.problem import Problem


class MessageState(EventSchema):
    """The state of one message; neither text nor address."""

    message_id = fields.UUID(required=True)
    request_id = fields.UUID(allow_none=True)
    channel = fields.String(required=True, validate=validate.OneOf(("sms", "email")))
    template = fields.String(required=True)
    template_version = fields.Integer(required=True)
    language = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(
        ("created", "queued", "sending", "sent", "delivered", "failed_temporarily", "failed", "expired")))
    parts = fields.Integer(allow_none=True)
    provider = fields.String(allow_none=True)
    lane = fields.Integer()  # 0 one-time code, 1 step of a request, 2 message to many
    # Why it waits though its lane is free, and until when.
    held = fields.String(allow_none=True)
    held_until = fields.AwareDateTime(allow_none=True)


CHANGED = event("notifications.message.changed.v1", MessageState)


PROBLEMS: dict[str, Problem] = {}
