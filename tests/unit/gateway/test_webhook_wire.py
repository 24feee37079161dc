"""One attempt over HTTP: every way in which a receiver may answer, break off, dawdle or be somebody else."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rules.webhook_address import networks
from services.gateway.agencies.webhooks import resolve, wire
from services.gateway.agencies.webhooks.resolve import Refused, Unresolved
from services.gateway.agencies.webhooks.wire import MOST_BODY, Wire

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
LOCAL = networks("127.0.0.0/8")


class Peer:
    """Speaks raw bytes: `speak(connection, request)` for each request that is read whole."""

    def __init__(self, speak: Callable[[socket.socket, bytes], None], context: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._speak = speak
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(sock,), daemon=True).start()

    def _talk(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            talking = self._context.wrap_socket(sock, server_side=True) if self._context else sock
            buffer = b""
            while piece := talking.recv(65536):
                buffer += piece
                while (end := buffer.find(b"\r\n\r\n")) >= 0:
                    length = int(buffer[:end].lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                    if len(buffer) < end + 4 + length:
                        break
                    request, buffer = buffer[:end + 4 + length], buffer[end + 4 + length:]
                    self.requests.append(request)
                    self._speak(talking, request)

    def close(self) -> None:
        self._listener.close()


@contextlib.contextmanager
def peer(speak: Callable[[socket.socket, bytes], None], context: ssl.SSLContext | None = None) -> Iterator[Peer]:
    found = Peer(speak, context)
    try:
        yield found
    finally:
        found.close()


def to(found: Peer, *, seconds: float = 5.0, path: str = "/in?a=b") -> Wire:
    return Wire(f"http://127.0.0.1:{found.port}{path}", lambda host, _: host, seconds=seconds)


def say(*pieces: bytes, then_close: bool = False) -> Callable[[socket.socket, bytes], None]:
    def speak(sock: socket.socket, _: bytes) -> None:
        for piece in pieces:
            sock.sendall(piece)
        if then_close:
            sock.shutdown(socket.SHUT_RDWR)

    return speak


def test_it_posts_what_it_is_given() -> None:
    with peer(say(NO_CONTENT)) as found:
        answer = to(found).send({"content-type": "application/json", "webhook-id": "a"}, b'{"a": 1}')
        assert (answer.status, answer.error) == (204, None)
        head, _, body = found.requests[0].partition(b"\r\n\r\n")
        assert head.startswith(b"POST /in?a=b HTTP/1.1\r\nhost: 127.0.0.1:") and body == b'{"a": 1}'
        assert b"\r\nwebhook-id: a" in head and b"\r\ncontent-length: 8" in head


@pytest.mark.parametrize(("told", "status", "body", "kept"), [
    ((NO_CONTENT,), 204, b"", True),
    ((b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", b"ok"), 200, b"ok", True),
    ((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",), 200, b"ok", False),
    ((b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",), 200, b"ok", False),
    ((b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 102 Wait\r\n\r\n" + NO_CONTENT), 204, b"", True),
    ((b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"2;x=y\r\nok\r\n", b"1\r\n!\r\n0\r\n\r\n"),
     200, b"ok!", True),
    ((b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",), 200, b"", False),
    ((b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",), 200, b"", False),
    ((b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok-and-more",), 200, b"ok", False),
    ((b"HTTP/1.1 301 Moved\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",), 301, b"", True),
])  # fmt: skip
def test_an_answer_is_understood_and_its_connection_used_again_where_it_may_be(
    told: tuple[bytes, ...], status: int, body: bytes, kept: bool
) -> None:
    with peer(say(*told)) as found:
        line = to(found)
        for _ in range(2):
            answer = line.send({}, b"{}")
            assert (answer.status, answer.body, answer.error) == (status, body, None)
        assert found.connections == (1 if kept else 2)


def test_a_body_without_end_is_not_read_to_its_end() -> None:
    def flood(sock: socket.socket, _: bytes) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            sock.sendall(b"x" * 65536)

    with peer(flood) as found:
        answer = to(found).send({}, b"{}")
        assert answer.status == 200 and len(answer.body) <= MOST_BODY and answer.seconds < 4.5


@pytest.mark.parametrize(("told", "error"), [
    (b"220 mail.example ESMTP\r\n\r\n", "no answer of HTTP/1.1"), (b"HTTP/1.1 abc\r\n\r\n", "no answer of HTTP/1.1"),
    (b"HTTP/1.1 200 OK\r\ncontent-le", "the answer broke off"), (b"x" * 40_000, "the answer's head is too long"),
])  # fmt: skip
def test_what_is_no_answer_is_said_in_words(told: bytes, error: str) -> None:
    with peer(say(told, then_close=True)) as found:
        answer = to(found).send({}, b"{}")
        assert (answer.status, answer.error) == (None, error)


def test_a_receiver_that_drips_is_given_its_time_as_a_whole() -> None:
    def drip(sock: socket.socket, _: bytes) -> None:
        for letter in b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 100:
            sock.sendall(bytes([letter]))
            time.sleep(0.1)

    with peer(drip) as found:
        answer = to(found, seconds=0.6).send({}, b"{}")
        assert answer.status is None and answer.error == "no answer within 0.6 s" and 0.5 < answer.seconds < 10


def test_a_receiver_that_does_not_read_is_given_its_time_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        line = Wire(f"http://127.0.0.1:{deaf.getsockname()[1]}/", lambda host, _: host, seconds=0.5)
        answer = line.send({}, b"x" * 20_000_000)
        assert answer.error == "no answer within 0.5 s" and answer.seconds < 10


def test_a_connection_that_the_receiver_closed_meanwhile_is_opened_anew() -> None:
    with peer(say(NO_CONTENT, then_close=True)) as found:
        line = to(found)
        assert [line.send({}, b"{}").status for _ in range(3)] == [204, 204, 204]
        assert len(found.requests) == 3


def test_a_receiver_that_closes_without_an_answer_is_asked_once_on_a_new_connection() -> None:
    with peer(lambda sock, _: sock.shutdown(socket.SHUT_RDWR)) as found:
        answer = to(found).send({}, b"{}")
        assert (answer.status, answer.error) == (None, "the connection broke off") and len(found.requests) == 1


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    answer = Wire(f"http://127.0.0.1:{port}/", lambda host, _: host).send({}, b"{}")
    assert answer.status is None and answer.error == "connection refused"


@pytest.mark.parametrize(("told", "waits"), [("120", 120), ("0", 0), ("soon", None), ("-5", None),
                                             ("99999999", 86_400)])  # fmt: skip
def test_a_receiver_may_ask_for_time(told: str, waits: int | None) -> None:
    answer = b"HTTP/1.1 503 Later\r\nretry-after: " + told.encode() + b"\r\ncontent-length: 0\r\n\r\n"
    with peer(say(answer)) as found:
        asked = to(found).send({}, b"{}").retry_after
        assert asked == (None if waits is None else timedelta(seconds=waits))


def test_it_may_ask_by_a_date() -> None:
    at = format_datetime(datetime.datetime.now(UTC) + timedelta(minutes=2), usegmt=True).encode()
    with peer(say(b"HTTP/1.1 429 Slow\r\nretry-after: " + at + b"\r\ncontent-length: 0\r\n\r\n")) as found:
        asked = to(found).send({}, b"{}").retry_after
        assert asked is not None and 60 < asked.total_seconds() <= 120


# -- who is at the other end ------------------------------------------------------------------------------------------


def certificate(folder: Path, name: str, *, days: int = 30) -> ssl.SSLContext:
    """A certificate that vouches for itself, and the context of a server that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256()))  # fmt: skip
    pem = folder / f"{name}{days}.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.authority = pem  # type: ignore[attr-defined]
    return context


