"""E-mail to a real SMTP server: grouped commands, several connections, TLS, and faults in the middle of a batch."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chassis.ids import uuid7
from infra.peers.client import Peers
from services.notifications.providers.base import Answer, Outgoing, Part, Verdict
from services.notifications.providers.smtp import Smtp
from services.notifications.providers.smtp_line import Line
from services.notifications.settings import SmtpSettings

CALM = {"answer": None, "times": -1, "at": "data", "drop": False, "down": False, "pipelining": True, "delay_ms": 0}
SENDER = "no-reply@cairo.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> tuple[str, str]:
    """A certificate for the loopback that signs itself, and its key."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                           serialization.NoEncryption()))  # fmt: skip
    return str(paths[0]), str(paths[1])


@pytest.fixture(scope="module")
def running() -> Iterator[Peers]:
    with Peers.running() as peers:
        yield peers


@pytest.fixture
def peers(running) -> Peers:
    running.control(smtp=CALM)
    running.forget()
    return running


@pytest.fixture
def relay(peers) -> Iterator[Smtp]:
    made = Smtp(SmtpSettings("127.0.0.1", peers.smtp, SENDER, timeout=20))
    yield made
    made.close()


def letters(*addresses: str) -> list[Outgoing]:
    return [Outgoing(one, to, (Part(1, 0, f"To: {to}\r\nMessage-ID: <{one}>\r\n\r\n.dot\r\nbody {to}\r\n".encode()),))
            for to in addresses for one in [uuid7()]]


def send(relay: Smtp, batch: list[Outgoing]) -> list[Answer]:
    outcomes = relay.submit(batch, timedelta(seconds=30))
    return [outcomes[one.message_id][1] for one in batch]


def verdicts(relay: Smtp, *addresses: str) -> list[Verdict]:
    return [answer.verdict for answer in send(relay, letters(*addresses))]


def many(count: int) -> list[str]:
    return [f"c{number}@example.org" for number in range(count)]


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_batch_arrives_whole_with_and_without_grouped_commands(peers, relay, pipelining):
    peers.control(smtp={"pipelining": pipelining})
    assert set(verdicts(relay, *many(50))) == {Verdict.ACCEPTED}
    arrived = peers.mail()
    assert sorted(one["to"][0] for one in arrived) == sorted(many(50))
    assert all(one["text"].startswith(".dot") for one in arrived)


def test_grouped_commands_cost_one_round_trip_a_message(peers, monkeypatch):
    """Counted as turns of the conversation: how often it waits for the server after it has written."""
    line = Line(SmtpSettings("127.0.0.1", peers.smtp, SENDER, timeout=20), ssl.create_default_context())
    assert line.grouped
    turns: list[str] = []
    write, read = line._write, line._read
    monkeypatch.setattr(line, "_write", lambda data: (turns.append("w"), write(data)))
    monkeypatch.setattr(line, "_read", lambda: (turns.append("r"), read())[1])
    batch = [(one.address, one.parts[0].payload) for one in letters(*many(20))]
    assert {answer.verdict for answer in line.send(SENDER, batch, 1e12).answers} == {Verdict.ACCEPTED}
    assert turns.count("w") == 21
    line.goodbye()


def test_a_large_batch_goes_over_several_connections_at_once(peers, relay):
    peers.control(smtp={"delay_ms": 50})
    before = peers.get("/mail")["connections"]
    assert set(verdicts(relay, *many(80))) == {Verdict.ACCEPTED}
    assert peers.get("/mail")["connections"] - before == 4
    assert set(verdicts(relay, *many(80))) == {Verdict.ACCEPTED}
    assert peers.get("/mail")["connections"] - before == 4  # they are kept


@pytest.mark.parametrize("pipelining", [True, False])
def test_one_that_is_refused_takes_no_other_with_it(peers, relay, pipelining):
    peers.control(smtp={"pipelining": pipelining})
    assert verdicts(relay, "a@example.org", "refused@sample.example", "b@example.org") == [
        Verdict.ACCEPTED, Verdict.PERMANENT, Verdict.ACCEPTED]  # fmt: skip
    assert [one["to"] for one in peers.mail()] == [["a@example.org"], ["b@example.org"]]


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_line_that_is_cut_after_a_message_leaves_that_one_uncertain_and_the_rest_untouched(peers, relay, pipelining):
    peers.control(smtp={"pipelining": pipelining})
    answers = send(relay, letters("a@example.org", "no_answer@sample.example", "b@example.org"))
    assert [one.verdict for one in answers] == [Verdict.ACCEPTED, Verdict.UNCERTAIN, Verdict.HELD]
    assert relay.away
    assert [one["to"] for one in peers.mail()] == [["a@example.org"], ["no_answer@sample.example"]]


def test_a_refusal_for_the_moment_is_temporary_and_the_next_try_is_taken(peers, relay):
    batch = letters("failed_then_delivered@sample.example")
    assert [one.verdict for one in send(relay, batch)] == [Verdict.TEMPORARY]
    assert [one.verdict for one in send(relay, batch)] == [Verdict.ACCEPTED]


def test_a_server_that_is_not_there_is_away_and_gives_no_room(peers):
    relay = Smtp(SmtpSettings("127.0.0.1", peers.smtp, SENDER, timeout=20))
    peers.control(smtp={"down": True})
    assert relay.room() == 0
    assert relay.away
    assert verdicts(relay, "a@example.org") == [Verdict.HELD]


def test_starttls_is_used_when_offered_and_a_certificate_that_nobody_vouches_for_ends_it(certificate):
    with Peers.running(tls=certificate) as secured:
        trusting = Smtp(SmtpSettings("127.0.0.1", secured.smtp, SENDER, timeout=20, tls_required=True,
                                     ca=certificate[0]))
        assert verdicts(trusting, "a@example.org", "b@example.org") == [Verdict.ACCEPTED] * 2
        trusting.close()
        wary = Smtp(SmtpSettings("127.0.0.1", secured.smtp, SENDER, timeout=20))
        assert verdicts(wary, "c@example.org") == [Verdict.HELD]
        assert len(secured.mail()) == 2


def test_without_starttls_nothing_goes_out_where_the_settings_demand_it(peers):
    relay = Smtp(SmtpSettings("127.0.0.1", peers.smtp, SENDER, timeout=20, tls_required=True))
    assert verdicts(relay, "a@example.org") == [Verdict.HELD]
    assert peers.mail() == []
