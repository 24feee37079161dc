"""Personal data at rest: sealed field by field, found by keyed hash.

Sealing is AES-256-GCM with a random 96-bit nonce; the field's name is authenticated with it, so that a sealed phone
cannot be moved into another column. In text it is `v1.<base64url>`, where the bytes begin with the key's id. The first
key of a ring seals, all open: rotation is adding a key in front and sealing anew. Exact look-up is HMAC-SHA256 under a
key of the node that stays outside the database and never enters an event. While a new look-up key is laid under
everything (`python -m chassis rekey`), two are configured: a column of one hash is written under the newest and
compared with all; rows that are looked for in an index are written under all and looked for under the oldest, which is
the one under which all of them are there.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class CannotOpen(Exception):
    """A sealed value does not open: wrong ring or field, unknown key, or altered."""


class Privacy:
    """The keyrings of one service. `store` is the service's own; `contact` is shared by those who may reach a
    citizen."""

    def __init__(self, rings: Mapping[str, Mapping[str, bytes]], lookup_key: bytes | Sequence[bytes]) -> None:
        self._rings = {name: {key_id: AESGCM(key) for key_id, key in ring.items()} for name, ring in rings.items()}
        self._newest = {name: next(iter(ring)) for name, ring in rings.items() if ring}
        self._lookup_keys = (lookup_key,) if isinstance(lookup_key, bytes) else tuple(lookup_key)

    def seal_bytes(self, plain: bytes, *, ring: str = "store", field: str) -> bytes:
        """Sealed bytes for a column: key id length, key id, nonce, ciphertext."""
        key_id = self._key_id(ring)
        nonce = os.urandom(_NONCE)
        sealed = self._rings[ring][key_id].encrypt(nonce, plain, field.encode())
        name = key_id.encode()
        return bytes([len(name)]) + name + nonce + sealed

    def open_bytes(self, sealed: bytes, *, ring: str = "store", field: str) -> bytes:
        """The plain bytes again, or CannotOpen."""
        length = sealed[0] if sealed else 0
        key = self._rings.get(ring, {}).get(sealed[1 : 1 + length].decode("ascii", "replace"))
        if key is None:
            raise CannotOpen(f"no key for a value of ring {ring}")
        body = sealed[1 + length :]
        try:
            return key.decrypt(body[:_NONCE], body[_NONCE:], field.encode())
        except (InvalidTag, ValueError) as error:  # ValueError: too short to hold a nonce
            raise CannotOpen(f"a value of {field} does not open") from error

    def seal(self, text: str, *, ring: str = "store", field: str) -> str:
        """A sealed string, fit for JSON, a text column and an event."""
        raw = self.seal_bytes(text.encode(), ring=ring, field=field)
        return "v1." + base64.urlsafe_b64encode(raw).decode().rstrip("=")

    def open(self, sealed: str, *, ring: str = "store", field: str) -> str:
        """The text again, or CannotOpen."""
        version, _, body = sealed.partition(".")
        if version != "v1":
            raise CannotOpen("not a sealed value")
        try:
            raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        except ValueError as error:
            raise CannotOpen("not a sealed value") from error
        return self.open_bytes(raw, ring=ring, field=field).decode()

    def key_of(self, sealed: bytes) -> str:
        """The id of the key that sealed these bytes, for rotation."""
        return sealed[1 : 1 + sealed[0]].decode()

    def newest(self, ring: str) -> str:
        return self._key_id(ring)

    def key_ids(self, ring: str) -> tuple[str, ...]:
        """The ids of a ring's keys, newest first; none when the service does not hold the ring."""
        return tuple(self._rings.get(ring, {}))

    def lookup(self, value: str, field: str) -> bytes:
        """The keyed hash by which an equal value of the same field is found again (32 bytes), under the newest key."""
        return _keyed(self._lookup_keys[0], value, field)

    def lookups(self, value: str, field: str) -> tuple[bytes, ...]:
        """The hash under every configured key, newest first: one, except while a new key is laid under everything."""
        return tuple(_keyed(key, value, field) for key in self._lookup_keys)

    def lookup_settled(self, value: str, field: str) -> bytes:
        """The hash under the oldest configured key: the one under which an index of hashes is complete."""
        return _keyed(self._lookup_keys[-1], value, field)

    def known(self, kept: bytes, value: str, field: str) -> bool:
        """Whether a kept hash is this value's, under whichever key; in the same time for right and wrong."""
        found = [hmac.compare_digest(kept, one) for one in self.lookups(value, field)]
        return any(found)

    @property
    def lookup_generation(self) -> bytes:
        """What stands for the configured look-up keys, in their order, and tells nothing of them."""
        return hashlib.sha256(b"".join((b"shubbak-lookup-keys", *self._lookup_keys))).digest()[:16]

    def _key_id(self, ring: str) -> str:
        try:
            return self._newest[ring]
        except KeyError:
            raise CannotOpen(f"this service holds no key of ring {ring}") from None


def _keyed(key: bytes, value: str, field: str) -> bytes:
    return hmac.new(key, field.encode() + b"\x00" + value.encode(), hashlib.sha256).digest()
