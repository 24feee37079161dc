from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.arabic import MAX_AMOUNT, amount_in_words, fold, format_egp, long_date, weekday_date, western_digits


@pytest.mark.parametrize("one, other", [
    ("أحمد", "احمد"), ("إدارة", "ادارة"), ("آمال", "امال"), ("ٱلله", "الله"),
    ("مستشفى", "مستشفي"), ("رخصة", "رخصه"), ("مُحَمَّد", "محمد"), ("محـــل", "محل"),
    ("شارع ١٥", "شارع 15"), ("Heliopolis", "HELIOPOLIS"), ("  مدينة   نصر ", "مدينة نصر"), ("ﻻ", "لا"),
])
def test_what_search_takes_for_the_same(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize("one, other", [("محل", "نخل"), ("رخصة", "رخص"), ("15", "16")])
def test_what_search_keeps_apart(one, other):
    assert fold(one) != fold(other)


@given(st.text())
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet="أإآاىيةهبتثـًٌٍَُِّْ ١٢٣123"), st.sampled_from("ـًٌٍَُِّْ"), st.integers(0, 40))
def test_a_mark_put_anywhere_changes_nothing(text, mark, place):
    assert fold(text[:place] + mark + text[place:]) == fold(text)


@given(st.integers(0, 10**12))
def test_digits_of_both_scripts_are_one_number(number):
    assert western_digits("".join(chr(0x660 + int(digit)) for digit in str(number))) == str(number)
    assert western_digits("".join(chr(0x6F0 + int(digit)) for digit in str(number))) == str(number)


@pytest.mark.parametrize("piastres, words", [
    (0, "فقط صفر جنيه مصري لا غير"),
    (1, "فقط قرش واحد لا غير"),
    (2, "فقط قرشان لا غير"),
    (300, "فقط ثلاثة جنيهات مصرية لا غير"),
    (1000, "فقط عشرة جنيهات مصرية لا غير"),
    (1100, "فقط أحد عشر جنيهاً مصرياً لا غير"),
    (1205, "فقط اثنا عشر جنيهاً مصرياً وخمسة قروش لا غير"),
    (100, "فقط جنيه مصري واحد لا غير"),
    (250, "فقط جنيهان مصريان وخمسون قرشاً لا غير"),
    (12550, "فقط مائة وخمسة وعشرون جنيهاً مصرياً وخمسون قرشاً لا غير"),
    (10300, "فقط مائة وثلاثة جنيهات مصرية لا غير"),
    (20000, "فقط مائتا جنيه مصري لا غير"),
    (20500, "فقط مائتان وخمسة جنيهات مصرية لا غير"),
    (200000, "فقط ألفا جنيه مصري لا غير"),
    (250000, "فقط ألفان وخمسمائة جنيه مصري لا غير"),
    (1100000, "فقط أحد عشر ألف جنيه مصري لا غير"),
    (1150000, "فقط أحد عشر ألفاً وخمسمائة جنيه مصري لا غير"),
    (20000000, "فقط مائتا ألف جنيه مصري لا غير"),
    (123456789, "فقط مليون ومائتان وأربعة وثلاثون ألفاً وخمسمائة وسبعة وستون جنيهاً مصرياً وتسعة وثمانون قرشاً لا غير"),
])
def test_amounts_as_an_egyptian_receipt_words_them(piastres, words):
    assert amount_in_words(piastres) == words


@pytest.mark.parametrize("piastres, words", [
    (100, "Only one Egyptian pound"), (12550, "Only one hundred twenty-five Egyptian pounds and fifty piastres"),
    (1, "Only one piastre"), (0, "Only zero Egyptian pounds"), (100000000, "Only one million Egyptian pounds")])
def test_amounts_in_english(piastres, words):
    assert amount_in_words(piastres, "en") == words


