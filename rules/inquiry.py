"""The check by which the centre lets in whoever knows a request's number and the last four digits of its phone.

It travels with the request's events and names nobody: a keyed hash under a key that all nodes and the centre share and
nobody else has. Without the key the four digits could be tried one after the other; so the key is kept as the keys of
personal data are, and is changed by writing under a new one while the old one still opens.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

_PURPOSE = b"shubbak-inquiry-1\0"


def check(number: str, last4: str, key: bytes) -> str:
    """The check of a tracking number (as it is stored) and four digits, in hexadecimal (HMAC-SHA-256)."""
    return hmac.digest(key, _PURPOSE + f"{number}/{last4}".encode(), hashlib.sha256).hex()


def lets_in(kept: str | None, number: str, last4: str, keys: Iterable[bytes]) -> bool:
    """Whether the numbers are those of a check, under any of the keys. The same work is done where there is none."""
    found = False
    for key in keys:
        found |= hmac.compare_digest(kept or "", check(number, last4, key)) and kept is not None
    return found
