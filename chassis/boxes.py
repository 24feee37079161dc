"""Sealed boxes: what only one receiver opens, though it passes through the logs of others (libsodium's crypto_box_seal:
X25519 with a key made for this one box, XSalsa20-Poly1305).

A node's private keys are the setting LINK_BOX_KEY (base64, 32 bytes each, comma between, newest first: an older one
still opens what was sealed before); the centre holds the public ones in LINK_BOXES (`EG-C=base64,EG-SUZ=base64`).
"""

from __future__ import annotations

import base64
import binascii

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from chassis.config import SAMPLE_PREFIX, Mode, Settings, decode_key
from chassis.errors import ConfigurationError


class Sealed(Exception):
    """None of the keys opens it."""


def private_keys(settings: Settings) -> tuple[PrivateKey, ...]:
    """This node's keys, newest first; none where it has none. ConfigurationError for what is no key, and for a sample
    in production."""
    told = settings.env("LINK_BOX_KEY", "") or ""
    if settings.mode is Mode.PRODUCTION and SAMPLE_PREFIX in told:
        raise ConfigurationError("SHUBBAK_LINK_BOX_KEY is a sample; set a secret of your own")
    return tuple(PrivateKey(decode_key(one.strip().rpartition(":")[2])) for one in told.split(",") if one.strip())


def public_keys(settings: Settings) -> dict[str, PublicKey]:
    """The public key of each node that takes sealed boxes."""
    found: dict[str, PublicKey] = {}
    for one in (settings.env("LINK_BOXES", "") or "").split(","):
        if not one.strip():
            continue
        node, _, key = one.strip().partition("=")
        try:
            found[node] = PublicKey(base64.b64decode(key.rpartition(":")[2], validate=True))
        except (binascii.Error, ValueError, TypeError) as error:
            raise ConfigurationError("SHUBBAK_LINK_BOXES must be node=base64 of 32 bytes, comma between") from error
    return found


def public_of(private: PrivateKey) -> str:
    """The public key as LINK_BOXES writes it."""
    return base64.b64encode(bytes(private.public_key)).decode()


def seal(content: bytes, receiver: PublicKey) -> str:
    """A box for one receiver, as base64."""
    return base64.b64encode(SealedBox(receiver).encrypt(content)).decode()


def open_box(sealed: str, keys: tuple[PrivateKey, ...]) -> bytes:
    """What is in a box. Raises Sealed where none of the keys opens it."""
    try:
        box = base64.b64decode(sealed, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Sealed("no base64") from error
    for key in keys:
        try:
            return bytes(SealedBox(key).decrypt(box))
        except CryptoError:
            continue
    raise Sealed("no key opens it")
