"""SMS over SMPP 3.4: transceiver sessions, a window of submits, delivery receipts.

A thread for each session keeps it bound and reads; the leader's timer submits. When nobody has used the provider for
a while (the leadership went to another process) the sessions are unbound, so that receipts go to whoever leads now.
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
from services.notifications.providers import smpp_receipt, smpp_reply
from services.notifications.providers.base import Answer, Arrival, Outcome, Outgoing, Part, Verdict, register
from services.notifications.providers.smpp_wire import BROKEN, DELIVERIES, TICK, CannotEncode, NotTaken, Pending, Wire
from services.notifications.settings_providers import SmppSettings

LOG = logging.getLogger(__name__)

ANSWER_TIMEOUT = 20.0
ENQUIRE_EVERY = 30.0
IDLE_UNBIND = 60.0
BIND_TIME = 3.0  # seconds without a session after which the operator counts as away
RECONNECT = (1, 2, 5, 10, 20, 30, 60)  # seconds; the last one repeats
PAUSES = (1, 2, 5, 10, 30, 60)  # seconds of silence after each throttling answer in a row
WAITING_RECEIPTS = 1000

# command_status (SMPP 3.4 section 5.1.3) of a submit that speaks of this message or number, and will never be taken.
# Every other one speaks of the operator or of how we are set up, operators' own codes (0x400 on) among them: the
# message is tried again, perhaps elsewhere. Giving up a citizen's message on a code that means something else is the
# worse mistake.
PERMANENT = frozenset({0x01, 0x0B, 0x50, 0x51, 0x65, 0x66, 0x67})  # length, number, its type and plan; refused for good
THROTTLING = {0x14: "queue_full", 0x58: "throttled"}
UDHI = 0x40
RECEIPT_WANTED = 0x01


@dataclass(frozen=True, slots=True)
class _Token:
    """Where a receipt is to be answered."""

    wire: Wire
    sequence: int
    command: str = "deliver_sm_resp"


class Smpp:
    """An operator's message centre."""

    brings_receipts = True
    repeats_safely = False  # SMPP 3.4 has no way to say that a submit is the same as before

    def __init__(self, settings: SmppSettings, name: str = "smpp") -> None:
        self.name = name
        self._settings = settings
        self._window = threading.Semaphore(settings.window)
        self._wires: list[Wire | None] = [None] * settings.binds
        self._threads: list[threading.Thread | None] = [None] * settings.binds
        self._wake = threading.Event()
        self._closed = False
        self._used = time.monotonic()
        self._asked: float | None = None
        self._paused_until = 0.0
        self._throttled = 0
        self._arrived: deque[Arrival] = deque()

    @property
    def away(self) -> bool:
        """Not bound, though there was time to."""
        return not self._bound and self._asked is not None and time.monotonic() - self._asked > BIND_TIME

    def room(self) -> int:
        self._used = time.monotonic()
        if self._asked is None:
            self._asked = self._used
        if self._closed:
            return 0
        for number, thread in enumerate(self._threads):
            if thread is None or not thread.is_alive():
                begun = threading.Thread(target=self._keep_bound, args=(number,), name=f"{self.name}-{number}",
                                         daemon=True)
                self._threads[number] = begun
                begun.start()
        if not self._bound or time.monotonic() < self._paused_until:
            return 0
        return self._settings.window  # enough to keep it full; a crash leaves no more than two batches unanswered

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
                token.wire.answer(token.command, token.sequence)
            except BROKEN:
                LOG.info("the session ended before a receipt was acknowledged; it will come again")

    def close(self) -> None:
        self._closed = True
        self._wake.set()
        for wire in filter(None, self._wires):
            try:
                wire.say_goodbye()
            except BROKEN as error:
                LOG.debug("SMPP goodbye failed: %s", type(error).__name__)
            wire.close()
        for thread in self._threads:
            if thread is not None:
                thread.join(5)

    # submitting

    def _start(self, address: str, part: Part, until: float) -> Answer | Pending:
        paused = self._paused_until - time.monotonic()
        if paused > 0:
            return Answer(Verdict.HELD, reason="paused", retry_after=timedelta(seconds=paused))
        # The window is a slot for each submit without an answer; its thread frees it when the answer comes or is lost.
        left = until - time.monotonic()
        if not self._bound or left <= 0 or not self._window.acquire(timeout=left):
            return Answer(Verdict.HELD, reason="no_time" if self._bound else "no_session",
                          retry_after=timedelta(seconds=5))
        wire = min((one for one in self._wires if one is not None and one.open), key=lambda one: one.unanswered,
                   default=None)
        if wire is None:  # it ended while a place in the window was waited for
            self._window.release()
            return Answer(Verdict.HELD, reason="no_session", retry_after=timedelta(seconds=5))
        ton, npi, sender = _source(part.sender or self._settings.sender)
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
        except CannotEncode:
            self._window.release()
            LOG.exception("%s: a part that no PDU can hold", self.name)
            return Answer(Verdict.PERMANENT, reason="cannot_encode")

    def _judge(self, pending: Pending) -> Answer:
        status, took = pending.status, pending.took
        if status is None:
            return Answer(Verdict.UNCERTAIN, reason="no_answer")
        if status == consts.SMPP_ESME_ROK:
            self._throttled = 0
            return Answer(Verdict.ACCEPTED, provider_id=pending.message_id, took=took)
        if status in THROTTLING:
            return Answer(Verdict.TEMPORARY, reason=THROTTLING[status], retry_after=self._pause(), took=took)
        verdict = Verdict.PERMANENT if status in PERMANENT else Verdict.TEMPORARY
        return Answer(verdict, reason=f"smpp_0x{status:x}", took=took)

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
        return any(wire is not None and wire.open for wire in self._wires)

    def _wanted(self) -> bool:
        return not self._closed and time.monotonic() - self._used < IDLE_UNBIND

    def _keep_bound(self, number: int) -> None:
        failures = 0
        while self._wanted():
            wire = Wire(self._settings.host, self._settings.port, answer_timeout=ANSWER_TIMEOUT,
                        enquire_every=ENQUIRE_EVERY, on_deliver=self._on_deliver)
            try:
                wire.bind(self._settings.system_id, self._settings.password)
                self._wires[number], failures = wire, 0
                metrics.CONNECTED.labels(self.name).set(1)
                wire.run(self._wanted)
            except BROKEN as error:
                level = logging.WARNING if self._wanted() else logging.DEBUG  # after a goodbye it is meant to end
                LOG.log(level, "SMPP session %d of %s ended: %s", number, self.name, error)
            finally:
                wire.release()
                self._wires[number] = None
                # Never acknowledged, so they come again.
                kept = [one for one in self._arrived if cast(_Token, one.token).wire is not wire]
                self._arrived = deque(kept)
                self._asked = time.monotonic() if self._asked is not None and not failures else self._asked
                metrics.CONNECTED.labels(self.name).set(int(self._bound))
            if self._wanted():
                self._wake.wait(RECONNECT[min(failures, len(RECONNECT) - 1)])
                failures += 1

    def _on_deliver(self, wire: Wire, pdu: Any) -> int | None:
        """None leaves the answer to `acknowledge`, once the receipt or the text of a handset is stored."""
        receipt = smpp_receipt.read(pdu) if smpp_receipt.is_receipt(pdu) else smpp_reply.read(pdu)
        if receipt is None:
            return int(consts.SMPP_ESME_ROK)
        if len(self._arrived) >= WAITING_RECEIPTS:
            return int(consts.SMPP_ESME_RX_T_APPN)
        self._arrived.append(Arrival(receipt, _Token(wire, pdu.sequence, DELIVERIES[pdu.command])))
        return None


def _source(sender: str) -> tuple[int, int, str]:
    """Type of number, numbering plan and address of the sender: a name, a short code, or an international number."""
    digits = sender.lstrip("+")
    if not digits.isdigit():
        return consts.SMPP_TON_ALNUM, consts.SMPP_NPI_UNK, sender
    if len(digits) <= 6:
        return consts.SMPP_TON_NWSPEC, consts.SMPP_NPI_UNK, digits
    return consts.SMPP_TON_INTL, consts.SMPP_NPI_ISDN, digits


@register.kind("smpp", SmppSettings)
def _make(settings: SmppSettings, name: str) -> Smpp:
    return Smpp(settings, name)
