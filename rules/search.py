"""Search in the services guide: what a citizen types, however it is written, against every service in force.

Words are compared folded (rules.arabic.fold), with and without what Arabic writes in front of a word (ال، وال، بال،
لل …), the last word also as the beginning of a longer one, and with one typing error where the word has four letters or
more: a letter left out, put in, put for another, or swapped with its neighbour (optimal string alignment of at most 1).

An index is built once for a set of definitions and never changes. Each word holds, per field it stands in, the set of
its services as one integer with a bit a service: sets are joined by `|` and `&`, so the time of a search hangs on the
words that match, hardly on the number of services. A misspelt word is looked up under what is left of it when one
letter is taken away, so the vocabulary is never walked through.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rapidfuzz.distance import OSA

from rules import arabic, guide_words

TYPO_LETTERS = 4
"""Letters of a word of the guide from which on it is met with one typing error; shorter words differ from each other
by one letter too often."""
TYPO_MOST_LETTERS = 40
"""Letters up to which it is: what is left of a word without each of its letters takes room that grows with its square,
and whoever writes a definition may write one word of thousands of letters."""
PREFIX_LETTERS = 2
MAX_WORDS = 12
"""Words of a query that are looked at: 200 characters hold no more that help."""

NAME, LIFE_EVENT, KEYWORD, SECTOR, SUMMARY = range(5)
"""Where a word stands, from the most telling place to the least."""
_WEIGHTS = (100, 50, 45, 30, 10)
_WHOLE, _PART, _TYPO = range(3)
"""How a word was met: as it is, as the beginning of a longer word, with one typing error."""
_SHARE = (10, 7, 5)

_WORD = re.compile(r"[^\W_]+")
_ARTICLES = ("وبال", "وكال", "ولل", "وال", "بال", "كال", "فال", "لل", "ال")
_LETTERS_BEFORE = ("و", "ب", "ل", "ف", "ك")
_IDLE = frozenset(("في", "من", "علي", "عن", "الي", "او", "و", "مع", "ان", "هذا", "هذه", "عايز", "عاوز", "محتاج", "اريد",
                   "اعمل", "اطلع", "ازاي", "كيف", "خدمه", "طلب", "want", "need", "how", "get", "service",
                   "the", "a", "an", "of", "for", "to", "in", "on", "at", "and", "or", "with", "by", "my", "i"))
"""Words that tell nothing about a service; they count only where the query has no others."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a service must be, each None for any: its sector, its life event, a kind of unit that offers it, a channel
    on which it is offered."""

    sector: str | None = None
    life_event: str | None = None
    unit_kind: str | None = None
    channel: str | None = None


ANYTHING = Filters()


class Hit(NamedTuple):
    """One service found. Hits sort as they are shown: fewest typing errors, then most telling, then by code."""

    typos: int
    rank: int
    code: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, best first, and for each filter how many services each of its values would leave."""

    hits: Sequence[Hit]
    facets: Mapping[str, Mapping[str, int]]