@pytest.mark.parametrize(("name", "days", "trusted", "fine"), [
    ("events.example", 30, True, True), ("other.example", 30, True, False), ("events.example", -1, True, False),
    ("events.example", 30, False, False),
])  # fmt: skip
def test_over_tls_only_whom_the_name_belongs_to_is_told_anything(
    tmp_path: Path, name: str, days: int, trusted: bool, fine: bool
) -> None:
    server = certificate(tmp_path, name, days=days)
    ours = ssl.create_default_context(cafile=str(server.authority) if trusted else None)  # type: ignore[attr-defined]
    with peer(say(NO_CONTENT), server) as found:
        line = Wire(f"https://events.example:{found.port}/", lambda *_: "127.0.0.1", context=ours, seconds=5)
        answer = line.send({}, b"{}")
        assert (answer.status == 204) is fine
        assert fine or (not found.requests and str(answer.error).startswith("TLS: "))
        if fine:
            assert line.send({}, b"{}").status == 204 and found.connections == 1


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::1"], ["::ffff:10.1.1.1"],
                                       ["169.254.169.254"]])  # fmt: skip
def test_a_name_is_refused_when_any_of_its_addresses_lies_inside(addresses: list[str]) -> None:
    with pytest.raises(Refused):
        resolve.address_of("events.example", 443, (), lambda *_: addresses)


