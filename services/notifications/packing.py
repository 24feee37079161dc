"""From a message's text to the bytes that go out: SMS parts with their joining header, or one MIME message.

The same row always packs into the same bytes, references and Message-ID, so that a part sent again after a lost answer
is recognisable as the same.
"""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode, encodebytes
from collections.abc import Mapping
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any, Protocol

from rules import sms
from services.notifications.providers.base import Part
from services.notifications.settings_providers import Senders

GSM7_CODING, UCS2_CODING = 0x00, 0x08  # data_coding, SMPP 3.4 section 5.2.19
ESCAPE = 0x1B

# 3GPP TS 23.038: the basic alphabet by code, and what follows the escape. One septet an octet, as SMPP carries it.
_BASIC = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
          "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
_GSM: dict[str, bytes] = {char: bytes([code]) for code, char in enumerate(_BASIC) if code != ESCAPE}
_GSM |= {char: bytes([ESCAPE, code]) for code, char in
         {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|",
          0x65: "€"}.items()}


# What rules.identity.parse_email lets through, less strictly: nothing here may end a header or begin another.
_ADDRESS = re.compile(r"[!-~]+@[!-~]+")
_LINK = re.compile(r"https?://[!-;=?-~]{1,400}")
_BREAKS = frozenset({"Cc", "Zl", "Zp"})
_SHORT = 66  # letters of a subject that fit the header's first line
_WORD = 42  # bytes of an encoded word: 56 letters of base64


class Pack(Protocol):
    """Makes the parts of a message from its row, its opened address and its opened content."""

    def __call__(self, row: Any, address: str, content: Mapping[str, str]) -> list[Part]: ...


def pack_sms(row: Any, address: str, content: Mapping[str, str], sender: str = "") -> list[Part]:
    """SMS parts. Both references come from the row's serial: 8 bits join the parts on the handset (3GPP TS 23.040,
    9.2.3.24.1), 16 bits come back in a receipt (user_message_reference)."""
    cut = sms.segments(content["text"])
    coding = UCS2_CODING if cut.encoding == sms.UCS2 else GSM7_CODING
    parts: list[Part] = []
    for number, text in enumerate(cut.parts, start=1):
        header = bytes([5, 0, 3, row.serial % 256, cut.count, number]) if cut.count > 1 else b""
        parts.append(Part(number, (row.serial * 16 + number) % 65_536, header + _encode(text, coding), coding,
                          bool(header), text, sender))
    return parts


def pack_sms_of(senders: Senders) -> Pack:
    """A packer of SMS that come from the governorate of the message's unit."""
    return lambda row, address, content: pack_sms(row, address, content, senders.of(row.unit))


def pack_email(sender: str) -> Pack:
    """A packer of e-mails from this sender. `Message-ID` and `Date` belong to the message, not to the attempt. The
    message is put together here, because the standard library parses each header anew: 0.96 ms of CPU a message with
    it, 0.02 ms without. ValueError for an address or a subject that does not fit a header."""
    domain = parseaddr(sender)[1].rpartition("@")[2]
    known = EmailMessage(policy=policy.SMTP)
    known["From"] = sender
    from_us = known.as_bytes().removesuffix(b"\r\n")

    def pack(row: Any, address: str, content: Mapping[str, str]) -> list[Part]:
        if not _ADDRESS.fullmatch(address):
            raise ValueError("an address that does not fit a header")
        # A boundary made of the id keeps the bytes equal on every attempt.
        boundary = f"=_{row.id.hex}"
        head = (
            f"To: {address}\r\nSubject: {_subject(content['subject'])}\r\nDate: {format_datetime(row.created_at)}\r\n"
            f"Message-ID: {message_id(row.id, domain)}\r\n"
            "Auto-Submitted: auto-generated\r\n"  # RFC 3834: no holiday notice comes back
            f"{_stop(content.get('stop'))}"
            f"Content-Language: {row.language}\r\nMIME-Version: 1.0\r\n"
            f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'
        )
        bodies = [f'--{boundary}\r\nContent-Type: text/{kind}; charset="utf-8"\r\n'
                  "Content-Transfer-Encoding: base64\r\n\r\n".encode() + _lines(content[name])
                  for kind, name in (("plain", "plain"), ("html", "html"))]  # fmt: skip
        return [Part(1, 0, b"".join([from_us, head.encode("ascii"), *bodies, f"--{boundary}--\r\n".encode()]))]

    return pack


def _stop(link: str | None) -> str:
    """What lets a mailbox offer to stop such mail with one click (RFC 2369, RFC 8058). Nothing for mail that has no
    such link, or one that does not fit a header."""
    if not link or not _LINK.fullmatch(link):
        return ""
    return f"List-Unsubscribe: <{link}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"


def _subject(text: str) -> str:
    """A subject in one header (RFC 2047): in the clear where it is short plain ASCII, else in encoded words of whole
    letters, each fit for a line."""
    if any(unicodedata.category(letter) in _BREAKS for letter in text):
        raise ValueError("a control character in a subject")
    if text.isascii() and len(text) <= _SHORT and "=?" not in text:
        return text
    words, word = [], b""
    for letter in text:
        encoded = letter.encode()
        if len(word) + len(encoded) > _WORD:
            words.append(word)
            word = b""
        word += encoded
    return "\r\n ".join(f"=?utf-8?b?{b64encode(one).decode()}?=" for one in (*words, word))


def _lines(text: str) -> bytes:
    """A body in base64, 76 characters a line; its own lines end as mail wants it."""
    return encodebytes(text.replace("\r\n", "\n").replace("\n", "\r\n").encode()).replace(b"\n", b"\r\n")


def message_id(identity: Any, domain: str) -> str:
    return f"<{identity}@{domain}>"


def _encode(text: str, coding: int) -> bytes:
    return text.encode("utf-16-be") if coding == UCS2_CODING else b"".join(_GSM[char] for char in text)
