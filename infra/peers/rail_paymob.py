"""How the sandbox speaks as Paymob: intention, card page, transaction callback with HMAC, inquiry, refund."""

from __future__ import annotations

import time
import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, jsonify, request

from infra.peers.pay_page import card_page
from infra.peers.rail import Rail, RailError, as_json, refunded
from infra.peers.rail_signing import same, transaction_hmac
from infra.peers.rail_store import Charge
from infra.peers.times import CAIRO


class Paymob:
    """The card rail. `secret` calls in, `hmac` signs out, `api` is exchanged for a token that asks."""

    name, digits, page = "paymob", "2", True

    def __init__(self, rail: Rail, secret: str, api: str, hmac: str, integration: str) -> None:
        self._rail, self._secret, self._api, self._hmac, self._integration = rail, secret, api, hmac, integration
        self._tokens: set[str] = set()

    def intention(self, body: dict[str, Any], authorization: str) -> dict[str, Any]:
        self._must_be_ours(authorization)
        amount, methods = body.get("amount"), body.get("payment_methods")
        items = body.get("items") or []
        good = isinstance(amount, int) and body.get("currency") == "EGP" and methods == [int(self._integration)]
        if not good or not body.get("billing_data") or (items and sum(one["amount"] for one in items) != amount):
            raise RailError(400, 400, "bad request")
        alive = body.get("expiration")
        charge = self._rail.place(
            self, str(body.get("special_reference") or ""), _pounds(amount), str(body.get("notification_url") or ""),
            method="card", description=" ".join(one["name"] for one in items),
            return_url=str(body.get("redirection_url") or ""), expires_at=time.time() + alive if alive else None)
        return {"id": f"pi_test_{charge.reference}", "client_secret": charge.secret,
                "intention_order_id": int(charge.reference), "special_reference": charge.merchant_reference,
                "status": "intended", "intention_detail": {"amount": amount, "currency": "EGP"}}

    def token(self, api_key: str) -> str:
        if not same(api_key, self._api):
            raise RailError(401, 401, "incorrect credentials")
        token = uuid.uuid4().hex
        self._tokens.add(token)
        return token

    def forget_tokens(self) -> None:
        self._tokens.clear()

    def inquiry(self, token: str, ours: str) -> dict[str, Any]:
        if token not in self._tokens:
            raise RailError(401, 401, "invalid token")
        charge = self._rail.find(self, ours)
        if charge.status in ("NEW", "EXPIRED"):
            raise RailError(404, 404, "Order has no transactions")
        return self._transaction(charge, charge.status, child=False)

    def refund(self, body: dict[str, Any], authorization: str) -> dict[str, Any]:
        self._must_be_ours(authorization)
        charge = next((one for one in self._rail.store.all() if one.rail == self.name
                       and one.payment_reference == str(body.get("transaction_id"))), None)
        if charge is None:
            raise RailError(404, 404, "no such transaction")
        done = self._rail.refund(charge, _pounds(body.get("amount_cents")))
        return {"id": int(done["id"]), "pending": False, "success": True, "amount_cents": body["amount_cents"],
                "is_refund": True, "order": {"id": int(charge.reference)}, "currency": "EGP"}

    def message(self, charge: Charge, status: str, *, forged: bool) -> dict[str, Any]:
        transaction = self._transaction(charge, status, child=status in ("REFUNDED", "PARTIAL_REFUNDED"))
        signature = transaction_hmac(transaction, "not the key of the rail" if forged else self._hmac)
        return {"url": f"{charge.callback_url}?hmac={signature}", "media_type": "application/json",
                "body": as_json({"type": "TRANSACTION", "obj": transaction})}

    def taken(self, status: int, body: str) -> bool:
        return status == 200

    def _must_be_ours(self, authorization: str) -> None:
        if not same(authorization, f"Token {self._secret}"):
            raise RailError(401, 401, "invalid credentials")

    def _transaction(self, charge: Charge, status: str, *, child: bool) -> dict[str, Any]:
        """The payment itself, a failed attempt before it, or (`child`) the refund under it."""
        success = status not in ("FAILED", "NEW")
        amount = charge.refunds[-1]["amount"] if child else charge.paid_amount or charge.amount
        number = charge.refunds[-1]["id"] if child else charge.payment_reference if success else charge.reference + "1"
        moment = datetime.fromtimestamp(charge.paid_at or time.time(), CAIRO).replace(tzinfo=None)
        return {
            "id": int(number or charge.reference), "pending": status == "NEW", "amount_cents": _cents(amount),
            "success": success, "is_auth": False, "is_capture": False, "is_standalone_payment": True,
            "is_voided": False, "is_refunded": status == "REFUNDED" and not child, "is_3d_secure": True,
            "integration_id": int(self._integration), "has_parent_transaction": child,
            "order": {"id": int(charge.reference), "merchant_order_id": charge.merchant_reference,
                      "amount_cents": _cents(charge.amount)},
            "created_at": moment.isoformat(timespec="microseconds"), "currency": "EGP", "error_occured": False,
            "refunded_amount_cents": 0 if child else _cents(str(refunded(charge))), "owner": 302852,
            "source_data": {"pan": "2346", "type": "card", "sub_type": "MasterCard"}}


def doors(paymob: Paymob, rail: Rail) -> Blueprint:
    """Its API and its page."""
    blueprint = Blueprint("paymob", __name__, url_prefix="/paymob")

    @blueprint.errorhandler(RailError)
    def refused(error: RailError) -> tuple[Response, int]:
        return jsonify({"detail": error.text}), error.status

    @blueprint.post("/v1/intention/")
    def intention() -> tuple[Response, int]:
        return jsonify(paymob.intention(_json(), request.headers.get("Authorization", ""))), 201

    @blueprint.post("/api/auth/tokens")
    def token() -> tuple[Response, int]:
        return jsonify({"token": paymob.token(str(_json().get("api_key")))}), 201

    @blueprint.post("/api/ecommerce/orders/transaction_inquiry")
    def inquiry() -> Response:
        return jsonify(paymob.inquiry(str(_json().get("auth_token")), str(_json().get("merchant_order_id"))))

    @blueprint.post("/api/acceptance/void_refund/refund")
    def refund() -> tuple[Response, int]:
        return jsonify(paymob.refund(_json(), request.headers.get("Authorization", ""))), 201

    @blueprint.get("/unifiedcheckout/")
    def page() -> str:
        charge = rail.store.by_secret(request.args.get("clientSecret", ""))
        if charge is None or charge.rail != paymob.name:
            raise RailError(404, 404, "no such order")
        return card_page(charge)

    return blueprint


def _json() -> dict[str, Any]:
    given = request.get_json(silent=True)
    return given if isinstance(given, dict) else {}


def _pounds(cents: Any) -> str:
    if isinstance(cents, bool) or not isinstance(cents, int):
        raise RailError(400, 400, "bad amount")
    return str(Decimal(cents) / 100)


def _cents(pounds: str) -> int:
    return int(Decimal(pounds) * 100)
