"""The key to a citizen's own choices that a message's link carries: which message it was, and a proof that we said so.

Nothing personal stands in it, and it opens one thing only: what the address that this very message went to wishes to
receive. It holds as long as the message's address is kept. Pure.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from uuid import UUID

from chassis.privacy import Privacy

FIELD = "notifications.preference.link"
_PROOF = 16  # bytes of the keyed hash
SAMPLE = "A" * 43  # as long as a key, and none of anybody's


def token(privacy: Privacy, message_id: UUID) -> str:
    """43 characters fit for an address: 16 bytes of the message's id, 16 bytes of proof."""
    raw = message_id.bytes + privacy.lookup(message_id.hex, FIELD)[:_PROOF]
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read(privacy: Privacy, given: str) -> UUID | None:
    """The message that a key speaks of; None unless it is one of ours."""
    if len(given) != 43 or not given.isascii():
        return None
    try:
        raw = base64.b64decode(given + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    message_id = UUID(bytes=raw[:16])
    right = [hmac.compare_digest(raw[16:], one[:_PROOF]) for one in privacy.lookups(message_id.hex, FIELD)]
    return message_id if any(right) else None


def page(public_url: str, language: str, key: str) -> str:
    """Where a citizen chooses."""
    return f"{public_url}/{language}/messages/{key}"


def one_click(public_url: str, language: str, key: str) -> str:
    """Where a mailbox says stop in the citizen's name (RFC 8058): a person who follows it comes to the page."""
    return f"{page(public_url, language, key)}/stop"
