"""The licence's QR: what it says, signed so that anybody can check it without a network, given the public key.

Text in the QR: `SHB1.<payload>.<signature>`, both base64url without padding. The payload is a JSON array in fixed
order [key id, serial, holder, service, unit, valid from, valid until or null], UTF-8, no spaces. The signature is
Ed25519 (RFC 8032) over the bytes of `SHB1.` and the payload. A licence that a tablet released on the spot says `SHB2`
(rules.release); both are proved by the node's public keys alone.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rules import release, signed
from rules.refusal import Refusal, refuse

FORM = "SHB1"
MAX_TEXT = 2000  # characters; a QR code of printable size carries less
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True, slots=True)
class Licence:
    """What a licence's QR says. `service` and `unit` are names as printed; `valid_until` None: without an end.
    `released`: by which device and when, where it was released on the spot."""

    serial: str
    holder: str
    service: str
    unit: str
    valid_from: date
    valid_until: date | None
    key_id: str
    released: release.Released | None = None

    def status(self, today: date) -> str:
        """`valid`, `expired` or `not_yet_valid` on a Cairo date; the last day of validity is still valid."""
        if today < self.valid_from:
            return "not_yet_valid"
        return "expired" if self.valid_until is not None and today > self.valid_until else "valid"


def sign(licence: Licence, key: Ed25519PrivateKey) -> str:
    """The QR's text. The same licence and key always give the same text."""
    payload = _payload(licence)
    return f"{FORM}.{signed.encode(payload)}.{signed.encode(key.sign(_signed(payload)))}"


def verify(qr_text: str, public_keys: Mapping[str, Ed25519PublicKey]) -> Licence:
    """The licence that the text proves. Refuses licence_forged for anything else: another shape, an unknown key, a
    changed letter. Whether it is in force on a day is for `Licence.status`; whether it was since withdrawn, only the
    node knows."""
    if release.is_release(qr_text):
        return _released(qr_text, public_keys)
    parts = qr_text.strip().split(".")
    if len(qr_text) > MAX_TEXT or len(parts) != 3 or parts[0] != FORM:
        raise refuse("licence_forged", "qr")
    try:
        payload, signature = signed.decode(parts[1]), signed.decode(parts[2])
        licence = _read(payload)
        public_keys[licence.key_id].verify(signature, _signed(payload))
    except (ValueError, TypeError, KeyError, InvalidSignature, RecursionError) as error:
        raise refuse("licence_forged", "qr") from error
    return licence


def private_key(text: str) -> Ed25519PrivateKey:
    """The signing key from base64 of its raw 32 bytes (either alphabet). ValueError otherwise."""
    return Ed25519PrivateKey.from_private_bytes(_raw(text))


def public_key(text: str) -> Ed25519PublicKey:
    """The verifying key from base64 of its raw 32 bytes (either alphabet). ValueError otherwise."""
    return Ed25519PublicKey.from_public_bytes(_raw(text))


def public_text(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    """The verifying key as base64 of its raw 32 bytes, to be published."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return base64.b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def private_keyring(text: str) -> tuple[str, Ed25519PrivateKey]:
    """The key in use from `id:base64` pairs, newest first, comma between. ValueError when there is none."""
    key_id, raw = _pairs(text)[0]
    return key_id, private_key(raw)


def public_keyring(text: str) -> dict[str, Ed25519PublicKey]:
    """All verifying keys by id from `id:base64` pairs, comma between: old licences outlive the key in use."""
    return {key_id: public_key(raw) for key_id, raw in _pairs(text)}


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs = []
    for entry in text.split(","):
        key_id, colon, raw = entry.strip().partition(":")
        if not colon or not _KEY_ID.fullmatch(key_id):
            raise ValueError("a keyring is `id:base64`, comma between")
        pairs.append((key_id, raw))
    return pairs


def _raw(text: str) -> bytes:
    raw = base64.b64decode(text.strip().translate(str.maketrans("-_", "+/")) + "=" * (-len(text.strip()) % 4),
                           validate=True)
    if len(raw) != 32:
        raise ValueError("an Ed25519 key has 32 bytes")
    return raw


def _released(qr_text: str, public_keys: Mapping[str, Ed25519PublicKey]) -> Licence:
    try:
        found = release.verify(qr_text, public_keys)
    except Refusal as error:
        raise refuse("licence_forged", "qr") from error
    ticket = found.ticket
    return Licence(ticket.serial, ticket.holder, ticket.service, ticket.unit, ticket.valid_from, ticket.valid_until,
                   ticket.key_id, found)


def _payload(licence: Licence) -> bytes:
    until = licence.valid_until.isoformat() if licence.valid_until else None
    return signed.packed([licence.key_id, licence.serial, licence.holder, licence.service, licence.unit,
                          licence.valid_from.isoformat(), until])


def _read(payload: bytes) -> Licence:
    fields = signed.unpacked(payload, 7)
    if not all(isinstance(one, str) for one in fields[:6]):
        raise ValueError("another shape")
    key_id, serial, holder, service, unit, since, until = fields
    licence = Licence(serial, holder, service, unit, date.fromisoformat(since),
                      None if until is None else date.fromisoformat(until), key_id)
    if _payload(licence) != payload:
        raise ValueError("not canonical")
    return licence


def _signed(payload: bytes) -> bytes:
    return f"{FORM}.".encode() + payload
