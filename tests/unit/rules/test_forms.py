import json
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import forms
from rules.refusal import Refusal

LABEL = {"ar": "حقل", "en": "Field"}


def field(name, type="text", **more):
    return {"name": name, "type": type, "label": LABEL, **more}


def options(*values):
    return [{"value": value, "label": LABEL} for value in values]


FORM = [
    field("name", required=True, max_length=20), field("notes", "long_text"),
    field("workers", "integer", min=0, max=100), field("area", "decimal", min="0.5", max=500),
    field("kind", "choice", required=True, options=options("cafe", "food")),
    field("extras", "multi_choice", options=options("tv", "wifi", "seats")),
    field("day", "date", min="2026-01-01", max="2026-12-31"), field("shisha", "boolean", required=True,
                                                                  when={"field": "kind", "equals": "cafe"}),
    field("code", pattern="[A-Z]{3}")]


def faults(answers, form=FORM):
    with pytest.raises(Refusal) as refused:
        forms.validate(form, answers)
    return [(fault.field, fault.code) for fault in refused.value.faults]


def test_answers_are_cleaned_to_one_shape():
    assert forms.validate(FORM, {
        "kind": "cafe", "name": "  دكان أم كلثوم ", "workers": "٢٥", "area": "٤٥٫٥٠", "extras": ["wifi", "tv", "tv"],
        "day": "٢٠٢٦-٠١-٣١", "shisha": "on", "notes": "سطر\r\nآخر", "code": "ABC"}) == {
        "name": "دكان أم كلثوم", "notes": "سطر\nآخر", "workers": 25, "area": "45.5", "kind": "cafe",
        "extras": ["tv", "wifi"], "day": "2026-01-31", "shisha": True, "code": "ABC"}


def test_all_faults_come_at_once():
    assert faults({"workers": 101, "area": 45.5, "kind": "bank", "colour": "red"}) == [
        ("answers/name", "field_required"), ("answers/workers", "answer_above"), ("answers/area", "answer_not_decimal"),
        ("answers/kind", "answer_not_choice"), ("answers/colour", "field_unknown")]


GOOD = {"name": "م", "kind": "food"}


@pytest.mark.parametrize("name, value, code", [
    ("name", "x" * 21, "answer_too_long"), ("name", 5, "answer_not_text"), ("name", "a\x00b", "answer_not_text"),
    ("name", "a\nb", "answer_not_text"), ("name", "\ud800", "answer_not_text"), ("notes", "\x1b", "answer_not_text"),
    ("name", {"a": 1}, "answer_not_text"), ("name", "   ", "field_required"), ("kind", None, "field_required"),
    ("workers", "5.5", "answer_not_integer"), ("workers", True, "answer_not_integer"),
    ("workers", 5.0, "answer_not_integer"), ("workers", "9" * 5000, "answer_not_integer"),
    ("workers", -1, "answer_below"), ("area", "0.4", "answer_below"), ("area", "500.01", "answer_above"),
    ("area", "1e3", "answer_not_decimal"), ("area", "nan", "answer_not_decimal"), ("area", True, "answer_not_decimal"),
    ("extras", ["tv", "sauna"], "answer_not_choice"), ("extras", [["tv"]], "answer_not_choice"),
    ("extras", {"tv": 1}, "answer_not_choice"), ("kind", ["food"], "answer_not_choice"),
    ("day", "2026-02-30", "answer_not_date"), ("day", "20260131", "answer_not_date"), ("day", 20260131,
     "answer_not_date"), ("day", "2025-12-31", "answer_below"), ("day", "2027-01-01", "answer_above"),
    ("shisha", True, "answer_not_applicable"), ("code", "abc", "answer_pattern"), ("code", "ABCD", "answer_pattern")])
def test_what_is_refused(name, value, code):
    assert faults({**GOOD, name: value}) == [(f"answers/{name}", code)]


WHO = [field("id", "national_id", personal=True), field("phone", "mobile", personal=True),
       field("mail", "email", personal=True)]


def test_who_somebody_is_is_cleaned_to_one_shape():
    answers = {"id": "٢٨٥٠٣١٥٠١٠١٢٣٢", "phone": "0020 10 1234 5678", "mail": " Ali@Example.ORG "}
    cleaned = {"id": "28503150101232", "phone": "+201012345678", "mail": "Ali@example.org"}
    assert forms.validate(WHO, answers) == cleaned == forms.validate(WHO, cleaned)


@pytest.mark.parametrize("name, value, code", [
    ("id", "285031501012", "national_id_length"), ("id", "28513150101232", "national_id_date"),
    ("id", 28503150101232, "answer_not_text"), ("phone", "0225551234", "phone_landline"),
    ("phone", True, "answer_not_text"), ("mail", "a@b@c", "email_invalid"), ("mail", ["a@b.org"], "answer_not_text")])
def test_what_is_no_national_id_mobile_or_email_is_refused(name, value, code):
    assert faults({name: value}, WHO) == [(f"answers/{name}", code)]


@pytest.mark.parametrize("kind", ["national_id", "mobile", "email"])
def test_who_somebody_is_is_always_personal(kind):
    for personal in ({}, {"personal": False}):
        found = forms.check([field("who", kind, **personal)])
        assert [(fault.code, fault.field) for fault in found] == [("form_field_not_personal", "form/0/personal")]
    assert forms.check([field("who", kind, personal=True)]) == []


