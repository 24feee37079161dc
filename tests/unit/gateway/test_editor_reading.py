"""A definition taken apart into the editor's forms and put together again, changed and unchanged."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from services.gateway.web.pages import editor_parts, editor_reading, editor_sheets, editor_view
from services.gateway.web.pages.editor_options import Options
from services.gateway.web.pages.editor_parts import PARTS, Part
from services.gateway.web.pages.editor_places import form_value, forms_of, lay_form, value_at
from tests.unit.gateway.ground import definitions

GUIDE = {row.code: row for row in definitions()}


def body_of(code: str) -> dict[str, Any]:
    return copy.deepcopy(dict(GUIDE[code].document))


def posted(body: dict[str, Any], group: Any, value: Any, language: str = "ar") -> MultiDict[str, str]:
    """What a browser would send of the form untouched."""
    options = Options(body, [(code, {"ar": code, "en": code}) for code in GUIDE])
    return MultiDict(editor_view.posted(editor_view.Builder(options, language).form(group, value)))


def every_form(body: dict[str, Any]) -> Iterator[tuple[Part, tuple[str, ...], Any]]:
    for part in PARTS:
        for place, group in forms_of(part, body):
            yield part, place, group


@pytest.mark.parametrize("code", sorted(GUIDE))
def test_a_definition_taken_apart_and_put_together_again_is_the_same(code: str) -> None:
    body = body_of(code)
    made = copy.deepcopy(body)
    for part, place, group in every_form(body):
        was = form_value(part, made, place)
        read = editor_reading.Reader(posted(made, group, was), Options(made).types()).read(group, was)
        made = lay_form(part, made, place, read)
    assert made == body


@pytest.mark.parametrize("code", sorted(GUIDE))
def test_every_value_of_a_definition_stands_in_some_form(code: str) -> None:
    """What no form shows can be changed in the whole text alone; it is little, and known."""
    body = body_of(code)
    seen: set[tuple[str, ...]] = set()
    for _, place, group in every_form(body):
        options = Options(body, [(one, {"ar": one, "en": one}) for one in GUIDE])
        for node in editor_view.walk(editor_view.Builder(options, "ar").form(group, value_at(body, place))):
            assert not node.get("deep"), f"{place} {node['name']} is deeper than rows can say"
            if node["type"] not in ("group", "pair", "rows"):
                seen.add((*place, *node["name"].split("/")))
    unseen = {path for path in leaves(body) if not any(path[: len(one)] == one for one in seen)}
    # the code of a service is given once; where a question came from a part of several forms is not for changing
    assert {path for path in unseen if path != ("code",) and "part" not in path} == set()


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from leaves(one, (*path, key))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, one in enumerate(value):
            yield from leaves(one, (*path, str(index)))
    elif value not in (None, [], {}):
        yield path


def change(body: dict[str, Any], part: str, item: str, **typed: Any) -> dict[str, Any]:
    """The definition after somebody typed into one form, by the names of its fields."""
    chosen, place, group = next((one, place, group) for one, place, group in every_form(body)
                                if one.code == part and (place[-1:] == (item,) or not item))
    form = posted(body, group, value_at(body, place))
    for name, value in typed.items():
        form.setlist(name, value if isinstance(value, list) else [value])
    read = editor_reading.Reader(form, Options(body).types()).read(group, value_at(body, place))
    return lay_form(chosen, body, place, read)


def test_an_amount_is_typed_in_pounds_and_kept_in_piastres() -> None:
    body = change(body_of("shop-licence"), "fees", "2", amount="١٢٫٥٠")
    assert body["fees"][2]["amount"] == 1250


def test_what_is_no_amount_stays_as_it_was_typed() -> None:
    """A draft may be faulty: the check says so, and the text is still there."""
    body = change(body_of("shop-licence"), "fees", "2", amount="عشرة")
    assert body["fees"][2]["amount"] == "عشرة"


def test_a_condition_is_one_row_and_becomes_two_that_hold_together() -> None:
    body = body_of("shop-licence")
    assert body["form"][6]["when"] == {"field": "activity", "equals": "cafe"}
    asked = change(body, "form", "6", **{"when/1/field": "area_m2"})
    assert asked["form"][6]["when"] == {"all": [{"field": "activity", "equals": "cafe"}, {"field": "area_m2"}]}
    answered = change(asked, "form", "6", **{"when/1/test": "at_least", "when/1/value": "٥٠"})
    assert answered["form"][6]["when"]["all"][1] == {"field": "area_m2", "at_least": 50}


def test_a_condition_whose_question_is_left_empty_is_gone() -> None:
    assert "when" not in change(body_of("shop-licence"), "form", "6", **{"when/0/field": ""})["form"][6]


def test_another_question_in_a_condition_is_asked_for_its_value_anew() -> None:
    body = change(body_of("shop-licence"), "form", "6", **{"when/0/field": "tenure"})
    assert body["form"][6]["when"] == {"field": "tenure"}


def test_several_answers_of_a_choice_are_one_of() -> None:
    body = change(body_of("shop-licence"), "form", "6",
                  **{"when/0/test": "in", "when/0/value": ["cafe", "food"]})
    assert body["form"][6]["when"] == {"field": "activity", "in": ["cafe", "food"]}


def test_an_optional_group_left_empty_is_not_there() -> None:
    body = change(body_of("shop-licence"), "states", "inspection", **{"target/days": "", "target/kind": ""})
    assert "target" not in body["workflow"]["states"]["inspection"]


def test_a_new_kind_of_fee_drops_what_belonged_to_the_old() -> None:
    body = body_of("shop-licence")
    before = body["fees"][2]
    after = editor_parts.tidied("fees", before, {**before, "kind": "tiered"})
    assert "amount" not in after
    assert after["per"] == "workers"


def test_rows_are_added_moved_and_removed() -> None:
    group, body = editor_sheets.question(), body_of("shop-licence")
    activity = body["form"][1]
    values = [one["value"] for one in activity["options"]]
    editor_reading.operate(group, activity, "down:options/0")
    assert [one["value"] for one in activity["options"]] == [values[1], values[0], *values[2:]]
    editor_reading.operate(group, activity, "remove:options/0")
    assert [one["value"] for one in activity["options"]] == [values[0], *values[2:]]
    editor_reading.operate(group, activity, "add:options")
    assert activity["options"][-1] == {"value": "option_5", "label": {"ar": "", "en": ""}}


@pytest.mark.parametrize("wanted", ["", "up:options/0", "remove:options/99", "add:nowhere", "remove:",
    "jump:options/1"])
def test_an_operation_that_means_nothing_changes_nothing(wanted: str) -> None:
    activity = body_of("shop-licence")["form"][1]
    assert editor_reading.operate(editor_sheets.question(), copy.deepcopy(activity), wanted) == activity


def test_actions_of_branches_are_lists_in_lists() -> None:
    state: dict[str, Any] = {"kind": "parallel", "name": {"ar": "أ", "en": "a"}, "branches": [
        {"code": "one", "name": {"ar": "أ", "en": "a"}, "actions": []}]}
    editor_reading.operate(editor_sheets.STATE, state, "add:branches/0/actions")
    assert state["branches"][0]["actions"] == [{"code": "action_1", "name": {"ar": "", "en": ""},
        "requires": []}]


def test_a_fault_of_a_rule_stands_at_the_place_of_its_code() -> None:
    body = body_of("shop-licence")
    steps = editor_view.steps_of(body, "workflow/states/decision/actions/reject")
    assert steps == ("workflow", "states", "decision", "actions", "1")


def test_a_fault_stands_at_the_deepest_field_on_its_path() -> None:
    body = body_of("shop-licence")
    fault = {"field": "form/6/when/equals", "ar": "قيمة", "en": "value"}
    form = editor_view.Builder(Options(body), "ar").form(
        editor_sheets.question(), body["form"][6], editor_view.under([fault], body, ("form", "6")))
    assert {node["name"]: node["faults"] for node in editor_view.walk(form) if node["faults"]} == {"when": ["قيمة"]}


@pytest.mark.parametrize(("english", "taken", "code"), [
    ("Area of the shop (m2)", set(), "area_of_the_shop_m2"), ("Area", {"area"}, "area_2"), ("", set(), "question"),
    ("2nd floor", set(), "question_2nd_floor")])
def test_codes_come_of_english_names(english: str, taken: set[str], code: str) -> None:
    assert editor_sheets.code_of(english, taken, "question") == code
