"""The doors of payments: translate, call, answer."""

from __future__ import annotations

from chassis import watermark
from chassis.config import Settings
from chassis.service import Platform, Service, subscribe, timer
from chassis.uow import UnitOfWork
from contracts.catalog import PUBLISHED
from contracts.events import Event
from contracts.payments_log import REACHED
from contracts.requests import MOVED, SUBMITTED
from contracts.requests_mobile import RELEASE_REPORTED
from services.payments import bills, device_cash, errands, expiry, forgeries, gauges, guide, treasury
from services.payments.doors.bills import BillDoors
from services.payments.doors.collections import CollectionDoors
from services.payments.doors.counter import CounterDoors
from services.payments.doors.reconciliation import ReconciliationDoors
from services.payments.doors.refunds import RefundDoors
from services.payments.rails import RAILS
from services.payments.reconciliation import terms


class Payments(BillDoors, RefundDoors, CollectionDoors, CounterDoors, ReconciliationDoors, Service):
    """Bills, rails, ledger."""

    name = "payments"

    def configure(self, settings: Settings) -> None:
        bills.bill_days(settings)
        gauges.reference_alarm(settings)
        RAILS.check(settings)
        terms.check(settings)
        treasury.signing_key(settings)

    @subscribe(PUBLISHED, way="each")
    def on_definition(self, work: UnitOfWork, event: Event) -> None:
        guide.keep(work, event)

    @subscribe(SUBMITTED, MOVED, way="each", ahead=bills.look_up)
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

    @timer(seconds=5, name="tell-forged-callbacks")
    def tell_forged(self, platform: Platform) -> bool:
        return bool(platform.attempt(forgeries.tell))

    @timer(seconds=watermark.EVERY, name="tell-how-far")
    def tell_how_far(self, platform: Platform) -> None:
        platform.attempt(lambda work: watermark.tell(work, REACHED))

    @timer(seconds=5, name="measure-payments")
    def measure(self, platform: Platform) -> None:
        gauges.measure(platform)
