"""notifications: tells citizens, by SMS and e-mail, at each step of their request. Doors only."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from chassis.config import Settings
from chassis.service import Platform, Service, subscribe, timer
from chassis.tending import tended
from chassis.uow import UnitOfWork
from contracts import (
    payments,
    payments_refunds,
    requests,
    requests_afterwards,
    requests_deadlines,
    requests_engine,
    requests_intake,
    requests_outputs,
    requests_retention,
    requests_visits,
)
from contracts.events import Event
from services.notifications import (
    aftermath,
    http_receipts,
    messages,
    metrics,
    receipts,
    recipients,
    settings,
    tables,
    templates,
)
from services.notifications.doors.campaigns import CampaignDoors
from services.notifications.doors.codes import CodeDoors
from services.notifications.doors.preferences import PreferenceDoors
from services.notifications.doors.providers import ProviderDoors
from services.notifications.doors.seen import SeenDoors
from services.notifications.doors.templates import TemplateDoors
from services.notifications.packing import pack_email, pack_sms_of
from services.notifications.providers import http_sms, smpp, smtp  # noqa: F401  (they register themselves)
from services.notifications.providers.base import register
from services.notifications.sending import Channel, Member

MEASURE_EVERY = 15.0


@tended
class Notifications(CampaignDoors, CodeDoors, PreferenceDoors, SeenDoors, ProviderDoors, TemplateDoors, Service):
    name = "notifications"
    metadata = tables.metadata

    def __init__(self) -> None:
        templates.library()  # a wrong template stops the service here, at its start
        self._channels: dict[str, Channel] = {}
        self._settings: settings.NotificationSettings | None = None
        self._measured = 0.0

    def configure(self, given: Settings) -> None:
        self._settings = settings.load(given)

    @subscribe(requests.SUBMITTED, requests.MOVED, requests_deadlines.DUE_CHANGED, way="ordered",
               ahead=recipients.look_up)
    def on_request(self, work: UnitOfWork, event: Event) -> None:
        recipients.follow(work, event, self._loaded(work.settings).public_url)

    @subscribe(payments.ISSUED, payments.PENDING, payments.PAID, payments.CHANGED, way="ordered",
               ahead=recipients.look_up)
    def on_bill(self, work: UnitOfWork, event: Event) -> None:
        recipients.tell_of_bill(work, event, self._loaded(work.settings).public_url)

    @subscribe(payments_refunds.REFUND_CHANGED, way="each")
    def on_refund(self, work: UnitOfWork, event: Event) -> None:
        recipients.tell_after(work, event, self._loaded(work.settings).public_url, aftermath.of_refund)

    @subscribe(requests.LICENCE_ISSUED, way="each")
    def on_licence(self, work: UnitOfWork, event: Event) -> None:
        recipients.tell_of_licence(work, event, self._loaded(work.settings).public_url)

    @subscribe(requests_deadlines.DEEMED_ISSUED, way="each")
    def on_deemed(self, work: UnitOfWork, event: Event) -> None:
        recipients.tell_of_deemed(work, event, self._loaded(work.settings).public_url)

    @subscribe(requests_intake.DOCUMENT_REFUSED, way="each")
    def on_document(self, work: UnitOfWork, event: Event) -> None:
        recipients.tell_of_document(work, event, self._loaded(work.settings).public_url)

    @subscribe(requests_engine.REMINDED, way="each")
    def on_reminder(self, work: UnitOfWork, event: Event) -> None:
        recipients.tell_of_reminder(work, event, self._loaded(work.settings).public_url)

    @subscribe(requests_visits.VISIT_CHANGED, way="each")
    def on_visit(self, work: UnitOfWork, event: Event) -> None:
        recipients.tell_of_visit(work, event, self._loaded(work.settings).public_url)

    @subscribe(requests_intake.CORRECTED, way="latest")
    def on_correction(self, work: UnitOfWork, event: Event) -> None:
        recipients.correct(work, event, self._loaded(work.settings).public_url)

    @subscribe(requests_outputs.LICENCE_CHANGED, way="each")
    def on_licence_changed(self, work: UnitOfWork, event: Event) -> None:
        recipients.tell_after(work, event, self._loaded(work.settings).public_url, aftermath.of_licence_change)

    @subscribe(requests_afterwards.COMPLAINT_CHANGED, way="each")
    def on_complaint(self, work: UnitOfWork, event: Event) -> None:
        recipients.tell_after(work, event, self._loaded(work.settings).public_url, aftermath.of_complaint)

    @subscribe(requests_afterwards.REOPENING_CHANGED, way="each")
    def on_reopening(self, work: UnitOfWork, event: Event) -> None:
        recipients.tell_after(work, event, self._loaded(work.settings).public_url, aftermath.of_reopening)

    @subscribe(requests_retention.FORGOTTEN, way="each")
    def on_forgotten(self, work: UnitOfWork, event: Event) -> None:
        recipients.forget(work, UUID(event.data["request_id"]))

    # One leading loop a channel: a provider that is away or slow holds up the other one in nothing.

    @timer(seconds=0.5, name="send-sms")
    def send_sms(self, platform: Platform) -> bool:
        return self._channel("sms", platform).step(platform.attempt)

    @timer(seconds=0.5, name="send-email")
    def send_email(self, platform: Platform) -> bool:
        self._measure(platform)
        return self._channel("email", platform).step(platform.attempt)

    def close(self) -> None:
        """Say goodbye to the providers, so that they keep receipts for the next process."""
        channels, self._channels = list(self._channels.values()), {}
        for channel in channels:
            channel.close()

    def _channel(self, name: str, platform: Platform) -> Channel:
        if name not in self._channels:
            loaded = self._loaded(platform.settings)
            members = [Member(register.make(one), one.weight, one.price) for one in loaded.of(name)]
            pack = pack_sms_of(loaded.senders) if name == "sms" else pack_email(loaded.mail_from)
            self._channels[name] = Channel(name, members, pack if members else None, loaded.uncertain_after)
        return self._channels[name]

    def _loaded(self, given: Any) -> settings.NotificationSettings:
        if self._settings is None:
            self._settings = settings.load(given)
        return self._settings

    def _measure(self, platform: Platform) -> None:
        if time.monotonic() - self._measured < MEASURE_EVERY:
            return
        self._measured = time.monotonic()
        ages = messages.oldest_unsent(platform.unit_of_work())
        for channel in ("sms", "email"):
            metrics.OLDEST_UNSENT.labels(channel).set(ages[channel].total_seconds() if channel in ages else 0)
        platform.attempt(receipts.forget)
        platform.attempt(http_receipts.forget)
