"""How a text becomes SMS parts: GSM 7-bit where every character has a place in its alphabet (3GPP TS 23.038), UCS-2
otherwise, which Arabic always is. One message carries 160 or 70; when split, each part carries 153 or 67, the rest
being the header that joins them. A split never cuts a GSM escape pair or a UTF-16 surrogate pair."""

from __future__ import annotations

import re
import unicodedata
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


# What people and word processors write, and what every phone's alphabet has for it.
_LOOK_ALIKES = str.maketrans(
    dict.fromkeys("“”„‟″«»", '"') | dict.fromkeys("‘’‚‛′`´ʼ‹›", "'") | dict.fromkeys("‐‑‒–—―−", "-")
    | {"…": "...", "•": "-", "·": ".", "×": "x", "⁄": "/", "،": ",", "؛": ";", "؟": "?", "٪": "%", "٫": ".", "٬": ","})
# What is written for the eye and says nothing in a text message: the stretching of a word, and marks of direction.
_TATWEEL = "ـ"
_INVISIBLE = frozenset("\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\xad\u061c")
# What a citizen could not read without it: the mark before a number whose groups would stand the other way round.
LEFT_TO_RIGHT = "\u200e"
_NEEDED = re.compile(f"{LEFT_TO_RIGHT}(?=[0-9])")
_VOWELS = frozenset(chr(code) for code in range(0x064B, 0x0653)) | {"\u0670"}  # harakat, shadda, sukun, small alef


def fold(text: str) -> str:
    """The text in fewer parts, by characters that look alike: typographic quotes, dashes, spaces and accents become
    those of the GSM alphabet where that makes all of the text fit it; else vowel marks, tatweel and invisible marks
    go, which Arabic reads without, but for the mark that keeps a number's groups in their order. A text that would
    save no part by it stays exactly as it is. Letters of another script are never exchanged."""
    latin = "".join(map(_in_gsm, text.translate(_LOOK_ALIKES)))
    if encoding(latin) == UCS2:
        latin = text
    bare = LEFT_TO_RIGHT.join(map(_bare, _NEEDED.split(text)))
    return min((text, bare, latin), key=lambda one: segments(one).count)


def _bare(text: str) -> str:
    return "".join(" " if unicodedata.category(char) == "Zs" else char for char in text
                   if char not in _VOWELS and char not in _INVISIBLE and char != _TATWEEL)


def _in_gsm(char: str) -> str:
    """One character in the GSM alphabet, or itself."""
    if char in _BASIC or char in _EXTENDED:
        return char
    if char in _INVISIBLE:
        return ""
    if unicodedata.category(char) == "Zs":
        return " "
    value = unicodedata.digit(char, None)
    if value is not None and unicodedata.category(char) == "Nd":
        return str(value)
    base = unicodedata.normalize("NFD", char)[0]
    return base if base in _BASIC and base.isalpha() else char


_WIDTHS: dict[str, Callable[[str], int]] = {
    GSM7: lambda char: 2 if char in _EXTENDED else 1,
    UCS2: lambda char: 2 if ord(char) > 0xFFFF else 1,
}
