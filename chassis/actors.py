"""Who acts. The gateway signs an actor when it has recognised somebody; every service checks the signature again.

The token is Ed25519 over compact JSON and is reused for a few minutes, so that services may remember the ones they
have verified: a check then costs a dictionary look-up.
"""

from __future__ import annotations

import base64
from collections import OrderedDict
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from rules import roles
from rules.refusal import refuse

LIFETIME = timedelta(minutes=10)
_REMEMBERED = 4096
_OF_PARTNERS = ("scopes", "units")  # told of partners alone


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a public visitor, a payment rail or a service. `id` is an account id, never a name or a number of a
    citizen. `unit` and `department` bound what staff may touch; `scopes` and `units` what a partner's key may, who has
    the permissions of its role only as far as a scope names them."""

    id: str
    kind: str  # staff | citizen | public | partner | rail | provider | system
    roles: tuple[str, ...]
    name: str = ""
    unit: str | None = None
    department: str | None = None
    channel: str | None = None
    session: str | None = None
    scopes: tuple[str, ...] | None = None
    units: tuple[str, ...] | None = None

    def permits(self, permission: str) -> bool:
        """Whether a role of the actor may, and for a partner a scope says so too."""
        return roles.permits(self.roles, permission) and (self.scopes is None or permission in self.scopes)

    def reaches(self, unit: str | None) -> bool:
        """Whether the actor may touch what is this unit's: everybody whom nothing binds to units may."""
        if unit is None or (self.unit is None and self.units is None):
            return True
        return unit == self.unit or unit in (self.units or ())


PUBLIC = Actor(id="public", kind="public", roles=("public",))


def system(service: str) -> Actor:
    """The actor of a service's own timers and subscriptions."""
    return Actor(id=f"service:{service}", kind="system", roles=("system",))


class Signer:
    """Signs actors (gateway only)."""

    def __init__(self, private_key: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(private_key)
        self._kept: OrderedDict[Actor, tuple[datetime, str]] = OrderedDict()

    def sign(self, actor: Actor, now: datetime) -> str:
        """A token good for LIFETIME; the same token is handed out again during its first half."""
        kept = self._kept.get(actor)
        if kept and kept[0] > now:
            return kept[1]
        told = {name: value for name, value in asdict(actor).items() if name not in _OF_PARTNERS or value is not None}
        body = orjson.dumps({**told, "exp": int((now + LIFETIME).timestamp())})
        token = _b64(body) + "." + _b64(self._key.sign(body))
        self._kept[actor] = (now + LIFETIME / 2, token)
        while len(self._kept) > _REMEMBERED:
            self._kept.popitem(last=False)
        return token


class Verifier:
    """Checks actors (every service)."""

    def __init__(self, public_keys: tuple[bytes, ...]) -> None:
        self._keys = [Ed25519PublicKey.from_public_bytes(key) for key in public_keys]
        self._seen: OrderedDict[str, tuple[float, Actor]] = OrderedDict()

    def verify(self, token: str | None, now: datetime) -> Actor:
        """The actor of a token; a missing, forged or expired one is refused `unauthenticated`."""
        if not token:
            raise refuse("unauthenticated")
        seen = self._seen.get(token)
        if seen is None:
            seen = self._check(token)
            self._seen[token] = seen
            while len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        if seen[0] < now.timestamp():
            raise refuse("unauthenticated")
        return seen[1]

    def _check(self, token: str) -> tuple[float, Actor]:
        head, _, tail = token.partition(".")
        try:
            body, signature = _unb64(head), _unb64(tail)
        except ValueError:
            raise refuse("unauthenticated") from None
        if not any(_signed(key, signature, body) for key in self._keys):
            raise refuse("unauthenticated")
        fields = orjson.loads(body)
        expires = float(fields.pop("exp"))
        lists = {name: tuple(fields[name]) for name in ("roles", *_OF_PARTNERS) if fields.get(name) is not None}
        return expires, Actor(**{**fields, **lists})


def public_key_of(private_key: bytes) -> bytes:
    """The raw public key of a raw private key (32 bytes each)."""
    return Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def _signed(key: Ed25519PublicKey, signature: bytes, body: bytes) -> bool:
    try:
        key.verify(signature, body)
    except InvalidSignature:
        return False
    return True


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
