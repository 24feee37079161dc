"""How the sandbox speaks as the government's payment centre, as far as anybody outside can know: our own reading of it,
written a second time. What is guessed stands in services/payments/rails/EFINANCE.md."""

from __future__ import annotations

import time
from base64 import b64decode
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.etree import ElementTree as Xml

from cryptography.hazmat.primitives.serialization import load_der_private_key
from flask import Blueprint, Response, request

from infra.peers.rail import Rail, RailError, refunded
from infra.peers.rail_sealing import Envelopes
from infra.peers.rail_store import Charge
from infra.peers.sample_keys import FORGER_PRIVATE
from infra.peers.times import CAIRO

WORDS = {"CANCELED": "CANCELLED", "PARTIAL_REFUNDED": "PARTIALLY_REFUNDED"}
EGP = "818"
XML = "application/xml"


class EFinance:
    """The payment centre."""

    name, digits, page = "efinance", "8", False

    def __init__(self, rail: Rail, envelopes: Envelopes, service: str) -> None:
        self._rail, self._envelopes, self._service = rail, envelopes, service
        self._forger = load_der_private_key(b64decode(FORGER_PRIVATE.removeprefix("sample-")), None)

    def answer(self, raw: bytes, work: str) -> str:
        """One sealed question and its sealed answer. `work`: payments, inquiries, refunds."""
        try:
            asked = self._envelopes.open("PaymentRequest", raw)
        except (ValueError, Xml.ParseError) as error:
            raise RailError(400, 9, f"no envelope: {error}") from error
        try:
            ours = asked.findtext("SenderRequestNumber") or ""
            if work == "payments":
                charge = self._place(asked, ours)
            else:
                charge = self._rail.find(self, ours)
            more = {}
            if work == "refunds":
                if asked.findtext("Currency") != EGP:
                    raise RailError(400, 6, "currency")
                order = asked.findtext("RefundRequestNumber") or ""
                known = next((one for one in charge.refunds if one["order"] == order), None)
                done = known or self._rail.refund(charge, asked.findtext("Amount"), order)
                more = {"RefundReference": done["id"], "RefundRequestNumber": order}
            said = self._said("PaymentResult", charge, charge.status, {"Response_Code": "000", **more})
        except RailError as error:
            if error.status >= 500:
                raise
            said = _element("PaymentResult", Response_Code="004" if error.status == 404 else "012",
                            Response_Message=error.text)
        return self._envelopes.close("PaymentResponse", said)

    def message(self, charge: Charge, status: str, *, forged: bool) -> dict[str, Any]:
        body = self._envelopes.close("PaymentConfirmation", self._said("Confirmation", charge, status, {
            "PaymentReference": charge.reference}),
                                     self._forger if forged else None)
        return {"url": charge.callback_url, "body": body, "media_type": XML}

    def taken(self, status: int, body: str) -> bool:
        return status == 200 and "<Response_Code>000</Response_Code>" in body

    def _place(self, asked: Any, ours: str) -> Charge:
        parts = [(part.findtext("SettlementAccountCode"), part.findtext("Amount"))
                 for part in asked.iterfind("SettlementAmounts/SettlementAmount")]
        try:
            whole = sum(Decimal(amount) for _, amount in parts)
        except (InvalidOperation, TypeError) as error:
            raise RailError(400, 5, "amounts") from error
        if not parts or not all(code for code, _ in parts) or whole != Decimal(asked.findtext("TotalAmount") or "0"):
            raise RailError(400, 5, "settlement amounts")
        if asked.findtext("ServiceCode") != self._service or asked.findtext("Currency") != EGP:
            raise RailError(400, 6, "service or currency")
        expiry = asked.findtext("ExpiryDate")
        return self._rail.place(
            self, ours, whole, asked.findtext("ConfirmationUrl") or "", method="EFINANCE",
            description=asked.findtext("Description") or "",
            expires_at=datetime.fromisoformat(expiry).timestamp() if expiry else None)

    def _said(self, tag: str, charge: Charge, status: str, more: dict[str, str]) -> Any:
        said = {"SenderRequestNumber": charge.merchant_reference, "Status": WORDS.get(status, status),
                "Currency": EGP, **more}
        if self._rail.known(charge):
            said["PaymentReference"] = charge.reference
        if status in ("PAID", "REFUNDED", "PARTIAL_REFUNDED"):
            said["PaidAmount"] = charge.paid_amount or charge.amount
            moment = datetime.fromtimestamp(charge.paid_at or time.time(), CAIRO)
            said["PaymentDate"] = moment.isoformat(timespec="seconds")
            said["RefundedAmount"] = f"{refunded(charge):.2f}"
        return _element(tag, **said)


def doors(centre: EFinance) -> Blueprint:
    """Its three addresses."""
    blueprint = Blueprint("efinance", __name__, url_prefix="/efinance")

    @blueprint.errorhandler(RailError)
    def refused(error: RailError) -> tuple[str, int]:
        return error.text, error.status

    @blueprint.post("/<any(payments, inquiries, refunds):work>")
    def answer(work: str) -> Response:
        return Response(centre.answer(request.get_data(), work), content_type=XML)

    return blueprint


def _element(tag: str, **texts: str) -> Any:
    made = Xml.Element(tag)
    for name, text in texts.items():
        Xml.SubElement(made, name).text = text
    return made
