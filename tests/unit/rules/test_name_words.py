"""The words by which a name or an address is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import name_words
from rules.refusal import Refusal

NAMES = st.text(st.sampled_from("اأإآبدرةهىيعلنوم ـَ٣3ـxX-_."), max_size=40)


@pytest.mark.parametrize(("written", "other"), [
    ("عبد الله حسن", "عبدالله  حسن"),
    ("أبو بكر محمد", "ابوبكر محمّد"),
    ("نور الدين علي", "نورالدين على"),
    ("فاطمة أحمد", "فاطمه احمد"),
    ("عبد الرحمن", "عَبْد الرَّحمٰن"),
    ("Mona ALI", "mona ali"),
])
def test_one_name_in_two_spellings_has_the_same_words(written: str, other: str) -> None:
    assert name_words.name_words(written) == name_words.name_words(other)


@pytest.mark.parametrize(("name", "words"), [
    ("محمود عبد الله حسن", ["محمود", "عبدالله", "حسن"]),
    ("محمد محمد علي", ["محمد", "علي"]),
    ("عبد", ["عبد"]),
    ("الله", ["الله"]),
    ("عبد عبد الله", ["عبدعبدالله"]),
    ("  - . ", []),
])
def test_words_of_a_name(name: str, words: list[str]) -> None:
    assert name_words.name_words(name) == words


def test_an_address_keeps_its_numbers_and_joins_nothing() -> None:
    assert name_words.address_words("١٢ شارع عبد الله، النزهة") == ["12", "شارع", "عبد", "الله", "النزهه"]


@given(NAMES)
def test_words_are_whole_folded_and_stand_once(name: str) -> None:
    words = name_words.name_words(name)
    assert len(set(words)) == len(words)
    assert all(word and name_words.name_words(word) == [word] for word in words)


@given(st.lists(st.sampled_from(["محمود", "عبد الله", "حسن", "منى"]), min_size=1, max_size=6))
def test_the_order_of_the_words_does_not_matter(parts: list[str]) -> None:
    turned = list(reversed(parts))
    assert set(name_words.name_words(" ".join(parts))) == set(name_words.name_words(" ".join(turned)))


def test_too_many_and_no_words_are_refused() -> None:
    words = [f"w{number}" for number in range(name_words.SEARCH_MOST + 1)]
    assert name_words.asked(words[:-1], "name") == words[:-1]
    with pytest.raises(Refusal, match="find_too_many_words"):
        name_words.asked(words, "name")
    with pytest.raises(Refusal, match="find_no_words"):
        name_words.asked([], "name")


def test_no_more_words_are_kept_than_the_limit() -> None:
    assert len(name_words.kept(f"w{number % 100}" for number in range(1000))) == name_words.KEPT_MOST


@pytest.mark.parametrize(("name", "masked"), [
    ("محمود عبد الله", "محمود ع*** ا***"), ("منى", "منى"), ("", "")])
def test_a_masked_name(name: str, masked: str) -> None:
    assert name_words.mask_name(name) == masked
