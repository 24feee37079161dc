"""From a message's text to the bytes that go out: SMS parts with their joining header, or one MIME message.

The same row always packs into the same bytes, references and Message-ID, so that a part sent again after a lost answer
is recognisable as the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any, Protocol

from rules import sms
from services.notifications.providers.base import Part

GSM7_CODING, UCS2_CODING = 0x00, 0x08  # data_coding, SMPP 3.4 section 5.2.19
ESCAPE = 0x1B

# 3GPP TS 23.038: the basic alphabet by code, and what follows the escape. One septet an octet, as SMPP carries it.
_BASIC = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
          "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
_GSM: dict[str, bytes] = {char: bytes([code]) for code, char in enumerate(_BASIC) if code != ESCAPE}
_GSM |= {char: bytes([ESCAPE, code]) for code, char in
         {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|",
          0x65: "€"}.items()}


class Pack(Protocol):
    """Makes the parts of a message from its row, its opened address and its opened content."""

    def __call__(self, row: Any, address: str, content: Mapping[str, str]) -> list[Part]: ...


def pack_sms(row: Any, address: str, content: Mapping[str, str]) -> list[Part]:
    """SMS parts. Both references come from the row's serial: 8 bits join the parts on the handset (3GPP TS 23.040,
    9.2.3.24.1), 16 bits come back in a receipt (user_message_reference)."""
    cut = sms.segments(content["text"])
    coding = UCS2_CODING if cut.encoding == sms.UCS2 else GSM7_CODING
    parts: list[Part] = []
    for number, text in enumerate(cut.parts, start=1):
        header = bytes([5, 0, 3, row.serial % 256, cut.count, number]) if cut.count > 1 else b""
        parts.append(Part(number, (row.serial * 16 + number) % 65_536, header + _encode(text, coding), coding,
                          bool(header)))
    return parts


def pack_email(sender: str) -> Pack:
    """A packer of e-mails from this sender. `Message-ID` and `Date` belong to the message, not to the attempt."""
    domain = parseaddr(sender)[1].rpartition("@")[2]

    def pack(row: Any, address: str, content: Mapping[str, str]) -> list[Part]:
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"] = sender
        mail["To"] = address
        mail["Subject"] = content["subject"]  # the policy refuses a line break here
        mail["Date"] = format_datetime(row.created_at)
        mail["Message-ID"] = message_id(row.id, domain)
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice comes back
        mail["Content-Language"] = row.language
        mail.set_content(content["plain"], subtype="plain", charset="utf-8", cte="base64")
        mail.add_alternative(content["html"], subtype="html", charset="utf-8", cte="base64")
        # A boundary made of the id keeps the bytes equal on every attempt.
        mail.set_boundary(f"=_{row.id.hex}")
        return [Part(1, 0, mail.as_bytes())]

    return pack


def message_id(identity: Any, domain: str) -> str:
    return f"<{identity}@{domain}>"


def _encode(text: str, coding: int) -> bytes:
    return text.encode("utf-16-be") if coding == UCS2_CODING else b"".join(_GSM[char] for char in text)
