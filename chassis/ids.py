"""Identifiers: UUIDv7 inside (sorted by time, so that indexes stay warm)."""

from __future__ import annotations

import uuid

import uuid_utils

# Names of things that already have a natural key (an Idempotency-Key, a service code) become UUIDv5 under this one.
NAMESPACE = uuid.UUID("6f2a1f57-1d5c-5e0e-9a53-0c7f7f3a6c11")


def uuid7() -> uuid.UUID:
    """A new time-ordered identifier (RFC 9562, version 7)."""
    return uuid.UUID(int=uuid_utils.uuid7().int)


def named(*parts: str) -> uuid.UUID:
    """The same identifier for the same parts, everywhere and always (RFC 9562, version 5)."""
    return uuid.uuid5(NAMESPACE, "\x1f".join(parts))
