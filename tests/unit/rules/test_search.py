"""What a citizen types finds the service, however it is written."""

from __future__ import annotations

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import arabic
from rules.search import Filters, Index
from tests.support import guides


def service(code, ar, en, **more):
    return {"code": code, "name": {"ar": ar, "en": en}, "summary": {"ar": "خدمة", "en": "A service"}, "keywords": [],
            "sector": "shops", "life_event": "starting-a-business", "unit_kinds": ["district"], "channels": ["centre"],
            **more}


SHOP = service("shop-licence", "ترخيص محل", "Shop licence", keywords=["دكان", "كافيه", "store"],
               summary={"ar": "رخصة تشغيل المحلات العامة", "en": "A licence to run public premises"},
               channels=["centre", "portal"], unit_kinds=["district", "city"],
               legal_basis=[{"ar": "القانون رقم 154 لسنة 2019", "en": "Law 154 of 2019"}])
PERMIT = service("building-permit", "ترخيص بناء", "Building permit", sector="building", life_event="building-a-home",
                 unit_kinds=["city"])
ROAD = service("road-occupancy", "تصريح إشغال طريق", "Road occupancy permit", sector="occupancy",
               keywords=["رصيف المحل", "كشك"], life_event="running-a-business")
GUIDE = Index([SHOP, PERMIT, ROAD])
LARGE = guides.definitions(300)
LARGE_INDEX = Index(LARGE)


def codes(query, filters=Filters(), index=GUIDE):
    return [hit.code for hit in index.search(query, filters).hits]


@pytest.mark.parametrize("query", [
    "ترخيص محل", "تَرْخِيص مَحَلّ", "ترخـــيص  محل", "محل ترخيص", "ترخيص المحل", "ترخيص للمحل", "وترخيص والمحل",
    "Shop LICENCE", "licence for a shop", "ترخيص لمحل", "ترخيص/محل!", "١٥٤ محل", "law 154",
])
def test_a_shop_licence_is_found_first_however_it_is_written(query):
    assert codes(query)[0] == "shop-licence"


@pytest.mark.parametrize("query", ["كافية", "كافيه", "كَافِيه"])
def test_letter_forms_and_diacritics_do_not_count(query):
    assert codes(query) == ["shop-licence"]
    assert codes("اشغال") == codes("إشغال") == codes("أشغال") == ["road-occupancy"]


@pytest.mark.parametrize("query", ["ترخص محل", "ترخييص محل", "ترخيض محل", "ترخصي محل", "shpo licence",
                                   "licnece shop", "licencee shop", "hop licence"])
def test_one_typing_error_in_a_word_is_forgiven(query):
    assert codes(query) == ["shop-licence"]


def test_two_errors_in_a_word_and_errors_in_short_words_are_not_forgiven():
    assert codes("ترخصصص بناء") == []
    assert codes("ترخيص مخل") == []


def test_each_word_may_hold_an_error_of_its_own():
    assert codes("رتخيص بنااء") == ["building-permit"]


def test_the_last_word_may_be_unfinished_but_no_other():
    assert codes("ترخيص بن") == ["building-permit"]
    assert codes("buil") == ["building-permit"]
    assert codes("بن ترخيص") == []


def test_every_word_must_be_met():
    assert codes("ترخيص مريخ") == []


def test_words_that_tell_nothing_do_not_count_unless_there_are_no_others():
    assert codes("ترخيص من محل") == codes("عايز اعمل ترخيص محل") == codes("ترخيص محل")
    assert codes("the") == []


def test_the_name_comes_before_life_event_and_keyword_and_those_before_the_summary():
    index = Index([
        service("d-summary", "خدمة أولى", "First", summary={"ar": "مصعد", "en": "s"}),
        service("c-keyword", "خدمة ثانية", "Second", keywords=["مصعد"]),
        service("b-name", "ترخيص مصعد", "Lift licence"),
        service("e-event", "خدمة ثالثة", "Third", life_event="moving-home"),
        service("f-event-in-summary", "خدمة رابعة", "Fourth", summary={"ar": "الانتقال", "en": "s"}),
    ])
    assert codes("مصعد", index=index) == ["b-name", "c-keyword", "d-summary"]
    assert codes("الانتقال", index=index) == ["e-event", "f-event-in-summary"]


