"""A tablet's key and what the node says of it.

The key is made on the tablet and never leaves it; the node knows its public half and certifies it:
`SHD1.<payload>.<signature>`, payload [key id, device id, unit, device public key, valid from, valid until], signed by
the node's licence key over the bytes of `SHD1.` and the payload. Whoever registers a device shows that the tablet holds
the key: the tablet signs `SHD1.register`, the unit and the public key, a line each.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rules import signed
from rules.refusal import refuse

FORM = "SHD1"
_KEY = re.compile(r"[A-Za-z0-9+/]{43}=")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the node says of a device; moments in whole seconds."""

    key_id: str
    device_id: str
    unit: str
    device_key: str
    valid_from: datetime
    valid_until: datetime


def certify(certificate: Certificate, key: Ed25519PrivateKey) -> str:
    """The certificate's text."""
    payload = _payload(certificate)
    return f"{FORM}.{signed.encode(payload)}.{signed.encode(key.sign(_signed(payload)))}"


def read(text: str, public_keys: Mapping[str, Ed25519PublicKey]) -> Certificate:
    """The certificate that the text proves, whether in force or not. Refuses certificate_forged."""
    try:
        form, body, signature = text.strip().split(".")
        payload = signed.decode(body)
        fields = signed.unpacked(payload, 6)
        if form != FORM or not all(isinstance(one, str) for one in fields):
            raise ValueError("another shape")
        key_id, device_id, unit, device_key, since, until = fields
        found = Certificate(key_id, device_id, unit, device_key, signed.read_moment(since), signed.read_moment(until))
        public_key(found.device_key)
        public_keys[found.key_id].verify(signed.decode(signature), _signed(payload))
    except (ValueError, TypeError, KeyError, InvalidSignature, RecursionError) as error:
        raise refuse("certificate_forged", "certificate") from error
    return found


def public_key(text: str) -> Ed25519PublicKey:
    """The device's key from the one spelling of its raw 32 bytes in base64. ValueError otherwise."""
    if not _KEY.fullmatch(text):
        raise ValueError("an Ed25519 key is 32 bytes in base64")
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("not canonical base64")
    return Ed25519PublicKey.from_public_bytes(raw)


def public_text(key: Ed25519PrivateKey) -> str:
    """The public half as it is registered."""
    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def registration(unit: str, device_key: str) -> str:
    """What the tablet signs to show that it holds the key."""
    return f"{FORM}.register\n{unit}\n{device_key}"


def contact(device_key: str, at: str, wiped: Sequence[int] | None) -> str:
    """What a device signs when it makes itself known: its key, its own time, and, once it emptied itself, `wiped` and
    the numbers of what it had not uploaded, comma between; a line each."""
    emptied = "" if wiped is None else "wiped " + ",".join(str(one) for one in wiped)
    return f"{FORM}.contact\n{device_key}\n{at}\n{emptied}"


def sign(text: str, key: Ed25519PrivateKey) -> str:
    """The device's signature over the UTF-8 bytes of a text, in base64."""
    return base64.b64encode(key.sign(text.encode())).decode()


def genuine(device_key: str, text: str, signature: str) -> bool:
    """Whether the signature (base64) over the UTF-8 bytes of the text is that of the key. Never raises."""
    try:
        public_key(device_key).verify(base64.b64decode(signature, validate=True), text.encode())
    except (ValueError, InvalidSignature):
        return False
    return True


def _signed(payload: bytes) -> bytes:
    return f"{FORM}.".encode() + payload


def _payload(certificate: Certificate) -> bytes:
    return signed.packed([
        certificate.key_id, certificate.device_id, certificate.unit, certificate.device_key,
        signed.moment(certificate.valid_from), signed.moment(certificate.valid_until)])  # fmt: skip
