"""One bound SMPP 3.4 connection: frames, sequence numbers, answers matched to what was asked.

smpplib encodes and decodes the PDUs; reading is ours, because a PDU must survive a timeout in its middle and an answer
must find the submit that waits for it.
"""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

from smpplib import consts, exceptions, smpp
from smpplib.client import Client

LOG = logging.getLogger(__name__)

# smpplib logs whole PDUs, which hold numbers and texts of citizens, when its logger lets it.
_QUIET = logging.getLogger("services.notifications.smpplib")
_QUIET.setLevel(logging.ERROR)

NOT_UNDERSTOOD = 0x03  # command_status ESME_RINVCMDID
LARGEST_PDU = 65_536
TICK = 2.0  # seconds a read waits before it looks at the clock
# Receipts come in either, with their answers (SMPP 3.4, 4.6 and 4.7).
DELIVERIES = {"deliver_sm": "deliver_sm_resp", "data_sm": "data_sm_resp"}
BROKEN = (OSError, exceptions.ConnectionError, exceptions.PDUError, struct.error, ValueError)


class NotTaken(Exception):
    """The connection failed before the whole PDU had left: the other side cannot have taken it."""


class CannotEncode(Exception):
    """No PDU can hold this submit. Nothing was written, and the connection is as good as before."""


class Pending:
    """A submit that waits for its answer."""

    def __init__(self, on_answer: Callable[[], None]) -> None:
        self.since = time.monotonic()
        self.took: float | None = None  # seconds until the answer
        self._done = threading.Event()
        self._on_answer = on_answer
        self.status: int | None = None  # command_status of the answer; None when the answer was lost
        self.message_id: str | None = None

    def settle(self, status: int | None, message_id: str | None = None) -> None:
        self.status, self.message_id = status, message_id
        self.took = None if status is None else time.monotonic() - self.since
        self._on_answer()
        self._done.set()

    def wait(self, timeout: float) -> bool:
        return self._done.wait(timeout)


class _Client(Client):  # type: ignore[misc]
    """smpplib's client with a reader of its own."""

    _socket: socket.socket | None

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port, timeout=10, allow_unknown_opt_params=True)
        self.logger = _QUIET
        self._buffer = bytearray()

    def connect(self) -> None:
        """As smpplib does; and each PDU leaves when it is written: otherwise the rest of a window may wait until the
        other side acknowledges its beginning, which it delays (40 ms)."""
        super().connect()
        if self._socket is not None:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read_pdu(self) -> Any:
        """The next PDU, or None when a read timed out; what had come of it is kept. ConnectionError at the end."""
        while True:
            if len(self._buffer) >= 4:
                length = int.from_bytes(self._buffer[:4], "big")
                if not 16 <= length <= LARGEST_PDU:
                    raise exceptions.PDUError(f"a PDU of {length} bytes")
                if len(self._buffer) >= length:
                    raw = bytes(self._buffer[:length])
                    del self._buffer[:length]
                    return self._parsed(raw)
            connection = self._socket
            if connection is None:
                raise exceptions.ConnectionError("closed")
            try:
                piece = connection.recv(65_536)
            except TimeoutError:
                return None
            if not piece:
                raise exceptions.ConnectionError("closed by the other side")
            self._buffer += piece

    def _parsed(self, raw: bytes) -> Any:
        pdu = smpp.parse_pdu(raw, client=self, allow_unknown_opt_params=True)
        if not pdu.is_error() and pdu.command in consts.STATE_SETTERS:
            self.state = consts.STATE_SETTERS[pdu.command]
        return pdu

    def write(self, raw: bytes) -> None:
        """Send what is a PDU already; raises one of BROKEN."""
        connection = self._socket
        if connection is None:
            raise exceptions.ConnectionError("closed")
        connection.sendall(raw)

    def tick(self, seconds: float) -> None:
        if self._socket is not None:
            self._socket.settimeout(seconds)

    def shut(self) -> None:
        """Wake whoever reads or writes."""
        if self._socket is None:
            return
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            LOG.debug("the SMPP connection was gone already")

    def release(self) -> None:
        """Close the socket. Only its reader may: closed under a green reader, it would sleep on until its timeout."""
        connection, self._socket = self._socket, None
        self.state = consts.SMPP_CLIENT_STATE_CLOSED
        if connection is not None:
            connection.close()


