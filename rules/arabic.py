"""Arabic text as people write it: folding for search, digits, amounts in words on receipts."""

from __future__ import annotations

import unicodedata
from datetime import date

_DIGITS = {ord(digit): str(value) for digits in ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹") for value, digit in enumerate(digits)}
_LETTERS = str.maketrans({"ٱ": "ا", "ى": "ي", "ی": "ي", "ة": "ه", "ۀ": "ه", "ک": "ك", "ـ": None})

MONTHS = {
    "ar": ("يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر",
           "ديسمبر"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December"),
}

WEEKDAYS = {
    "ar": ("الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}

MAX_AMOUNT = 10**15 - 1  # piastres: under ten thousand milliard pounds, the largest scale that has a word below


def western_digits(text: str) -> str:
    """The text with Arabic-Indic (٠-٩) and Persian (۰-۹) digits written 0-9; everything else as it was."""
    return text.translate(_DIGITS)


def fold(text: str) -> str:
    """The form under which texts are compared in search: أ إ آ ٱ ا, ى ي and ة ه are one letter each, diacritics,
    tatweel, case, digit script, invisible marks and runs of spaces do not count. Folding a folded text changes
    nothing. Never shown to anybody."""
    folded = _fold_once(text)
    while (again := _fold_once(folded)) != folded:  # a few letters decompose in two steps
        folded = again
    return folded


def _fold_once(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", western_digits(text).casefold())
    kept = (char for char in decomposed if unicodedata.category(char) not in ("Mn", "Me", "Cf"))
    return " ".join("".join(kept).translate(_LETTERS).split())


def format_egp(piastres: int, language: str = "ar") -> str:
    """An amount in figures: `1,234.50 ج.م` or `EGP 1,234.50`. Western digits in both languages, so that a figure read
    to a clerk or typed at a kiosk is the same everywhere; plain spaces, so that an SMS stays in its cheap alphabet."""
    sign = "-" if piastres < 0 else ""
    pounds, rest = divmod(abs(piastres), 100)
    figure = f"{sign}{pounds:,}.{rest:02d}"
    return f"{figure} ج.م" if language == "ar" else f"EGP {figure}"


def amount_in_words(piastres: int, language: str = "ar") -> str:
    """The amount as a receipt words it: `فقط مائة وخمسة وعشرون جنيهاً مصرياً وخمسون قرشاً لا غير`, in English
    `Only one hundred twenty-five Egyptian pounds and fifty piastres`. ValueError for a negative amount or one beyond
    MAX_AMOUNT, which no receipt can carry."""
    if not 0 <= piastres <= MAX_AMOUNT:
        raise ValueError(f"no receipt carries {piastres} piastres")
    pounds, rest = divmod(piastres, 100)
    if language != "ar":
        parts = [_english_counted(pounds, "Egyptian pound", "Egyptian pounds")] if pounds or not rest else []
        parts += [_english_counted(rest, "piastre", "piastres")] if rest else []
        return "Only " + " and ".join(parts)
    words = [_counted(pounds, _POUND)] if pounds or not rest else []
    words += [_counted(rest, _PIASTRE)] if rest else []
    return f"فقط {' و'.join(words)} لا غير"


# The counted noun in the forms that its number demands: one, two, 3-10 (plural), 11-99 (singular accusative),
# and after a round hundred, thousand or million (singular genitive).
_POUND = ("جنيه مصري واحد", "جنيهان مصريان", "جنيهات مصرية", "جنيهاً مصرياً", "جنيه مصري")
_PIASTRE = ("قرش واحد", "قرشان", "قروش", "قرشاً", "قرش")

_UNITS = ("صفر", "واحد", "اثنان", "ثلاثة", "أربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة", "عشرة",
          "أحد عشر", "اثنا عشر", "ثلاثة عشر", "أربعة عشر", "خمسة عشر", "ستة عشر", "سبعة عشر", "ثمانية عشر",
          "تسعة عشر")
_TENS = ("", "", "عشرون", "ثلاثون", "أربعون", "خمسون", "ستون", "سبعون", "ثمانون", "تسعون")
_HUNDREDS = ("", "مائة", "مائتان", "ثلاثمائة", "أربعمائة", "خمسمائة", "ستمائة", "سبعمائة", "ثمانمائة", "تسعمائة")
# (value, one, two, two before its noun, 3-10, 11-99, 11-99 before its noun and after a hundred)
_SCALES = ((10**9, "مليار", "ملياران", "مليارا", "مليارات", "ملياراً", "مليار"),
           (10**6, "مليون", "مليونان", "مليونا", "ملايين", "مليوناً", "مليون"),
           (10**3, "ألف", "ألفان", "ألفا", "آلاف", "ألفاً", "ألف"))


def _counted(number: int, noun: tuple[str, str, str, str, str]) -> str:
    one, two, plural, accusative, genitive = noun
    if number == 0:
        return f"صفر {genitive}"
    if number == 1:
        return one
    if number == 2:
        return two
    tail = number % 100
    form = plural if 3 <= tail <= 10 else accusative if tail >= 11 else genitive
    return f"{_number(number)} {form}"


def _number(number: int) -> str:
    """The number in words, standing right before its (masculine) noun: a dual that ends it loses its nun."""
    parts: list[str] = []
    for value, one, two, two_before, plural, accusative, bare in _SCALES:
        count, number = divmod(number, value)
        if count == 0:
            continue
        if count == 1:
            parts.append(one)
        elif count == 2:
            parts.append(two if number else two_before)
        else:
            tail = count % 100
            form = plural if 3 <= tail <= 10 else accusative if tail >= 11 and number else bare
            parts.append(f"{_below_thousand(count)} {form}")
    if number:
        parts.append(_below_thousand(number))
    return " و".join(parts)


def _below_thousand(number: int) -> str:
    """1-9,999 in words (a milliard may be counted in thousands), right before a noun."""
    thousands, number = divmod(number, 1000)
    parts = [_number(thousands * 1000)] if thousands else []
    hundreds, tail = divmod(number, 100)
    if hundreds:
        parts.append("مائتا" if hundreds == 2 and not tail else _HUNDREDS[hundreds])
    if 0 < tail < 20:
        parts.append(_UNITS[tail])
    elif tail:
        tens, unit = divmod(tail, 10)
        parts += [_UNITS[unit], _TENS[tens]] if unit else [_TENS[tens]]
    return " و".join(parts)


_ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
            "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_ENGLISH_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def _english_counted(number: int, one: str, many: str) -> str:
    return f"{_english(number)} {one if number == 1 else many}"


def _english(number: int) -> str:
    if number < 20:
        return _ENGLISH[number]
    if number < 100:
        tens, unit = divmod(number, 10)
        return _ENGLISH_TENS[tens] + (f"-{_ENGLISH[unit]}" if unit else "")
    for value, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= value:
            count, rest = divmod(number, value)
            return f"{_english(count)} {name}" + (f" {_english(rest)}" if rest else "")
    raise AssertionError(number)


def long_date(day: date, language: str = "ar") -> str:
    """`21 نوفمبر 2026`: day, the month's name as Egypt writes it, year."""
    return f"{day.day} {MONTHS[language][day.month - 1]} {day.year}"


def weekday_date(day: date, language: str = "ar", this_year: int | None = None) -> str:
    """`الثلاثاء 3 مارس 2026`: the day of the week before the date; without the year where it is `this_year`."""
    written = long_date(day, language)
    if day.year == this_year:
        written = written.rpartition(" ")[0]
    return f"{WEEKDAYS[language][day.weekday()]} {written}"
