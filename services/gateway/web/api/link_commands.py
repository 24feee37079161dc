"""Remote commands: what the centre asks of a node over the line, and what came of it."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from rules.link_commands import COMMANDS, OUTCOMES
from services.gateway.link import commands
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_link_commands", __name__, url_prefix=PREFIX, description="Remote commands over the line")
_ALL = "/links/<peer>/commands"


class LinkCommandsQuery(Schema):
    before = fields.UUID(load_default=None)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 100))


class LinkCommandRow(Shown):
    command_id = fields.UUID(required=True)
    node = text()
    name = text(metadata={"description": f"One of {', '.join(COMMANDS)}"})
    arguments = fields.Dict(required=True)
    reason = text()
    ordered_by = text()
    ordered_at = fields.AwareDateTime(required=True)
    until = fields.AwareDateTime(required=True, metadata={"description": "After it, the order lapses"})
    outcome = fields.String(required=True, allow_none=True, validate=validate.OneOf(OUTCOMES))
    code = text_or_none()
    answer = fields.Dict(required=True, allow_none=True)
    answered_at = fields.AwareDateTime(required=True, allow_none=True)


class LinkCommandsFound(Shown):
    commands = fields.List(fields.Nested(LinkCommandRow), required=True)
    next = fields.UUID(required=True, allow_none=True, metadata={"description": "What `before` continues with"})


class LinkCommandOrder(Schema):
    name = fields.String(required=True, validate=validate.Length(max=40))
    arguments = fields.Dict(load_default=dict)
    reason = fields.String(required=True, validate=validate.Length(max=500))


class LinkCommandOrdered(Shown):
    command_id = fields.UUID(required=True)
    node = text()
    name = text()
    until = fields.AwareDateTime(required=True)


@door(blueprint, "GET", _ALL, permission="link.read")
@blueprint.arguments(LinkCommandsQuery, location="query")
@blueprint.response(200, LinkCommandsFound)
def list_link_commands(query: dict[str, Any], peer: str) -> Response:
    """What was ordered of a node; at a node, what was ordered of it"""
    return answer(platform().run(lambda work: commands.listed(work, peer, **query), caller().actor))


@door(blueprint, "POST", _ALL, permission="link.command", media_types=JSON, idempotent=True)
@blueprint.arguments(LinkCommandOrder, example={"name": "report", "arguments": {}, "reason": "متابعة دورية للربط"})
@blueprint.response(201, LinkCommandOrdered)
def order_link_command(said: dict[str, Any], peer: str) -> Response:
    """Order one declared act of a node; it is carried out when the order arrives, and answered"""
    return answer(platform().once(
        g.command_id, "gateway.order_link_command", {"peer": peer, **said},
        lambda work: commands.order(work, peer, said["name"], said["arguments"], said["reason"]), caller().actor), 201)
