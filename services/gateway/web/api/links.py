"""The links between this place and the others: how each stands, and the messages that it could not apply."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from rules.link_watch import Concern, Condition
from services.gateway import links
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_links", __name__, url_prefix=PREFIX, description="Links between node and centre")
_ONE = "/links/<peer>"
_MESSAGE = _ONE + "/parked/<uuid:message_id>"


def _count(described: str = "") -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": described} if described else {})


def _moment(described: str = "") -> fields.AwareDateTime:
    return fields.AwareDateTime(required=True, allow_none=True,
                                metadata={"description": described} if described else {})


class LinkOut(Shown):
    """What this place sends."""

    epoch = fields.Integer(required=True, allow_none=True)
    stored = _count("Numbered in this epoch")
    sent = _count("Given to the peer's broker")
    applied = _count("Took effect at the peer, by its last receipt")
    backed_up = _count("Stand in a backup of the peer")
    incarnation = fields.Integer(required=True, allow_none=True)
    backlog = _count("Without a receipt")
    oldest_at = _moment("When the oldest fact without a receipt happened")
    oldest_seconds = fields.Integer(required=True, allow_none=True)
    receipt_at = _moment()


class LinkIn(Shown):
    """What this place receives, in the peer's newest epoch."""

    epoch = fields.Integer(required=True, allow_none=True)
    applied = _count()
    backed_up = _count()
    held = _count("Came before what precedes them")
    last_at = _moment()


class LinkShown(Shown):
    peer = text(metadata={"description": "`EG` is the centre, otherwise the code of a governorate"})
    condition = text(validate=validate.OneOf(Condition.__args__))  # type: ignore[attr-defined]
    concerns = fields.List(fields.String(validate=validate.OneOf(Concern.__args__)), required=True)  # type: ignore[attr-defined]
    state = text()
    lost = fields.List(fields.Dict(), required=True, metadata={
        "description": "{epoch, first, last}: own facts that the peer has and that are not given back yet"})
    heard_at = _moment()
    skew_ms = fields.Integer(required=True, allow_none=True, metadata={"description": "The peer's clock before ours"})
    version = text_or_none()
    sending = fields.Nested(LinkOut, required=True)
    receiving = fields.Nested(LinkIn, required=True)
    parked = _count("Messages that wait for a person")
    parked_deliveries = _count("How often they were delivered")
    differing_days = _count("Days on which both ends counted differently")


class LinksFound(Shown):
    as_of = fields.AwareDateTime(required=True)
    node = text()
    role = text(validate=validate.OneOf(("node", "centre")))
    epoch = _count()
    links = fields.List(fields.Nested(LinkShown), required=True)


class LinkCounted(LinkShown):
    as_of = fields.AwareDateTime(required=True)
    days = fields.List(fields.Dict(), required=True, metadata={"description": "{day, out, in}: facts of a Cairo day"})
    types = fields.List(fields.Dict(), required=True, metadata={"description": "{type, out, in} of the same days"})
    told = fields.List(fields.Dict(), required=True, metadata={
        "description": "{day, told_at, differs}: the peer's count of a day against ours, {type: [theirs, ours]}"})
    sources = fields.List(fields.Dict(), required=True, metadata={
        "description": "{service, position}: how far each service's log is numbered"})
    recovered = _count("Own facts that the peer gave back")


class LinkParkedQuery(Schema):
    after = fields.UUID(load_default=None)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, links.MOST))


class LinkParkedRow(Shown):
    id = fields.UUID(required=True)
    epoch = _count()
    sequence = _count()
    type = text()
    reason = text()
    detail = text()
    count = _count("How often it came")
    first_at = fields.AwareDateTime(required=True)
    last_at = fields.AwareDateTime(required=True)
    bytes = fields.Integer(required=True, allow_none=True)
    genuine = fields.Boolean(required=True, metadata={"description": "It is from the peer, and can be applied"})


class LinkParkedFound(Shown):
    rows = fields.List(fields.Nested(LinkParkedRow), required=True)
    next = fields.UUID(required=True, allow_none=True, metadata={"description": "What `after` continues with"})


