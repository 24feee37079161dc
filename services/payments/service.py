"""The doors of payments: translate, call, answer."""

from __future__ import annotations

from chassis import watermark
from chassis.config import Settings
from chassis.service import Platform, Service, subscribe, timer
from chassis.tending import tended
from chassis.uow import UnitOfWork
from contracts.catalog import PUBLISHED
from contracts.events import Event
from contracts.links import NUMBERS_RECOVERED
from contracts.payments_log import REACHED
from contracts.received import PAYMENT_CONFIRMED, PAYMENT_WISHED, REFUND_ANSWERED, REFUND_WISHED
from contracts.requests import MOVED, SUBMITTED
from contracts.requests_mobile import RELEASE_REPORTED
from services.payments import (
    bills,
    charge_errands,
    charge_refund_errands,
    charge_refunds,
    charges,
    device_cash,
    errands,
    expiry,
    forgeries,
    gauges,
    guide,
    recovered,
    refund_wishes,
    treasury,
    wishes,
)
from services.payments.doors.bills import BillDoors
from services.payments.doors.centre import CentreDoors
from services.payments.doors.collections import CollectionDoors
from services.payments.doors.counter import CounterDoors
from services.payments.doors.reconciliation import ReconciliationDoors
from services.payments.doors.refunds import RefundDoors
from services.payments.rails import RAILS
from services.payments.reconciliation import terms


@tended
class Payments(BillDoors, RefundDoors, CollectionDoors, CounterDoors, ReconciliationDoors, CentreDoors,
               Service):
    """Bills, rails, ledger."""

    name = "payments"
    serials = tuple(recovered.SERIALS.values())

    def configure(self, settings: Settings) -> None:
        bills.bill_days(settings)
        gauges.reference_alarm(settings)
        RAILS.check(settings)
        terms.check(settings)
        treasury.signing_key(settings)

    @subscribe(NUMBERS_RECOVERED, way="each")
    def take_recovered_numbers(self, work: UnitOfWork, event: Event) -> None:
        recovered.take(work, event)

    @subscribe(PUBLISHED, way="each")
    def on_definition(self, work: UnitOfWork, event: Event) -> None:
        guide.keep(work, event)

    @subscribe(SUBMITTED, MOVED, way="each", ahead=bills.look_up)
    def on_request(self, work: UnitOfWork, event: Event) -> None:
        bills.follow_request(work, event)

    @subscribe(RELEASE_REPORTED, way="each")
    def on_release(self, work: UnitOfWork, event: Event) -> None:
        device_cash.take(work, event)

    @subscribe(PAYMENT_WISHED, way="each")
    def on_wish(self, work: UnitOfWork, event: Event) -> None:
        charges.take_wish(work, event)

    @subscribe(PAYMENT_CONFIRMED, way="each")
    def on_confirmed(self, work: UnitOfWork, event: Event) -> None:
        wishes.take(work, event)

    @subscribe(REFUND_WISHED, way="each")
    def on_refund_wish(self, work: UnitOfWork, event: Event) -> None:
        charge_refunds.take_wish(work, event)

    @subscribe(REFUND_ANSWERED, way="each")
    def on_refund_answered(self, work: UnitOfWork, event: Event) -> None:
        refund_wishes.take(work, event)

    @timer(seconds=2, name="ask-forgotten-refunds")
    def ask_forgotten_refunds(self, platform: Platform) -> None:
        refund_wishes.ask_forgotten(platform)

    @timer(seconds=0.5, name="charge-refund-errands")
    def run_charge_refund_errands(self, platform: Platform) -> bool:
        return charge_refund_errands.run(platform)

    @timer(seconds=0.25, name="charge-errands")
    def run_charge_errands(self, platform: Platform) -> bool:
        return charge_errands.run(platform)

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
