"""Fawry: a reference code that the payer quotes at a kiosk. Server API (charge, status, refund) and V2 callback.

Settings: FAWRY_URL (https://www.atfawry.com), FAWRY_MERCHANT (merchant code), FAWRY_KEY (secret), FAWRY_CALLBACK_URL
(public address of the gateway's door for this rail's callbacks); may be set: FAWRY_TIMEOUT in seconds (3), FAWRY_HOURS
that a code lives (168), FAWRY_LEAST and FAWRY_MOST in pounds, FAWRY_PAY_PAGE (practice only: where a code can be paid
by hand). Signatures: rules/rail_signatures.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from chassis.config import Mode, Settings
from rules import rail_signatures
from rules.refusal import Refusal, refuse
from services.payments.rails import base, wire
from services.payments.rails.base import Order, RefundOrder, RefundReport, Report, Traits
from services.payments.rails.registry import RAILS, RailSettings

NAME = "fawry"
METHOD = "PAYATFAWRY"
CHARGE, STATUS, REFUND = "/charge", "/status/v2", "/refund"
API = "/ECommerceWeb/Fawry/payments"
NOT_FOUND = 9938
USUAL = Traits(
    name=NAME, label={"ar": "فوري: كود سداد", "en": "Fawry reference code"}, way=base.REFERENCE_CODE,
    refund=base.PARTIAL_REFUND, asks=True, calls_back=True, statement="fawry", verified=True, least=100,
    most=1_000_000_00, lives=timedelta(days=7))
# Words of the callback and of status v2; the older status question says CANCELLED and UNPAID.
_STATUSES = {"NEW": base.NEW, "UNPAID": base.NEW, "PAID": base.PAID, "FAILED": base.FAILED, "EXPIRED": base.EXPIRED,
             "CANCELED": base.CANCELLED, "CANCELLED": base.CANCELLED, "REFUNDED": base.REFUNDED,
             "PARTIAL_REFUNDED": base.PARTLY_REFUNDED}


class Fawry:
    """Speaks for payments; holds the merchant's key, nothing else."""

    def __init__(self, url: str, merchant: str, key: str, callback_url: str, timeout: float, traits: Traits = USUAL,
                 pay_page: str | None = None) -> None:
        self._url, self._merchant, self._key, self._callback_url = url.rstrip("/") + API, merchant, key, callback_url
        self._timeout, self._pay_page = timeout, pay_page
        self.traits = traits

    def charge(self, order: Order) -> Report:
        """Place the order; the answer may come without a reference, which then follows by callback or question."""
        shares = order.shares or (base.Share("total", order.amount),)
        body = {
            "merchantCode": self._merchant, "merchantRefNum": order.merchant_reference, "customerProfileId": "",
            "paymentMethod": METHOD, "amount": wire.pounds(order.amount), "currencyCode": self.traits.currency,
            "language": "ar-eg", "description": order.description,
            "chargeItems": [{"itemId": share.account, "price": wire.pounds(share.amount), "quantity": 1}
                            for share in shares],
            "orderWebHookUrl": self._callback_url,
            "signature": rail_signatures.fawry_charge(self._merchant, order.merchant_reference, "", METHOD,
                                                      order.amount, self._key),
        }
        if order.expires_at:
            body["paymentExpiry"] = int(order.expires_at.timestamp() * 1000)
        return self._report(self._call("POST", CHARGE, json=body))

    def ask(self, merchant_reference: str) -> Report:
        signature = rail_signatures.fawry_status(self._merchant, merchant_reference, self._key)
        return self._report(self._call("GET", STATUS, params={
            "merchantCode": self._merchant, "merchantRefNumber": merchant_reference, "signature": signature}))

    def refund(self, order: RefundOrder) -> RefundReport:
        """Give back the whole or a part. The rail knows no number of ours for a refund and says only `partly`, so a
        repeated order of which the state does not tell is left to a person."""
        if order.repeated and self._given_back(order):
            return RefundReport(order.refund_reference, base.DONE, order.amount)
        order.check_sending()
        body = {"merchantCode": self._merchant, "referenceNumber": order.reference,
                "refundAmount": wire.pounds(order.amount), "reason": order.reason,
                "signature": rail_signatures.fawry_refund(self._merchant, order.reference, order.amount, self._key,
                                                          order.reason)}
        self._call("POST", REFUND, json=body)
        return RefundReport(order.refund_reference, base.DONE, order.amount)

    def _given_back(self, order: RefundOrder) -> bool:
        status = self.ask(order.merchant_reference).status
        if status == base.PAID and not order.refunded_before:
            return False
        if status == base.REFUNDED and order.whole:
            return True
        if status == base.PARTLY_REFUNDED and order.whole:
            return False
        if status == base.PARTLY_REFUNDED and not order.refunded_before:
            return True
        raise base.RefundUncertain(f"the rail says {status}")

    def read_callback(self, body: str, query: Mapping[str, str], media_type: str = "") -> Report:
        """The V2 notification. The signature is compared in constant time before anything in it is believed."""
        data = wire.json_callback(body)
        if not rail_signatures.fawry_callback_genuine(data, self._key):
            raise refuse("callback_forged")
        return _read(data, data["merchantRefNumber"], data["fawryRefNumber"])

    def reply(self, report: Report) -> None:
        """Any 200 acknowledges."""
        return

    def _report(self, data: dict[str, Any]) -> Report:
        try:
            if data.get("messageSignature") and not rail_signatures.fawry_callback_genuine(data, self._key):
                raise base.RailUnreachable("an answer with a wrong signature")
            reference = data.get("fawryRefNumber") or data.get("referenceNumber")
            merchant_reference = data.get("merchantRefNumber") or data["merchantRefNum"]
            return _read({"orderStatus": "NEW", **data}, merchant_reference, reference, self._pay_page)
        except (KeyError, TypeError, AttributeError, Refusal) as error:
            raise base.RailUnreachable("an answer that is none") from error

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        _, content = wire.call(method, self._url + path, self._timeout, **options)
        data = wire.json_answer(content)
        code = data.get("statusCode", 200)  # the rail says no inside an answer 200 too
        if code in (200, 202):
            return data
        if isinstance(code, int) and 500 <= code < 600:
            raise base.RailUnreachable(f"code {code}")
        raise base.RailRefused(f"code {code}")


