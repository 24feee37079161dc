"""The sandbox operator: an SMPP 3.4 message centre that keeps what it is sent and returns delivery receipts.

smpp34 speaks the protocol on an inner loopback port; a thin TCP front owns the public port, so that a test can cut
connections in the middle of a window, refuse binds, or take the operator off the air.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import threading
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any

import smpp34

from infra.peers import samples
from infra.peers.rail_store import bounded
from infra.peers.sms_text import Part, decode, split_header

REJECTS = {"throttled": 0x58, "queue_full": 0x14, "system_error": 0x08, "invalid_destination": 0x0B}  # SMPP 5.1.3
INVALID_PASSWORD = 0x0E
BIND_COMMANDS = (0x01, 0x02, 0x09)
USER_MESSAGE_REFERENCE = 0x0204
MESSAGE_PAYLOAD, RECEIPTED_MESSAGE_ID, MESSAGE_STATE = 0x0424, 0x001E, 0x0427  # optional parameters, SMPP 5.3.2
RECEIPT = 0x04  # esm_class of deliver_sm: SMSC delivery receipt
DELIVERED, UNDELIVERABLE = 2, 5  # message_state, SMPP 5.2.28
UCS2 = 0x08  # data_coding, SMPP 5.2.19
KEEP_RECEIPTS = 10_000
RECEIPTS = {"delivered": ("DELIVRD",), "failed": ("UNDELIV",), "duplicate": ("DELIVRD", "DELIVRD"),
            "reordered": ("UNDELIV", "DELIVRD"), "none": (), "three": ("DELIVRD",) * 3}
SAMPLE_REJECTS = {"throttled": "throttled", "failed_then_delivered": "system_error"}
SAMPLE_RECEIPTS = {"undelivered": "failed", "no_receipt": "none", "duplicate": "three",
                   "undelivered_then_delivered": "reordered"}


class MessageCentre:
    """Runs in one asyncio loop; `messages`, `parts` and `settings` may be used from any thread."""

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {
            "reject": None, "reject_times": -1, "reject_numbers": [], "drop_after": None, "drop_keeps": False,
            "receipts": "delivered", "receipt_delay_ms": 0, "delay_ms": 0, "bind": "accept", "down": False}
        self._lock = threading.Lock()
        self._messages, self._parts = bounded(), bounded()
        self._ids = itertools.count(int(time.time()) % 1_000_000 * 1000)
        self._sessions: dict[str, smpp34.Esme] = {}
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._receipts: deque[tuple[smpp34.SubmitSmEvent, str, str]] = deque(maxlen=KEEP_RECEIPTS)
        self._tries = samples.Tries()
        self.binds = 0
        self.reporting = 0  # receipts that are still to be taken
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        with socket.socket() as probe:  # smpp34 cannot choose a port itself
            probe.bind(("127.0.0.1", 0))
            self._inner_port = int(probe.getsockname()[1])
        self._server = smpp34.Server(host="127.0.0.1", port=self._inner_port, system_id="SANDBOX")
        await self._server.start()
        self._spawn(self._serve())
        self._front = await asyncio.start_server(self._accept, host, port)
        self.port = int(self._front.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self._front.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await self._server.stop()

    def messages(self) -> list[dict[str, Any]]:
        """Messages with their parts joined, oldest first."""
        with self._lock:
            return [{**message, "parts": [dict(part) for part in message["parts"].values()],
                     "text": "".join(message["parts"][n]["text"] for n in sorted(message["parts"]))}
                    for message in self._messages]

    def parts(self) -> list[dict[str, Any]]:
        """Every submit_sm that was kept, oldest first, a repeated one as often as it came."""
        with self._lock:
            return [dict(part) for part in self._parts]

    def forget(self) -> None:
        with self._lock:
            self._messages.clear()
            self._parts.clear()

    def cut(self) -> None:
        """Cut every connection at once, without unbind. Call it in the loop."""
        for writer in list(self._writers):
            writer.transport.abort()

    # the front

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.settings["down"]:
            writer.transport.abort()
            return
        self._writers.add(writer)
        inner: asyncio.StreamWriter | None = None
        try:
            first = await reader.readexactly(16)
            command, sequence = int.from_bytes(first[4:8], "big"), first[12:16]
            if self.settings["bind"] == "refuse" and command in BIND_COMMANDS:
                # Read all of the bind first: closing over unread bytes would reset the connection under our answer.
                await reader.readexactly(int.from_bytes(first[:4], "big") - 16)
                answer = (0x80000000 | command).to_bytes(4, "big") + INVALID_PASSWORD.to_bytes(4, "big") + sequence
                writer.write((17).to_bytes(4, "big") + answer + b"\0")
                await writer.drain()
                return
            inner_reader, inner = await asyncio.open_connection("127.0.0.1", self._inner_port)
            inner.write(first)
            up = asyncio.create_task(_pump(reader, inner))
            down = asyncio.create_task(_pump(inner_reader, writer))
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
            up.cancel()
            down.cancel()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the peer went away: that is the end of its session and nothing more
        finally:
            self._writers.discard(writer)
            for side in (writer, inner):
                if side is not None:
                    side.close()

    # the message centre

    async def _serve(self) -> None:
        while True:
            event = await self._server.next()
            if isinstance(event, smpp34.Esme):
                self._sessions[event.session_id] = event
                self.binds += 1
                if event.can_receive:
                    self._flush_receipts()
            elif isinstance(event, smpp34.Unbound):
                self._sessions.pop(event.session_id, None)
            else:
                self._spawn(self._take(event))

    async def _take(self, event: smpp34.SubmitSmEvent) -> None:
        settings = self.settings
        if settings["delay_ms"]:
            await asyncio.sleep(settings["delay_ms"] / 1000)
        if settings["drop_after"] is not None:
            settings["drop_after"] -= 1
            if settings["drop_after"] <= 0:
                settings["drop_after"] = None
                if settings["drop_keeps"]:  # taken and on its way, but the sender never hears so
                    self._keep(event)
                self.cut()
                return
        behaviour = samples.of_number(event.destination_addr)
        first = behaviour is not None and self._tries.first(event.destination_addr, event.short_message)
        if event.destination_addr in settings["reject_numbers"] or behaviour == "refused":
            event.reject(REJECTS["invalid_destination"])
            return
        if first and behaviour in SAMPLE_REJECTS:
            event.reject(REJECTS[SAMPLE_REJECTS[behaviour]])
            return
        if behaviour == "slow":
            await asyncio.sleep(samples.SLOW_MS / 1000)
        if first and behaviour == "no_answer":
            self._spawn(self._report(event, self._keep(event), behaviour))
            self.cut()
            return
        if settings["reject"] and settings["reject_times"] != 0:
            if settings["reject_times"] > 0:
                settings["reject_times"] -= 1
            event.reject(REJECTS[settings["reject"]])
            return
        message_id = self._keep(event)
        event.accept(message_id)
        if event.registered_delivery & 0x01:
            self._spawn(self._report(event, message_id, behaviour))

    def _keep(self, event: smpp34.SubmitSmEvent) -> str:
        message_id = f"{next(self._ids):x}"
        body = event.short_message
        for tlv in event.tlvs:
            if tlv.tag == MESSAGE_PAYLOAD:
                body = tlv.value
        place, rest = split_header(body, event.esm_class)
        place = place or Part(0, 1, 1)
        part = {"id": message_id, "number": place.number, "text": decode(rest, event.data_coding),
                "octets": len(body), "at": time.time(), "to": event.destination_addr, "from": event.source_addr,
                "receipt": None}
        with self._lock:
            self._parts.append(part)
            message = self._find_open(event, place)
            if message is None:
                message = {"to": event.destination_addr, "from": event.source_addr, "coding": event.data_coding,
                           "reference": place.reference, "total": place.total, "submissions": 0, "parts": {},
                           "at": part["at"], "complete": False}
                self._messages.append(message)
            message["parts"][place.number] = part
            message["submissions"] += 1
            message["complete"] = len(message["parts"]) == place.total
        return message_id

    def _find_open(self, event: smpp34.SubmitSmEvent, place: Part) -> dict[str, Any] | None:
        if place.total == 1:
            return None
        message: dict[str, Any]
        for message in itertools.islice(reversed(self._messages), 500):
            if not message["complete"] and message["reference"] == place.reference and message["to"] == \
                    event.destination_addr and message["total"] == place.total:
                return message
        return None

    async def _report(self, event: smpp34.SubmitSmEvent, message_id: str, behaviour: str | None) -> None:
        wish = SAMPLE_RECEIPTS.get(behaviour or "", self.settings["receipts"])
        if wish == "none":
            return
        delay = samples.LATE_MS if behaviour == "delivered_late" else self.settings["receipt_delay_ms"]
        self.reporting += len(RECEIPTS[wish])
        await asyncio.sleep(delay / 1000)
        for outcome in RECEIPTS[wish]:
            self._receipts.append((event, message_id, outcome))
            self._flush_receipts()
            if wish == "reordered":
                await asyncio.sleep(0.3)

    def _flush_receipts(self) -> None:
        """Send waiting receipts over any session that can receive; without one they wait for the next bind."""
        session = next((s for s in self._sessions.values() if s.can_receive), None)
        while session is not None and self._receipts:
            self._spawn(self._send_receipt(session, *self._receipts.popleft()))

    async def _send_receipt(self, session: smpp34.Esme, event: smpp34.SubmitSmEvent, message_id: str,
                            outcome: str) -> None:
        now = datetime.now(UTC).strftime("%y%m%d%H%M")
        good = outcome == "DELIVRD"
        text = (f"id:{message_id} sub:001 dlvrd:{'001' if good else '000'} submit date:{now} done date:{now} "
                f"stat:{outcome} err:{'000' if good else '001'} text:")
        try:
            response = await session.deliver_sm(
                event.source_addr, text.encode("ascii"), source_addr=event.destination_addr, esm_class=RECEIPT,
                tlvs=[*_echo(event), smpp34.Tlv(RECEIPTED_MESSAGE_ID, message_id.encode("ascii") + b"\0"),
                      smpp34.Tlv(MESSAGE_STATE, bytes([DELIVERED if good else UNDELIVERABLE]))])
            taken = response.is_success
        except smpp34.SmppError:
            taken = False
        if not taken:  # the session died under it: it waits for the next bind
            self._sessions.pop(session.session_id, None)
            self._receipts.append((event, message_id, outcome))
            return
        self.reporting -= 1
        with self._lock:
            for part in reversed(self._parts):
                if part["id"] == message_id:
                    part["receipt"] = outcome
                    break

    def write_back(self, number: str, text: str, to: str) -> bool:
        """A handset writes to our sender; whether somebody is bound to whom it goes. From any thread; waits for no
        answer, as a handset does not."""
        session = next((one for one in list(self._sessions.values()) if one.can_receive), None)
        if session is not None:
            self._loop.call_soon_threadsafe(lambda: self._spawn(self._write_back(session, number, text, to)))
        return session is not None

    async def _write_back(self, session: smpp34.Esme, number: str, text: str, to: str) -> None:
        coding = 0 if text.isascii() else UCS2
        body = text.encode("utf-16-be" if coding else "ascii")
        with contextlib.suppress(smpp34.SmppError):  # the session ended: a text that nobody took is gone
            await session.deliver_sm(to, body, source_addr=number, data_coding=coding)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _echo(event: smpp34.SubmitSmEvent) -> list[smpp34.Tlv]:
    """Our reference comes back in the receipt where its answer was lost on purpose. Not every operator does it."""
    if samples.of_number(event.destination_addr) != "no_answer":
        return []
    return [tlv for tlv in event.tlvs if tlv.tag == USER_MESSAGE_REFERENCE]


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