def test_a_name_is_resolved_once_and_what_was_judged_is_connected_to() -> None:
    asked: list[str] = []

    def look(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with peer(say(NO_CONTENT)) as found:
        line = Wire(f"http://events.example:{found.port}/", lambda host, port: resolve.address_of(
            host, port, LOCAL, look), seconds=5)
        assert line.send({}, b"{}").status == 204 and asked == ["events.example"]
        assert b"\r\nhost: events.example:" in found.requests[0]
        line.close()
        answer = line.send({}, b"{}")  # it answers differently the second time
        assert answer.status is None and answer.error == "address refused: 10.0.0.1 is not public"


def test_a_name_whose_servers_hang_takes_one_thread_and_no_other_name_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    answers = threading.Event()

    def offload(_: object, host: str, *__: object) -> list[tuple[object, ...]]:
        asked.append(host)
        if host == "hangs.example":
            assert answers.wait(60)
        return [(0, 0, 0, "", ("93.184.216.34", 443))]

    monkeypatch.setattr(resolve, "offload", offload)
    threads = [threading.Thread(target=resolve.look_up, args=("hangs.example", 443)) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert list(resolve.look_up("well.example", 443)) == ["93.184.216.34"]
    assert asked.count("hangs.example") <= 1
    answers.set()
    for thread in threads:
        thread.join(60)
    assert asked.count("hangs.example") == 5


def test_a_look_that_takes_too_long_is_no_name_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def offload(*_: object) -> list[tuple[object, ...]]:
        raise TimeoutError

    monkeypatch.setattr(resolve, "offload", offload)
    line = Wire("https://hangs.example/", lambda host, port: resolve.address_of(host, port, ()), seconds=7)
    answer = line.send({}, b"{}")
    assert answer.error == "no answer within 7 s"


def test_a_name_that_nobody_has_is_said_to_be_so() -> None:
    with pytest.raises(Unresolved):
        resolve.address_of("nobody.invalid", 443, ())
    answer = Wire("https://nobody.invalid/", lambda host, port: resolve.address_of(host, port, ())).send({}, b"{}")
    assert answer.error == "the name nobody.invalid has no address"


def test_figures_are_those_of_the_documents() -> None:
    text = (Path(__file__).resolve().parents[3] / "services/gateway/agencies/README.md").read_text(encoding="utf-8")
    assert f"takes {wire.CONNECT_SECONDS:g} s at most" in text and f"`WEBHOOK_SECONDS` ({wire.SECONDS:g})" in text
    assert f"{wire.MOST_BODY // 1024} KB of an answer" in text
