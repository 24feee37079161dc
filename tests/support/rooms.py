"""requests and payments side by side without a bus: each hears what the other wrote into its log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from chassis.actors import Actor
from chassis.events import decode
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.events import Event
from services.payments import bills, cash, device_cash, guide
from tests.support import payments_ground, requests_ground

CASHIER = Actor(id="staff:cashier", kind="staff", roles=("cashier",), unit=requests_ground.UNIT)

_HEARS: dict[str, Callable[[UnitOfWork, Event], Any]] = {
    "requests.request.submitted.v1": bills.follow_request,
    "requests.request.moved.v1": bills.follow_request,
    "requests.release.reported.v1": device_cash.take,
}


class Rooms:
    """`carry` hands over what was not handed over yet, until both are quiet. Until then neither knows of the other."""

    def __init__(self, requests: requests_ground.Ground, payments: payments_ground.Ground) -> None:
        self.requests, self.payments = requests, payments
        self._heard: set[UUID] = set()

    def publish(self, definition: Mapping[str, Any]) -> None:
        self.requests.publish(definition)
        data = {"code": definition["code"], "version": 1, "effective_from": "2026-01-01", "definition": definition}
        event = Event(uuid7(), "catalog.definition.published.v1", "urn:test", uuid7(), 1, self.payments.now, "t", data)
        self.payments.attempt(lambda work: guide.keep(work, event))

    def fresh(self) -> None:
        """requests as on the first day; the books of payments are never emptied, only no longer spoken of."""
        self.requests.fresh()
        self.payments.now = self.requests.now
        self._heard = {event.id for event in self._log(self.payments)}

    def carry(self) -> None:
        self.payments.now = self.requests.now
        while fresh := [(ground, event) for ground in (self.requests, self.payments) for event in self._log(ground)
                        if event.id not in self._heard]:
            for ground, event in fresh:
                self._heard.add(event.id)
                self._tell(ground, event)

    def hear_again(self, kind: str) -> None:
        """The last event of a type comes once more."""
        [*_, event] = [event for event in self._log(self.requests) if event.type == kind]
        self._tell(self.requests, event)

    def bill(self, lodged: Mapping[str, Any], stage: str = "final") -> dict[str, Any]:
        found = [bill for bill in self.payments.bills(UUID(lodged["request_id"])) if bill["stage"] == stage]
        return found[-1]

    def pay_at_counter(self, lodged: Mapping[str, Any], stage: str = "final") -> None:
        """A cashier takes the money; requests has not heard of it yet."""
        bill = self.bill(lodged, stage)
        self.payments.at_counter(CASHIER)
        self.payments.attempt(
            lambda work: cash.take(work, {"bill_id": bill["bill_id"], "tendered": bill["total"]}), CASHIER)

    def _tell(self, ground: Any, event: Event) -> None:
        if ground is self.payments:
            if event.type in ("payments.bill.paid.v1", "payments.bill.changed.v1"):
                self.requests.hear(event)
        elif (handle := _HEARS.get(event.type)) is not None:
            self.payments.attempt(lambda work: handle(work, event))

    @staticmethod
    def _log(ground: Any) -> list[Event]:
        rows = ground.rows("SELECT body FROM event_log ORDER BY occurred_at, event_id")
        return [decode(bytes(row.body)) for row in rows]
