"""Reading a deliver_sm that is no receipt: what a handset wrote back to us."""

from __future__ import annotations

from typing import Any

from services.notifications.providers.base import Inbound

UCS2 = 0x08  # data_coding, SMPP 3.4 section 5.2.19
UDHI = 0x40  # esm_class: a header comes first
LONGEST = 160  # characters that are looked at


def read(pdu: Any) -> Inbound:
    """Number and text. A text in an alphabet that is not known, or in pieces, is read as far as it goes: what is no
    word of ours has no effect."""
    raw = getattr(pdu, "short_message", None) or getattr(pdu, "message_payload", None) or b""
    body = raw if isinstance(raw, bytes) else str(raw).encode("latin-1", "replace")
    if int(pdu.esm_class or 0) & UDHI and body:
        body = body[1 + body[0]:]
    coding = int(getattr(pdu, "data_coding", None) or 0)
    text = body.decode("utf-16-be", "replace") if coding == UCS2 else body.decode("latin-1")
    number = pdu.source_addr.decode("latin-1") if isinstance(pdu.source_addr, bytes) else str(pdu.source_addr or "")
    return Inbound("+" + number.rstrip("\x00").lstrip("+"), text.rstrip("\x00")[:LONGEST])
