"""A tablet's key: the certificate that the node gives it, and what its signature proves."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import device_keys, signed
from rules.device_keys import Certificate
from rules.refusal import Refusal
from tests.support.examples import examples

NODE = Ed25519PrivateKey.from_private_bytes(b"n" * 32)
DEVICE = Ed25519PrivateKey.from_private_bytes(b"d" * 32)
KEY = device_keys.public_text(DEVICE)
KEYS = {"k1": NODE.public_key()}
AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
CERTIFICATE = Certificate("k1", "019b0000-0000-7000-8000-0000000000d1", "EG-C-01", KEY, AT, AT + timedelta(days=180))


def test_the_certificate_says_what_the_node_signed() -> None:
    text = device_keys.certify(CERTIFICATE, NODE)
    assert text.startswith("SHD1.")
    assert device_keys.read(text, KEYS) == CERTIFICATE


@settings(max_examples=examples(200), deadline=None)
@given(place=st.integers(0, len(device_keys.certify(CERTIFICATE, NODE)) - 1),
       letter=st.characters(min_codepoint=33, max_codepoint=126))
def test_no_letter_of_it_can_be_another(place: int, letter: str) -> None:
    text = device_keys.certify(CERTIFICATE, NODE)
    changed = text[:place] + letter + text[place + 1:]
    if changed != text:
        with pytest.raises(Refusal, match="certificate_forged"):
            device_keys.read(changed, KEYS)


@pytest.mark.parametrize("text", ["", "SHD1", "SHD1..", "SHB1.a.b", device_keys.certify(CERTIFICATE, DEVICE)])
def test_what_the_node_did_not_sign_is_none(text: str) -> None:
    with pytest.raises(Refusal, match="certificate_forged"):
        device_keys.read(text, KEYS)


def test_a_ticket_of_the_node_is_no_certificate() -> None:
    payload = signed.packed(["k1", CERTIFICATE.device_id, "EG-C-01", KEY, signed.moment(AT), signed.moment(AT)])
    text = f"SHD1.{signed.encode(payload)}.{signed.encode(NODE.sign(b'SHB2.' + payload))}"
    with pytest.raises(Refusal, match="certificate_forged"):
        device_keys.read(text, KEYS)


@given(text=st.text(max_size=200), other=st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_a_signature_is_of_one_text_and_one_key(text: str, other: str) -> None:
    signature = device_keys.sign(text, DEVICE)
    assert device_keys.genuine(KEY, text, signature)
    assert device_keys.genuine(KEY, other, signature) == (other == text)
    assert not device_keys.genuine(device_keys.public_text(NODE), text, signature)


@pytest.mark.parametrize("signature", ["", "nonsense", "====", "AAAA", base64.b64encode(b"x" * 64).decode(), "ض"])
def test_what_is_no_signature_is_none(signature: str) -> None:
    assert not device_keys.genuine(KEY, "text", signature)


@pytest.mark.parametrize("key", ["", "AAAA", KEY[:-1], KEY + "=", KEY.replace("=", ""), KEY[:-2] + "9=",
                                 base64.urlsafe_b64encode(b"\xff" * 32).decode()])
def test_a_key_has_one_spelling(key: str) -> None:
    with pytest.raises(ValueError):
        device_keys.public_key(key)
    assert not device_keys.genuine(key, "text", device_keys.sign("text", DEVICE))
