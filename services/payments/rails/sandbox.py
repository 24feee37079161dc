"""The sandbox rail: a reference code paid at a kiosk, in the dialect of the Fawry server API.

Settings: SANDBOX_RAIL_URL, SANDBOX_RAIL_MERCHANT, SANDBOX_RAIL_KEY (secret), SANDBOX_RAIL_CALLBACK_URL (the public
address of the gateway's door for this rail's callbacks), SANDBOX_RAIL_TIMEOUT in seconds (3).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import requests

from chassis.config import Mode, Settings
from chassis.errors import ConfigurationError
from rules import rail_signatures
from rules.refusal import Refusal, refuse
from services.payments.rails import base
from services.payments.rails.base import RAILS, NotSetUp, Order, Report

NAME = "sandbox"
METHOD = "PAYATFAWRY"
_STATUSES = {"NEW": base.NEW, "PAID": base.PAID, "FAILED": base.FAILED, "EXPIRED": base.EXPIRED,
             "CANCELED": base.CANCELLED, "REFUNDED": base.REFUNDED, "PARTIAL_REFUNDED": base.REFUNDED}
LARGEST_BODY = 65_536


class SandboxRail:
    """Speaks for payments; holds a connection pool and the merchant's key, nothing else."""

    name = NAME

    def __init__(self, url: str, merchant: str, key: str, callback_url: str, timeout: float) -> None:
        self._url, self._merchant, self._key, self._callback_url = url.rstrip("/"), merchant, key, callback_url
        self._timeout = timeout

    def charge(self, order: Order) -> Report:
        """Place the order; the answer may come without a reference, which then follows by callback or question."""
        body = {
            "merchantCode": self._merchant, "merchantRefNum": order.merchant_reference, "customerProfileId": "",
            "paymentMethod": METHOD,
            "amount": rail_signatures.two_decimals(order.amount), "currencyCode": "EGP",
            "description": order.description,
            "callbackUrl": self._callback_url,
            "paymentExpiry": int(order.expires_at.timestamp() * 1000) if order.expires_at else None,
            "signature": rail_signatures.fawry_charge(self._merchant, order.merchant_reference, "", METHOD,
                                                      order.amount, self._key),
        }
        return self._report(self._call("POST", "/charges", json=body))

    def ask(self, merchant_reference: str) -> Report:
        signature = rail_signatures.fawry_status(self._merchant, merchant_reference, self._key)
        return self._report(self._call("GET", f"/charges/{merchant_reference}", params={
            "merchantCode": self._merchant, "signature": signature}))

    def read_callback(self, body: str, query: Mapping[str, str]) -> Report:
        """The V2 notification. The signature is compared in constant time before anything in it is believed."""
        if len(body) > LARGEST_BODY:
            raise refuse("callback_malformed")
        try:
            data = orjson.loads(body)
        except ValueError as error:
            raise refuse("callback_malformed") from error
        if not isinstance(data, dict):
            raise refuse("callback_malformed")
        if not rail_signatures.fawry_callback_genuine(data, self._key):
            raise refuse("callback_forged")
        return _read(data, data["merchantRefNumber"], data["fawryRefNumber"])

    def _report(self, data: dict[str, Any]) -> Report:
        try:
            return _read(data, data["merchantRefNumber"], data.get("referenceNumber"))
        except (KeyError, TypeError, AttributeError, Refusal) as error:
            raise base.RailUnreachable("an answer that is none") from error

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        # No unit of work and no connection of the database is open here: see services/payments/errands.py.
        try:
            answer = requests.request(method, self._url + path, timeout=self._timeout, allow_redirects=False, **options)
        except requests.RequestException as error:
            raise base.RailUnreachable(type(error).__name__) from error
        if 400 <= answer.status_code < 500 and answer.status_code not in (408, 425, 429):
            raise base.RailRefused(f"HTTP {answer.status_code}")
        if answer.status_code not in (200, 202):
            raise base.RailUnreachable(f"HTTP {answer.status_code}")
        try:
            data: dict[str, Any] = orjson.loads(answer.content)
        except ValueError as error:
            raise base.RailUnreachable("an answer that is none") from error
        return data


def _read(data: Mapping[str, Any], merchant_reference: Any, reference: Any) -> Report:
    """What a callback or an answer says. Refuses callback_malformed; an amount is never rounded."""
    try:
        status = _STATUSES[data["orderStatus"]]
        paid = status == base.PAID
        at = data.get("paymentTime") if paid else None
        return Report(
            merchant_reference=str(merchant_reference), status=status,
            reference=str(reference) if reference else None,
            amount=rail_signatures.piastres(data.get("paymentAmount"), "paymentAmount") if paid else None,
            paid_at=datetime.fromtimestamp(int(at) / 1000, UTC) if at else None,
            pay_url=_web_address(data.get("payUrl")))
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise refuse("callback_malformed") from error


def _web_address(given: Any) -> str | None:
    """A link for people: http or https, for the signature does not cover it."""
    return given if isinstance(given, str) and given.startswith(("https://", "http://")) else None


@RAILS.register(NAME)
def make(settings: Settings) -> SandboxRail:
    """The adapter from the environment; a missing setting is named at once. It is for practice: money that it reports
    was paid by nobody, so production does not know it."""
    if settings.mode is Mode.PRODUCTION:
        raise NotSetUp("the practice rail is for demo and training")
    values = {name: settings.env(name) for name in ("SANDBOX_RAIL_URL", "SANDBOX_RAIL_MERCHANT",
                                                    "SANDBOX_RAIL_CALLBACK_URL")}
    missing = [f"SHUBBAK_{name}" for name, value in values.items() if not value]
    if len(missing) == len(values):
        raise NotSetUp("the practice rail is not set up")
    if missing:
        raise ConfigurationError(f"not set: {', '.join(missing)}")
    return SandboxRail(str(values["SANDBOX_RAIL_URL"]), str(values["SANDBOX_RAIL_MERCHANT"]),
                       settings.secret("SANDBOX_RAIL_KEY"), str(values["SANDBOX_RAIL_CALLBACK_URL"]),
                       settings.seconds("SANDBOX_RAIL_TIMEOUT", 3))
