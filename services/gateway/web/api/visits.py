"""Visits of the mobile district: ordered by citizens, planned by the centre, taken along and reported by a tablet."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

import orjson
from flask import Response, g, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.requests_visits import (
    ACCEPTABLE,
    NUMBERS,
    SERVICES,
    ListItems,
    ListVisits,
    OfflineItem,
    OrderVisit,
    UploadedDocument,
)
from rules import offline, visits
from services.gateway import accounts
from services.gateway.web import ask
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.requests import PHONE_PARAMETER, last4
from services.gateway.web.api.shapes import day_or_none, named, text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import UPLOAD_SECONDS, platform

blueprint = Blueprint("api_visits", __name__, url_prefix=PREFIX, description="Visits of the mobile district")

ITEM_BYTES = 192 * 1024
"""Largest upload of an item: its body is text inside JSON, where each quotation mark takes two characters."""
_DIGITS = {**PHONE_PARAMETER, "required": False,
           "description": "With `tracking_number`: the last four digits of the applicant's phone"}


class VisitOrder(OrderVisit):
    class Meta:
        exclude = ("phone_last4",)


class VisitOrdered(Shown):
    visit_number = text()
    state = text(validate=validate.OneOf(visits.STATES))
    purpose = text(validate=validate.OneOf(tuple(visits.PURPOSES)))
    unit = text()
    preferred_on = day_or_none()


class VisitShown(VisitOrdered):
    purpose_name = named()
    service_code = text()
    service_name = named()
    tracking_number = text_or_none()
    ordered_at = fields.AwareDateTime(required=True)
    day = day_or_none()
    device_id = fields.UUID(required=True, allow_none=True)


class OwnVisitShown(VisitShown):
    unit_name = named()
    may_cancel = fields.Boolean(required=True)


class VisitListed(VisitShown):
    visit_id = fields.UUID(required=True)
    clerk_id = text_or_none()
    version = fields.Integer(required=True)


class VisitFileShown(VisitListed):
    name = text_or_none()
    phone = text_or_none()
    address = text_or_none()
    note = text_or_none()


class VisitPage(Shown):
    visits = fields.List(fields.Nested(VisitListed), required=True)
    next = fields.UUID(required=True, allow_none=True)


class VisitChanged(Shown):
    visit_number = text()
    state = text(validate=validate.OneOf(visits.STATES))
    day = day_or_none()


class VisitPlan(Schema):
    device_id = fields.UUID(required=True)
    clerk = fields.String(required=True, validate=validate.Length(1, 64),
                          metadata={"description": "The user name of a mobile-district clerk of the unit"})
    day = fields.Date(required=True)
    version = fields.Integer(load_default=None, allow_none=True)


class VisitPlanned(VisitChanged):
    device_id = fields.UUID(required=True)
    planned = fields.Integer(required=True, metadata={"description": "How many visits the tablet's day has now"})


class VisitReason(Schema):
    reason = fields.String(required=True, validate=validate.Length(3, 500))


class BundleAsked(Schema):
    day = fields.Date(load_default=None, allow_none=True)
    services = fields.List(fields.String(validate=validate.Length(max=60)), load_default=list,
                           validate=validate.Length(max=SERVICES))
    numbers = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, NUMBERS))


class Bundle(Shown):
    bundle_id = fields.UUID(required=True)
    server_time = fields.AwareDateTime(required=True)
    day = fields.Date(required=True)
    until = fields.AwareDateTime(required=True)
    device = fields.Dict(required=True)
    keys = fields.Dict(required=True, metadata={"description": "The node's public keys, base64 by key id"})
    visits = fields.List(fields.Dict(), required=True)
    tickets = fields.List(fields.Dict(), required=True)
    definitions = fields.List(fields.Dict(), required=True)
    tracking_numbers = fields.List(fields.String(), required=True)
    next_receipt_number = fields.Integer(required=True)
    next_item_number = fields.Integer(required=True)


class Item(OfflineItem):
    class Meta:
        exclude = ("device_id",)


class ItemFault(Shown):
    code = text()
    field = text_or_none()
    ar = text()
    en = text()


class ItemAnswered(Shown):
    item_id = fields.UUID(required=True)
    number = fields.Integer(required=True)
    result = text(validate=validate.OneOf((offline.APPLIED, offline.QUARANTINED)))
    faults = fields.List(fields.Nested(ItemFault), required=True)
    waits = text_or_none(metadata={"description": "`item` or `licence`: it is applied by itself after that"})
    device_time = text()
    received_at = fields.AwareDateTime(required=True)
    answer = fields.Dict(required=True, allow_none=True)


class ItemListed(Shown):
    item_id = fields.UUID(required=True)
    device_id = fields.UUID(required=True)
    unit = text()
    number = fields.Integer(required=True)
    kind = text()
    state = text(validate=validate.OneOf(offline.STATES))
    codes = fields.List(fields.String(), required=True)
    waits = text_or_none()
    tries = fields.Integer(required=True)
    device_time = text()
    received_at = fields.AwareDateTime(required=True)
    clerk_id = text()
    visit_id = fields.UUID(required=True, allow_none=True)
    request_id = fields.UUID(required=True, allow_none=True)
    after = fields.UUID(required=True, allow_none=True)
    settled_at = fields.AwareDateTime(required=True, allow_none=True)
    settled_by = text_or_none()


class ItemFileShown(ItemListed):
    body = text_or_none(metadata={"description": "As the tablet signed it"})
    signature = text()
    documents = fields.Dict(required=True)
    faults = fields.List(fields.Nested(ItemFault), required=True)
    outcome = fields.Dict(required=True, allow_none=True)
    reason = text_or_none()


class ItemPage(Shown):
    items = fields.List(fields.Nested(ItemListed), required=True)
    next = fields.UUID(required=True, allow_none=True)


class ItemRetry(Schema):
    accept = fields.List(fields.String(validate=validate.OneOf(ACCEPTABLE)), load_default=list)
    happened_at = fields.AwareDateTime(load_default=None, allow_none=True)
    documents = fields.List(fields.Nested(UploadedDocument), load_default=list, validate=validate.Length(max=30))


class ItemClosing(Schema):
    reason = fields.String(required=True, validate=validate.Length(10, 2000))


class ItemClosed(Shown):
    item_id = fields.UUID(required=True)
    state = text()


class DeviceStanding(Shown):
    device_id = fields.UUID(required=True)
    device_state = text()
    highest = fields.Integer(required=True)
    missing = fields.List(fields.Integer(), required=True,
                          metadata={"description": "Numbers below the highest that never came"})
    applied = fields.Integer(required=True)
    quarantined = fields.Integer(required=True)
    closed = fields.Integer(required=True)
    last_arrived_at = fields.AwareDateTime(required=True, allow_none=True)
    last_bundle_at = fields.AwareDateTime(required=True, allow_none=True)
    items = fields.List(fields.Nested(ItemListed), required=True)


EXAMPLE = {
    "purpose": "intake", "service_code": "shop-licence", "unit": "EG-C-01",
    "person": {"name": "سعاد علي حسن", "phone": "01198765432"}, "address": "15 شارع سليم الأول، الزيتون",
    "preferred_on": "2026-12-01",
}  # fmt: skip


def _sent() -> dict[str, Any]:
    """The body as it was sent: what a view's schema has loaded is loaded again behind the door."""
    sent: dict[str, Any] = orjson.loads(request.get_data())
    return sent


