"""Turns at the windows of a unit: tickets, calls, the hall's display, and what they tell of crowding."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.requests_turns import CallTurn, LinkTurn, MoveTurn, TakeTurn, TurnFigures
from rules import turns as rules
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import named, text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_turns", __name__, url_prefix=f"{PREFIX}/turns", description="Turns at the windows")
_WINDOW = {"window": "3"}


class Ticket(Shown):
    turn_id = fields.UUID(required=True)
    label = text(metadata={"description": "What stands on the ticket: letter of the queue, number of the day"})
    unit = text()
    day = fields.Date(required=True)
    queue = text(validate=validate.OneOf(tuple(rules.QUEUES)))
    queue_name = named()
    priority = fields.Boolean(required=True)
    state = text(validate=validate.OneOf(rules.STATES))
    taken_at = fields.AwareDateTime(required=True)
    ahead = fields.Integer(required=True, metadata={"description": "How many are called before it as things stand"})


class TurnShown(Shown):
    turn_id = fields.UUID(required=True)
    label = text()
    queue = text(validate=validate.OneOf(tuple(rules.QUEUES)))
    queue_name = named()
    priority = fields.Boolean(required=True)
    state = text(validate=validate.OneOf(rules.STATES))
    window = text_or_none()
    calls = fields.Integer(required=True)
    taken_at = fields.AwareDateTime(required=True)
    called_at = fields.AwareDateTime(required=True, allow_none=True)
    waiting_seconds = fields.Integer(required=True, allow_none=True)
    service_seconds = fields.Integer(required=True, allow_none=True)


class TurnCalled(Shown):
    turn = fields.Nested(TurnShown, required=True, allow_none=True)


class TurnLinked(Shown):
    turn_id = fields.UUID(required=True)
    tracking_number = text()
    visit = fields.Integer(required=True, metadata={"description": "Which visit of the request: a visit is a day"})


class QueueShown(Shown):
    queue = text()
    name = named()
    waiting = fields.Integer(required=True)
    since = fields.AwareDateTime(required=True, allow_none=True)


class TurnDeskShown(TurnCalled):
    queues = fields.List(fields.Nested(QueueShown), required=True)
    missed = fields.List(fields.Nested(TurnShown), required=True)
    requests = fields.List(fields.Dict(), required=True, metadata={"description": "tracking_number and visit"})


class TicketAbout(TurnCalled):
    requests = fields.List(fields.Dict(), required=True, metadata={"description": "tracking_number and visit"})


class DisplayShown(Shown):
    unit = text()
    unit_name = named()
    day = fields.Date(required=True)
    called = fields.List(fields.Dict(), required=True,
                         metadata={"description": "label, window, state, called_at, calls; the latest call first"})
    waiting = fields.List(fields.Nested(QueueShown), required=True)


class FiguresShown(Shown):
    queues = fields.List(fields.Dict(), required=True, metadata={
        "description": "By unit, day and queue: taken, served, missed, left; waiting and service in seconds as "
                       "{count, mean, median, p90}"})
    visits = fields.List(fields.Dict(), required=True, metadata={
        "description": "By unit: requests, visits, mean, by_visit"})


class _Window(Schema):
    window = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 10),
                           metadata={"description": "The caller's own window unless another is named"})


class TurnCall(_Window):
    queues = fields.List(fields.String(validate=validate.OneOf(tuple(rules.QUEUES))),
                         load_default=lambda: list(rules.QUEUES), validate=validate.Length(1, len(rules.QUEUES)))
    turn_id = fields.UUID(load_default=None, allow_none=True)


class TurnWindow(_Window):
    pass


class TurnMove(_Window):
    queue = fields.String(required=True, validate=validate.OneOf(tuple(rules.QUEUES)))


class TurnAbout(_Window):
    tracking_number = fields.String(required=True, validate=validate.Length(max=40))


class DisplayAsked(Schema):
    unit = fields.String(required=True, validate=validate.Regexp(r"[A-Z0-9-]{1,20}\Z"))


def window_of(body: dict[str, Any]) -> str:
    """The window that was named, or the caller's own; empty where there is neither, which requests refuses."""
    return str(body.get("window") or caller().window or "")


def _do(method: str, turn_id: Any, body: dict[str, Any], schema: Schema | None = None) -> Response:
    asked = {**body, "turn_id": turn_id, "window": window_of(body)}
    payload = schema.dump(asked) if schema else {"turn_id": str(turn_id), "window": asked["window"]}
    return answer(platform().call(method, payload, caller().actor, command_id=g.command_id))


@door(blueprint, "POST", "", permission="queue.take", media_types=JSON, idempotent=True)
@blueprint.arguments(TakeTurn(), example={"queue": "intake", "priority": False})
@blueprint.response(201, Ticket)
def take(body: dict[str, Any]) -> Response:
    """Give out a ticket of today"""
    return answer(platform().call("requests.take_turn", TakeTurn().dump(body), caller().actor,
                                  command_id=g.command_id), 201)  # fmt: skip


