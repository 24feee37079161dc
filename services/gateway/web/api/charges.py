"""What rails of the centre took for bills of nodes."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.payments_centre import CHARGE_STANDS, CHARGE_STATES, MOST_DAYS, SettleChargeRefund
from services.gateway import links
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_charges", __name__, url_prefix=PREFIX, description="Charges at the centre for nodes' bills")
READ = "reconciliation.read"
PIASTRES = {"description": "Piastres"}


class ChargesQuery(Schema):
    node = fields.String(load_default=None, validate=validate.Length(max=20))
    state = fields.String(load_default=None, validate=validate.OneOf(CHARGE_STATES))
    stands = fields.String(load_default=None, validate=validate.OneOf(CHARGE_STANDS))
    since = fields.Date(load_default=None, metadata={"description": "Cairo day on which it was paid, or wished"})
    until = fields.Date(load_default=None)
    before = fields.UUID(load_default=None)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class ChargeShown(Shown):
    charge_id = fields.UUID(required=True)
    node = text(metadata={"description": "The governorate whose bill it is"})
    bill_number = text()
    rail = text()
    state = text(validate=validate.OneOf(CHARGE_STATES))
    stands = text(validate=validate.OneOf(CHARGE_STANDS), metadata={"description": "How it stands for people"})
    amount = fields.Integer(required=True, metadata={"description": "Asked for, piastres"})
    given_back = fields.Integer(required=True, metadata=PIASTRES)
    paid_amount = fields.Integer(required=True, allow_none=True, metadata={"description": "That came, piastres"})
    reference = text_or_none()
    wished_at = fields.AwareDateTime(required=True)
    paid_at = fields.AwareDateTime(required=True, allow_none=True, metadata={"description": "The rail's time"})
    expires_at = fields.AwareDateTime(required=True, allow_none=True)
    error = text_or_none()


class ChargesFound(Shown):
    charges = fields.List(fields.Nested(ChargeShown), required=True)
    next = fields.UUID(required=True, allow_none=True, metadata={"description": "What `before` continues with"})


class NodeCollected(Shown):
    node = text()
    amount = fields.Integer(required=True, metadata={"description": "Owed to the node, piastres"})
    given_back = fields.Integer(required=True, metadata=PIASTRES)
    charges = fields.Integer(required=True)


class NodesCollected(Shown):
    nodes = fields.List(fields.Nested(NodeCollected), required=True)


@door(blueprint, "GET", "/charges", permission=READ)
@blueprint.arguments(ChargesQuery, location="query")
@blueprint.response(200, ChargesFound)
def list_charges(query: dict[str, Any]) -> Response:
    """Charges at the centre's rails for bills of nodes, newest first; at a node there are none"""
    asked = {**ChargesQuery().dump(query), "arrived": platform().run(links.receipted, caller().actor)}
    return answer(platform().call("payments.charges", asked, caller().actor))


class ChargeDaysQuery(Schema):
    node = fields.String(load_default=None, validate=validate.Length(max=20))
    since = fields.Date(load_default=None, metadata={
        "description": f"Cairo day; a week before `until`, and {MOST_DAYS} days with it at most"})
    until = fields.Date(load_default=None, metadata={"description": "Cairo day; today"})


class ChargeDay(Shown):
    node = text()
    day = fields.Date(required=True)
    charges = fields.Integer(required=True)
    came = fields.Integer(required=True, metadata=PIASTRES)
    given_back = fields.Integer(required=True, metadata=PIASTRES)


class RefundInDoubt(Shown):
    refund_id = fields.UUID(required=True)
    node = text()
    charge_id = fields.UUID(required=True)
    bill_number = text_or_none(metadata={"description": "Null where a restored centre does not know the charge"})
    rail = text_or_none()
    reference = text_or_none()
    amount = fields.Integer(required=True, metadata=PIASTRES)
    why = text_or_none(metadata={"description": "What the centre does not know"})
    detail = text_or_none(metadata={"description": "What the rail said"})
    wished_at = fields.AwareDateTime(required=True)


class ChargeDays(Shown):
    days = fields.List(fields.Nested(ChargeDay), required=True)
    in_doubt = fields.List(fields.Nested(RefundInDoubt), required=True,
                           metadata={"description": "The 100 that wait longest"})
    in_doubt_more = fields.Integer(required=True, metadata={"description": "How many there are beyond these"})


class ChargeRefundFinding(Schema):
    given_back = SettleChargeRefund().fields["given_back"]
    reference = SettleChargeRefund().fields["reference"]
    rail = SettleChargeRefund().fields["rail"]
    reason = SettleChargeRefund().fields["reason"]


class ChargeRefundStands(Shown):
    refund_id = fields.UUID(required=True)
    state = text(metadata={"description": "done or refused"})


@door(blueprint, "GET", "/charges/days", permission=READ)
@blueprint.arguments(ChargeDaysQuery, location="query")
@blueprint.response(200, ChargeDays)
def charges_by_day(query: dict[str, Any]) -> Response:
    """What came and what went back by node and day, each payment on its own, and the refunds of which nobody can
    tell"""
    return answer(platform().call("payments.charges_by_day", ChargeDaysQuery().dump(query), caller().actor))


@door(blueprint, "POST", "/charges/refunds/<uuid:refund_id>/decision", permission="refund.approve", media_types=JSON,
      idempotent=True)
@blueprint.arguments(ChargeRefundFinding())
@blueprint.response(200, ChargeRefundStands)
def settle_charge_refund(body: dict[str, Any], refund_id: Any) -> Response:
    """Say what the rail's statement shows of a node's refund of which nobody could tell"""
    payload = {**body, "refund_id": str(refund_id)}
    return answer(platform().call("payments.settle_charge_refund", payload, caller().actor, command_id=g.command_id))


@door(blueprint, "GET", "/charges/nodes", permission=READ)
@blueprint.response(200, NodesCollected)
def sum_charges() -> Response:
    """What is owed to each node for its bills"""
    return answer(platform().call("payments.collected_for_nodes", {}, caller().actor))
