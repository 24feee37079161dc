"""Reusable parts of a form become ordinary fields that remember where they came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.definition import load_definition, parts
from rules import forms
from rules.refusal import Refusal
from tests.support.definitions import whole

CODES = sorted(parts.load())


def with_form(*uses):
    """The sample, without fees and so without examples, with further uses of parts after its own form."""
    data = whole()
    data |= {"fees": [], "examples": [], "overridable": data["overridable"][1:], "form": [*data["form"], *uses]}
    data["outputs"][0]["renewal"] = None
    states = data["workflow"]["states"]
    del states["first_fee"], states["last_fee"]
    data["workflow"]["initial"], states["decision"]["actions"][0]["to"] = "review", "issued"
    data["period"]["silence_to"] = "issued"
    return data


def made(*uses):
    return load_definition(with_form(*uses))["form"][len(load_definition(whole())["form"]):]


def rules_of(*uses):
    with pytest.raises(Refusal) as refused:
        load_definition(with_form(*uses))
    return {(fault.field, fault.params["rule"]) for fault in refused.value.faults}


@pytest.mark.parametrize("code", CODES)
def test_every_part_is_a_sound_form_in_both_languages(code):
    part = parts.load()[code]
    fields = [{**field, "required": False} for field in part["fields"]]
    assert forms.check(fields) == []
    assert set(part["required"]) <= {field["name"] for field in fields}
    for named in [part["name"], *(field["label"] for field in fields)]:
        assert set(named) == {"ar", "en"} and all(named.values())
    assert made({"part": code, "prefix": "a"}) and made({"part": code, "prefix": "a"}, {"part": code, "prefix": "b"})


def test_a_use_chooses_orders_and_requires():
    fields = made({"part": "address", "prefix": "shop", "fields": ["street", "area"], "required": ["street"]})
    assert [(field["name"], field["required"]) for field in fields] == [("shop_street", True), ("shop_area", False)]
    assert fields[0]["part"] == {"code": "address", "prefix": "shop", "name": {"ar": "العنوان", "en": "Address"}}


def test_a_use_may_be_conditional_named_changed_and_sourced():
    name = {"ar": "عنوان المخزن", "en": "Store"}
    street, = made({"part": "address", "prefix": "store", "fields": ["street"], "name": name, "source": "law",
                    "when": {"field": "corner", "equals": True}, "change": {"street": {"max_length": 40}}})
    assert (street["when"], street["max_length"], street["source"], street["part"]["name"]) == (
        {"field": "corner", "equals": True}, 40, "law", name)


def test_the_parts_own_conditions_follow_the_prefix_and_join_those_of_the_use():
    _, number = made({"part": "property", "prefix": "land", "fields": ["title_kind", "title_number"],
                      "when": {"field": "corner", "equals": True}})
    outer, inner = number["when"]["all"]
    assert outer == {"field": "corner", "equals": True} and inner["field"] == "land_title_kind"


@pytest.mark.parametrize("use, field, rule", [
    ({"part": "castle"}, "form/4/part", "part_unknown"),
    ({"part": "address", "prefix": "x", "fields": ["moat"]}, "form/4/fields", "part_field_unknown"),
    ({"part": "address", "prefix": "x", "fields": ["area"], "required": ["street"]}, "form/4/required",
     "part_field_unknown"),
    ({"part": "address", "prefix": "x", "change": {"moat": {}}}, "form/4/change", "part_field_unknown"),
    ({"part": "address", "prefix": "Two Words"}, "form/4/prefix", "schema"),
    ({"part": "address", "colour": "red"}, "form/4/colour", "schema"),
    ({"part": "address", "prefix": "x", "change": {"area": {"type": "poem"}}}, "form/4/x_area/type", "schema"),
    ({"part": "address", "prefix": "site", "fields": ["street"]}, "form/4/site_street/name", "form_name_twice"),
    ({"part": "address", "prefix": "x", "fields": ["area"], "when": {"field": "nobody", "present": True}},
     "form/4/x_area/when", "condition_unsound"),
])
def test_a_fault_in_a_use_is_told_where_it_was_written(use, field, rule):
    assert (field, rule) in rules_of(use)


def test_a_field_after_a_part_keeps_the_place_where_it_was_written():
    data = whole()
    data["form"][3]["label"] = {"ar": "ناصية"}
    with pytest.raises(Refusal) as refused:
        load_definition(data)
    assert [fault.field for fault in refused.value.faults] == ["form/3/label/en"]


@st.composite
def uses(draw):
    """A sound use of any part. Fields that a chosen field's condition reads are chosen with it, in the part's order."""
    code = draw(st.sampled_from(CODES))
    names = [field["name"] for field in parts.load()[code]["fields"]]
    chosen = draw(st.sets(st.sampled_from(names), min_size=1))
    for field in parts.load()[code]["fields"]:
        if field["name"] in chosen and "when" in field:
            chosen.add(field["when"]["field"])
    fields = [name for name in names if name in chosen]
    use = {"part": code, "prefix": draw(st.sampled_from(["one", "two", "p_3"])), "fields": fields}
    if draw(st.booleans()):
        use["required"] = draw(st.lists(st.sampled_from(fields), unique=True))
    if draw(st.booleans()):
        use["when"] = {"field": "corner", "equals": draw(st.booleans())}
    return use


@given(uses())
def test_a_part_expands_the_same_each_time_and_what_it_became_stays(use):
    data = with_form(use)
    loaded = load_definition(data)
    assert load_definition(with_form(use)) == loaded == load_definition(loaded)
    tail = loaded["form"][-len(use["fields"]):]
    assert [field["name"] for field in tail] == [f"{use['prefix']}_{name}" for name in use["fields"]]
    if "required" in use:
        assert [field["name"] for field in tail if field["required"]] == [
            f"{use['prefix']}_{name}" for name in use["fields"] if name in use["required"]]
