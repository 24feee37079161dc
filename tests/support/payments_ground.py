"""The ground of payments' tests: its capabilities over a real database, without a bus, on a clock of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis import config
from chassis.actors import Actor, system
from chassis.database import Database
from chassis.events import decode
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts.events import Event
from infra import secrets
from infra.peers import rail_signing, sample_keys
from services.payments import bills, callbacks, counters, guide, ledger, shifts

MERCHANT, KEY = sample_keys.FAWRY["MERCHANT"], sample_keys.FAWRY["KEY"]
NOWHERE = "http://127.0.0.1:9"
NOON = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
RAIL = Actor(id="rail", kind="rail", roles=("rail",))
PUBLIC = Actor(id="public", kind="public", roles=("public",))
CASHIER = Actor(id="staff:1", kind="staff", roles=("cashier",), unit="EG-C-01")
FEES = [
    {"code": "inspection", "stage": "inspection", "name": {"ar": "رسم معاينة", "en": "Inspection fee"},
     "account": "1101", "kind": "fixed", "amount": 10_000},
    {"code": "stamp", "stage": "inspection", "name": {"ar": "دمغة", "en": "Stamp"}, "account": "1102", "kind": "fixed",
     "amount": 2_050},
    {"code": "area", "stage": "final", "name": {"ar": "رسم المساحة", "en": "Area fee"}, "account": "1101",
     "kind": "per_unit", "amount": 500, "per": "area"},
]
TOTAL = 12_050


class Ground:
    """Stands where a Platform stands for the capabilities under test."""

    def __init__(self, url: str, rail_url: str = NOWHERE, gateway_url: str = NOWHERE,
                 now: datetime = NOON, node: str = "EG-C", **more: str) -> None:
        environ = {
            **secrets.keys(), "SHUBBAK_MODE": "demo", "SHUBBAK_NODE": node, "SHUBBAK_BUS": "local",
            "SHUBBAK_DATABASE_URL": url, **(sample_keys.environment(rail_url, gateway_url) if rail_url else {}), **more}
        self.settings = config.load("payments", environ)
        self.database = Database(url, 8)
        self.now = now
        privacy = Privacy(self.settings.rings, self.settings.lookup_key)
        self.context = Context(self.settings, self.database, privacy, lambda: self.now)

    def close(self) -> None:
        self.database.close()

    def unit_of_work(self, actor: Actor | None = None) -> UnitOfWork:
        return UnitOfWork(self.context, actor or system("payments"), "test")

    def attempt(self, run: Callable[[UnitOfWork], Any], actor: Actor | None = None) -> Any:
        return attempt(lambda: self.unit_of_work(actor), run)

    def wait(self, **duration: float) -> None:
        """Let time pass on the test's clock."""
        self.now += timedelta(**duration)

    # what comes over the bus

    def publish(self, fees: list[dict[str, Any]] | None = None, code: str = "shop", version: int = 1) -> None:
        states = {"payment-inspection": {"expired": "lapsed"}, "payment-final": {}}
        document = {"fees": FEES if fees is None else fees, "name": {"ar": "ترخيص محل", "en": "Shop licence"},
                    "workflow": {"states": states}}
        event = Event(uuid7(), "catalog.definition.published.v1", "urn:test", uuid7(), version, self.now, "test",
                      {"code": code, "version": version, "effective_from": "2026-01-01", "definition": document})
        self.attempt(lambda work: guide.keep(work, event))

    def request_event(self, request_id: UUID, sequence: int = 1, kind: str = "payment",
                      stage: str | None = "inspection", outcome: str | None = None, code: str = "shop",
                      **fee_inputs: Any) -> Event:
        data = {"request_id": str(request_id), "tracking_number": "01-26-00000000-K", "service_code": code,
                "service_version": 1, "unit": "EG-C-01", "state": f"{kind}-{stage}", "state_kind": kind, "stage": stage,
                "fee_inputs": fee_inputs, "outcome": outcome}
        return Event(uuid7(), "requests.request.moved.v1", "urn:test", request_id, sequence, self.now, "from-the-door",
                     data)

    def follow(self, event: Event) -> None:
        def run(work: UnitOfWork) -> None:
            work.correlation_id = event.correlation_id  # as the inbox does
            bills.follow_request(work, event)

        self.attempt(run)

    def billed(self, stage: str = "inspection", *, code: str = "shop", **fee_inputs: Any) -> dict[str, Any]:
        """A fresh request at a payment state, and its bill."""
        request_id = uuid7()
        self.follow(self.request_event(request_id, stage=stage, code=code, **fee_inputs))
        return self.bills(request_id)[0]

    # what the doors do

    def bill(self, bill_id: UUID) -> dict[str, Any]:
        return bills.show(self.unit_of_work(), {"bill_id": bill_id})

    def bills(self, request_id: UUID) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = bills.show(self.unit_of_work(), {"request_id": request_id})["bills"]
        return found

    def callback(self, body: str, rail: str = "fawry", query: dict[str, str] | None = None,
                 media_type: str = "") -> bool:
        """Whether the callback was news."""
        return bool(self.answered(body, rail, query, media_type)["taken"])

    def answered(self, body: str, rail: str, query: dict[str, str] | None = None, media_type: str = "") -> Any:
        """What the door of callbacks answers."""
        return self.attempt(lambda work: callbacks.take(
            work, {"rail": rail, "body": body, "query": query or {}, "media_type": media_type,
                   "source": "192.0.2.7"}), RAIL)

    def at_counter(self, cashier: Actor, counter: str | None = None, opening: int = 0) -> Any:
        """The cashier has an open shift: the one that stands, or a new one at the counter (without one: at a counter
        that is the cashier's own)."""
        if not self.rows("SELECT 1 FROM shift WHERE cashier = :c AND state = 'open'", c=cashier.id):
            code = counter or f"{cashier.unit}.{cashier.id.upper().replace(':', '-')}"
            if not self.rows("SELECT 1 FROM counter WHERE code = :c", c=code):
                self.attempt(lambda work: counters.add(work, code, str(cashier.unit), "window", counters.FIRST))
            self.attempt(lambda work: shifts.open_one(work, {"counter": code, "float": opening}), cashier)
        return self.rows("SELECT id FROM shift WHERE cashier = :c AND state = 'open'", c=cashier.id)[0].id

    # what is in the database

    def rows(self, query: str, **params: Any) -> list[Any]:
        with self.database.transaction() as connection:
            return list(connection.execute(text(query), params))

    def events(self, subject: UUID) -> list[Event]:
        """The events of one bill in the order of their sequence."""
        rows = self.rows("SELECT body FROM event_log WHERE subject = :s ORDER BY sequence", s=subject)
        return [decode(bytes(row.body)) for row in rows]

    def faults(self) -> list[str]:
        with self.database.transaction() as connection:
            return ledger.check_ledger(connection)

    def balances(self) -> dict[str, int]:
        with self.database.transaction() as connection:
            return ledger.balances(connection)


def callback_body(merchant_reference: str, status: str = "PAID", *, reference: str, paid: str = "120.50",
                  ordered: str = "120.50", key: str = KEY, **more: Any) -> str:
    """A V2 callback as the rail makes it, signed by the sandbox's own code (Fawry)."""
    body = {"requestId": uuid7().hex, "fawryRefNumber": reference, "merchantRefNumber": merchant_reference,
            "customerMobile": "01000000000", "customerMail": "payer@example.org",
            "paymentAmount": paid if status == "PAID" else "0.00", "orderAmount": ordered, "fawryFees": "0.00",
            "orderStatus": status, "paymentMethod": "PAYATFAWRY",
            "paymentTime": 1772359200000 if status == "PAID" else None, **more}
    body["messageSignature"] = rail_signing.callback_signature(body, key)
    return json.dumps(body, ensure_ascii=False)
