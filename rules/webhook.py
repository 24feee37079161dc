"""Webhooks: what is signed, when a failed delivery is tried again, when a receiver is left alone.

The signature is that of the Standard Webhooks specification (https://www.standardwebhooks.com, 1.0.0), for which
receivers find libraries in every language: headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, over
`id.timestamp.body`; `v1` is HMAC-SHA-256, `v1a` Ed25519. While a secret is being replaced both sign, a space between.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SECRET, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
"""How a shared secret, a private and a public key begin."""
SECRET_BYTES, LEAST_BYTES = 32, 24
TOLERANCE = timedelta(minutes=5)
"""How far a receiver may let a timestamp lie from its own clock: what is older may be somebody's repetition."""
GIVE_UP = timedelta(hours=72)
OVERLAP = timedelta(hours=24)
"""How long a former secret signs beside the new one, unless another time is said."""
TRIPS_AT = 5
"""Failures of a receiver in a row after which it is left alone for a while."""

# The first pauses are short, for a receiver that restarts; the last one is repeated.
_PAUSES = (5, 15, 60, 300, 900, 1800, 3600, 7200, 14400)
_SPREAD = 0.2
_OPEN = (5, 10, 20, 40, 80, 160, 300)
_LONGEST_ASKED = timedelta(hours=1)


def secret_text(raw: bytes) -> str:
    """A shared secret as both sides keep it: `whsec_` and base64. 24 to 64 bytes, else ValueError."""
    if not LEAST_BYTES <= len(raw) <= 64:
        raise ValueError("a secret has 24 to 64 bytes")
    return SECRET + base64.b64encode(raw).decode()


def private_text(raw: bytes) -> str:
    """A private Ed25519 key as it is kept: `whsk_` and base64 of its 32 bytes."""
    return PRIVATE + base64.b64encode(raw).decode()


def public_text(private: str) -> str:
    """The public key of a private one, as receivers take it: `whpk_` and base64."""
    key = Ed25519PrivateKey.from_private_bytes(_raw(private, PRIVATE))
    return PUBLIC + base64.b64encode(key.public_key().public_bytes_raw()).decode()


class Signer:
    """Signs with one or more secrets, the newest first, each a `whsec_` or a `whsk_`; ValueError for anything else.
    Their keys are decoded once: a delivery costs the signature and nothing besides."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._shared = [_raw(one, SECRET) for one in secrets if one.startswith(SECRET)]
        self._private = [Ed25519PrivateKey.from_private_bytes(_raw(one, PRIVATE)) for one in secrets
                         if one.startswith(PRIVATE)]  # fmt: skip
        if len(self._shared) + len(self._private) != len(secrets):
            raise ValueError("neither a shared secret nor a private key")
        if any(len(one) < LEAST_BYTES for one in self._shared):
            raise ValueError("a secret that is too short")

    def headers(self, message_id: str, at: int, body: bytes) -> dict[str, str]:
        """The three headers of a delivery; `at` is the moment of this attempt in whole seconds since 1970."""
        text = b"%s.%d.%s" % (message_id.encode(), at, body)
        signatures = ["v1," + base64.b64encode(hmac.digest(key, text, "sha256")).decode() for key in self._shared]
        signatures += ["v1a," + base64.b64encode(key.sign(text)).decode() for key in self._private]
        return {"webhook-id": message_id, "webhook-timestamp": str(at), "webhook-signature": " ".join(signatures)}


def genuine(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:
    """Whether a delivery is what a holder of this secret signed lately: what a receiver asks. `secret` is a shared
    secret or a public key; header names are small letters."""
    try:
        at = int(headers["webhook-timestamp"])
        text = b"%s.%d.%s" % (headers["webhook-id"].encode(), at, body)
        given = headers["webhook-signature"].split()
    except (KeyError, ValueError):
        return False
    if abs(now.timestamp() - at) > TOLERANCE.total_seconds():
        return False
    return any(_holds(one, text, secret) for one in given)


def _holds(signature: str, text: bytes, secret: str) -> bool:
    version, _, encoded = signature.partition(",")
    try:
        told = base64.b64decode(encoded, validate=True)
        if version == "v1" and secret.startswith(SECRET):
            return hmac.compare_digest(hmac.new(_raw(secret, SECRET), text, hashlib.sha256).digest(), told)
        if version == "v1a" and secret.startswith(PUBLIC):
            Ed25519PublicKey.from_public_bytes(_raw(secret, PUBLIC)).verify(told, text)
            return True
    except (InvalidSignature, ValueError):
        return False
    return False


def _raw(text: str, prefix: str) -> bytes:
    if not text.startswith(prefix):
        raise ValueError(f"it does not begin with {prefix}")
    try:
        return base64.b64decode(text.removeprefix(prefix), validate=True)
    except binascii.Error as error:
        raise ValueError("it is not base64") from error


# -- what an answer means, and when it is tried again ----------------------------------------------------------------

Meaning = Literal["taken", "gone", "later", "refused"]


def meaning(status: int | None) -> Meaning:
    """What the answer to a delivery means. `taken`: any 2xx. `gone`: 410, the receiver wants nothing more, as both
    Standard Webhooks and CloudEvents have it. `later`: no answer (None), 408, 425, 429 or 5xx: the receiver as a whole
    does badly. `refused`: everything else, a redirect among it, since none is followed: something about this event, or
    how the receiver is set up. The last two are tried again."""
    if status is None or status in (408, 425, 429) or status >= 500:
        return "later"
    if 200 <= status < 300:
        return "taken"
    return "gone" if status == 410 else "refused"


def next_attempt(first_at: datetime, now: datetime, attempts: int, luck: float,
                 asked: timedelta | None = None) -> datetime | None:
    """When a delivery that failed `attempts` times is tried again: after 5 s, 15 s, 1, 5, 15, 30 minutes, 1, 2, and
    then every 4 hours, a fifth more or less by `luck` (0 to 1), so that not all come at once; never before the receiver
    asked (Retry-After, an hour at most). None when 72 hours from the first attempt are over: it is a dead letter.
    The last attempt lies at their very end."""
    ends = first_at + GIVE_UP
    if now >= ends:
        return None
    pause = timedelta(seconds=_PAUSES[min(attempts, len(_PAUSES)) - 1] * (1 + _SPREAD * (2 * luck - 1)))
    if asked is not None:
        pause = max(pause, min(asked, _LONGEST_ASKED))
    return min(now + pause, ends)


@dataclass(frozen=True, slots=True)
class Circuit:
    """How a receiver does as a whole. `failures` in a row; from `TRIPS_AT` on it is open until a moment, after which
    one single delivery is tried: it closes the circuit, or opens it for longer."""

    failures: int = 0
    open_until: datetime | None = None

    def lets(self, now: datetime) -> Literal["all", "one", "none"]:
        """How many deliveries may go to the receiver now."""
        if self.open_until is None:
            return "all"
        return "none" if now < self.open_until else "one"

    def after(self, succeeded: bool, now: datetime) -> Circuit:
        """The circuit after an attempt that reached its end."""
        if succeeded:
            return Circuit()
        failures = self.failures + 1
        if failures < TRIPS_AT:
            return Circuit(failures)
        if self.open_until is not None and now < self.open_until:
            return Circuit(failures, self.open_until)  # others were still under way when it opened
        times = 0 if self.open_until is None else self._times() + 1
        pause = _OPEN[min(times, len(_OPEN) - 1)]
        return Circuit(TRIPS_AT + times, now + timedelta(seconds=pause))

    def _times(self) -> int:
        return max(self.failures - TRIPS_AT, 0)
