"""The cashier's counter: shifts, drawers, receipt numbers and prints."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.payments_counter import (
    ApproveShift,
    CloseShift,
    HandInDrawer,
    HandOver,
    ListShifts,
    OpenShift,
    PrintReceipt,
    RegisterCounter,
    VoidDeviceNumber,
    VoidNumber,
)
from rules import counter as rules
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_counter", __name__, url_prefix=PREFIX, description="The cashier's counter")
_COUNT = {"count": {"20000": 3, "5000": 1, "100": 4}, "reason": None}


def _piastres(what: str, *, none: bool = False) -> fields.Integer:
    return fields.Integer(required=not none, allow_none=none, metadata={"description": f"Piastres: {what}"})


class CounterShown(Shown):
    code = text()
    unit = text()
    kind = text(validate=validate.OneOf(rules.KINDS))
    name = fields.Dict(required=True, metadata={"description": "`ar` and `en`"})
    taken = fields.Boolean(required=True, metadata={"description": "Whether a shift is open at it"})


class CounterMade(Shown):
    counter = text()


class ShiftShown(Shown):
    shift_id = fields.UUID(required=True)
    counter = text()
    counter_name = fields.Dict(required=True)
    unit = text()
    cashier = text()
    state = text(validate=validate.OneOf((rules.OPEN, rules.CLOSED, rules.APPROVED)))
    opened_at = fields.AwareDateTime(required=True)
    float = _piastres("the change that the drawer began with")
    closed_at = fields.AwareDateTime(allow_none=True)
    expected = _piastres("what the drawer has to hold, now or at the close", none=True)
    counted = _piastres("what was counted", none=True)
    pieces = fields.Dict(allow_none=True, metadata={"description": "How many of each piece, by its worth in piastres"})
    difference = _piastres("counted less expected", none=True)
    deposited = _piastres("what went to the deposit at the close", none=True)
    reason = text_or_none()
    approved_at = fields.AwareDateTime(allow_none=True)
    approved_by = text_or_none()
    note = text_or_none()
    moves = fields.List(fields.Dict(), metadata={"description": "By kind: amount into the drawer, how many times"})
    slips = fields.List(fields.Dict(), metadata={"description": "Card slips by terminal and batch"})


class ShiftOpened(Shown):
    shift_id = fields.UUID(required=True)
    counter = text()
    state = text()
    float = _piastres("the change that the drawer begins with")
    expected = _piastres("what the drawer has to hold")


class MyShift(Shown):
    shift = fields.Nested(ShiftShown, required=True, allow_none=True)
    counters = fields.List(fields.Nested(CounterShown), required=True)
    pieces = fields.List(fields.Integer(), required=True, metadata={"description": "Pieces of money in piastres"})


class ShiftList(Shown):
    shifts = fields.List(fields.Nested(ShiftShown), required=True)


class HandedOver(Shown):
    shift_id = fields.UUID(required=True)
    handed_over = _piastres("to the deposit")
    expected = _piastres("what the drawer has to hold now")


class DrawerHandedIn(Shown):
    device_id = fields.UUID(required=True)
    expected = _piastres("what the tablet's drawer had to hold")
    counted = _piastres("what was counted")
    difference = _piastres("counted less expected")


class NumberVoided(Shown):
    book = text()
    serial = fields.Integer(required=True)


class _Count(Schema):
    count = fields.Dict(keys=fields.String(), values=fields.Raw(), required=True,
                        metadata={"description": "How many of each piece of money, by its worth in piastres"})
    reason = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=500))


class Closing(_Count):
    shift_id = fields.UUID(load_default=None, allow_none=True)


class Approval(Schema):
    note = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=500))


class DeviceNumber(Schema):
    year = fields.Integer(required=True, strict=True, validate=validate.Range(2000, 2999))
    serial = fields.Integer(required=True, strict=True, validate=validate.Range(1, 10**9))
    reason = fields.String(required=True, validate=validate.Length(max=500))


@door(blueprint, "POST", "/counters", permission="counter.manage", media_types=JSON, idempotent=True)
@blueprint.arguments(RegisterCounter(), example={"code": "PO-11725", "unit": "EG-C-01", "kind": "post_office",
                                                 "name_ar": "مكتب بريد الزيتون", "name_en": "El Zeitoun post office"})
@blueprint.response(201, CounterMade)
def register_counter(body: dict[str, Any]) -> Response:
    """Register a window or a post office's counter of a unit"""
    return answer(_call("payments.register_counter", RegisterCounter().dump(body)), 201)


@door(blueprint, "GET", "/shifts/current", permission="bill.take_cash")
@blueprint.response(200, MyShift)
def my_shift() -> Response:
    """My open shift with what moved in it, and the counters of my unit"""
    return answer(platform().call("payments.shift", {}, caller().actor))


@door(blueprint, "POST", "/shifts", permission="bill.take_cash", media_types=JSON, idempotent=True)
@blueprint.arguments(OpenShift(), example={"counter": None, "float": 20_000})
@blueprint.response(201, ShiftOpened)
def open_shift(body: dict[str, Any]) -> Response:
    """Open a shift at a counter; without one at the unit's first window"""
    return answer(_call("payments.open_shift", OpenShift().dump(body)), 201)


@door(blueprint, "POST", "/shifts/current/hand-overs", permission="bill.take_cash", media_types=JSON, idempotent=True)
@blueprint.arguments(HandOver(), example={"amount": 500_000, "note": "إيداع منتصف اليوم"})
@blueprint.response(201, HandedOver)
def hand_over(body: dict[str, Any]) -> Response:
    """Hand cash over to the deposit while the shift goes on"""
    return answer(_call("payments.hand_over", HandOver().dump(body)), 201)


