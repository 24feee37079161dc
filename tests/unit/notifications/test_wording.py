"""Marks in a wording: what is shown when, and that whatever is wrong is named."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.refusal import Refusal
from services.notifications import wording

NAMES = ("amount", "note", "until_2")
PLAIN = st.text(st.characters(exclude_characters="{}[]", exclude_categories=("Cs",)), max_size=40)
ANY = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
MARKED = st.text(st.sampled_from("{}[]!?؟ab note"), max_size=40)


def codes(text, allowed=NAMES):
    return [fault.code for fault in wording.check(text, allowed, "sms")]


@given(PLAIN)
def test_a_text_without_marks_comes_out_as_it_went_in(text):
    assert wording.render(text, {}) == text
    assert wording.placeholders(text) == frozenset()
    assert codes(text) == ([] if re.sub("[\u200c-\u200f\u061c]", "", text).strip() else ["wording_empty"])


@given(before=PLAIN, after=PLAIN, value=ANY)
def test_a_value_stands_in_its_place_whatever_it_holds(before, after, value):
    assert wording.render(f"{before}{{amount}}{after}", {"amount": value}) == before + value + after


@given(before=PLAIN, inside=PLAIN, after=PLAIN, value=ANY)
def test_exactly_one_of_two_opposite_conditions_is_shown(before, inside, after, value):
    there = bool(value.strip())
    text = f"{before}[[note?{inside}{{note}}]][[!note؟{inside}]]{after}"
    assert wording.check(text, NAMES) == []
    assert wording.render(text, {"note": value}) == before + inside + (value if there else "") + after


@given(st.one_of(MARKED, ANY))
def test_any_text_is_either_rendered_or_refused_with_the_faults_that_its_check_names(text):
    found = codes(text)
    assert codes(text) == found
    try:
        shown = wording.render(text, dict.fromkeys(NAMES, "x"))
    except Refusal as refusal:
        told = {fault.code for fault in refusal.faults}
        assert told <= {*found, "wording_value_missing"}
        assert "wording_value_missing" not in told or "wording_placeholder_unknown" in found
    else:
        assert set(found) <= {"wording_placeholder_unknown", "wording_empty"}
        assert "[[" not in shown or "[" in text


@pytest.mark.parametrize("text, expected", [
    ("ادفع {amount}", []),
    ("see [1] and [a]", []),
    ("[[note? بسبب {note}]]", []),
    ("{amont}", ["wording_placeholder_unknown"]),
    ("[[amont? x]]", ["wording_placeholder_unknown"]),
    ("[[note? {amont} {amont}]]", ["wording_placeholder_unknown"]),
    ("{", ["wording_brace"]),
    ("}", ["wording_brace"]),
    ("{}", ["wording_brace", "wording_brace"]),
    ("{0}", ["wording_brace", "wording_brace"]),
    ("{amount.__class__}", ["wording_brace", "wording_brace"]),
    ("{amount!r}", ["wording_brace", "wording_brace"]),
    ("{amount:>9}", ["wording_brace", "wording_brace"]),
    ("{{amount}}", ["wording_brace", "wording_brace"]),
    ("{المبلغ}", ["wording_brace", "wording_brace"]),
    ("[[note? x", ["wording_brackets"]),
    ("x]]", ["wording_brackets"]),
    ("[[note x]]", ["wording_condition"]),
    ("[[note? a [[amount? b]] c]]", ["wording_nested", "wording_brackets"]),
    ("{amont} [[note? x", ["wording_brackets", "wording_placeholder_unknown"]),
    (" \n", ["wording_empty"]),
    ("\u200f\u200d \u061c", ["wording_empty"]),
])
def test_what_is_wrong_is_named(text, expected):
    assert codes(text) == expected


def test_a_fault_says_where_it_is_and_what_may_be_written():
    [fault] = wording.check("{amont}", NAMES, "wording/ar/sms")
    assert (fault.field, fault.params) == ("wording/ar/sms", {"name": "amont", "allowed": "amount, note, until_2"})
    [fault] = wording.check("ادفع الآن [[note? السبب", NAMES, "wording/ar/sms")
    assert fault.params == {"near": "[[note? السبب"}


def test_every_missing_value_is_named_and_those_of_a_part_that_is_not_shown_are_not_asked_for():
    text = "{amount} [[note? {until_2}]] {other}"
    with pytest.raises(Refusal) as refusal:
        wording.render(text, {"note": "x"})
    assert [(fault.code, fault.field) for fault in refusal.value.faults] == [
        ("wording_value_missing", name) for name in ("amount", "until_2", "other")]
    assert wording.render("[[note? {until_2}]]-[[!note? {amount}]]", {"amount": "5"}) == "- 5"


def test_a_value_is_never_read_for_marks():
    assert wording.render("{amount}{note}", {"amount": "{note}", "note": "[[amount? x]]"}) == "{note}[[amount? x]]"


def test_names_in_conditions_count_and_bare_ones_are_those_that_nothing_asks_for():
    text = "{amount} [[note? {note} {until_2}]] [[!note? {note}]]"
    assert wording.placeholders(text) == {"amount", "note", "until_2"}
    assert wording.bare("{amount} [[note? {note}]]") == {"amount"}
    assert wording.bare(text) == {"amount", "until_2", "note"}