def _ask(method: str, payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    return platform().call(method, payload, caller().actor, **more)


@door(blueprint, "POST", "/visits", permission="visit.order", media_types=JSON, idempotent=True, parameters=[_DIGITS])
@blueprint.arguments(VisitOrder(), example=EXAMPLE)
@blueprint.response(201, VisitOrdered)
def order_visit(body: dict[str, Any]) -> Response:
    """Order a visit: for a request by its number and the phone's digits, or for an application still to be made"""
    sent = _sent()
    if body["tracking_number"] is not None:
        number = sent.pop("tracking_number")
        ordered = ask.inquire("requests.order_visit", number, last4(), command_id=g.command_id, **sent)
    else:
        ordered = _ask("requests.order_visit", sent, command_id=g.command_id)
    return answer(ordered, 201, Location=f"{PREFIX}/visits/{ordered['visit_number']}")


@door(blueprint, "GET", "/visits/<visit_number>", permission="visit.order", parameters=[PHONE_PARAMETER])
@blueprint.response(200, OwnVisitShown)
def show_visit(visit_number: str) -> Response:
    """Where a visit stands, for whoever holds its number and the digits"""
    return answer(ask.visit("requests.visit", visit_number, last4()))


@door(blueprint, "POST", "/visits/<visit_number>/cancellation", permission="visit.order", idempotent=True,
      parameters=[PHONE_PARAMETER])
@blueprint.response(200, VisitChanged)
def cancel_visit(visit_number: str) -> Response:
    """Take an order back, until a tablet has taken it along"""
    return answer(ask.visit("requests.cancel_visit", visit_number, last4(), command_id=g.command_id))


@door(blueprint, "GET", "/visits", permission="visit.plan")
@blueprint.arguments(ListVisits(), location="query")
@blueprint.response(200, VisitPage)
def list_visits(query: dict[str, Any]) -> Response:
    """Visits of my unit by state, day and tablet; nobody is named"""
    return answer(_ask("requests.visits", ListVisits().dump(query)))


@door(blueprint, "GET", "/visits/<visit_number>/file", permission="visit.plan")
@blueprint.response(200, VisitFileShown)
def show_visit_file(visit_number: str) -> Response:
    """A visit with name, phone and address, to plan it. Reading it is recorded"""
    return answer(_ask("requests.visit_file", {"visit_number": visit_number}))


@door(blueprint, "POST", "/visits/<visit_number>/plan", permission="visit.plan", media_types=JSON, idempotent=True)
@blueprint.arguments(VisitPlan())
@blueprint.response(200, VisitPlanned)
def plan_visit(body: dict[str, Any], visit_number: str) -> Response:
    """Give a visit its tablet, clerk and day, or others than before; the citizen is told"""
    sent = _sent()
    clerk = platform().run(lambda work: accounts.of_role(work, body["clerk"], "mobile_clerk", caller().actor.unit),
                           caller().actor)  # fmt: skip
    del sent["clerk"]
    return answer(_ask("requests.plan_visit", {**sent, "visit_number": visit_number, "clerk_id": clerk},
                       command_id=g.command_id))  # fmt: skip


@door(blueprint, "POST", "/visits/<visit_number>/calling-off", permission="visit.plan", media_types=JSON,
      idempotent=True)
@blueprint.arguments(VisitReason())
@blueprint.response(200, VisitChanged)
def call_off_visit(body: dict[str, Any], visit_number: str) -> Response:
    """The centre takes a visit back, with a reason; the citizen is told"""
    return answer(_ask("requests.call_off_visit", {"visit_number": visit_number, **body}, command_id=g.command_id))


@door(blueprint, "POST", "/visits/<visit_number>/missed", permission="visit.plan", media_types=JSON, idempotent=True)
@blueprint.arguments(VisitReason())
@blueprint.response(200, VisitChanged)
def miss_visit(body: dict[str, Any], visit_number: str) -> Response:
    """Record that a visit did not take place; it may be planned anew"""
    return answer(_ask("requests.miss_visit", {"visit_number": visit_number, **body}, command_id=g.command_id))


@door(blueprint, "POST", "/devices/<uuid:device_id>/bundle", permission="offline.work", media_types=JSON,
      idempotent=True)
@blueprint.arguments(BundleAsked(), example={"services": ["shop-licence"], "numbers": 20})
@blueprint.response(200, Bundle)
def take_bundle(body: dict[str, Any], device_id: UUID) -> Response:
    """All that a tablet needs for my day. My visits are out then; each that is shown is recorded"""
    return answer(_ask("requests.visit_bundle", {**_sent(), "device_id": str(device_id)}, command_id=g.command_id,
                       timeout=UPLOAD_SECONDS))  # fmt: skip


@door(blueprint, "POST", "/devices/<uuid:device_id>/items", permission="offline.work", media_types=JSON,
      idempotent=True, limit=ITEM_BYTES)
@blueprint.arguments(Item())
@blueprint.response(200, ItemAnswered)
@blueprint.alt_response(202, schema=ItemAnswered, description="Kept in quarantine, with the reasons")
def upload_item(body: dict[str, Any], device_id: UUID) -> Response:
    """Upload one thing that a tablet did without a line, with its `item_id` as the Idempotency-Key"""
    taken = _ask("requests.offline_item", {**_sent(), "device_id": str(device_id)}, command_id=g.command_id,
                 timeout=UPLOAD_SECONDS)  # fmt: skip
    return answer(taken, 200 if taken["result"] == offline.APPLIED else 202)


@door(blueprint, "GET", "/devices/<uuid:device_id>/items", permission="offline.read")
@blueprint.response(200, DeviceStanding)
def show_device_items(device_id: UUID) -> Response:
    """What came of a tablet, and which of its numbers never did"""
    return answer(_ask("requests.device_items", {"device_id": str(device_id)}))


@door(blueprint, "GET", "/offline-items", permission="offline.review")
@blueprint.arguments(ListItems(), location="query")
@blueprint.response(200, ItemPage)
def list_items(query: dict[str, Any]) -> Response:
    """What tablets of my unit uploaded and was not applied; nobody is named"""
    return answer(_ask("requests.offline_items", ListItems().dump(query)))


@door(blueprint, "GET", "/offline-items/<uuid:item_id>", permission="offline.review")
@blueprint.response(200, ItemFileShown)
def show_item(item_id: UUID) -> Response:
    """One item with its body and why it was not applied. Reading it is recorded"""
    return answer(_ask("requests.offline_item_file", {"item_id": str(item_id)}))


@door(blueprint, "GET", "/offline-items/<uuid:item_id>/documents/<sha256>", permission="offline.review")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
def show_item_document(item_id: UUID, sha256: str) -> Response:
    """A photo or signature that an item signed. Reading it is recorded"""
    found = _ask("requests.offline_item_document", {"item_id": str(item_id), "sha256": sha256[:64]})
    return Response(base64.b64decode(found["content"]), content_type=found["media_type"])


@door(blueprint, "POST", "/offline-items/<uuid:item_id>/retry", permission="offline.review", media_types=JSON,
      idempotent=True)
@blueprint.arguments(ItemRetry(), example={"accept": ["item_number_taken"]})
@blueprint.response(200, ItemAnswered)
@blueprint.alt_response(202, schema=ItemAnswered, description="Still in quarantine, with the reasons")
def retry_item(body: dict[str, Any], item_id: UUID) -> Response:
    """Try an item again as it was signed, in the name of the clerk who did it"""
    tried = _ask("requests.retry_item", {**_sent(), "item_id": str(item_id)}, command_id=g.command_id)
    return answer(tried, 200 if tried["result"] == offline.APPLIED else 202)


@door(blueprint, "POST", "/offline-items/<uuid:item_id>/closing", permission="offline.review", media_types=JSON,
      idempotent=True)
@blueprint.arguments(ItemClosing())
@blueprint.response(200, ItemClosed)
def close_item(body: dict[str, Any], item_id: UUID) -> Response:
    """Close an item that was dealt with otherwise, with a reason; it stays with its body"""
    return answer(_ask("requests.close_item", {"item_id": str(item_id), **body}, command_id=g.command_id))