@door(blueprint, "POST", "/shifts/current/drawers", permission="bill.take_cash", media_types=JSON, idempotent=True)
@blueprint.arguments(HandInDrawer(), example={"device_id": "01920000-0000-7000-8000-000000000001", **_COUNT})
@blueprint.response(201, DrawerHandedIn)
def hand_in_drawer(body: dict[str, Any]) -> Response:
    """Count a tablet's cash into the drawer of my shift"""
    return answer(_call("payments.hand_in_drawer", HandInDrawer().dump(body)), 201)


@door(blueprint, "POST", "/shifts/current/void-numbers", permission="bill.take_cash", media_types=JSON, idempotent=True)
@blueprint.arguments(VoidNumber(), example={"reason": "تلف ورق الإيصال في الطابعة"})
@blueprint.response(201, NumberVoided)
def void_number(body: dict[str, Any]) -> Response:
    """Give up the next number of my counter's receipt book"""
    return answer(_call("payments.void_number", VoidNumber().dump(body)), 201)


@door(blueprint, "POST", "/shifts/current/closing", permission="bill.take_cash", media_types=JSON, idempotent=True)
@blueprint.arguments(Closing(), example=_COUNT)
@blueprint.response(200, ShiftShown)
def close_shift(body: dict[str, Any]) -> Response:
    """Count the drawer and close my shift. A difference takes a reason"""
    return answer(_call("payments.close_shift", CloseShift().dump(body)))


@door(blueprint, "GET", "/shifts", permission="shift.approve")
@blueprint.arguments(ListShifts(), location="query")
@blueprint.response(200, ShiftList)
def list_shifts(query: dict[str, Any]) -> Response:
    """The unit's shifts in a state; closed ones wait for a counter-signature"""
    return answer(platform().call("payments.shifts", ListShifts().dump(query), caller().actor))


@door(blueprint, "GET", "/shifts/<uuid:shift_id>", permission="bill.take_cash|shift.approve")
@blueprint.response(200, MyShift)
def show_shift(shift_id: UUID) -> Response:
    """A shift of my own, or of my unit where I counter-sign"""
    return answer(platform().call("payments.shift", {"shift_id": str(shift_id)}, caller().actor))


@door(blueprint, "POST", "/shifts/<uuid:shift_id>/approval", permission="shift.approve", media_types=JSON,
      idempotent=True)
@blueprint.arguments(Approval(), example={"note": "طابق العد محضر التسليم"})
@blueprint.response(200, ShiftShown)
def approve_shift(body: dict[str, Any], shift_id: UUID) -> Response:
    """Counter-sign a closed shift of somebody else"""
    return answer(_call("payments.approve_shift", ApproveShift().dump({**body, "shift_id": shift_id})))


@door(blueprint, "POST", "/devices/<uuid:device_id>/void-receipts", permission="counter.manage", media_types=JSON,
      idempotent=True)
@blueprint.arguments(DeviceNumber(), example={"year": 2026, "serial": 7, "reason": "فُقد الجهاز قبل استخدام الرقم"})
@blueprint.response(201, NumberVoided)
def void_device_number(body: dict[str, Any], device_id: UUID) -> Response:
    """Void a number of a tablet's receipt book that was never used"""
    return answer(_call("payments.void_device_number", VoidDeviceNumber().dump({**body, "device_id": device_id})), 201)


class ReceiptPrint(Schema):
    paper = fields.String(load_default="thermal", validate=validate.OneOf(("thermal", "a6", "a4")),
                          metadata={"description": "`thermal` is 80 mm wide"})
    language = fields.String(load_default="ar", validate=validate.OneOf(("ar", "en")))
    reason = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=500),
                           metadata={"description": "Required for every print but the first"})


class ReceiptCode(Schema):
    code = fields.String(required=True, validate=validate.Length(1, 40))


class ReceiptVerified(Shown):
    genuine = fields.Boolean(required=True)
    receipt_number = text()
    amount = _piastres("what was acknowledged", none=True)
    taken_at = fields.AwareDateTime(allow_none=True)
    unit = text_or_none()
    bill_state = text_or_none()


@door(blueprint, "POST", "/bills/<uuid:bill_id>/receipt/prints", permission="receipt.print", media_types=JSON,
      idempotent=True)
@blueprint.arguments(ReceiptPrint(), example={"paper": "thermal", "language": "ar", "reason": None})
@blueprint.response(201, {"type": "string", "contentMediaType": "application/pdf"}, content_type="application/pdf")
def print_receipt(body: dict[str, Any], bill_id: UUID) -> Response:
    """Print a receipt. Each print is recorded; from the second on it says which copy it is and takes a reason"""
    return printed(_call("payments.print_receipt", PrintReceipt().dump({**body, "bill_id": bill_id})))


@door(blueprint, "GET", "/receipts/<number>", permission="receipt.read")
@blueprint.arguments(ReceiptCode(), location="query")
@blueprint.response(200, ReceiptVerified)
def verify_receipt(query: dict[str, Any], number: str) -> Response:
    """Whether a receipt's number and the code of its QR belong together"""
    asked = {"number": number[:40], "code": query["code"]}
    return answer(platform().call("payments.verify_receipt", asked, caller().actor))


def printed(made: dict[str, Any]) -> Response:
    """The file as the browser shows it, with which copy it is."""
    response = Response(base64.b64decode(made["content"]), 201, content_type=made["media_type"])
    response.headers["Content-Disposition"] = f'inline; filename="{made["file_name"]}"'
    response.headers["X-Receipt-Copy"] = str(made["copy"])
    response.headers["Cache-Control"] = "no-store"
    return response


def _call(method: str, body: dict[str, Any]) -> dict[str, Any]:
    return platform().call(method, body, caller().actor, command_id=g.command_id)