class LinkRecoveredQuery(Schema):
    after = fields.String(load_default=None, validate=validate.Regexp(r"\d{1,8}-\d{1,18}\Z"))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, links.MOST))


class LinkRecoveredRow(Shown):
    epoch = _count()
    sequence = _count()
    id = fields.UUID(required=True)
    type = text()
    subject = fields.UUID(required=True)
    time = _moment("When it happened")
    received_at = fields.AwareDateTime(required=True)
    data = fields.Dict(required=True)


class LinkRecoveredFound(Shown):
    rows = fields.List(fields.Nested(LinkRecoveredRow), required=True)
    next = fields.String(required=True, allow_none=True, metadata={"description": "What `after` continues with"})


class LinkMessageSettled(Shown):
    peer = text()
    id = fields.UUID(required=True)


class LinkWrittenOff(Shown):
    peer = text()
    lost = fields.List(fields.Dict(), required=True, metadata={"description": "{epoch, first, last}"})
    numbers = _count("Free tracking numbers of the governorate that are given to nobody any more")


class LinkSettling(Schema):
    reason = fields.String(required=True, validate=validate.Length(max=500))


@door(blueprint, "GET", "/links", permission="link.read")
@blueprint.response(200, LinksFound)
def list_links() -> Response:
    """How the links of this place stand: at a node the one to the centre, at the centre all"""
    return answer(platform().run(links.overview, caller().actor))


@door(blueprint, "GET", _ONE, permission="link.read")
@blueprint.response(200, LinkCounted)
def read_link(peer: str) -> Response:
    """One link with its counts of the last fourteen days"""
    return answer(platform().run(lambda work: links.one(work, peer), caller().actor))


@door(blueprint, "GET", _ONE + "/parked", permission="link.read")
@blueprint.arguments(LinkParkedQuery, location="query")
@blueprint.response(200, LinkParkedFound)
def list_link_parked(query: dict[str, Any], peer: str) -> Response:
    """Messages of the peer that were not applied, with the reason"""
    return answer(platform().run(lambda work: links.parked(work, peer, **query), caller().actor))


@door(blueprint, "GET", _ONE + "/recovered", permission="link.read")
@blueprint.arguments(LinkRecoveredQuery, location="query")
@blueprint.response(200, LinkRecoveredFound)
def list_link_recovered(query: dict[str, Any], peer: str) -> Response:
    """Facts of this place that its backup had lost and the peer gave back"""
    return answer(platform().run(lambda work: links.recovered(work, peer, **query), caller().actor))


@door(blueprint, "POST", _MESSAGE + "/replay", permission="link.settle", idempotent=True)
@blueprint.response(200, LinkMessageSettled)
def replay_link_message(peer: str, message_id: UUID) -> Response:
    """Apply a parked message now, read as today's software reads it"""
    return answer(platform().once(g.command_id, "gateway.replay_link_message",
                                  {"peer": peer, "message_id": str(message_id)},
                                  lambda work: links.replay(work, peer, message_id), caller().actor))


@door(blueprint, "POST", _MESSAGE + "/settlement", permission="link.settle", media_types=JSON, idempotent=True)
@blueprint.arguments(LinkSettling)
@blueprint.response(200, LinkMessageSettled)
def settle_link_message(said: dict[str, Any], peer: str, message_id: UUID) -> Response:
    """Lay a parked message aside for good, with the reason"""
    return answer(platform().once(g.command_id, "gateway.settle_link_message",
                                  {"peer": peer, "message_id": str(message_id), **said},
                                  lambda work: links.settle(work, peer, message_id, said["reason"]), caller().actor))


@door(blueprint, "POST", _ONE + "/write-off", permission="link.settle", media_types=JSON, idempotent=True)
@blueprint.arguments(LinkSettling)
@blueprint.response(200, LinkWrittenOff)
def write_off_link_facts(said: dict[str, Any], peer: str) -> Response:
    """Wait no longer for own facts that the peer has and does not give back, with the reason"""
    return answer(platform().once(g.command_id, "gateway.write_off_link_facts", {"peer": peer, **said},
                                  lambda work: links.write_off(work, peer, said["reason"]), caller().actor))
