"""Guides of any size for tests and figures: definitions that differ in their words, made from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from contracts.requests import CHANNELS
from rules import guide_words

UNIT_KINDS = ("district", "city", "markaz", "village", "diwan", "new-city")
_KINDS_AR = ("ترخيص", "تصريح", "شهادة", "موافقة", "تجديد", "نقل", "إلغاء", "تعديل", "بيان", "إفادة", "معاينة", "توصيل")
_KINDS_EN = ("licence", "permit", "certificate", "approval", "renewal", "transfer", "cancellation", "alteration",
             "statement", "letter", "inspection", "connection")
_THINGS_AR = ("محل", "مبنى", "إعلان", "لافتة", "مصعد", "مقهى", "مطعم", "ورشة", "مخبز", "صيدلية", "عقار", "أرض", "سور",
              "هدم", "حفر", "مرافق", "مياه", "كهرباء", "صرف", "طريق", "رصيف", "سوق", "حديقة", "جراج", "مخزن", "مصنع")
_THINGS_EN = ("shop", "building", "advertisement", "sign", "lift", "cafe", "restaurant", "workshop", "bakery",
              "pharmacy", "property", "land", "fence", "demolition", "digging", "utilities", "water", "electricity",
              "sewer", "road", "pavement", "market", "garden", "garage", "store", "factory")
_LETTERS_AR = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
_LETTERS_EN = "abcdefghijklmnopqrstuvwxyz"


def definitions(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """`count` definitions with what search and the filters look at: few words in most services, as in a real guide,
    and many words in few."""
    chance = random.Random(seed)
    rare = [_Rare(chance) for _ in range(max(count, 24))]
    return [_definition(index, chance, rare) for index in range(count)]


class _Rare:
    """A word that few services have, in both languages."""

    def __init__(self, chance: random.Random) -> None:
        self.ar = "".join(chance.choices(_LETTERS_AR, k=chance.randint(3, 8)))
        self.en = "".join(chance.choices(_LETTERS_EN, k=chance.randint(3, 9)))


def _definition(index: int, chance: random.Random, rare: list[_Rare]) -> dict[str, Any]:
    kind, thing = chance.randrange(len(_KINDS_AR)), chance.randrange(len(_THINGS_AR))
    own = chance.sample(rare, 12)
    words = iter(own)

    def some(count: int) -> Iterator[_Rare]:
        return (next(words) for _ in range(count))

    name = list(some(2))
    summary, keywords = list(some(6)), list(some(4))
    return {
        "code": f"service-{index}",
        "name": {"ar": f"{_KINDS_AR[kind]} {_THINGS_AR[thing]} {' '.join(word.ar for word in name)}",
                 "en": f"{_KINDS_EN[kind]} {_THINGS_EN[thing]} {' '.join(word.en for word in name)}"},
        "summary": {"ar": f"خدمة {_KINDS_AR[kind]} في الحي والمدينة من تقديم الطلب حتى الاستلام "
                          f"{' '.join('ال' + word.ar for word in summary)}",
                    "en": f"A {_KINDS_EN[kind]} in the district and the city, from application to delivery "
                          f"{' '.join(word.en for word in summary)}"},
        "keywords": [one for word in keywords for one in (word.ar, word.en)] + [chance.choice(_THINGS_AR)],
        "sector": chance.choice(list(guide_words.load().sectors)),
        "life_event": chance.choice(list(guide_words.load().life_events)),
        "legal_basis": [{"ar": f"القانون رقم {chance.randint(1, 250)} لسنة {chance.randint(1950, 2025)}",
                         "en": f"Law {chance.randint(1, 250)} of {chance.randint(1950, 2025)}"}],
        "unit_kinds": chance.sample(UNIT_KINDS, chance.randint(1, 4)),
        "channels": chance.sample(list(CHANNELS), chance.randint(1, len(CHANNELS))),
    }  # fmt: skip


def one_error(word: str, chance: random.Random) -> str:
    """The word with one typing error: a letter left out, put in, put for another, or swapped with its neighbour."""
    at = chance.randrange(len(word))
    letters = _LETTERS_EN if word.isascii() else _LETTERS_AR
    kind = chance.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1:]
    if kind == 1:
        return word[:at] + chance.choice(letters) + word[at:]
    if kind == 2:
        return word[:at] + chance.choice(letters) + word[at + 1:]
    at = min(at, len(word) - 2)
    return word[:at] + word[at + 1] + word[at] + word[at + 2:]


def queries(guide: list[dict[str, Any]], count: int, seed: int = 2) -> list[str]:
    """What people would type to find services of the guide: whole names, two words, beginnings, words with a typing
    error, other spellings, one common word, words that no service has."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        definition = chance.choice(guide)
        words = definition["name"][chance.choice(("ar", "ar", "ar", "en"))].split()
        way = chance.randrange(7)
        if way == 0:
            made.append(" ".join(words))
        elif way == 1:
            made.append(" ".join(words[:2]))
        elif way == 2:
            made.append(" ".join([words[0], words[-1][:2]]))
        elif way == 3:
            made.append(" ".join(one_error(word, chance) if len(word) >= 4 else word for word in words[:3]))
        elif way == 4:
            made.append(" ".join("وال" + word for word in words).replace("ه", "ة"))
        elif way == 5:
            made.append(chance.choice((words[0], words[1], words[0][:2], "خدمة", "ال")))
        else:
            made.append(" ".join(_Rare(chance).ar for _ in range(3)))
    return made