_VALUES = {"صفر": 0, "واحد": 1, "اثنان": 2, "ثلاثة": 3, "أربعة": 4, "خمسة": 5, "ستة": 6, "سبعة": 7, "ثمانية": 8,
           "تسعة": 9, "عشرة": 10, "أحد عشر": 11, "اثنا عشر": 12,
           "ثلاثة عشر": 13, "أربعة عشر": 14, "خمسة عشر": 15, "ستة عشر": 16,
           "سبعة عشر": 17, "ثمانية عشر": 18, "تسعة عشر": 19, "عشرون": 20, "ثلاثون": 30, "أربعون": 40, "خمسون": 50,
           "ستون": 60, "سبعون": 70, "ثمانون": 80, "تسعون": 90, "مائة": 100, "مائتان": 200, "مائتا": 200,
           "ثلاثمائة": 300, "أربعمائة": 400, "خمسمائة": 500, "ستمائة": 600, "سبعمائة": 700, "ثمانمائة": 800,
           "تسعمائة": 900}
_SCALES = {"ألف": 10**3, "ألفاً": 10**3, "آلاف": 10**3, "مليون": 10**6, "مليوناً": 10**6, "ملايين": 10**6,
           "مليار": 10**9, "ملياراً": 10**9, "مليارات": 10**9}
_DUALS = {"ألفان": 2000, "ألفا": 2000, "مليونان": 2 * 10**6, "مليونا": 2 * 10**6, "ملياران": 2 * 10**9,
          "مليارا": 2 * 10**9}


def _read(words):
    """A reader of number words that knows nothing of the writer."""
    total = group = 0
    for part in words.split(" و"):
        *count, last = part.split(" ")
        if part in _VALUES:
            group += _VALUES[part]
        elif part in _DUALS:
            total, group = total + group + _DUALS[part], 0
        else:
            group += _VALUES[" ".join(count)] if count else 0
            total, group = total + (group or 1) * _SCALES[last], 0
    return total + group


@given(st.integers(3, 10**12 - 1))
def test_the_words_read_back_to_the_number(pounds):
    words = amount_in_words(pounds * 100).removeprefix("فقط ").removesuffix(" لا غير")
    for noun in (" جنيهات مصرية", " جنيهاً مصرياً", " جنيه مصري"):
        words = words.removesuffix(noun)
    assert _read(words) == pounds


@given(st.integers(0, MAX_AMOUNT))
def test_the_noun_agrees_with_its_number(piastres):
    words = amount_in_words(piastres)
    pounds = piastres // 100
    assert ("جنيهات مصرية" in words) == (pounds > 2 and 3 <= pounds % 100 <= 10)
    assert ("جنيهاً مصرياً" in words) == (pounds % 100 >= 11)
    assert words.startswith("فقط ") and words.endswith(" لا غير")


@pytest.mark.parametrize("piastres", [-1, MAX_AMOUNT + 1])
def test_no_words_for_what_no_receipt_carries(piastres):
    with pytest.raises(ValueError):
        amount_in_words(piastres)


def test_amounts_in_figures():
    assert format_egp(123450) == "1,234.50 ج.م"
    assert format_egp(5, "en") == "EGP 0.05"
    assert format_egp(-5050, "en") == "EGP -50.50"


def test_a_long_date_names_the_month_as_egypt_does() -> None:
    assert long_date(date(2026, 11, 1)) == "1 نوفمبر 2026"
    assert long_date(date(2027, 3, 21), "en") == "21 March 2027"
    assert len({long_date(date(2026, month, 1)) for month in range(1, 13)}) == 12


def test_a_date_with_its_day_of_the_week() -> None:
    assert weekday_date(date(2026, 3, 3)) == "الثلاثاء 3 مارس 2026"
    assert weekday_date(date(2026, 3, 1), "en") == "Sunday 1 March 2026"
    assert weekday_date(date(2026, 3, 3), "en", this_year=2026) == "Tuesday 3 March"
    assert weekday_date(date(2026, 3, 3), "en", this_year=2025) == "Tuesday 3 March 2026"
