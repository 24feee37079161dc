"""Signed texts as a QR or a tablet carries them: a form's name and parts in base64url without padding, dots between.

A payload is a JSON array, UTF-8, no spaces. There is one spelling of everything: whatever decodes and does not come to
the same text again is refused, so that nobody holds two texts of one thing.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

MOMENT = "%Y-%m-%dT%H:%M:%SZ"


def packed(fields: Sequence[Any]) -> bytes:
    """The payload of these fields."""
    return json.dumps(list(fields), ensure_ascii=False, separators=(",", ":")).encode()


def unpacked(payload: bytes, size: int) -> list[Any]:
    """The fields of a payload of so many. ValueError for another shape or another spelling."""
    fields = json.loads(payload)
    if not isinstance(fields, list) or len(fields) != size or packed(fields) != payload:
        raise ValueError("another shape")
    return fields


def encode(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes behind `encode`; ValueError for any other text."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if encode(data) != text:
        raise ValueError("not canonical base64url")
    return data


def moment(at: datetime) -> str:
    """An aware moment in whole seconds, UTC."""
    if at.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return at.astimezone(UTC).strftime(MOMENT)


def read_moment(text: str) -> datetime:
    """The moment of `moment`; ValueError for any other spelling."""
    at = datetime.strptime(text, MOMENT).replace(tzinfo=UTC)
    if moment(at) != text:
        raise ValueError("not canonical")
    return at