def test_a_word_written_right_comes_before_one_with_an_error():
    index = Index([service("a", "سوق السمك", "Fish market"), service("b", "خدمة", "B", keywords=["السمكة"])])
    assert codes("السمكة", index=index) == ["b", "a"]


def test_of_two_names_the_one_that_says_little_else_comes_first():
    index = Index([service("a", "تجديد ترخيص محل بالسوق", "A"), service("b", "ترخيص محل", "B")])
    assert codes("ترخيص محل", index=index) == ["b", "a"]


def test_sector_and_life_event_are_found_by_their_names_in_both_languages():
    assert codes("المباني والتنظيم") == ["building-permit"]
    assert codes("building a home") == ["building-permit"]
    assert set(codes("starting")) == {"shop-licence"}


@pytest.mark.parametrize(("filters", "wanted"), [
    (Filters(sector="building"), ["building-permit"]),
    (Filters(life_event="running-a-business"), ["road-occupancy"]),
    (Filters(unit_kind="city"), ["building-permit", "shop-licence"]),
    (Filters(channel="portal"), ["shop-licence"]),
    (Filters(unit_kind="city", channel="portal"), ["shop-licence"]),
    (Filters(sector="astronomy"), []),
])
def test_filters_narrow_what_is_found(filters, wanted):
    assert codes("", filters) == wanted


def test_facets_count_what_the_words_and_the_other_filters_leave():
    facets = GUIDE.search("ترخيص", Filters(unit_kind="city")).facets
    assert facets["sector"] == {"building": 1, "shops": 1}
    assert facets["unit_kind"] == {"district": 1, "city": 2}
    assert facets["channel"] == {"centre": 2, "portal": 1}


def test_an_empty_query_finds_all_by_code():
    assert codes("") == codes(" !؟ ") == ["building-permit", "road-occupancy", "shop-licence"]
    assert codes("", index=Index([])) == []


words_of_names = [(definition["code"], word) for definition in LARGE
                  for text in definition["name"].values() for word in text.split() if len(arabic.fold(word)) >= 4]


@given(st.sampled_from(words_of_names), st.integers(0, 2**32))
def test_any_word_of_a_name_finds_its_service_with_any_single_error(found, seed):
    code, word = found
    assert code in codes(guides.one_error(arabic.fold(word), random.Random(seed)), index=LARGE_INDEX)


@given(st.sampled_from(LARGE), st.sampled_from(["ar", "en"]))
def test_every_service_is_found_first_by_its_whole_name_however_its_words_are_ordered(definition, language):
    words = definition["name"][language].split()
    assert codes(" ".join(words), index=LARGE_INDEX)[0] == definition["code"]
    assert codes(" ".join(reversed(words)), index=LARGE_INDEX)[0] == definition["code"]


@given(st.text(max_size=60))
def test_any_text_can_be_searched_for_and_folding_it_first_changes_nothing(text):
    assert codes(text, index=LARGE_INDEX) == codes(arabic.fold(text), index=LARGE_INDEX)


@given(st.sampled_from(LARGE), st.sampled_from(LARGE), st.sampled_from([None, "shops", "land"]),
       st.sampled_from([None, "portal"]))
def test_a_filter_only_takes_away_and_keeps_the_order(one, other, sector, channel):
    query = f"{one['name']['ar'].split()[0]} {other['name']['ar'].split()[1][:2]}"
    every = codes(query, index=LARGE_INDEX)
    of_code = {definition["code"]: definition for definition in LARGE}
    wanted = [code for code in every if sector in (None, of_code[code]["sector"])
              and (channel is None or channel in of_code[code]["channels"])]
    assert codes(query, Filters(sector=sector, channel=channel), index=LARGE_INDEX) == wanted


def test_words_of_thousands_of_letters_fill_no_memory():
    long = [letter * 2000 for letter in "abcdefghijklmnopqrstuvwxyz"]
    tracemalloc.start()
    index = Index([service("endless", "ترخيص", "Licence", keywords=long)])
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    assert codes(long[3], index=index) == ["endless"] and codes("license", index=index) == ["endless"]
