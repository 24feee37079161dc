"""The doors of payments: translate, call, answer."""

from __future__ import annotations

from typing import Any

from chassis import watermark
from chassis.config import Settings
from chassis.service import Platform, Service, command, query, subscribe, timer
from chassis.uow import UnitOfWork
from contracts.catalog import PUBLISHED
from contracts.events import Event
from contracts.payments import Callback, GetBill, GetReceipt, ListRails, StartPayment, TakeCash, TakeSlip
from contracts.payments_log import REACHED
from contracts.requests import MOVED, SUBMITTED
from contracts.requests_mobile import RELEASE_REPORTED
from services.payments import (
    bills,
    callbacks,
    cash,
    device_cash,
    errands,
    expiry,
    gauges,
    guide,
    paying,
    receipts,
    slips,
)
from services.payments.doors.collections import CollectionDoors
from services.payments.rails import RAILS


class Payments(CollectionDoors, Service):
    """Bills, rails, ledger."""

    name = "payments"

    def configure(self, settings: Settings) -> None:
        bills.bill_days(settings)
        RAILS.check(settings)

    @command("payments.start", StartPayment, permission="bill.pay")
    def start(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return paying.start(work, body)

    @command("payments.take_cash", TakeCash, permission="bill.take_cash")
    def take_cash(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return cash.take(work, body)

    @command("payments.take_slip", TakeSlip, permission="bill.take_cash")
    def take_slip(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return slips.take(work, body)

    @command("payments.callback", Callback, permission="bill.callback")
    def callback(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return callbacks.take(work, body)

    @query("payments.bill", GetBill, permission="bill.read")
    def bill(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return bills.show(work, body)

    @query("payments.rails", ListRails, permission="bill.read")
    def rails(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return paying.rails(work)

    @query("payments.receipt", GetReceipt, permission="receipt.read")
    def receipt(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return receipts.show(work, body)

    @subscribe(PUBLISHED, way="each")
    def on_definition(self, work: UnitOfWork, event: Event) -> None:
        guide.keep(work, event)

    @subscribe(SUBMITTED, MOVED, way="each")
    def on_request(self, work: UnitOfWork, event: Event) -> None:
        bills.follow_request(work, event)

    @subscribe(RELEASE_REPORTED, way="each")
    def on_release(self, work: UnitOfWork, event: Event) -> None:
        device_cash.take(work, event)

    @timer(seconds=0.25, name="rail-errands")
    def run_errands(self, platform: Platform) -> bool:
        return errands.run(platform)

    @timer(seconds=1, name="expire-bills")
    def expire(self, platform: Platform) -> bool:
        return expiry.sweep(platform)

    @timer(seconds=watermark.EVERY, name="tell-how-far")
    def tell_how_far(self, platform: Platform) -> None:
        platform.attempt(lambda work: watermark.tell(work, REACHED))

    @timer(seconds=5, name="measure-payments")
    def measure(self, platform: Platform) -> None:
        gauges.measure(platform)
