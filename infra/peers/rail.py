"""The sandbox rail: a reference code to quote at a kiosk, paid later, reported by signed callbacks.

Behaves like the Fawry server API: a charge is idempotent per merchant reference, the answer carries (or is followed
by) a reference number, and the state of an order reaches the merchant by callback, by status question, or both.
"""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from infra.peers.rail_callbacks import CallbackSender
from infra.peers.rail_signing import callback_signature, charge_signature, same, status_signature
from infra.peers.rail_store import Charge, ChargeStore

BEHAVIOURS = ("normal", "duplicate", "late", "reordered", "wrong_amount", "forged", "silent", "failed", "expired")
MAGIC_PIASTRES = {"91": "duplicate", "92": "late", "93": "wrong_amount", "94": "forged", "95": "silent",
                  "96": "failed", "97": "reordered"}
CAIRO = ZoneInfo("Africa/Cairo")


class RailError(Exception):
    """An answer of the rail other than success."""

    def __init__(self, status: int, code: int, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


class Rail:
    """All charges of one merchant. Thread-safe."""

    def __init__(self, merchant: str, key: str, state: Path | None = None, public_url: str = "") -> None:
        self.merchant, self._key, self.public_url = merchant, key, public_url
        self.store = ChargeStore(state)
        self.settings: dict[str, Any] = {"down": False, "delay_ms": 0, "reference_delay_ms": 0, "behaviour": None,
                                         "callbacks_paused": False}
        self.callbacks = CallbackSender(self.store, lambda: bool(self.settings["callbacks_paused"]))
        self._stop = threading.Event()
        self._clockwork = threading.Thread(target=self._watch_the_clock, name="rail-clock", daemon=True)

    def start(self) -> None:
        self.callbacks.start()
        self._clockwork.start()

    def stop(self) -> None:
        self._stop.set()
        self.callbacks.stop()
        self._clockwork.join(timeout=5)
        self.store.close()

    def charge(self, body: dict[str, Any]) -> dict[str, Any]:
        """Take an order, or answer the standing one when the merchant reference is known. A known reference with
        another amount is refused (Fawry code 9946 stands for a duplicate that differs)."""
        try:
            merchant_reference = str(body["merchantRefNum"])
            amount = _amount(body["amount"])
            signature = str(body["signature"])
            method, merchant = str(body["paymentMethod"]), str(body["merchantCode"])
            callback_url = str(body["callbackUrl"])
        except (KeyError, TypeError, ValueError) as error:
            raise RailError(400, 9901, f"bad request: {error}") from error
        if merchant != self.merchant or not same(signature, charge_signature({**body, "amount": amount}, self._key)):
            raise RailError(403, 9954, "invalid signature")
        now = time.time()
        with self.store.lock:
            standing = self.store.by_merchant_reference(merchant_reference)
            if standing is not None:
                if standing.amount != amount:
                    raise RailError(409, 9946, "this merchant reference was used with another amount")
                return self._shown(standing)
            expiry = body.get("paymentExpiry")
            standing = Charge(
                merchant=merchant, merchant_reference=merchant_reference,
                profile=str(body.get("customerProfileId") or ""), method=method, amount=amount,
                description=str(body.get("description") or ""), callback_url=callback_url,
                return_url=str(body.get("returnUrl") or ""), created_at=now,
                expires_at=float(expiry) / 1000 if expiry else None, reference=self._new_reference(),
                reference_known_at=now + self.settings["reference_delay_ms"] / 1000)
            self.store.put(standing)
        if self.settings["reference_delay_ms"]:
            self.callbacks.send(standing, self._delivery(standing, "NEW"), self.settings["reference_delay_ms"] / 1000)
        return self._shown(standing)

    def status(self, merchant_reference: str, merchant: str, signature: str) -> dict[str, Any]:
        if merchant != self.merchant or not same(signature, status_signature(merchant, merchant_reference, self._key)):
            raise RailError(403, 9954, "invalid signature")
        charge = self.store.by_merchant_reference(merchant_reference)
        if charge is None:
            raise RailError(404, 9938, "no such order")
        return self._shown(charge)

    def pay(self, reference: str, behaviour: str | None = None) -> Charge:
        """The citizen pays at the kiosk. Without `behaviour`, the one set by /control counts, else the one that the
        piastres of the amount ask for (.91 duplicate … .97 reordered), else normal."""
        charge = self.store.by_reference(reference)
        if charge is None:
            raise RailError(404, 9938, "no such reference")
        behaviour = behaviour or self.settings["behaviour"] or MAGIC_PIASTRES.get(charge.amount[-2:], "normal")
        if behaviour not in BEHAVIOURS:
            raise RailError(422, 9901, f"unknown behaviour, one of: {', '.join(BEHAVIOURS)}")
        if behaviour == "forged":  # an outsider says that money came; the rail itself knows nothing of it
            self.callbacks.send(charge, self._delivery(charge, "PAID", forged=True))
            return charge
        with self.store.lock:
            if charge.status == "PAID":
                raise RailError(409, 9945, "already paid")
            if charge.status != "NEW" and behaviour != "late":
                raise RailError(409, 9944, f"cannot be paid any more: {charge.status}")
            if behaviour in ("failed", "expired"):
                charge.status = behaviour.upper()
                self.store.put(charge)
                self.callbacks.send(charge, self._delivery(charge, charge.status))
                return charge
            charge.status, charge.paid_at = "PAID", time.time()
            charge.payment_reference = "".join(random.choices("0123456789", k=12))
            charge.paid_amount = charge.amount
            if behaviour == "wrong_amount":
                charge.paid_amount = f"{Decimal(charge.amount) - Decimal('1.00'):.2f}"
            self.store.put(charge)
        self._announce(charge, behaviour)
        return charge

    def _announce(self, charge: Charge, behaviour: str) -> None:
        if behaviour == "silent":
            return
        if behaviour == "late":
            self.callbacks.send(charge, self._delivery(charge, "EXPIRED", then=[self._delivery(charge, "PAID")]))
        elif behaviour == "reordered":
            self.callbacks.send(charge, self._delivery(charge, "PAID", then=[self._delivery(charge, "EXPIRED")]))
        else:
            for _ in range(3 if behaviour == "duplicate" else 1):
                self.callbacks.send(charge, self._delivery(charge, "PAID"))

    def _delivery(self, charge: Charge, status: str, *, forged: bool = False,
                  then: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        paid = status == "PAID"
        body: dict[str, Any] = {
            "requestId": uuid.uuid4().hex,
            "fawryRefNumber": charge.reference,
            "merchantRefNumber": charge.merchant_reference,
            "customerMobile": "", "customerMail": "",
            "paymentAmount": (charge.paid_amount or charge.amount) if paid else "0.00",
            "orderAmount": charge.amount,
            "fawryFees": "0.00",
            "orderStatus": status,
            "paymentMethod": charge.method,
            "paymentTime": int((charge.paid_at or time.time()) * 1000) if paid else None,
            "orderExpiryDate": int(charge.expires_at * 1000) if charge.expires_at else None,
            "orderItems": [{"itemCode": charge.merchant_reference, "price": charge.amount, "quantity": 1}],
        }
        if paid and charge.payment_reference:
            body["paymentRefrenceNumber"] = charge.payment_reference
        body["messageSignature"] = callback_signature(body, "not the key of the rail" if forged else self._key)
        return {"id": uuid.uuid4().hex, "url": charge.callback_url, "body": json.dumps(body, ensure_ascii=False),
                "status": status, "forged": forged, "then": then or [], "attempts": 0}

    def _shown(self, charge: Charge) -> dict[str, Any]:
        known = time.time() >= charge.reference_known_at
        return {
            "type": "ChargeResponse", "statusCode": 200 if known else 202,
            "statusDescription": "Operation done successfully" if known else "Accepted, the reference follows",
            "referenceNumber": charge.reference if known else None,
            "merchantRefNumber": charge.merchant_reference,
            "orderAmount": charge.amount, "paymentAmount": charge.paid_amount, "fawryFees": "0.00",
            "orderStatus": charge.status, "paymentMethod": charge.method,
            "paymentTime": int(charge.paid_at * 1000) if charge.paid_at else None,
            "paymentRefrenceNumber": charge.payment_reference,
            "expirationTime": int(charge.expires_at * 1000) if charge.expires_at else None,
            "payUrl": f"{self.public_url}/pay/{charge.reference}" if known else None,
        }

    def _new_reference(self) -> str:
        while True:
            reference = "9" + "".join(random.choices("0123456789", k=9))
            if self.store.by_reference(reference) is None:
                return reference

    def _watch_the_clock(self) -> None:
        """An order that nobody paid in time expires at the rail too, and the rail says so."""
        while not self._stop.wait(0.5):
            now = time.time()
            for charge in self.store.all():
                with self.store.lock:
                    if charge.status != "NEW" or charge.expires_at is None or charge.expires_at > now:
                        continue
                    charge.status = "EXPIRED"
                    self.store.put(charge)
                self.callbacks.send(charge, self._delivery(charge, "EXPIRED"))


def local_time(at: float | None) -> str:
    """Cairo time as a person reads it."""
    return "" if at is None else datetime.fromtimestamp(at, CAIRO).strftime("%Y-%m-%d %H:%M")


def _amount(value: Any) -> str:
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError(f"amount {value!r}") from error
    if amount <= 0 or amount != amount.quantize(Decimal("0.01")):
        raise ValueError(f"amount {value!r}")
    return f"{amount:.2f}"
