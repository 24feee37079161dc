"""How a text becomes SMS parts: GSM 7-bit where every character has a place in its alphabet (3GPP TS 23.038), UCS-2
otherwise, which Arabic always is. One message carries 160 or 70; when split, each part carries 153 or 67, the rest
being the header that joins them. A split never cuts a GSM escape pair or a UTF-16 surrogate pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

GSM7, UCS2 = "gsm7", "ucs2"
_SINGLE = {GSM7: 160, UCS2: 70}
_JOINED = {GSM7: 153, UCS2: 67}

_BASIC = frozenset("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
                   "abcdefghijklmnopqrstuvwxyzäöñüà")
_EXTENDED = frozenset("\f^{}\\[~]|€")  # each is an escape and a character: two places


@dataclass(frozen=True, slots=True)
class Segments:
    """A text cut for sending: `encoding` gsm7 or ucs2, the parts in order (joined they are the text), their count."""

    encoding: str
    parts: tuple[str, ...]
    count: int


def encoding(text: str) -> str:
    """`gsm7` when all of the text fits that alphabet, `ucs2` otherwise."""
    return GSM7 if all(char in _BASIC or char in _EXTENDED for char in text) else UCS2


def width(text: str) -> int:
    """The places (septets or UTF-16 units) that the text takes in its encoding."""
    return sum(map(_WIDTHS[encoding(text)], text))


def segments(text: str) -> Segments:
    """The parts as the network will charge them. An empty text is one empty part."""
    chosen = encoding(text)
    widths = [_WIDTHS[chosen](char) for char in text]
    if sum(widths) <= _SINGLE[chosen]:
        return Segments(chosen, (text,), 1)
    parts: list[str] = []
    start = filled = 0
    for position, places in enumerate(widths):
        if filled + places > _JOINED[chosen]:
            parts.append(text[start:position])
            start, filled = position, 0
        filled += places
    parts.append(text[start:])
    return Segments(chosen, tuple(parts), len(parts))


_WIDTHS: dict[str, Callable[[str], int]] = {
    GSM7: lambda char: 2 if char in _EXTENDED else 1,
    UCS2: lambda char: 2 if ord(char) > 0xFFFF else 1,
}
