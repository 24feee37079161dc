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

BIND, SUBMIT, DELIVER, ENQUIRE, UNBIND = 0x09, 0x04, 0x05, 0x15, 0x06
ANSWER = 0x80000000


def pdu(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    return struct.pack(">LLLL", 16 + len(body), command, status, sequence) + body


class Centre:
    """One connection of a hand-made message centre: takes the bind, then does as the test says."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.connection: socket.socket | None = None

    def take(self) -> None:
        self.connection, _ = self._listening.accept()
        self.connection.settimeout(10)
        command, sequence, _ = self.read()
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
def provider(centre, monkeypatch) -> Iterator[Smpp]:
    """A provider that is bound to the centre, quick to lose patience."""
    monkeypatch.setattr(smpp, "ANSWER_TIMEOUT", 0.4)
    monkeypatch.setattr(smpp, "ENQUIRE_EVERY", 0.4)
    monkeypatch.setattr(smpp_wire, "TICK", 0.1)
    monkeypatch.setattr(smpp, "TICK", 0.1)
    made = Smpp(settings.SmppSettings("127.0.0.1", centre.port, "node", "sample-1"))
    made.room()
    centre.take()
    wait(lambda: made.room())
    yield made
    made.close()


def wait(condition, seconds: float = 10.0) -> None:
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
    thread = threading.Thread(target=lambda: answers.update(provider.submit([one], timedelta(seconds=10))))
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
    thread.join(10)
    answer = answers[one.message_id][1]
    assert (answer.verdict, answer.provider_id) == (Verdict.ACCEPTED, "abc")
    assert centre.read()[:2] == (ANSWER | ENQUIRE, 77)


def test_answers_in_another_order_find_their_submits(centre, provider):
    one = message(parts=3)
    thread, answers = submitting(provider, one)
    sequences = [centre.read()[1] for _ in range(3)]
    for number in (3, 1, 2):
        centre.send(pdu(ANSWER | SUBMIT, sequences[number - 1], f"id{number}".encode() + b"\0"))
    thread.join(10)
    assert {n: answer.provider_id for n, answer in answers[one.message_id].items()} == {1: "id1", 2: "id2", 3: "id3"}


def test_an_answer_that_stays_out_ends_the_session_and_leaves_the_part_uncertain(centre, provider):
    one = message()
    thread, answers = submitting(provider, one)
    assert centre.read()[0] == SUBMIT
    thread.join(10)
    assert answers[one.message_id][1].verdict is Verdict.UNCERTAIN
    with pytest.raises(EOFError):
        while True:
            centre.read()
    assert provider.room() == 0


def test_a_centre_that_is_silent_is_asked_and_left(centre, provider):
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