class Wire:
    """Open with `bind`, then `run` in a thread of its own until the connection ends; `submit` from any other."""

    def __init__(self, host: str, port: int, *, answer_timeout: float, enquire_every: float,
                 on_deliver: Callable[[Wire, Any], int | None]) -> None:
        self._client = _Client(host, port)
        self._answer_timeout = answer_timeout
        self._enquire_every = enquire_every
        self._on_deliver = on_deliver
        self._writing = threading.Lock()
        self._pending: dict[int, Pending] = {}
        self._heard = time.monotonic()
        self._enquired: float | None = None
        self.open = False

    @property
    def unanswered(self) -> int:
        """How many submits wait for their answers."""
        return len(self._pending)

    def bind(self, system_id: str, password: str) -> None:
        """Connect and bind as transceiver; raises one of BROKEN when refused or unreachable."""
        self._client.connect()
        self._client.send_pdu(smpp.make_pdu("bind_transceiver", client=self._client, system_id=system_id,
                                            password=password, interface_version=0x34))
        answer = self._client.read_pdu()
        if answer is None:
            raise exceptions.ConnectionError("no answer to the bind")
        if answer.command != "bind_transceiver_resp" or answer.is_error():
            raise exceptions.PDUError(f"bind refused with status 0x{answer.status:x}")
        self._client.tick(TICK)
        self._heard = time.monotonic()
        self.open = True

    def submit(self, on_answer: Callable[[], None], **fields: Any) -> Pending:
        """Send a submit_sm; NotTaken when it could not leave, CannotEncode when there is no such PDU. `on_answer` runs
        once the answer came or was lost."""
        pending = Pending(on_answer)
        with self._writing:
            if not self.open:
                raise NotTaken
            try:
                pdu = smpp.make_pdu("submit_sm", client=self._client, **fields)
                raw = pdu.generate()
            except (ValueError, struct.error, exceptions.PDUError) as error:
                raise CannotEncode from error
            self._pending[pdu.sequence] = pending
            try:
                self._client.write(raw)
            except BROKEN as error:
                self._pending.pop(pdu.sequence, None)
                self._break()
                raise NotTaken from error
        return pending

    def answer(self, command: str, sequence: int, status: int = consts.SMPP_ESME_ROK) -> None:
        """Answer a request of the other side; raises one of BROKEN."""
        with self._writing:
            if not self.open:
                raise exceptions.ConnectionError("closed")
            pdu = smpp.make_pdu(command, client=self._client, status=status)
            pdu.sequence = sequence
            try:
                self._client.send_pdu(pdu)
            except BROKEN:
                self._break()
                raise

    def run(self, wanted: Callable[[], bool]) -> None:
        """Read until the connection ends or is no longer wanted. Every submit still without an answer is then settled
        as lost. Raises one of BROKEN when it did not end well."""
        try:
            while self.open and wanted():
                pdu = self._client.read_pdu()
                if pdu is not None:
                    self._heard, self._enquired = time.monotonic(), None
                    self._take(pdu)
                self._stay_alive()
            self.say_goodbye()
        finally:
            self.close()

    def release(self) -> None:
        """Let go of the socket; for the thread that ran `bind` and `run`, when it is through with it."""
        self.close()
        self._client.release()

    def close(self) -> None:
        """End the connection; every submit without an answer is settled as lost. From any thread."""
        with self._writing:
            self._break()
            lost, self._pending = list(self._pending.values()), {}
        for pending in lost:
            pending.settle(None)

    def _break(self) -> None:
        """After a write that failed half-way the stream cannot be used: the reader wakes and ends it."""
        self.open = False
        self._client.shut()

    def _take(self, pdu: Any) -> None:
        if pdu.command in ("submit_sm_resp", "generic_nack"):
            pending = self._pending.pop(pdu.sequence, None)
            if pending is not None:
                identity = getattr(pdu, "message_id", None)
                # A generic_nack says that the PDU was not understood, whatever status it carries (4.3.1).
                status = NOT_UNDERSTOOD if pdu.command == "generic_nack" else pdu.status
                pending.settle(status, identity.decode("ascii", "replace") if identity else None)
        elif pdu.command in DELIVERIES:
            status = self._on_deliver(self, pdu)
            if status is not None:
                self.answer(DELIVERIES[pdu.command], pdu.sequence, status)
        elif pdu.command == "enquire_link":
            self.answer("enquire_link_resp", pdu.sequence)
        elif pdu.command == "unbind":
            self.answer("unbind_resp", pdu.sequence)
            raise exceptions.ConnectionError("the other side unbound")

    def _stay_alive(self) -> None:
        now = time.monotonic()
        oldest = next(iter(self._pending.values()), None)
        if oldest is not None and now - oldest.since > self._answer_timeout:
            raise exceptions.ConnectionError("no answer to a submit")
        if self._enquired is not None:
            if now - self._enquired > self._answer_timeout:
                raise exceptions.ConnectionError("no answer to enquire_link")
        elif now - self._heard > self._enquire_every:
            self._enquired = now
            with self._writing:
                self._client.send_pdu(smpp.make_pdu("enquire_link", client=self._client))

    def say_goodbye(self) -> None:
        """Unbind without waiting for the answer; raises one of BROKEN."""
        with self._writing:
            if self.open:
                self._client.send_pdu(smpp.make_pdu("unbind", client=self._client))
