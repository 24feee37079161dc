"""From the octets of a short message back to text: GSM 03.38, UCS-2, and the header that numbers the parts."""

from __future__ import annotations

from dataclasses import dataclass

# 3GPP TS 23.038, basic character set, by code 0x00 to 0x7F; 0x1B opens the extension table.
GSM_BASIC = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
             "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
GSM_EXTENSION = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|",
                 0x65: "€"}
UDHI = 0x40  # esm_class bit of SMPP 3.4, section 5.2.12: the message begins with a user data header
UCS2, LATIN1, GSM = 8, 3, 0


@dataclass(frozen=True, slots=True)
class Part:
    """Where a part stands in a message: the sender's reference, how many, which (from 1)."""

    reference: int
    total: int
    number: int


def split_header(body: bytes, esm_class: int) -> tuple[Part | None, bytes]:
    """The concatenation header (3GPP TS 23.040, elements 0x00 and 0x08) and what follows it."""
    if not esm_class & UDHI or not body:
        return None, body
    length = body[0]
    header, rest = body[1:1 + length], body[1 + length:]
    part = None
    while len(header) >= 2:
        element, size, header = header[0], header[1], header[2:]
        value, header = header[:size], header[size:]
        if element == 0x00 and size == 3:
            part = Part(value[0], value[1], value[2])
        elif element == 0x08 and size == 4:
            part = Part(value[0] << 8 | value[1], value[2], value[3])
    return part, rest


def decode(body: bytes, data_coding: int) -> str:
    """Text of one part. What cannot be decoded shows as U+FFFD, so a wrong split of a pair is seen by a test."""
    if data_coding == UCS2:
        return body.decode("utf-16-be", errors="replace")
    if data_coding == LATIN1:
        return body.decode("latin-1")
    if data_coding == GSM:
        return _gsm(body)
    return body.decode("ascii", errors="replace")


def _gsm(body: bytes) -> str:
    out: list[str] = []
    escaped = False
    for octet in body:
        if escaped:
            out.append(GSM_EXTENSION.get(octet, "\ufffd"))
            escaped = False
        elif octet == 0x1B:
            escaped = True
        else:
            out.append(GSM_BASIC[octet] if octet < 0x80 else "\ufffd")
    if escaped:
        out.append("\ufffd")
    return "".join(out)
