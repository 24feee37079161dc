import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import definition_paths
from rules.definition_paths import NOTHING
from rules.difference_words import WORDS
from rules.differences import differences
from tests.unit.rules.sample_service import branch, service

KIOSK = service()


def changed(change):
    after = copy.deepcopy(KIOSK)
    change(after)
    return differences(KIOSK, after)


def told(found):
    return [(one["path"], one["kind"], one["before"], one["after"]) for one in found]


def test_a_definition_does_not_differ_from_itself_however_its_keys_are_ordered():
    assert differences(KIOSK, json.loads(json.dumps(KIOSK, sort_keys=True))) == []


def test_a_changed_value_is_told_by_the_names_that_lead_to_it():
    found = changed(lambda after: after["fees"][1].update(amount=1200))
    assert found == [{"path": "fees/area/amount", "kind": "changed", "before": 1000, "after": 1200, "section": "fees",
                      "label": {"ar": "الرسوم – عن المساحة – القيمة", "en": "Fees – By area – Amount"}}]


def test_an_item_that_came_or_went_is_told_whole_and_the_rest_stays_matched():
    def change(after):
        after["fees"].insert(0, {**after["fees"][0], "code": "stamp", "name": {"ar": "دمغة", "en": "Stamp"}})
        after["documents"] = [one for one in after["documents"] if one["code"] != "photo"]
    found = changed(change)
    assert [(one["path"], one["kind"], one["label"]["ar"]) for one in found] == [
        ("documents/photo", "removed", "المستندات – صورة"), ("fees/stamp", "added", "الرسوم – دمغة")]
    assert found[0]["before"]["code"] == "photo" and found[0]["after"] is None


def test_a_change_of_order_alone_is_told():
    assert told(changed(lambda after: after["form"].reverse())) == [
        ("form", "changed", ["goods", "area_m2", "workers", "fridge"], ["fridge", "workers", "area_m2", "goods"])]


def test_plain_lists_and_lists_without_names_are_told_whole():
    def change(after):
        after["channels"].remove("portal")
        after["legal_basis"][0]["source"] = "public"
    assert [path for path, *_ in told(changed(change))] == ["legal_basis", "channels"]


def test_a_state_of_another_kind_is_told_part_by_part():
    def change(after):
        after["workflow"]["states"]["inspection"] = {
            **after["workflow"]["states"]["inspection"], "kind": "parallel", "branches": [branch("health")]}
        after["workflow"]["states"]["review"]["actions"][0]["to"] = "decision"
    assert {path: kind for path, kind, *_ in told(changed(change))} == {
        "workflow/states/inspection/kind": "changed", "workflow/states/inspection/branches": "added",
        "workflow/states/review/actions/accept/to": "changed"}


@pytest.mark.parametrize("before, after", [(1, True), (0, False), (None, 0), ("1", 1), ([], {}), ([], None)])
def test_what_only_python_takes_for_equal_differs(before, after):
    assert told(differences({"x": before}, {"x": after})) == [("x", "changed", before, after)]


def test_from_nothing_everything_is_added_and_to_nothing_everything_goes():
    assert {(one["path"], one["kind"]) for one in differences({}, KIOSK)} == {(key, "added") for key in KIOSK}
    assert {(one["path"], one["kind"]) for one in differences(KIOSK, {})} == {(key, "removed") for key in KIOSK}


def test_every_key_of_a_definition_has_a_word_in_both_languages():
    assert set(KIOSK) <= WORDS.keys()
    assert all(words["ar"] and words["en"] for words in WORDS.values())


scalars = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b"])
keys = st.sampled_from(["code", "x", "y", "name"])
values = st.recursive(scalars, lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3),
    st.lists(st.fixed_dictionaries({"code": st.sampled_from("pqrs"), "x": inner}), max_size=4)), max_leaves=12)
documents = st.dictionaries(st.sampled_from(["fees", "form", "period"]), values, max_size=3)


def canonical(document):
    return json.dumps(document, sort_keys=True)


@given(documents, documents)
def test_there_is_no_difference_exactly_when_the_two_are_the_same(before, after):
    assert (differences(before, after) == []) == (canonical(before) == canonical(after))
    assert differences(before, before) == []


@given(documents, documents)
def test_every_path_is_told_once_and_says_what_stands_there(before, after):
    found = differences(before, after)
    paths = [one["path"] for one in found]
    assert len(set(paths)) == len(paths)
    for one in found:
        was, now = definition_paths.find(before, one["path"]), definition_paths.find(after, one["path"])
        if one["kind"] == "added":
            assert was is NOTHING and now == one["after"]
        elif one["kind"] == "removed":
            assert now is NOTHING and was == one["before"]
        else:
            assert was is not NOTHING and now is not NOTHING
            assert (was, now) == (one["before"], one["after"]) or (
                sorted(one["before"]) == sorted(one["after"]) and one["before"] != one["after"])


@given(documents, documents)
def test_the_way_back_tells_the_same_paths_the_other_way_round(before, after):
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    there = {(one["path"], one["kind"]) for one in differences(before, after)}
    assert {(one["path"], turned[one["kind"]]) for one in differences(after, before)} == there


def settled(document, found, other):
    """The document with every difference carried out, items kept in the other's order."""
    result = copy.deepcopy(document)
    for one in found:
        *parents, last = one["path"].split("/")
        place = definition_paths.find(result, "/".join(parents)) if parents else result
        value = definition_paths.find(other, one["path"])
        if isinstance(place, list):
            at = next((i for i, item in enumerate(place) if definition_paths.key(item) == last), None)
            if value is NOTHING:
                del place[at]
            elif at is None:
                place.append(copy.deepcopy(value))
            else:
                place[at] = copy.deepcopy(value)
        elif value is NOTHING:
            del place[last]
        else:
            place[last] = copy.deepcopy(value)
    return result


def unordered(value):
    """Without the order of named items, which is told for the list and not for an item that came."""
    if isinstance(value, dict):
        return {key: unordered(one) for key, one in value.items()}
    if isinstance(value, list):
        parts = [unordered(one) for one in value]
        return sorted(parts, key=canonical) if all(definition_paths.key(one) for one in value) else parts
    return value


@given(documents, documents)
def test_carrying_out_the_differences_gives_the_other(before, after):
    assert canonical(unordered(settled(before, differences(before, after), after))) == canonical(unordered(after))
