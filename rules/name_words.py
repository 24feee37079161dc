"""The words by which a name or an address is found again: whole words, each folded for Arabic.

Two spellings of one compound name are one word: عبد الله and عبدالله, أبو بكر and أبوبكر, نور الدين and نورالدين.
The words of a name are kept as keyed hashes only, so a part of a word finds nothing; that is the price.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rules import arabic
from rules.refusal import refuse

SEARCH_MOST = 8  # words of one search
KEPT_MOST = 64  # words kept of one request's names, and as many of its address
_WORD = re.compile(r"[^\W_]+")
# Folded, as all that is compared here.
_LEADING = frozenset({"عبد", "ابو"})
_CLOSING = frozenset({"الله", "الدين"})


def name_words(name: str) -> list[str]:
    """The words of a name, each once, in their order; compounds joined. Folding them again changes nothing."""
    joined: list[str] = []
    glue = False
    for word in _WORD.findall(arabic.fold(name)):
        if joined and (glue or word in _CLOSING):
            joined[-1] += word
        else:
            joined.append(word)
        glue = word in _LEADING and joined[-1] == word
    return _once(joined)


def address_words(address: str) -> list[str]:
    """The words and numbers of an address, each once, in their order."""
    return _once(_WORD.findall(arabic.fold(address)))


def kept(words: Iterable[str]) -> list[str]:
    """What of these words is kept with a request: each once, the first KEPT_MOST."""
    return _once(words)[:KEPT_MOST]


def asked(words: list[str], field: str) -> list[str]:
    """The words of a search. Refuses find_no_words where nothing is left to look for, find_too_many_words."""
    if not words:
        raise refuse("find_no_words", field)
    if len(words) > SEARCH_MOST:
        raise refuse("find_too_many_words", field, most=SEARCH_MOST, given=len(words))
    return words


def mask_name(name: str) -> str:
    """`محمود ع*** ح***`: the first word and the first letter of every other. Enough to tell whether it is the one at
    the window."""
    first, *others = name.split() or [""]
    return " ".join([first, *(f"{word[0]}***" for word in others)])


def _once(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