def test_only_a_choice_has_options():
    found = forms.check([field("name", options=options("a")), field("size", "integer", options=options("b"))])
    assert [(fault.code, fault.field) for fault in found] == [
        ("form_options_unsound", "form/0/options"), ("form_options_unsound", "form/1/options")]


def test_a_required_field_is_required_only_where_it_is_asked():
    assert faults({**GOOD, "kind": "cafe"}) == [("answers/shisha", "field_required")]
    assert forms.validate(FORM, GOOD) == GOOD


def test_no_is_an_answer():
    assert forms.validate(FORM, {**GOOD, "kind": "cafe", "shisha": False})["shisha"] is False
    assert forms.validate(FORM, {**GOOD, "workers": 0})["workers"] == 0


anything = st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30)),
                        lambda inner: st.one_of(st.lists(inner, max_size=3),
                                                st.dictionaries(st.text(max_size=5), inner, max_size=3)), max_leaves=5)


@given(st.dictionaries(st.sampled_from([one["name"] for one in FORM] + ["other"]), anything))
def test_whatever_is_sent_is_refused_or_cleaned_for_good(answers):
    try:
        cleaned = forms.validate(FORM, answers)
    except Refusal:
        return
    assert forms.validate(FORM, cleaned) == cleaned
    assert json.loads(json.dumps(cleaned)) == cleaned


@given(st.decimals(-10**11, 10**11, places=4))
def test_a_decimal_keeps_its_value_in_a_canonical_text(value):
    cleaned = forms.validate([field("area", "decimal")], {"area": format(value, "f")})["area"]
    assert Decimal(cleaned) == value
    assert forms.validate([field("area", "decimal")], {"area": value})["area"] == cleaned
    assert "E" not in cleaned and cleaned != "-0" and not (cleaned.count(".") and cleaned.endswith("0"))


DOCUMENTS = [
    {"code": "id", "required": True, "name": {"ar": "البطاقة", "en": "ID card"}},
    {"code": "lease", "required": True, "name": LABEL, "when": {"field": "tenure", "equals": "leased"}},
    {"code": "drawing", "required": False, "name": LABEL}]


def test_documents_follow_the_answers():
    assert [one["code"] for one in forms.required_documents(DOCUMENTS, {"tenure": "leased"})] == ["id", "lease"]
    assert [one["code"] for one in forms.required_documents(DOCUMENTS, {"tenure": "owned"})] == ["id"]
    assert [one["code"] for one in forms.accepted_documents(DOCUMENTS, {})] == ["id", "drawing"]


def test_documents_missing_and_not_asked_for():
    forms.check_documents(DOCUMENTS, {}, ["id", "drawing"])
    with pytest.raises(Refusal) as refused:
        forms.check_documents(DOCUMENTS, {}, ["lease", "cat"])
    assert [(fault.field, fault.code) for fault in refused.value.faults] == [
        ("documents/id", "document_missing"), ("documents/cat", "document_not_asked"),
        ("documents/lease", "document_not_asked")]
    assert refused.value.faults[0].params == {"name_ar": "البطاقة", "name_en": "ID card"}


@pytest.mark.parametrize("form, code", [
    ([field("a"), field("a")], "form_name_twice"), ([field("a", "choice")], "form_options_unsound"),
    ([field("a", "choice", options=options("x", "x"))], "form_options_unsound"),
    ([field("a", "integer", min=5, max=4)], "form_bounds_unsound"), ([field("a", min=5)], "form_bounds_unsound"),
    ([field("a", "date", min="soon")], "form_bounds_unsound"), ([field("a", pattern="(")], "form_pattern_unsound"),
    ([field("a", when={"field": "b", "present": True}), field("b")], "condition_unsound")])
def test_an_unsound_form_is_told(form, code):
    assert code in [fault.code for fault in forms.check(form)]


def test_a_sound_form_passes():
    assert forms.check(FORM) == []


def test_a_condition_reads_the_cleaned_answer_not_what_was_typed():
    form = [field("workers", "integer"), field("plan", when={"field": "workers", "at_least": 5})]
    assert forms.validate(form, {"workers": " ٧ ", "plan": "نعم"}) == {"workers": 7, "plan": "نعم"}


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a|aa)+$b", "a*a*a*a*a*a*a*b", "([a-z]+)*[0-9]"])
def test_no_answer_keeps_a_pattern_busy(pattern):
    begun = time.process_time()
    assert faults({"words": "a" * 4000}, [field("words", "long_text", pattern=pattern)]) == [
        ("answers/words", "answer_pattern")]
    assert time.process_time() - begun < 5  # it took years


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=a)b", "(", ".{0,1000}" * 20, "a**b\ud800"])
def test_a_pattern_that_cannot_be_matched_in_measured_time_is_no_pattern(pattern):
    assert [fault.code for fault in forms.check([field("words", pattern=pattern)])] == ["form_pattern_unsound"]


def test_a_pattern_is_met_by_the_whole_answer_in_any_script():
    form = [field("plate", pattern=r"[ء-ي]{3} \p{Nd}{1,4}")]
    assert forms.validate(form, {"plate": "سمك ١٢٣"}) == {"plate": "سمك ١٢٣"}
    assert faults({"plate": "سمك ١٢٣٤٥"}, form) == [("answers/plate", "answer_pattern")]