def _read(data: Mapping[str, Any], merchant_reference: Any, reference: Any, page: str | None = None) -> Report:
    """What a callback or an answer says. Refuses callback_malformed; an amount is never rounded."""
    try:
        status = _STATUSES[data["orderStatus"].upper()]
        paid = status == base.PAID
        at = data.get("paymentTime") if paid else None
        return Report(
            merchant_reference=str(merchant_reference), status=status,
            reference=str(reference) if reference else None,
            amount=rail_signatures.piastres(data.get("paymentAmount"), "paymentAmount") if paid else None,
            paid_at=datetime.fromtimestamp(int(at) / 1000, UTC) if at else None,
            pay_url=f"{page}/{quote(str(reference), safe='')}" if page and reference else None)
    except (KeyError, TypeError, ValueError, OverflowError, OSError, AttributeError) as error:
        raise refuse("callback_malformed") from error


@RAILS.register(NAME)
def make(settings: Settings) -> Fawry:
    """The adapter from the environment; a missing setting is named at once."""
    own = RailSettings(settings, "FAWRY")
    values = own.all_of("URL", "MERCHANT", "KEY", "CALLBACK_URL")
    page = own.optional("PAY_PAGE") if settings.mode is not Mode.PRODUCTION else None
    return Fawry(own.address("URL", values["URL"]), values["MERCHANT"], values["KEY"],
                 own.address("CALLBACK_URL", values["CALLBACK_URL"]), own.timeout, own.traits(USUAL),
                 wire.web_address((page or "").rstrip("/")))
