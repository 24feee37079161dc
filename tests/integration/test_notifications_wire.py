"""The SMPP connection against a message centre that misbehaves byte by byte."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from chassis.ids import uuid7
from services.notifications import settings
from services.notifications.providers import smpp, smpp_wire
from services.notifications.providers.base import Outgoing, Part, Verdict
from services.notifications.providers.smpp import Smpp

BIND, SUBMIT, DELIVER, ENQUIRE, UNBIND, DATA = 0x09, 0x04, 0x05, 0x15, 0x06, 0x103
ANSWER = 0x80000000


def pdu(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    return struct.pack(">LLLL", 16 + len(body), command, status, sequence) + body


class Centre:
    """One connection of a hand-made message centre: takes the bind, then does as the test says."""

    def __init__(self, listening: socket.socket | None = None) -> None:
        self._listening = listening or socket.create_server(("127.0.0.1", 0))
        self.bind = b""
        self.port = self._listening.getsockname()[1]
        self.connection: socket.socket | None = None

    def take(self) -> None:
        self.connection, _ = self._listening.accept()
        self.connection.settimeout(30)
        command, sequence, self.bind = self.read()
        assert command == BIND
        self.send(pdu(ANSWER | BIND, sequence, b"SANDBOX\0"))

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def read(self) -> tuple[int, int, bytes]:
        header = self._exactly(16)
        length, command, _, sequence = struct.unpack(">LLLL", header)
        return command, sequence, self._exactly(length - 16)

    def _exactly(self, count: int) -> bytes:
        read = b""
        while len(read) < count:
            piece = self.connection.recv(count - len(read))
            if not piece:
                raise EOFError
            read += piece
        return read

    def close(self) -> None:
        for one in (self.connection, self._listening):
            if one is not None:
                one.close()


@pytest.fixture
def centre() -> Iterator[Centre]:
    made = Centre()
    yield made
    made.close()


@pytest.fixture
def impatient(monkeypatch) -> None:
    """Providers that are made from here on lose patience quickly."""
    monkeypatch.setattr(smpp, "ANSWER_TIMEOUT", 0.4)
    monkeypatch.setattr(smpp, "ENQUIRE_EVERY", 0.4)


@pytest.fixture
def provider(centre, monkeypatch) -> Iterator[Smpp]:
    """A provider that is bound to the centre, as patient as it is in earnest: what a busy machine says late is no
    silence."""
    monkeypatch.setattr(smpp_wire, "TICK", 0.1)
    monkeypatch.setattr(smpp, "TICK", 0.1)
    made = Smpp(settings.SmppSettings("127.0.0.1", centre.port, "node", "sample-1"))
    made.room()
    centre.take()
    wait(lambda: made.room())
    yield made
    made.close()


def wait(condition, seconds: float = 30.0) -> None:
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError("it did not come to that in time")


def message(parts: int = 1) -> Outgoing:
    return Outgoing(uuid7(), "+201012345678", tuple(Part(n, 500 + n, b"text", 0) for n in range(1, parts + 1)))


def submitting(provider: Smpp, one: Outgoing) -> tuple[threading.Thread, dict]:
    answers: dict = {}
    thread = threading.Thread(target=lambda: answers.update(provider.submit([one], timedelta(seconds=60))))
    thread.start()
    return thread, answers


def test_an_answer_that_comes_byte_by_byte_is_read_whole(centre, provider):
    one = message()
    thread, answers = submitting(provider, one)
    command, sequence, body = centre.read()
    assert command == SUBMIT
    assert struct.pack(">HHH", 0x0204, 2, 501) in body  # user_message_reference
    for octet in pdu(ANSWER | SUBMIT, sequence, b"abc\0") + pdu(ENQUIRE, 77):
        centre.send(bytes([octet]))
    thread.join(30)
    answer = answers[one.message_id][1]
    assert (answer.verdict, answer.provider_id) == (Verdict.ACCEPTED, "abc")
    assert centre.read()[:2] == (ANSWER | ENQUIRE, 77)


def test_answers_in_another_order_find_their_submits(centre, provider):
    one = message(parts=3)
    thread, answers = submitting(provider, one)
    sequences = [centre.read()[1] for _ in range(3)]
    for number in (3, 1, 2):
        centre.send(pdu(ANSWER | SUBMIT, sequences[number - 1], f"id{number}".encode() + b"\0"))
    thread.join(30)
    assert {n: answer.provider_id for n, answer in answers[one.message_id].items()} == {1: "id1", 2: "id2", 3: "id3"}


def test_an_answer_that_stays_out_ends_the_session_and_leaves_the_part_uncertain(impatient, centre, provider):
    one = message()
    thread, answers = submitting(provider, one)
    while (command := centre.read()[0]) == ENQUIRE:
        pass
    assert command == SUBMIT
    thread.join(30)
    assert answers[one.message_id][1].verdict is Verdict.UNCERTAIN
    with pytest.raises(EOFError):
        while True:
            centre.read()
    assert provider.room() == 0


def test_a_centre_that_is_silent_is_asked_and_left(impatient, centre, provider):
    assert centre.read()[0] == ENQUIRE
    with pytest.raises(EOFError):
        while True:
            assert centre.read()[0] == ENQUIRE


def test_after_a_lost_session_it_binds_again(centre, provider):
    centre.connection.close()
    centre.take()
    wait(lambda: provider.room())


@pytest.mark.parametrize("garbage", [b"\0\0\0\x04", b"\xff\xff\xff\xff", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_bytes_that_are_no_pdu_end_the_session(centre, provider, garbage):
    centre.send(garbage)
    with pytest.raises((EOFError, ConnectionResetError)):
        while True:
            assert centre.read()[0] == ENQUIRE


def receipt(sequence: int) -> bytes:
    text = b"id:abc sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 stat:DELIVRD err:000 text:"
    fixed = b"\0\x01\x01201012345678\0\x05\0Shubbak\0\x04\0\0\0\0\0\0\0\0" + bytes([len(text)]) + text
    tlvs = struct.pack(">HHH", 0x0204, 2, 501) + struct.pack(">HHB", 0x0427, 1, 2)
    unknown = struct.pack(">HH", 0x1400, 3) + b"xyz"  # an operator's own parameter
    return pdu(DELIVER, sequence, fixed + tlvs + unknown)


def test_a_receipt_is_answered_only_when_it_was_kept_and_brings_our_reference_back(centre, provider):
    centre.send(receipt(9) + pdu(ENQUIRE, 10))
    assert centre.read()[:2] == (ANSWER | ENQUIRE, 10)
    (arrival,) = provider.arrivals(10)
    kept = arrival.receipt
    assert (kept.provider_message_id, kept.delivered, kept.reference) == ("abc", True, 501)
    assert kept.address == "+201012345678"
    provider.acknowledge([arrival])
    while (answer := centre.read())[0] == ENQUIRE:
        pass
    assert answer[:2] == (ANSWER | DELIVER, 9)


def test_receipts_beyond_what_may_wait_are_sent_back_for_later(centre, provider, monkeypatch):
    monkeypatch.setattr(smpp, "WAITING_RECEIPTS", 1)
    centre.send(receipt(1) + receipt(2))
    command, sequence, _ = centre.read()
    assert (command, sequence) == (ANSWER | DELIVER, 2)


def test_a_session_that_nobody_uses_is_unbound(centre, provider, monkeypatch):
    monkeypatch.setattr(smpp, "IDLE_UNBIND", 0.1)
    while (command := centre.read()[0]) == ENQUIRE:
        pass
    assert command == UNBIND


def test_closing_says_goodbye(centre, provider):
    provider.close()
    while (command := centre.read()[0]) == ENQUIRE:
        pass
    assert command == UNBIND
    assert provider.room() == 0


def test_a_receipt_may_come_as_data_sm_and_is_answered_as_such(centre, provider):
    fixed = b"\0\x01\x01201012345678\0\x05\0Shubbak\0\x04\0\0"
    tlvs = struct.pack(">HH", 0x001E, 4) + b"abc\0" + struct.pack(">HHB", 0x0427, 1, 2)
    centre.send(pdu(DATA, 21, fixed + tlvs))
    wait(lambda: provider._arrived)
    (arrival,) = provider.arrivals(10)
    assert (arrival.receipt.provider_message_id, arrival.receipt.delivered) == ("abc", True)
    provider.acknowledge([arrival])
    while (answer := centre.read())[0] == ENQUIRE:
        pass
    assert answer[:2] == (ANSWER | DATA, 21)


@pytest.mark.parametrize(
    ("command", "status", "verdict", "reason"),
    [(SUBMIT, 0x58, Verdict.TEMPORARY, "throttled"), (SUBMIT, 0x14, Verdict.TEMPORARY, "queue_full"),
     (SUBMIT, 0x0B, Verdict.PERMANENT, "smpp_0xb"), (SUBMIT, 0x0A, Verdict.TEMPORARY, "smpp_0xa"),
     (SUBMIT, 0x400, Verdict.TEMPORARY, "smpp_0x400"), (0, 0x02, Verdict.TEMPORARY, "smpp_0x3")],
)  # fmt: skip
def test_a_status_that_speaks_of_the_number_is_for_good_and_every_other_for_the_moment(
    centre, provider, command, status, verdict, reason
):
    one = message()
    thread, answers = submitting(provider, one)
    centre.send(pdu(ANSWER | command, centre.read()[1], b"" if command == 0 else b"\0", status))
    thread.join(30)
    answer = answers[one.message_id][1]
    assert (answer.verdict, answer.reason) == (verdict, reason)


def test_a_centre_that_unbinds_is_answered_and_what_it_had_is_uncertain(centre, provider):
    one = message()
    thread, answers = submitting(provider, one)
    assert centre.read()[0] == SUBMIT
    centre.send(pdu(UNBIND, 31))
    while (answer := centre.read())[0] == ENQUIRE:
        pass
    assert answer[:2] == (ANSWER | UNBIND, 31)
    thread.join(30)
    assert answers[one.message_id][1].verdict is Verdict.UNCERTAIN


def test_it_binds_as_version_3_4_as_often_as_the_settings_say_and_sends_over_all(monkeypatch):
    monkeypatch.setattr(smpp_wire, "TICK", 0.1)
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(30)
    made = Smpp(settings.SmppSettings("127.0.0.1", listening.getsockname()[1], "node", "sample-1", window=2, binds=2))
    made.room()
    centres = [Centre(listening), Centre(listening)]
    for one in centres:
        one.take()
    assert all(b"\x34" in one.bind for one in centres)
    wait(lambda: sum(wire is not None and wire.open for wire in made._wires) == 2)
    two = message(parts=2)
    thread, answers = submitting(made, two)
    for one in centres:
        command, sequence, _ = one.read()
        assert command == SUBMIT
        one.send(pdu(ANSWER | SUBMIT, sequence, b"id\0"))
    thread.join(30)
    assert {answer.verdict for answer in answers[two.message_id].values()} == {Verdict.ACCEPTED}
    made.close()
    for one in centres:
        one.connection.close()
    listening.close()
