"""The sandbox rails: orders placed by a merchant, paid by a citizen later, reported by signed callbacks.

What is the same at every rail is here; how each speaks and signs is its dialect (rail_fawry, rail_paymob,
rail_efinance). All of them can be told, for one order or for all, to behave badly: infra/peers/magic.py.
"""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Protocol

from infra.peers import magic
from infra.peers.rail_callbacks import CallbackSender
from infra.peers.rail_store import Charge, ChargeStore

BEHAVIOURS = magic.BEHAVIOURS
SLOW_SECONDS = 1.5


class RailError(Exception):
    """The rail says no: an HTTP status and a code of its own, for which each dialect has its words."""

    def __init__(self, status: int, code: int, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


class Dialect(Protocol):
    """How one rail tells its merchant what happened."""

    name: str
    digits: str  # that its references begin with
    page: bool  # whether an order is paid on a page of its own, where another card can be tried after a failure

    def message(self, charge: Charge, status: str, *, forged: bool) -> dict[str, Any]:
        """url, body and media_type of a callback. `status` is NEW, PAID, FAILED, EXPIRED, CANCELED, REFUNDED or
        PARTIAL_REFUNDED."""

    def taken(self, status: int, body: str) -> bool:
        """Whether the merchant's answer to a callback acknowledges it."""


class Rail:
    """All charges at all rails of one merchant. Thread-safe."""

    def __init__(self, state: Path | None = None, public_url: str = "") -> None:
        self.public_url = public_url
        self.store = ChargeStore(state)
        self.dialects: dict[str, Dialect] = {}
        self.settings: dict[str, Any] = {
            "down": False, "delay_ms": 0, "reference_delay_ms": 0, "behaviour": None, "behaviours": {},
            "callbacks_paused": False, "repeats": "answered", "refunds": "normal", "commissions": {}}
        self.callbacks = CallbackSender(self.store, lambda: bool(self.settings["callbacks_paused"]), self._taken)
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

    def place(self, dialect: Dialect, merchant_reference: str, amount: Any, callback_url: str, *, merchant: str = "",
              profile: str = "", method: str = "", description: str = "", return_url: str = "",
              expires_at: float | None = None) -> Charge:
        """Take an order, or answer the standing one when the merchant reference is known (`repeats`: answered, or
        refused). A known reference with another amount is always refused."""
        try:
            exact = two_decimals(amount)
        except ValueError as error:
            raise RailError(400, 9901, f"bad request: {error}") from error
        if not merchant_reference or not callback_url:
            raise RailError(400, 9901, "bad request")
        behaviour = self._behaviour(merchant_reference, exact)
        if behaviour == "slow":
            time.sleep(SLOW_SECONDS)
        if behaviour == "refuse":
            raise RailError(400, 9927, "the order is refused")
        now = time.time()
        with self.store.lock:
            standing = self.store.by_merchant_reference(dialect.name, merchant_reference)
            if standing is not None:
                if standing.amount != exact or self.settings["repeats"] == "refused":
                    raise RailError(409, 9902, "this merchant reference was used before")
                return standing
            standing = Charge(
                merchant=merchant, merchant_reference=merchant_reference, profile=profile, method=method, amount=exact,
                description=description, callback_url=callback_url, return_url=return_url, created_at=now,
                expires_at=expires_at, reference=self._new_reference(dialect),
                reference_known_at=now + self.settings["reference_delay_ms"] / 1000, rail=dialect.name,
                secret=uuid.uuid4().hex if dialect.page else "")
            self.store.put(standing)
        if self.settings["reference_delay_ms"]:
            self.callbacks.send(standing, self._delivery(standing, "NEW"), self.settings["reference_delay_ms"] / 1000)
        return standing

    def find(self, dialect: Dialect, merchant_reference: str) -> Charge:
        charge = self.store.by_merchant_reference(dialect.name, merchant_reference)
        if charge is None:
            raise RailError(404, 9938, "no such order")
        return charge

    def known(self, charge: Charge) -> bool:
        """Whether the merchant may know the order's number yet."""
        return time.time() >= charge.reference_known_at

    def pay(self, reference: str, behaviour: str | None = None) -> Charge:
        """The citizen pays. Without `behaviour`, the one told for this order or for all by /control counts, else the
        one that the piastres of the amount ask for, else normal."""
        charge = self.store.by_reference(reference)
        if charge is None:
            raise RailError(404, 9938, "no such reference")
        behaviour = behaviour or self._behaviour(charge.merchant_reference, charge.amount)
        if behaviour not in BEHAVIOURS:
            raise RailError(422, 9901, f"unknown behaviour, one of: {', '.join(BEHAVIOURS)}")
        if behaviour == "forged":  # an outsider says that money came; the rail itself knows nothing of it
            self.callbacks.send(charge, self._delivery(charge, "PAID", forged=True))
            return charge
        if behaviour == "other_rail":
            self.callbacks.send(charge, self._from_another_rail(charge))
            return charge
        again = self.dialects[charge.rail].page and charge.status == "FAILED"
        with self.store.lock:
            if charge.status in ("PAID", "REFUNDED", "PARTIAL_REFUNDED"):
                raise RailError(409, 9945, "already paid")
            if charge.status != "NEW" and behaviour != "late" and not again:
                raise RailError(409, 9944, f"cannot be paid any more: {charge.status}")
            if behaviour in ("failed", "expired"):
                charge.status = "FAILED" if self.dialects[charge.rail].page else behaviour.upper()
                self.store.put(charge)
                self.callbacks.send(charge, self._delivery(charge, charge.status))
                return charge
            charge.status, charge.paid_at = "PAID", time.time()
            charge.payment_reference = "".join(random.choices("123456789", k=12))
            charge.paid_amount = charge.amount
            if behaviour == "wrong_amount":
                charge.paid_amount = f"{Decimal(charge.amount) - Decimal('1.00'):.2f}"
            self.store.put(charge)
        self._announce(charge, behaviour)
        return charge

    def refund(self, charge: Charge, amount: Any, order: str = "") -> dict[str, str]:
        """Give money back, the whole or a part, and say so by callback. `refunds`: normal, refuse, lost (done, but the
        answer never comes), quiet (no callback)."""
        wish = self.settings["refunds"]
        try:
            exact = two_decimals(amount)
        except ValueError as error:
            raise RailError(400, 9901, f"bad request: {error}") from error
        with self.store.lock:
            if wish == "refuse":
                raise RailError(400, 9935, "the balance does not suffice")
            if charge.status not in ("PAID", "PARTIAL_REFUNDED"):
                raise RailError(400, 9936, f"nothing to give back: {charge.status}")
            left = Decimal(charge.paid_amount or "0") - refunded(charge) - Decimal(exact)
            if left < 0:
                raise RailError(400, 9937, "more than is left of the payment")
            done = {"id": "".join(random.choices("123456789", k=10)), "order": order, "amount": exact,
                    "at": f"{time.time():.3f}"}
            charge.refunds.append(done)
            charge.status = "PARTIAL_REFUNDED" if left else "REFUNDED"
            self.store.put(charge)
        if wish != "quiet":
            self.callbacks.send(charge, self._delivery(charge, charge.status))
        if wish == "lost":
            raise RailError(503, 500, "the rail is down")
        return done

    def _behaviour(self, merchant_reference: str, amount: str) -> str:
        return str(self.settings["behaviours"].get(merchant_reference) or self.settings["behaviour"]
                   or magic.of_amount(amount))

    def _announce(self, charge: Charge, behaviour: str) -> None:
        other = "FAILED" if self.dialects[charge.rail].page else "EXPIRED"
        if behaviour == "silent":
            return
        if behaviour == "late":
            self.callbacks.send(charge, self._delivery(charge, other, then=[self._delivery(charge, "PAID")]))
        elif behaviour == "reordered":
            self.callbacks.send(charge, self._delivery(charge, "PAID", then=[self._delivery(charge, other)]))
        else:
            for _ in range(3 if behaviour == "duplicate" else 1):
                self.callbacks.send(charge, self._delivery(charge, "PAID"))

    def _delivery(self, charge: Charge, status: str, *, forged: bool = False, once: bool = False,
                  then: list[dict[str, Any]] | None = None, dialect: Dialect | None = None) -> dict[str, Any]:
        message = (dialect or self.dialects[charge.rail]).message(charge, status, forged=forged)
        return {"id": uuid.uuid4().hex, "status": status, "forged": forged or once, "then": then or [], "attempts": 0,
                **message}

    def _from_another_rail(self, charge: Charge) -> dict[str, Any]:
        """Another rail's genuine words about this order, at this rail's door."""
        other = next(dialect for name, dialect in self.dialects.items() if name != charge.rail)
        return {**self._delivery(charge, "PAID", once=True, dialect=other), "rail": other.name}

    def _taken(self, charge: Charge, status: int, body: str) -> bool:
        return self.dialects[charge.rail].taken(status, body)

    def _new_reference(self, dialect: Dialect) -> str:
        while True:
            reference = dialect.digits + "".join(random.choices("0123456789", k=10 - len(dialect.digits)))
            if self.store.by_reference(reference) is None:
                return reference

    def _watch_the_clock(self) -> None:
        """An order that nobody paid in time expires at the rail too, and a rail without a page says so."""
        while not self._stop.wait(0.5):
            now = time.time()
            for charge in self.store.all():
                with self.store.lock:
                    if charge.status != "NEW" or charge.expires_at is None or charge.expires_at > now:
                        continue
                    charge.status = "EXPIRED"
                    self.store.put(charge)
                if not self.dialects[charge.rail].page:
                    self.callbacks.send(charge, self._delivery(charge, "EXPIRED"))


def refunded(charge: Charge) -> Decimal:
    """All that was given back of a charge."""
    return sum((Decimal(one["amount"]) for one in charge.refunds), Decimal(0))


def two_decimals(value: Any) -> str:
    """An amount as text with two decimals. Raises ValueError for what is none, is not above nothing, or is finer."""
    try:
        amount = Decimal(str(value))
        fits = amount > 0 and amount == amount.quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise ValueError(f"amount {value!r}") from error
    if not fits:
        raise ValueError(f"amount {value!r}")
    return f"{amount:.2f}"


def as_json(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False)
