"""Tablets of the mobile district: who registers them, certifies, suspends and revokes, and what each holds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from chassis.ids import uuid7
from contracts.requests_mobile import REASON, DeviceContact, ListDevices, RegisterDevice, WipeDevice
from rules import devices as rule
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_devices", __name__, url_prefix=f"{PREFIX}/devices",
                      description="Tablets of the mobile district")
_KEY = "mNkbmYqPHxf5rxOeGXvHC3Ph7TP/7u3FyKzGk2gTr+w="


class Days(Schema):
    days = fields.Integer(load_default=180, validate=validate.Range(1, 366),
                          metadata={"description": "For how long the certificate is in force"})


class Why(Schema):
    reason = fields.String(required=True, validate=REASON)


class Wipe(WipeDevice):
    class Meta:
        exclude = ("device_id",)


class DeviceShown(Shown):
    device_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    unit = text()
    kind = text(validate=validate.OneOf(tuple(rule.KINDS)))
    label = text()
    public_key = text(metadata={"description": "The raw 32 bytes of the tablet's Ed25519 key in base64"})
    state = text(validate=validate.OneOf(rule.STANDINGS))
    certificate = text_or_none(metadata={"description": "`SHD1.<payload>.<signature>`, signed by the node"})
    registered_by = text()
    certified_by = text_or_none()
    valid_from = fields.AwareDateTime(required=True, allow_none=True)
    valid_until = fields.AwareDateTime(required=True, allow_none=True)
    revoked_at = fields.AwareDateTime(required=True, allow_none=True)
    contacted_at = fields.AwareDateTime(required=True, allow_none=True,
                                        metadata={"description": "When it last made itself known"})
    wipe = text_or_none(metadata={"description": "What it is to do at its next contact: `after_upload`, `at_once`"})
    wiped_at = fields.AwareDateTime(required=True, allow_none=True)
    wiped_lost = fields.List(fields.Integer(), required=True,
                             metadata={"description": "Numbers of items that it had not uploaded when it was emptied"})


class Contacted(Shown):
    device_id = fields.UUID(required=True)
    kind = text(validate=validate.OneOf(tuple(rule.KINDS)))
    unit = text()
    label = text()
    state = text(validate=validate.OneOf(rule.STANDINGS))
    valid_until = fields.AwareDateTime(required=True, allow_none=True)
    wipe = text_or_none()
    server_time = fields.AwareDateTime(required=True)


class Unlocking(Shown):
    secret = text(metadata={"description": "32 bytes in base64: always the same of one account on one device"})
    former = fields.List(fields.String(), required=True,
                         metadata={"description": "What it was before the node exchanged its key"})


class DeviceListed(DeviceShown):
    held = fields.Integer(required=True, metadata={"description": "Numbers that it holds and did not use"})


class DevicePage(Shown):
    devices = fields.List(fields.Nested(DeviceListed), required=True)
    next = fields.UUID(required=True, allow_none=True)


class DeviceEntry(DeviceShown):
    history = fields.List(fields.Dict(), required=True, metadata={"description": "Every act, who, when and why"})
    serials = fields.List(fields.Dict(), required=True,
                          metadata={"description": "Its reserved numbers by kind, state and reason"})
    tickets = fields.List(fields.Dict(), required=True, metadata={"description": "Its last hundred tickets"})


class Returned(Shown):
    tracking = fields.Integer(required=True, metadata={"description": "Tracking numbers that it held unused"})
    tickets = fields.Integer(required=True, metadata={"description": "Tickets that it held and did not report"})


@door(blueprint, "GET", "", permission="device.manage")
@blueprint.arguments(ListDevices(), location="query")
@blueprint.response(200, DevicePage)
def list_devices(query: dict[str, Any]) -> Response:
    """The tablets of my unit"""
    return answer(platform().call("requests.devices", ListDevices().dump(query), caller().actor))


@door(blueprint, "POST", "", permission="device.manage", media_types=JSON, idempotent=True)
@blueprint.arguments(RegisterDevice(), example={"unit": "EG-C-01", "label": "لوح الحي المتنقل 3", "public_key": _KEY,
                                                "proof": "c2lnbmF0dXJlIG9mIHRoZSB0YWJsZXQ="})
@blueprint.response(201, DeviceShown)
def register_device(body: dict[str, Any]) -> Response:
    """Make a tablet known by the key that was made on it. It may do nothing until it is certified"""
    return answer(_call("requests.register_device", body), 201)


@door(blueprint, "GET", "/<uuid:device_id>", permission="device.manage")
@blueprint.response(200, DeviceEntry)
def show_device(device_id: UUID) -> Response:
    """A tablet: its certificate, what was done to it, what it holds and what it released"""
    return answer(platform().call("requests.device", {"device_id": str(device_id)}, caller().actor))


@door(blueprint, "POST", "/<uuid:device_id>/certification", permission="device.manage", media_types=JSON,
      idempotent=True)
@blueprint.arguments(Days(), example={"days": 180})
@blueprint.response(200, DeviceShown)
def certify_device(body: dict[str, Any], device_id: UUID) -> Response:
    """Certify a tablet with the node's key. Whoever does may not release or collect with it"""
    return answer(_call("requests.certify_device", body, device_id))