@door(blueprint, "POST", "/calls", permission="queue.call", media_types=JSON, idempotent=True)
@blueprint.arguments(TurnCall(), example={**_WINDOW, "queues": ["intake", "follow_up"]})
@blueprint.response(200, TurnCalled)
def call(body: dict[str, Any]) -> Response:
    """Call the next turn of these queues to a window, or a certain one; no turn comes to two windows"""
    payload = CallTurn().dump({**body, "window": window_of(body)})
    return answer(platform().call("requests.call_turn", payload, caller().actor, command_id=g.command_id))


@door(blueprint, "POST", "/<uuid:turn_id>/recall", permission="queue.call", media_types=JSON, idempotent=True)
@blueprint.arguments(TurnWindow(), example=_WINDOW)
@blueprint.response(200, TurnCalled)
def recall(body: dict[str, Any], turn_id: Any) -> Response:
    """Call the same turn once more"""
    return _do("requests.recall_turn", turn_id, body)


@door(blueprint, "POST", "/<uuid:turn_id>/service", permission="queue.call", media_types=JSON, idempotent=True)
@blueprint.arguments(TurnWindow(), example=_WINDOW)
@blueprint.response(200, TurnCalled)
def serve(body: dict[str, Any], turn_id: Any) -> Response:
    """The person stands at the window: service begins"""
    return _do("requests.serve_turn", turn_id, body)


@door(blueprint, "POST", "/<uuid:turn_id>/end", permission="queue.call", media_types=JSON, idempotent=True)
@blueprint.arguments(TurnWindow(), example=_WINDOW)
@blueprint.response(200, TurnCalled)
def end(body: dict[str, Any], turn_id: Any) -> Response:
    """The person was served"""
    return _do("requests.end_turn", turn_id, body)


@door(blueprint, "POST", "/<uuid:turn_id>/absence", permission="queue.call", media_types=JSON, idempotent=True)
@blueprint.arguments(TurnWindow(), example=_WINDOW)
@blueprint.response(200, TurnCalled)
def miss(body: dict[str, Any], turn_id: Any) -> Response:
    """Nobody came when called"""
    return _do("requests.miss_turn", turn_id, body)


@door(blueprint, "POST", "/<uuid:turn_id>/transfer", permission="queue.call", media_types=JSON, idempotent=True)
@blueprint.arguments(TurnMove(), example={**_WINDOW, "queue": "cashier"})
@blueprint.response(200, TurnCalled)
def move(body: dict[str, Any], turn_id: Any) -> Response:
    """Send a turn on to another queue, under the same number"""
    return _do("requests.move_turn", turn_id, body, MoveTurn())


@door(blueprint, "POST", "/<uuid:turn_id>/requests", permission="queue.call", media_types=JSON, idempotent=True)
@blueprint.arguments(TurnAbout(), example={**_WINDOW, "tracking_number": "01-26-21263991-J"})
@blueprint.response(200, TurnLinked)
def link(body: dict[str, Any], turn_id: Any) -> Response:
    """Note about which request somebody came, and learn which visit of it this is"""
    return _do("requests.link_turn", turn_id, body, LinkTurn())


@door(blueprint, "GET", "/desk", permission="queue.call")
@blueprint.arguments(TurnWindow(), location="query")
@blueprint.response(200, TurnDeskShown)
def desk(query: dict[str, Any]) -> Response:
    """What a window has before it, who waits, who had not come today"""
    return answer(platform().call("requests.turn_desk", {"window": window_of(query)}, caller().actor))


@door(blueprint, "GET", "/tickets/<label>", permission="queue.call")
@blueprint.response(200, TicketAbout)
def of_label(label: str) -> Response:
    """Today's turn of what stands on a ticket, and about which requests its holder came"""
    return answer(platform().call("requests.turn_of_label", {"label": label[:20]}, caller().actor))


@door(blueprint, "GET", "/display", permission="guide.read")
@blueprint.arguments(DisplayAsked(), location="query")
@blueprint.response(200, DisplayShown)
def display(query: dict[str, Any]) -> Response:
    """What hangs in the hall of a unit: numbers and windows, nobody's name"""
    return answer(platform().call("requests.turn_display", query, caller().actor))


@door(blueprint, "GET", "/figures", permission="queue.read")
@blueprint.arguments(TurnFigures(), location="query")
@blueprint.response(200, FiguresShown)
def figures(query: dict[str, Any]) -> Response:
    """Waiting and service by unit, day and queue, and visits per request"""
    return answer(platform().call("requests.turn_figures", TurnFigures().dump(query), caller().actor))
