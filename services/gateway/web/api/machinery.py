"""The audit of every service, and the events that one could not apply."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.machinery import ListOwed, SearchAudit
from services.gateway.web import tended
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import text, text_or_none

blueprint = Blueprint("api_machinery", __name__, url_prefix=PREFIX, description="Audit and parked events")
_PARKED = "/parked/<any(catalog,requests,payments,notifications,gateway):service>/<subscription>/<uuid:event_id>"


def _of_service() -> fields.String:
    return fields.String(required=True, validate=validate.OneOf(tended.SERVICES))


class AuditQuery(SearchAudit):
    service = _of_service()


class AuditRow(Shown):
    id = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)
    actor_id = text()
    actor_kind = text()
    actor_unit = text_or_none()
    action = text()
    subject = text()
    correlation_id = text()
    details = fields.Dict(required=True)
    sealed = fields.Boolean(required=True, metadata={"description": "It stands in the chain already"})


class AuditFound(Shown):
    rows = fields.List(fields.Nested(AuditRow), required=True)
    next = fields.Integer(required=True, allow_none=True, metadata={"description": "What `before` continues with"})


class OwedQuery(ListOwed):
    service = _of_service()


class OwedRow(Shown):
    subscription = text()
    event_id = fields.UUID(required=True)
    type = text_or_none()
    state = text(validate=validate.OneOf(("parked", "waiting")))
    attempts = fields.Integer(required=True)
    error = text()
    subject = fields.UUID(required=True)
    sequence = fields.Integer(required=True)
    received_at = fields.AwareDateTime(required=True)
    next_at = fields.AwareDateTime(required=True, allow_none=True)


class OwedFound(Shown):
    rows = fields.List(fields.Nested(OwedRow), required=True)
    next = fields.UUID(required=True, allow_none=True, metadata={"description": "What `after` continues with"})
    parked = fields.Integer(required=True)
    waiting = fields.Integer(required=True)


class Settled(Shown):
    subscription = text()
    event_id = fields.UUID(required=True)


class Skipping(Schema):
    reason = fields.String(required=True, validate=validate.Length(max=500))


@door(blueprint, "GET", "/audit", permission="audit.read")
@blueprint.arguments(AuditQuery, location="query")
@blueprint.response(200, AuditFound)
def search_audit(query: dict[str, Any]) -> Response:
    """Who did what in one service, newest first; the search is recorded itself"""
    return answer(tended.ask(query.pop("service"), "audit", SearchAudit().dump(query)))


@door(blueprint, "GET", "/parked", permission="parked.manage")
@blueprint.arguments(OwedQuery, location="query")
@blueprint.response(200, OwedFound)
def list_owed(query: dict[str, Any]) -> Response:
    """Events that a service could not apply and that wait for a person"""
    return answer(tended.ask(query.pop("service"), "owed", ListOwed().dump(query)))


@door(blueprint, "POST", f"{_PARKED}/replay", permission="parked.manage", idempotent=True)
@blueprint.response(200, Settled)
def replay_parked(service: str, subscription: str, event_id: UUID) -> Response:
    """Have a parked event tried again at once"""
    body = {"subscription": subscription, "event_id": str(event_id)}
    return answer(tended.do(service, "replay_parked", body, g.command_id))


@door(blueprint, "POST", f"{_PARKED}/skip", permission="parked.manage", media_types=JSON, idempotent=True)
@blueprint.arguments(Skipping)
@blueprint.response(200, Settled)
def skip_parked(said: dict[str, Any], service: str, subscription: str, event_id: UUID) -> Response:
    """Give a parked event up, with the reason; what waited behind it goes on"""
    body = {"subscription": subscription, "event_id": str(event_id), "reason": said["reason"]}
    return answer(tended.do(service, "skip_parked", body, g.command_id))