@door(blueprint, "POST", "/<uuid:device_id>/suspension", permission="device.manage", media_types=JSON, idempotent=True)
@blueprint.arguments(Why(), example={"reason": "اللوح مفقود ويُبحث عنه"})
@blueprint.response(200, DeviceShown)
def suspend_device(body: dict[str, Any], device_id: UUID) -> Response:
    """Suspend a tablet: what it uploads waits for a person"""
    return answer(_call("requests.suspend_device", body, device_id))


@door(blueprint, "POST", "/<uuid:device_id>/resumption", permission="device.manage", media_types=JSON, idempotent=True)
@blueprint.arguments(Why(), example={"reason": "عُثر على اللوح في المركز"})
@blueprint.response(200, DeviceShown)
def resume_device(body: dict[str, Any], device_id: UUID) -> Response:
    """Lift a tablet's suspension"""
    return answer(_call("requests.resume_device", body, device_id))


@door(blueprint, "POST", "/<uuid:device_id>/revocation", permission="device.manage", media_types=JSON, idempotent=True)
@blueprint.arguments(Why(), example={"reason": "سُرق اللوح، محضر رقم 12"})
@blueprint.response(200, DeviceShown)
def revoke_device(body: dict[str, Any], device_id: UUID) -> Response:
    """Revoke a tablet for good, at once. All that it holds and did not report is void"""
    return answer(_call("requests.revoke_device", body, device_id))


@door(blueprint, "POST", "/<uuid:device_id>/wipe", permission="device.manage", media_types=JSON, idempotent=True)
@blueprint.arguments(Wipe(), example={"reason": "يُسلَّم اللوح إلى وحدة أخرى", "at_once": False})
@blueprint.response(200, DeviceShown)
def wipe_device(body: dict[str, Any], device_id: UUID) -> Response:
    """Have a device empty itself at its next contact: once what it did is uploaded, or at once"""
    return answer(_call("requests.wipe_device", body, device_id))


@door(blueprint, "POST", "/contact", permission="device.contact", media_types=JSON, signed=True)
@blueprint.arguments(DeviceContact(), example={"public_key": _KEY, "at": "2026-11-22T09:00:00Z", "wiped": None,
                                               "signature": "c2lnbmF0dXJlIG9mIHRoZSB0YWJsZXQ="})
@blueprint.response(200, Contacted)
def contact_device(body: dict[str, Any]) -> Response:
    """A device makes itself known by its key, and hears how it stands and whether it is to empty itself

    Signed by the device (Ed25519) over `SHD1.contact`, its public key, its time and `wiped`, a line each; carries no
    Idempotency-Key and no session."""
    return answer(platform().call("requests.device_contact", body, caller().actor, command_id=uuid7()))


@door(blueprint, "GET", "/<uuid:device_id>/unlocking", permission="offline.work")
@blueprint.response(200, Unlocking)
def unlock_device(device_id: UUID) -> Response:
    """What opens my own data on this device where I forgot its PIN. Each is recorded"""
    return answer(platform().call("requests.device_unlock", {"device_id": str(device_id)}, caller().actor))


@door(blueprint, "POST", "/<uuid:device_id>/serials/return", permission="device.manage", media_types=JSON,
      idempotent=True)
@blueprint.arguments(Why(), example={"reason": "انتهت نوبة العمل"})
@blueprint.response(200, Returned)
def return_serials(body: dict[str, Any], device_id: UUID) -> Response:
    """Give back the numbers and tickets that a tablet did not use. They are void with this reason"""
    return answer(_call("requests.return_serials", body, device_id))


def _call(method: str, body: dict[str, Any], device_id: UUID | None = None) -> dict[str, Any]:
    payload = body if device_id is None else {"device_id": str(device_id), **body}
    return platform().call(method, payload, caller().actor, command_id=g.command_id)
