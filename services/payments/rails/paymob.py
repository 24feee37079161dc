"""Paymob: a card paid on the rail's own page. Intention, page, callback with HMAC, transaction inquiry, refund.

Settings: PAYMOB_URL (https://accept.paymob.com), PAYMOB_SECRET_KEY, PAYMOB_API_KEY and PAYMOB_HMAC (secrets),
PAYMOB_PUBLIC_KEY, PAYMOB_INTEGRATION (number of the card integration), PAYMOB_CALLBACK_URL; may be set:
PAYMOB_RETURN_URL (where the payer is sent afterwards), PAYMOB_ZONE (of the times that the rail sends without an offset:
Africa/Cairo), PAYMOB_TIMEOUT, PAYMOB_HOURS (24), PAYMOB_LEAST, PAYMOB_MOST.

The payer may try several cards on one page: a failed attempt is news, but not the end of the reference.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, available_timezones

from chassis.config import Settings
from chassis.errors import ConfigurationError
from rules import rail_signatures
from rules.refusal import Refusal, refuse
from services.payments.rails import base, wire
from services.payments.rails.base import Order, RefundOrder, RefundReport, Report, Traits
from services.payments.rails.registry import RAILS, RailSettings

NAME = "paymob"
INTENTION, PAGE = "/v1/intention/", "/unifiedcheckout/"
TOKENS, INQUIRY = "/api/auth/tokens", "/api/ecommerce/orders/transaction_inquiry"
REFUND = "/api/acceptance/void_refund/refund"
TOKEN_SECONDS = 45 * 60  # the rail's tokens live an hour
NOT_SAID = "NA"  # what the rail takes for the payer's data: it needs none of ours, so it is given none
USUAL = Traits(
    name=NAME, label={"ar": "بطاقة بنكية (باي موب)", "en": "Bank card (Paymob)"}, way=base.HOSTED_PAGE,
    refund=base.PARTIAL_REFUND, asks=True, calls_back=True, statement="paymob", verified=True, least=100,
    most=1_000_000_00, lives=timedelta(hours=24))


class Paymob:
    """Speaks for payments; holds the node's keys and, for less than an hour, the rail's token."""

    def __init__(self, url: str, keys: Mapping[str, str], callback_url: str, return_url: str | None, timeout: float,
                 traits: Traits = USUAL, zone: str = "Africa/Cairo") -> None:
        self._url, self._keys, self._callback_url, self._return_url = url.rstrip("/"), keys, callback_url, return_url
        self._timeout, self._zone = timeout, ZoneInfo(zone)
        self._token, self._token_until = "", 0.0
        self.traits = traits

    def charge(self, order: Order) -> Report:
        """Make an intention: the rail's order number, and the page where it is paid."""
        body = {
            "amount": order.amount, "currency": self.traits.currency,
            "payment_methods": [int(self._keys["INTEGRATION"])],
            "items": [{"name": share.account, "amount": share.amount, "description": share.account, "quantity": 1}
                      for share in order.shares],
            "billing_data": dict.fromkeys(("first_name", "last_name", "email", "phone_number"), NOT_SAID),
            "special_reference": order.merchant_reference, "notification_url": self._callback_url,
        }
        if order.expires_at:
            body["expiration"] = max(60, int(order.expires_at.timestamp() - time.time()))
        if self._return_url:
            body["redirection_url"] = self._return_url
        data = self._secret_call(INTENTION, body)
        try:
            page = urlencode({"publicKey": self._keys["PUBLIC_KEY"], "clientSecret": data["client_secret"]})
            return Report(order.merchant_reference, base.NEW, str(data["intention_order_id"]),
                          pay_url=f"{self._url}{PAGE}?{page}")
        except KeyError as error:
            raise base.RailUnreachable("an answer that is none") from error

    def ask(self, merchant_reference: str) -> Report:
        """The last transaction of the order. Where nobody has tried to pay yet, the rail knows of none."""
        transaction = self._transaction(merchant_reference)
        if transaction is None:
            return Report(merchant_reference, base.NEW)
        try:
            return self._read(transaction, merchant_reference)
        except (Refusal, KeyError, TypeError) as error:
            raise base.RailUnreachable("an answer that is none") from error

    def refund(self, order: RefundOrder) -> RefundReport:
        """Give back the whole or a part. What the rail has given back in all is asked first, so a repeated order does
        no harm."""
        transaction = self._transaction(order.merchant_reference)
        if transaction is None or not transaction.get("success"):
            raise base.RailRefused("there is no paid transaction")
        done = found_before(order, transaction)
        if done is not None:
            return done
        order.check_sending()
        answer = self._secret_call(REFUND, {"transaction_id": transaction["id"], "amount_cents": order.amount})
        if not answer.get("success"):
            raise base.RailRefused("the refund was declined")
        return RefundReport(order.refund_reference, base.UNDER_WAY if answer.get("pending") else base.DONE,
                            order.amount, str(answer["id"]) if answer.get("id") else None)

    def read_callback(self, body: str, query: Mapping[str, str], media_type: str = "") -> Report:
        """A processed transaction. The HMAC in the address is compared before anything is believed."""
        data = wire.json_callback(body)
        transaction = data.get("obj")
        if data.get("type") != "TRANSACTION" or not isinstance(transaction, dict):
            raise refuse("callback_malformed", "type")
        if not rail_signatures.paymob_genuine(transaction, str(query.get("hmac") or ""), self._keys["HMAC"]):
            raise refuse("callback_forged")
        # Our reference is not among the values that the HMAC covers, the rail's order number is.
        return replace(self._read(transaction, transaction["order"].get("merchant_order_id") or "unnamed"),
                       claimed=True)

    def reply(self, report: Report) -> None:
        """Any 200 acknowledges."""
        return

    def _read(self, transaction: Mapping[str, Any], merchant_reference: Any) -> Report:
        order = str(transaction["order"]["id"] if isinstance(transaction["order"], Mapping) else transaction["order"])
        status, child = _status(transaction), _true(transaction, "has_parent_transaction")
        paid = status == base.PAID
        refunded = transaction.get("refunded_amount_cents")
        return Report(
            str(merchant_reference), status, order,
            amount=_amount(transaction, self.traits.currency) if paid else None,
            paid_at=self._moment(transaction.get("created_at")) if paid else None,
            refunded=refunded if isinstance(refunded, int) and not child else None,
            returned=_amount(transaction, self.traits.currency) if child else None,
            final=status != base.FAILED, news=str(transaction["id"]) if child else None)

    def _moment(self, text: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(str(text))
        except ValueError as error:
            raise refuse("callback_malformed", "created_at") from error
        return (moment if moment.tzinfo else moment.replace(tzinfo=self._zone)).astimezone(UTC)

    def _transaction(self, merchant_reference: str) -> dict[str, Any] | None:
        def inquire() -> tuple[int, bytes]:
            return wire.call("POST", self._url + INQUIRY, self._timeout, known=(401, 404),
                             json={"auth_token": self._fresh_token(), "merchant_order_id": merchant_reference})

        status, content = inquire()
        if status == 401:  # revoked before its time: one new token
            self._token_until = 0.0
            status, content = inquire()
        if status == 404:
            return None
        if status == 401:
            raise base.RailUnreachable("HTTP 401")
        return wire.json_answer(content)

    def _fresh_token(self) -> str:
        if time.monotonic() >= self._token_until:
            _, content = wire.call("POST", self._url + TOKENS, self._timeout, json={"api_key": self._keys["API_KEY"]})
            self._token, self._token_until = str(wire.json_answer(content).get("token")), (
                time.monotonic() + TOKEN_SECONDS)
        return self._token

    def _secret_call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        _, content = wire.call("POST", self._url + path, self._timeout, json=body,
                               headers={"Authorization": f"Token {self._keys['SECRET_KEY']}"})
        return wire.json_answer(content)


def found_before(order: RefundOrder, transaction: Mapping[str, Any]) -> RefundReport | None:
    """Whether the order is done already, by what the rail has given back of the transaction in all."""
    refunded = transaction.get("refunded_amount_cents", 0)
    if not isinstance(refunded, int):
        raise base.RailUnreachable("an answer that is none")
    return base.found_refund(order, refunded)


def _status(transaction: Mapping[str, Any]) -> str:
    if _true(transaction, "pending"):
        return base.NEW
    if not _true(transaction, "success"):
        return base.FAILED
    if _true(transaction, "has_parent_transaction"):  # money going back is a transaction of its own under the first
        return base.PARTLY_REFUNDED
    if _true(transaction, "is_voided") or _true(transaction, "is_refunded"):
        return base.REFUNDED
    if transaction.get("refunded_amount_cents"):
        return base.PARTLY_REFUNDED
    if _true(transaction, "is_auth") and not _true(transaction, "is_capture"):
        return base.NEW  # set aside at the bank, not paid
    return base.PAID


def _true(transaction: Mapping[str, Any], name: str) -> bool:
    value = transaction.get(name)
    if value in (True, "true"):
        return True
    if value in (False, None, "false"):
        return False
    raise refuse("callback_malformed", name)


def _amount(transaction: Mapping[str, Any], currency: str) -> int | None:
    amount = transaction.get("amount_cents")
    if isinstance(amount, bool) or not isinstance(amount, int) or amount < 0:
        raise refuse("callback_malformed", "amount_cents")
    return amount if transaction.get("currency") == currency else None


@RAILS.register(NAME)
def make(settings: Settings) -> Paymob:
    """The adapter from the environment; a missing setting is named at once."""
    own = RailSettings(settings, "PAYMOB")
    values = own.all_of("URL", "SECRET_KEY", "API_KEY", "HMAC", "PUBLIC_KEY", "INTEGRATION", "CALLBACK_URL")
    if not values["INTEGRATION"].isdecimal():
        raise ConfigurationError("SHUBBAK_PAYMOB_INTEGRATION must be a number")
    zone = own.optional("ZONE") or "Africa/Cairo"
    if zone not in available_timezones():
        raise ConfigurationError("SHUBBAK_PAYMOB_ZONE is no time zone")
    back = own.optional("RETURN_URL")
    return Paymob(own.address("URL", values["URL"]), values, own.address("CALLBACK_URL", values["CALLBACK_URL"]),
                  own.address("RETURN_URL", back) if back else None, own.timeout, own.traits(USUAL), zone)
