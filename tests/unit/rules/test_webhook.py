"""Signatures by Standard Webhooks, pauses between attempts, and the circuit of a receiver."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import webhook
from rules.webhook import Circuit, Signer, genuine, meaning, next_attempt

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
SECRET = webhook.secret_text(b"s" * 32)
OTHER = webhook.secret_text(b"o" * 32)
PRIVATE = webhook.private_text(b"k" * 32)


def test_the_known_answer_of_the_specification() -> None:
    """The example of Svix's manual, whose secret and signature the libraries of Standard Webhooks are tested with."""
    told = Signer(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]).headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert told == {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
                    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}  # fmt: skip


@given(st.binary(max_size=200), st.sampled_from([(SECRET, SECRET), (PRIVATE, webhook.public_text(PRIVATE))]))
def test_what_was_signed_is_genuine_and_anything_else_is_not(body: bytes, keys: tuple[str, str]) -> None:
    signing, checking = keys
    told = Signer([signing]).headers("an-id", AT, body)
    assert genuine(told, body, checking, NOW)
    assert not genuine(told, body + b"!", checking, NOW)
    assert not genuine({**told, "webhook-id": "another"}, body, checking, NOW)
    assert not genuine({**told, "webhook-timestamp": str(AT + 1)}, body, checking, NOW)
    assert not genuine(told, body, OTHER, NOW)
    assert not genuine(told, body, webhook.public_text(webhook.private_text(b"x" * 32)), NOW)


def test_an_old_one_is_somebodys_repetition() -> None:
    told = Signer([SECRET]).headers("an-id", AT, b"{}")
    assert genuine(told, b"{}", SECRET, NOW + webhook.TOLERANCE)
    assert not genuine(told, b"{}", SECRET, NOW + webhook.TOLERANCE + timedelta(seconds=1))
    assert not genuine(told, b"{}", SECRET, NOW - webhook.TOLERANCE - timedelta(seconds=1))


@pytest.mark.parametrize("broken", [{}, {"webhook-id": "a"}, {"webhook-id": "a", "webhook-timestamp": "soon",
                                                              "webhook-signature": "v1,YQ=="},
                                    {"webhook-id": "a", "webhook-timestamp": str(AT), "webhook-signature": "v1"},
                                    {"webhook-id": "a", "webhook-timestamp": str(AT), "webhook-signature": "v1a,???"}])
def test_what_is_no_signature_at_all_is_not_genuine(broken: dict[str, str]) -> None:
    for secret in (SECRET, webhook.public_text(PRIVATE)):
        assert not genuine(broken, b"{}", secret, NOW)


def test_during_a_rotation_either_secret_is_enough() -> None:
    told = Signer([SECRET, OTHER, PRIVATE]).headers("an-id", AT, b"{}")
    assert [one.partition(",")[0] for one in told["webhook-signature"].split()] == ["v1", "v1", "v1a"]
    assert all(genuine(told, b"{}", one, NOW) for one in (SECRET, OTHER, webhook.public_text(PRIVATE)))


@pytest.mark.parametrize("wrong", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_%%%", "whsk_c2hvcnQ=", "secret",
                                   "whpk_" + base64.b64encode(b"k" * 32).decode()])  # fmt: skip
def test_what_is_no_secret_signs_nothing(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Signer([wrong])


@pytest.mark.parametrize(("status", "what"), [
    (200, "taken"), (202, "taken"), (204, "taken"), (299, "taken"), (301, "refused"), (302, "refused"),
    (400, "refused"), (401, "refused"), (404, "refused"), (410, "gone"), (408, "later"), (425, "later"),
    (429, "later"), (500, "later"), (503, "later"), (None, "later"), (600, "later"),
])  # fmt: skip
def test_what_an_answer_means(status: int | None, what: str) -> None:
    assert meaning(status) == what


@given(st.floats(0, 1))
def test_attempts_come_ever_later_and_end_at_72_hours(luck: float) -> None:
    at, attempts, pauses = NOW, 1, []
    while (following := next_attempt(NOW, at, attempts, luck)) is not None:
        pauses.append(following - at)
        at, attempts = following, attempts + 1
        assert attempts < 60
    assert at == NOW + webhook.GIVE_UP
    assert pauses[:-1] == sorted(pauses[:-1]) and timedelta(seconds=4) <= pauses[0] <= timedelta(seconds=6)
    assert 20 <= len(pauses) <= 35


def test_a_receiver_that_asks_for_time_gets_it_up_to_an_hour() -> None:
    for asked, given_ in ((1, 5), (120, 120), (86_400, 3600)):
        found = next_attempt(NOW, NOW, 1, 0.5, timedelta(seconds=asked))
        assert found == NOW + timedelta(seconds=given_)


def test_five_failures_in_a_row_open_the_circuit_and_one_try_at_a_time_closes_it() -> None:
    circuit = Circuit()
    for _ in range(webhook.TRIPS_AT - 1):
        circuit = circuit.after(False, NOW)
        assert circuit.lets(NOW) == "all"
    circuit = circuit.after(False, NOW)
    assert circuit.lets(NOW) == "none" and circuit.open_until == NOW + timedelta(seconds=5)
    assert circuit.after(False, NOW).open_until == circuit.open_until, "others were still under way"
    at, pauses = NOW, []
    for _ in range(10):
        at = circuit.open_until or at
        assert circuit.lets(at) == "one"
        circuit = circuit.after(False, at)
        pauses.append(((circuit.open_until or at) - at).total_seconds())
    assert pauses == sorted(pauses) and pauses[0] == 10 and pauses[-1] == 300
    assert circuit.after(True, at) == Circuit()


def test_a_success_between_failures_keeps_it_closed() -> None:
    circuit = Circuit()
    for number in range(50):
        circuit = circuit.after(number % webhook.TRIPS_AT == 0, NOW)
        assert circuit.lets(NOW) == "all"
