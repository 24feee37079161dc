"""How the sandbox speaks as Fawry: server API and V2 notification."""

from __future__ import annotations

import time
import uuid
from typing import Any

from flask import Blueprint, Response, jsonify, request

from infra.peers.rail import Rail, RailError, as_json, refunded, two_decimals
from infra.peers.rail_signing import callback_signature, charge_signature, refund_signature, same, status_signature
from infra.peers.rail_store import Charge

WRONG_SIGNATURE = 9946


class Fawry:
    """The kiosk network. Its key signs both ways."""

    name, digits, page = "fawry", "9", False

    def __init__(self, rail: Rail, merchant: str, key: str) -> None:
        self._rail, self.merchant, self._key = rail, merchant, key

    def charge(self, body: dict[str, Any]) -> dict[str, Any]:
        try:
            signed = {**body, "amount": two_decimals(body["amount"])}
            good = same(str(body["signature"]), charge_signature(signed, self._key))
            merchant, ours = str(body["merchantCode"]), str(body["merchantRefNum"])
        except (KeyError, TypeError, ValueError) as error:
            raise RailError(400, 9901, f"bad request: {error}") from error
        if merchant != self.merchant or not good:
            raise RailError(403, WRONG_SIGNATURE, "invalid signature")
        expiry = body.get("paymentExpiry")
        charge = self._rail.place(
            self, ours, body["amount"], str(body.get("orderWebHookUrl") or ""), merchant=merchant,
            profile=str(body.get("customerProfileId") or ""), method=str(body["paymentMethod"]),
            description=str(body.get("description") or ""), return_url=str(body.get("returnUrl") or ""),
            expires_at=float(expiry) / 1000 if expiry else None)
        known = self._rail.known(charge)
        return {"type": "ChargeResponse", "statusCode": 200 if known else 202,
                "statusDescription": "Operation done successfully" if known else "Accepted, the reference follows",
                "referenceNumber": charge.reference if known else None, "merchantRefNumber": charge.merchant_reference,
                "orderAmount": float(charge.amount), "orderStatus": charge.status, "paymentMethod": charge.method,
                "paymentAmount": float(charge.paid_amount) if charge.paid_amount else None,
                "paymentTime": int(charge.paid_at * 1000) if charge.paid_at else None,
                "expirationTime": int(charge.expires_at * 1000) if charge.expires_at else None}

    def status(self, ours: str, merchant: str, signature: str) -> dict[str, Any]:
        if merchant != self.merchant or not same(signature, status_signature(merchant, ours, self._key)):
            raise RailError(403, WRONG_SIGNATURE, "invalid signature")
        charge = self._rail.find(self, ours)
        said = self._notification(charge, charge.status, self._key)
        if not self._rail.known(charge):
            said = {**said, "fawryRefNumber": None, "messageSignature": None}
        return {"type": "PaymentStatusResponse", "statusCode": 200, **said}

    def refund(self, body: dict[str, Any]) -> dict[str, Any]:
        try:
            signed = {**body, "refundAmount": two_decimals(body["refundAmount"])}
            good = same(str(body["signature"]), refund_signature(signed, self._key))
            reference = str(body["referenceNumber"])
        except (KeyError, TypeError, ValueError) as error:
            raise RailError(400, 9901, f"bad request: {error}") from error
        if not good:
            raise RailError(403, WRONG_SIGNATURE, "invalid signature")
        charge = self._rail.store.by_reference(reference)
        if charge is None or charge.rail != self.name:
            raise RailError(404, 9938, "no such order")
        self._rail.refund(charge, body["refundAmount"])
        return {"type": "ResponseDataModel", "statusCode": 200, "statusDescription": "Operation done successfully"}

    def message(self, charge: Charge, status: str, *, forged: bool) -> dict[str, Any]:
        said = self._notification(charge, status, "not the key of the rail" if forged else self._key)
        return {"url": charge.callback_url, "body": as_json(said), "media_type": "application/json"}

    def taken(self, status: int, body: str) -> bool:
        return status == 200

    def _notification(self, charge: Charge, status: str, key: str) -> dict[str, Any]:
        came = status in ("PAID", "REFUNDED", "PARTIAL_REFUNDED")
        said: dict[str, Any] = {
            "requestId": uuid.uuid4().hex, "fawryRefNumber": charge.reference,
            "merchantRefNumber": charge.merchant_reference, "customerMobile": "", "customerMail": "",
            "paymentAmount": (charge.paid_amount or charge.amount) if came else "0.00", "orderAmount": charge.amount,
            "fawryFees": "0.00", "orderStatus": status, "paymentMethod": charge.method or "PAYATFAWRY",
            "paymentTime": int((charge.paid_at or time.time()) * 1000) if came else None,
            "orderExpiryDate": int(charge.expires_at * 1000) if charge.expires_at else None,
            "orderItems": [{"itemCode": charge.merchant_reference, "price": charge.amount, "quantity": 1}]}
        if came and charge.payment_reference:
            said["paymentRefrenceNumber"] = charge.payment_reference
        if refunded(charge):
            said["requestId"] = charge.refunds[-1]["id"]
        return {**said, "messageSignature": callback_signature(said, key)}


def doors(fawry: Fawry) -> Blueprint:
    """Its server API."""
    blueprint = Blueprint("fawry", __name__, url_prefix="/fawry/ECommerceWeb/Fawry/payments")

    @blueprint.errorhandler(RailError)
    def refused(error: RailError) -> tuple[Response, int]:
        # The rail says no inside an answer 200; what is no answer of its own keeps its status.
        shown = {"type": "ErrorResponse", "statusCode": error.code, "statusDescription": error.text}
        return jsonify(shown), error.status if error.status >= 500 else 200

    @blueprint.post("/charge")
    def charge() -> Response:
        return jsonify(fawry.charge(request.get_json(silent=True) or {}))

    @blueprint.get("/status/v2")
    def status() -> Response:
        asked = request.args
        return jsonify(fawry.status(asked.get("merchantRefNumber", ""), asked.get("merchantCode", ""),
                                    asked.get("signature", "")))

    @blueprint.post("/refund")
    def refund() -> Response:
        return jsonify(fawry.refund(request.get_json(silent=True) or {}))

    return blueprint