class Index:
    """The words of a set of definitions. Each definition is whole (contracts.definition) and of a code of its own."""

    def __init__(self, definitions: Iterable[Mapping[str, Any]]) -> None:
        self._codes: list[str] = []
        self._places: dict[str, list[int]] = {}  # word: its services, a set for each place of _WEIGHTS
        self._lengths: list[tuple[int, int]] = []  # words of the name in Arabic and in English
        self._facets: dict[str, dict[str, int]] = {"sector": {}, "life_event": {}, "unit_kind": {}, "channel": {}}
        for definition in sorted(definitions, key=lambda one: str(one["code"])):
            self._add(definition)
        self._every = (1 << len(self._codes)) - 1
        self._sorted = sorted(self._places)
        self._without: dict[str, list[str]] = {}
        for word in self._sorted:
            if TYPO_LETTERS <= len(word) <= TYPO_MOST_LETTERS:
                for rest in {word, *_one_less(word)}:
                    self._without.setdefault(rest, []).append(word)

    def _add(self, definition: Mapping[str, Any]) -> None:
        bit = 1 << len(self._codes)
        self._codes.append(definition["code"])
        event, sector = str(definition.get("life_event", "")), str(definition.get("sector", ""))
        texts: tuple[Iterable[str], ...] = (
            [*_texts(definition.get("name"))],
            [event, *guide_words.life_event_name(event).values()],
            [str(definition["code"]), *_texts(definition.get("keywords"))],
            [sector, *guide_words.sector_name(sector).values()],
            [*_texts(definition.get("summary")), *_texts(definition.get("legal_basis"))],
        )
        for place, found in enumerate(texts):
            for form in {form for text in found for word in _words(text) for form in _forms(word)}:
                sets = self._places.setdefault(form, [0] * len(_WEIGHTS))
                sets[place] |= bit
        name = definition.get("name") or {}
        self._lengths.append((len(_words(str(name.get("ar", "")))), len(_words(str(name.get("en", ""))))))
        for facet, values in (("sector", [sector]), ("life_event", [event]),
                              ("unit_kind", definition.get("unit_kinds") or ()),
                              ("channel", definition.get("channels") or ())):
            for value in values:
                self._facets[facet][value] = self._facets[facet].get(value, 0) | bit

    def search(self, query: str, filters: Filters = ANYTHING) -> Found:
        """The services in which every word of the query is met and that pass the filters. Without words, all that pass,
        by code. The facets count the services that the words and the other filters leave."""
        words = _asked(query)
        met = [self._meet(word, last=index == len(words) - 1) for index, word in enumerate(words)]
        found = self._every
        for one in met:
            found &= one.all()
        passing = {facet: self._facets[facet].get(value, 0) if value is not None else self._every
                   for facet, value in (("sector", filters.sector), ("life_event", filters.life_event),
                                        ("unit_kind", filters.unit_kind), ("channel", filters.channel))}
        facets = {}
        for facet, values in self._facets.items():
            others = found
            for other, mask in passing.items():
                others &= mask if other != facet else self._every
            facets[facet] = {value: count for value, mask in values.items() if (count := (mask & others).bit_count())}
        for mask in passing.values():
            found &= mask
        return Found(self._ranked(found, met, words), facets)

    def _meet(self, word: str, *, last: bool) -> _Met:
        """Where one word of a query is met, in each of the three ways."""
        met = _Met()
        forms = _forms(word)
        for form in forms:
            met.add(_WHOLE, self._places.get(form))
        if last:
            for form in forms if len(word) > PREFIX_LETTERS else (word,):
                if len(form) >= PREFIX_LETTERS:
                    for longer in self._beginning(form):
                        met.add(_PART, self._places[longer])
        for form in forms:
            if TYPO_LETTERS - 1 <= len(form) <= TYPO_MOST_LETTERS + 1:  # a word of four letters may have lost one
                for near in self._near(form):
                    met.add(_TYPO, self._places[near])
        return met

    def _beginning(self, start: str) -> Iterator[str]:
        for index in range(bisect_left(self._sorted, start), len(self._sorted)):
            if not self._sorted[index].startswith(start):
                return
            yield self._sorted[index]

    def _near(self, word: str) -> set[str]:
        """The words of the guide that are one typing error away."""
        return {near for rest in {word, *_one_less(word)} for near in self._without.get(rest, ())
                if near != word and OSA.distance(near, word, score_cutoff=1) == 1}

    def _ranked(self, found: int, met: Sequence[_Met], words: Sequence[str]) -> list[Hit]:
        if not words:
            return [Hit(0, 0, self._codes[index]) for index in _members(found)]
        ranks: dict[int, list[int]] = {index: [0, 0, 0] for index in _members(found)}
        for one in met:
            left = found
            for typos, rank, named, services in one.levels():
                for index in _members(services & left):
                    total = ranks[index]
                    total[0] += typos
                    total[1] += rank
                    total[2] += named
                left &= ~services
                if not left:
                    break
        language = int(all(word.isascii() for word in words))
        return sorted(Hit(typos, -10 * rank - self._coverage(index, named, language), self._codes[index])
                      for index, (typos, rank, named) in ranks.items())

    def _coverage(self, index: int, named: int, language: int) -> int:
        """How much of the service's name the query says, in tenths: of two names that hold what was asked for, the one
        that says little else comes first."""
        length = self._lengths[index][language]
        return 10 * min(named, length) // length if length else 0


class _Met:
    """The services in which a word was met, by the way and the place."""

    __slots__ = ("_sets",)

    def __init__(self) -> None:
        self._sets = [[0] * len(_WEIGHTS) for _ in _SHARE]

    def add(self, way: int, places: Sequence[int] | None) -> None:
        if places is not None:
            own = self._sets[way]
            for place, services in enumerate(places):
                own[place] |= services

    def all(self) -> int:
        every = 0
        for places in self._sets:
            for services in places:
                every |= services
        return every

    def levels(self) -> Iterator[tuple[int, int, int, int]]:
        """(typing errors, rank, whole words of the name, services), best first; a service counts at the first level it
        stands at."""
        for way, place in _LEVELS:
            if services := self._sets[way][place]:
                named = int(way == _WHOLE and place == NAME)
                yield int(way == _TYPO), _WEIGHTS[place] * _SHARE[way], named, services


_LEVELS = sorted(((way, place) for way in range(len(_SHARE)) for place in range(len(_WEIGHTS))),
                 key=lambda level: (level[0] == _TYPO, -_WEIGHTS[level[1]] * _SHARE[level[0]]))


def _asked(query: str) -> list[str]:
    """The words of a query that tell something, each once, in their order."""
    words = list(dict.fromkeys(_words(query)))[:MAX_WORDS]
    return [word for word in words if word not in _IDLE] or words


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(arabic.fold(text)))


def _forms(word: str) -> tuple[str, ...]:
    """The word and what is left of it without what Arabic writes in front: `والمحلات` is also `محلات`, `لمحل` also
    `محل`. At least two letters are left after an article, three after a single letter."""
    for article in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= 2:
            return word, word[len(article):]
    if word[0] in _LETTERS_BEFORE and len(word) >= 4:
        return word, word[1:]
    return (word,)


def _one_less(word: str) -> Iterator[str]:
    return (word[:index] + word[index + 1:] for index in range(len(word)))


def _members(services: int) -> Iterator[int]:
    while services:
        lowest = services & -services
        yield lowest.bit_length() - 1
        services ^= lowest


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value, both languages alike."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)
