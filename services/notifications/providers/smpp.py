"""SMS over SMPP 3.4: one transceiver session, a window of submits, delivery receipts.

A thread of its own keeps the session bound and reads; the leader's timer submits. When nobody has used the provider for
a while (the leadership went to another process) the session is unbound, so that receipts go to whoever leads now.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from smpplib import consts

from services.notifications import metrics
from services.notifications.providers import smpp_receipt
from services.notifications.providers.base import Answer, Arrival, Outcome, Outgoing, Part, Provider, Verdict, register
from services.notifications.providers.smpp_wire import BROKEN, TICK, NotTaken, Pending, Wire
from services.notifications.settings import NotificationSettings, SmppSettings

LOG = logging.getLogger(__name__)

ANSWER_TIMEOUT = 20.0
ENQUIRE_EVERY = 30.0
IDLE_UNBIND = 60.0
RECONNECT = (1, 2, 5, 10, 20, 30, 60)  # seconds; the last one repeats
PAUSES = (1, 2, 5, 10, 30, 60)  # seconds of silence after each throttling answer in a row
WAITING_RECEIPTS = 1000

# command_status (SMPP 3.4 section 5.1.3) of a submit that may succeed later. Operators' own codes (0x400 on) are taken
# as temporary too: giving up a citizen's message on a code that nobody documented would be the worse mistake.
TEMPORARY = {0x04: "bind_status", 0x08: "system_error", 0x0D: "bind_failed", 0x45: "submit_failed",
             0x64: "temporary_application_error"}
THROTTLING = {0x14: "queue_full", 0x58: "throttled"}
VENDOR = range(0x400, 0x500)
UDHI = 0x40
RECEIPT_WANTED = 0x01


@dataclass(frozen=True, slots=True)
class _Token:
    """Where a deliver_sm is to be answered."""

    wire: Wire
    sequence: int


class Smpp:
    """An operator's message centre."""

    name = "smpp"
    brings_receipts = True

    def __init__(self, settings: SmppSettings) -> None:
        self._settings = settings
        self._window = threading.Semaphore(settings.window)
        self._wire: Wire | None = None
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._closed = False
        self._used = time.monotonic()
        self._paused_until = 0.0
        self._throttled = 0
        self._arrived: deque[Arrival] = deque()
        self._source = _source(settings.sender)

    def room(self) -> int:
        self._used = time.monotonic()
        if self._closed:
            return 0
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._keep_bound, name="smpp", daemon=True)
            self._thread.start()
        if not self._bound or time.monotonic() < self._paused_until:
            return 0
        return self._settings.window * 2  # enough to keep the window full; a crash leaves no more than these unanswered

    def submit(self, batch: Sequence[Outgoing], budget: timedelta) -> Mapping[UUID, Outcome]:
        until = time.monotonic() + budget.total_seconds()
        outcomes: dict[UUID, dict[int, Answer]] = {message.message_id: {} for message in batch}
        waiting: list[tuple[UUID, int, Pending]] = []
        for message in batch:
            for part in message.parts:
                started = self._start(message.address, part, until)
                if isinstance(started, Answer):
                    outcomes[message.message_id][part.number] = started
                else:
                    waiting.append((message.message_id, part.number, started))
        for message_id, number, pending in waiting:
            pending.wait(ANSWER_TIMEOUT + 3 * TICK)  # the session ends by itself when an answer stays out
            outcomes[message_id][number] = self._judge(pending)
        return outcomes

    def arrivals(self, limit: int) -> Sequence[Arrival]:
        self._used = time.monotonic()
        return [self._arrived.popleft() for _ in range(min(limit, len(self._arrived)))]

    def acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        for arrival in arrivals:
            token = cast(_Token, arrival.token)
            try:
                token.wire.answer("deliver_sm_resp", token.sequence)
            except BROKEN:
                LOG.info("the session ended before a receipt was acknowledged; it will come again")

    def close(self) -> None:
        self._closed = True
        self._wake.set()
        wire = self._wire
        if wire is not None:
            try:
                wire.say_goodbye()
            except BROKEN as error:
                LOG.debug("SMPP goodbye failed: %s", type(error).__name__)
            wire.close()
        if self._thread is not None:
            self._thread.join(5)

    # submitting

    def _start(self, address: str, part: Part, until: float) -> Answer | Pending:
        paused = self._paused_until - time.monotonic()
        if paused > 0:
            return Answer(Verdict.HELD, reason="paused", retry_after=timedelta(seconds=paused))
        wire = self._wire
        # The window is a slot for each submit without an answer; its thread frees it when the answer comes or is lost.
        left = until - time.monotonic()
        if wire is None or left <= 0 or not self._window.acquire(timeout=left):
            return Answer(Verdict.HELD, reason="no_session" if wire is None else "no_time",
                          retry_after=timedelta(seconds=5))
        ton, npi, sender = self._source
        try:
            return wire.submit(
                on_answer=self._window.release,
                source_addr_ton=ton, source_addr_npi=npi, source_addr=sender,
                dest_addr_ton=consts.SMPP_TON_INTL, dest_addr_npi=consts.SMPP_NPI_ISDN,
                destination_addr=address.lstrip("+"), esm_class=UDHI if part.has_header else 0,
                registered_delivery=RECEIPT_WANTED, data_coding=part.data_coding, short_message=part.payload,
                user_message_reference=part.reference)
        except NotTaken:
            self._window.release()
            return Answer(Verdict.TEMPORARY, reason="connection_lost", retry_after=timedelta(seconds=5))

    def _judge(self, pending: Pending) -> Answer:
        status = pending.status
        if status is None:
            return Answer(Verdict.UNCERTAIN, reason="no_answer")
        if status == consts.SMPP_ESME_ROK:
            self._throttled = 0
            return Answer(Verdict.ACCEPTED, provider_id=pending.message_id)
        if status in THROTTLING:
            pause = self._pause()
            return Answer(Verdict.TEMPORARY, reason=THROTTLING[status], retry_after=pause)
        if status in TEMPORARY or status in VENDOR:
            return Answer(Verdict.TEMPORARY, reason=TEMPORARY.get(status, f"smpp_0x{status:x}"))
        return Answer(Verdict.PERMANENT, reason=f"smpp_0x{status:x}")

    def _pause(self) -> timedelta:
        """One pause for all answers that say so within it; longer with each that follows in a row."""
        now = time.monotonic()
        if now >= self._paused_until:
            self._paused_until = now + PAUSES[min(self._throttled, len(PAUSES) - 1)]
            self._throttled += 1
        return timedelta(seconds=self._paused_until - now)

    # the session

    @property
    def _bound(self) -> bool:
        wire = self._wire
        return wire is not None and wire.open

    def _wanted(self) -> bool:
        return not self._closed and time.monotonic() - self._used < IDLE_UNBIND

    def _keep_bound(self) -> None:
        failures = 0
        while self._wanted():
            wire = Wire(self._settings.host, self._settings.port, answer_timeout=ANSWER_TIMEOUT,
                        enquire_every=ENQUIRE_EVERY, on_deliver=self._on_deliver)
            try:
                wire.bind(self._settings.system_id, self._settings.password)
                self._wire, failures = wire, 0
                metrics.CONNECTED.labels(self.name).set(1)
                wire.run(self._wanted)
            except BROKEN as error:
                LOG.warning("SMPP session ended: %s", error)
            finally:
                wire.release()
                self._wire = None
                self._arrived.clear()  # never acknowledged, so they come again
                metrics.CONNECTED.labels(self.name).set(0)
            if self._wanted():
                self._wake.wait(RECONNECT[min(failures, len(RECONNECT) - 1)])
                failures += 1

    def _on_deliver(self, wire: Wire, pdu: Any) -> int | None:
        """None leaves the answer to `acknowledge`, once the receipt is stored."""
        if not smpp_receipt.is_receipt(pdu):
            LOG.info("a text message from a handset was taken and not read: this sender is not answered")
            return int(consts.SMPP_ESME_ROK)
        receipt = smpp_receipt.read(pdu)
        if receipt is None:
            return int(consts.SMPP_ESME_ROK)
        if len(self._arrived) >= WAITING_RECEIPTS:
            return int(consts.SMPP_ESME_RX_T_APPN)
        self._arrived.append(Arrival(receipt, _Token(wire, pdu.sequence)))
        return None


def _source(sender: str) -> tuple[int, int, str]:
    """Type of number, numbering plan and address of the sender: a name, a short code, or an international number."""
    digits = sender.lstrip("+")
    if not digits.isdigit():
        return consts.SMPP_TON_ALNUM, consts.SMPP_NPI_UNK, sender
    if len(digits) <= 6:
        return consts.SMPP_TON_NWSPEC, consts.SMPP_NPI_UNK, digits
    return consts.SMPP_TON_INTL, consts.SMPP_NPI_ISDN, digits


@register.adapter("sms")
def _make(settings: NotificationSettings) -> Provider | None:
    return Smpp(settings.smpp) if settings.smpp else None
