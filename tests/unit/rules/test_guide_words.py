"""Sectors and life events: one table of names."""

from __future__ import annotations

import pytest

from rules import guide_words


def test_every_sector_and_life_event_has_an_arabic_and_an_english_name():
    words = guide_words.load()
    names = [*words.sectors.values(), *(event.name for event in words.life_events.values())]
    assert len(words.sectors) == 12
    assert len(words.life_events) == 11
    assert all("\u0621" <= name["ar"][0] <= "\u064a" and name["en"].isascii() for name in names)


def test_a_business_event_is_told_from_one_of_a_person():
    events = guide_words.load().life_events
    assert {code for code, event in events.items() if event.business} == {
        "starting-a-business", "running-a-business", "closing-a-business"
    }


def test_an_unknown_code_is_shown_as_itself():
    assert guide_words.sector_name("shops")["en"] == "Shops and public premises"
    assert guide_words.sector_name("astronomy") == {"ar": "astronomy", "en": "astronomy"}
    assert guide_words.life_event_name("flying")["ar"] == "flying"


def test_every_mistake_of_the_table_is_named():
    with pytest.raises(ValueError) as caught:
        guide_words.read({
            "sectors": {"a": {"ar": "أ"}, "b": "ب", "c": {"ar": "ت", "en": "T", "business": True}},
            "colours": {},
        })
    told = str(caught.value)
    for mistake in ("not a section: colours", "life_events is missing", "sectors a needs", "sectors b has",
                    "sectors c has"):
        assert mistake in told
    with pytest.raises(ValueError, match="true or false"):
        guide_words.read({"sectors": {"a": {"ar": "أ", "en": "A"}},
                          "life_events": {"b": {"ar": "ب", "en": "B", "business": "yes"}}})
