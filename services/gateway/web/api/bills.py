"""Bills, payments, and what the rails report."""

from __future__ import annotations

from typing import Any

from flask import Response, g, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from chassis.ids import uuid7
from rules.refusal import refuse
from services.gateway.web import ask
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.requests import PHONE_PARAMETER, last4
from services.gateway.web.api.shapes import BillShown
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_bills", __name__, url_prefix=PREFIX, description="Bills and payments")
CASH, POS = "cash", "pos"


class Slip(Schema):
    """What stands on a card terminal's slip."""

    terminal_id = fields.String(required=True, validate=validate.Length(1, 20), metadata={"example": "10000001"})
    batch = fields.String(required=True, validate=validate.Length(1, 20), metadata={"example": "12"})
    approval_code = fields.String(required=True, validate=validate.Length(1, 20), metadata={"example": "123456"})
    last4 = fields.String(required=True, validate=validate.Length(1, 20), metadata={"description": "Of the card"})
    amount = fields.Integer(
        required=True, strict=True, validate=validate.Range(1, 10**12), metadata={"description": "Piastres charged"}
    )
    taken_at = fields.AwareDateTime(load_default=None, allow_none=True)


class Payment(Schema):
    rail = fields.String(required=True, validate=validate.Length(1, 40), metadata={"example": "fawry"})
    tendered = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(min=1),
        metadata={"description": "Piastres handed over; with the rail `cash`, which cashiers use"},
    )
    slip = fields.Nested(
        Slip,
        load_default=None,
        allow_none=True,
        metadata={"description": "With the rail `pos`: what the cashier reads off the terminal's slip"},
    )


class RailShown(Shown):
    name = fields.String(required=True)
    label = fields.Dict(required=True, metadata={"description": "`ar` and `en`"})
    way = fields.String(
        required=True, validate=validate.OneOf(("reference_code", "hosted_page", "terminal_slip")),
    )
    refund = fields.String(required=True, validate=validate.OneOf(("none", "partial")))
    asks = fields.Boolean(required=True, metadata={"description": "Whether the rail can be asked what became of it"})
    calls_back = fields.Boolean(required=True)
    statement = fields.String(allow_none=True, metadata={"description": "Format of its daily file"})
    verified = fields.Boolean(
        required=True, metadata={"description": "False: unverified, built without the rail's own specification"}
    )
    least = fields.Integer(required=True, metadata={"description": "Piastres"})
    most = fields.Integer(required=True, metadata={"description": "Piastres"})
    lives_hours = fields.Integer(required=True, metadata={"description": "How long a reference can be paid"})
    currency = fields.String(required=True)
    currency_number = fields.String(required=True)
    travels = fields.Boolean(required=True, metadata={
        "description": "Orders go over the line to the centre, and wait where that is cut"})


class RailList(Shown):
    rails = fields.List(fields.Nested(RailShown), required=True)


class PaymentStarted(Shown):
    payment_id = fields.UUID()
    state = fields.String()
    reference = fields.String(allow_none=True)
    pay_url = fields.String(allow_none=True)
    travels = fields.Boolean(metadata={"description": "Asked for over the line to the centre"})
    receipt_number = fields.String(allow_none=True)
    change = fields.Integer(allow_none=True)


class BillList(Shown):
    bills = fields.List(fields.Nested(BillShown), required=True)


class Taken(Shown):
    taken = fields.Boolean()


@door(blueprint, "GET", "/bills/<uuid:bill_id>", permission="bill.read")
@blueprint.response(200, BillShown)
def show_bill(bill_id: Any) -> Response:
    """A bill. Its id is not guessable and is the key to it"""
    return answer(platform().call("payments.bill", {"bill_id": str(bill_id)}, caller().actor))


@door(blueprint, "GET", "/requests/<tracking_number>/bills", permission="bill.read", parameters=[PHONE_PARAMETER])
@blueprint.response(200, BillList)
def list_bills(tracking_number: str) -> Response:
    """All bills of a request"""
    found = ask.inquire("requests.status", tracking_number, last4())
    return answer(platform().call("payments.bill", {"request_id": found["request_id"]}, caller().actor))


@door(
    blueprint,
    "POST",
    "/bills/<uuid:bill_id>/payments",
    permission="bill.pay|bill.take_cash",
    media_types=JSON,
    idempotent=True,
)
@blueprint.arguments(Payment(), example={"rail": "fawry"})
@blueprint.response(201, PaymentStarted)
def pay(body: dict[str, Any], bill_id: Any) -> Response:
    """Start a payment at a rail, take cash at the counter, or enter the slip of its card terminal"""
    held, who = platform(), caller().actor
    if body["slip"] is not None and body["rail"] != POS:
        raise refuse("field_unknown", "slip")
    if body["rail"] == POS:
        ask.must("bill.take_cash")
        if body["slip"] is None:
            raise refuse("field_required", "slip")
        slip = {**body["slip"], "bill_id": str(bill_id)}
        if slip["taken_at"] is not None:
            slip["taken_at"] = slip["taken_at"].isoformat()
        return answer(held.call("payments.take_slip", slip, who, command_id=g.command_id), 201)
    if body["rail"] != CASH:
        ask.must("bill.pay")
        if body["tendered"] is not None:
            raise refuse("field_unknown", "tendered")
        started = held.call(
            "payments.start", {"bill_id": str(bill_id), "rail": body["rail"]}, who, command_id=g.command_id
        )
        return answer(started, 201)
    ask.must("bill.take_cash")
    if body["tendered"] is None:
        raise refuse("field_required", "tendered")
    taken = held.call(
        "payments.take_cash", {"bill_id": str(bill_id), "tendered": body["tendered"]}, who, command_id=g.command_id
    )
    return answer(taken, 201)


@door(blueprint, "GET", "/payments/rails", permission="bill.read")
@blueprint.response(200, RailList)
def list_rails() -> Response:
    """Where bills can be paid on this node, and what each rail can do"""
    return answer(platform().call("payments.rails", {}, caller().actor))


@door(blueprint, "POST", "/payments/callbacks/<rail>", permission="bill.callback", signed=True)
@blueprint.doc(requestBody={"required": True, "content": {"*/*": {"schema": {"type": "string"}}}})
@blueprint.response(200, Taken)
def take_callback(rail: str) -> Response:
    """What a rail reports, in its own format: JSON (Fawry), JSON and `?hmac=` (Paymob), XML or a form (e-finance)

    Signed by the rail, deduplicated by the rail's own reference; carries no Idempotency-Key. The answer is what the
    rail expects: for e-finance XML with Response_Code 000."""
    try:
        body = request.get_data().decode()
    except UnicodeDecodeError:
        raise refuse("callback_malformed") from None
    if "\x00" in body:
        raise refuse("callback_malformed")
    taken = platform().call(
        "payments.callback",
        {"rail": rail, "body": body, "query": request.args.to_dict(), "media_type": request.mimetype,
         "source": ask.address()},
        caller().actor,
        command_id=uuid7(),
    )
    reply = taken.pop("reply", None)
    return answer(taken) if reply is None else Response(reply["body"], content_type=reply["media_type"])
