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
CASH = "cash"


class Payment(Schema):
    rail = fields.String(required=True, validate=validate.Length(1, 40), metadata={"example": "sandbox"})
    tendered = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(min=1),
        metadata={"description": "Piastres handed over; with the rail `cash`, which cashiers use"},
    )


class PaymentStarted(Shown):
    payment_id = fields.UUID()
    state = fields.String()
    reference = fields.String(allow_none=True)
    pay_url = fields.String(allow_none=True)
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
@blueprint.arguments(Payment(), example={"rail": "sandbox"})
@blueprint.response(201, PaymentStarted)
def pay(body: dict[str, Any], bill_id: Any) -> Response:
    """Start a payment at a rail, or take cash at the counter"""
    held, who = platform(), caller().actor
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


@door(blueprint, "POST", "/payments/callbacks/<rail>", permission="bill.callback", signed=True)
@blueprint.doc(requestBody={"required": True, "content": {"*/*": {"schema": {"type": "string"}}}})
@blueprint.response(200, Taken)
def take_callback(rail: str) -> Response:
    """What a rail reports. Signed by the rail, deduplicated by the rail's own reference; carries no Idempotency-Key"""
    try:
        body = request.get_data().decode()
    except UnicodeDecodeError:
        raise refuse("callback_malformed") from None
    if "\x00" in body:
        raise refuse("callback_malformed")
    return answer(
        platform().call(
            "payments.callback",
            {"rail": rail, "body": body, "query": request.args.to_dict()},
            caller().actor,
            command_id=uuid7(),
        )
    )
