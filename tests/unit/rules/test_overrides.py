import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.definition import load_definition
from contracts.problems import catalogue, describe
from rules import definition_paths, overrides
from tests.unit.rules.sample_service import service

NATIONAL = service()


def codes(own, national=NATIONAL):
    return [(fault.code, fault.field) for fault in overrides.check(national, own)]


@pytest.mark.parametrize("own", [
    {}, {"channels": NATIONAL["channels"][:1]}, {"unit_kinds": NATIONAL["unit_kinds"][1:]}, {"keywords": ["دكانة"]},
    {"keywords": []}, {"fees/area/account": "9.1-A"}, {"fees/workers/amount": 500}, {"fees/workers/amount": 2000},
    {"fees/share/percent": "1.25"}, {"fees/share/percent": 3},
    {"workflow/states/inspection/target/days": 2}, {"name/ar": "رخصة محل"}])
def test_what_a_governorate_may_set(own):
    assert codes(own) == []
    assert load_definition(overrides.apply(NATIONAL, own)) == overrides.apply(NATIONAL, own)


@pytest.mark.parametrize("path, value, code", [
    ("fees/area/amount", 5, "override_not_allowed"), ("period/days", 90, "override_not_allowed"),
    ("documents", [], "override_not_allowed"), ("fees", [], "override_not_allowed"), ("", 1, "override_not_allowed"),
    ("units/C-1/fees/workers/amount", 600, "override_not_allowed"), ("overridable", [], "override_not_allowed"),
    ("outputs/licence/kind", "letter", "override_not_allowed"), ("code", "x", "override_not_allowed"),
    ("fees/nothing/account", "1", "override_unknown"), ("fees/area/account", "two words", "override_value_unsound"),
    ("fees/area/account", 5, "override_value_unsound"), ("channels", [], "override_not_subset"),
    ("channels", ["drone"], "override_not_subset"), ("channels", "centre", "override_not_subset"),
    ("channels", [["centre"]], "override_not_subset"), ("unit_kinds", None, "override_not_subset"),
    ("keywords", "دكان", "override_keywords_unsound"), ("keywords", [" "], "override_keywords_unsound"),
    ("keywords", ["x"] * 51, "override_keywords_unsound"), ("keywords", ["x" * 101], "override_keywords_unsound"),
    ("fees/workers/amount", 499, "override_out_of_bounds"), ("fees/workers/amount", 2001, "override_out_of_bounds"),
    ("fees/workers/amount", "600", "override_value_unsound"), ("fees/workers/amount", 600.5, "override_value_unsound"),
    ("fees/workers/amount", True, "override_value_unsound"), ("fees/workers/amount", None, "override_value_unsound"),
    ("fees/share/percent", "4", "override_out_of_bounds"),
    ("fees/share/percent", "x", "override_value_unsound"),
    ("workflow/states/inspection/target/days", 8, "override_out_of_bounds"), ("name/ar", "", "override_value_unsound")])
def test_anything_else_is_refused_with_its_place(path, value, code):
    assert codes({path: value}) == [(code, f"overrides/{path}")]


@pytest.mark.parametrize("path", ["outputs/licence/kind", "fees/area/source", "form/goods/code", "code"])
def test_what_a_part_is_cannot_be_made_overridable(path):
    national = {**NATIONAL, "overridable": [{"path": path}]}
    assert codes({path: "letter"}, national) == [("override_not_allowed", f"overrides/{path}")]
    assert path not in {one["path"] for one in overrides.allowed(national)}


def test_all_faults_are_told_at_once_in_both_languages():
    own = {"period/days": 1, "channels": [], "keywords": 5, "fees/x/account": "1", "fees/workers/amount": 1,
           "name/ar": 5, "fees/stamp/account": None}
    faults = overrides.check(NATIONAL, own)
    assert len(faults) == len(own)
    for fault in faults:
        assert fault.code in catalogue()
        assert all("{" not in describe(fault, language) for language in ("ar", "en"))


def test_a_new_national_version_may_no_longer_take_what_was_set():
    later = copy.deepcopy(NATIONAL)
    later["overridable"] = [{"path": "fees/workers/amount", "min": 1000, "max": 2000}]
    later["channels"] = ["centre"]
    own = {"fees/workers/amount": 700, "channels": ["portal"], "workflow/states/inspection/target/days": 2}
    assert codes(own) == []
    assert [fault.code for fault in overrides.check(later, own)] == [
        "override_out_of_bounds", "override_not_subset", "override_not_allowed"]


def test_what_may_be_set_is_listed_with_its_bounds():
    listed = {one["path"]: one for one in overrides.allowed(NATIONAL)}
    assert listed["fees/workers/amount"] == {"path": "fees/workers/amount", "value": 700, "min": 500, "max": 2000}
    assert listed["channels"]["value"] == NATIONAL["channels"] and "outputs/licence/kind" not in listed
    assert set(listed) >= {f"fees/{line['code']}/account" for line in NATIONAL["fees"]}


sound = st.fixed_dictionaries({}, optional={
    "channels": st.lists(st.sampled_from(NATIONAL["channels"]), min_size=1, unique=True),
    "unit_kinds": st.lists(st.sampled_from(NATIONAL["unit_kinds"]), min_size=1, unique=True),
    "keywords": st.lists(st.sampled_from(["دكان", "كشك", "shop", "بقالة"]), max_size=4),
    "fees/area/account": st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True),
    "fees/workers/amount": st.integers(500, 2000),
    "fees/share/percent": st.decimals(1, "3.5", places=2).map(str),
    "workflow/states/inspection/target/days": st.integers(0, 7)})


@given(sound)
def test_sound_overrides_give_a_definition_that_can_be_executed_and_change_nothing_else(own):
    before = copy.deepcopy(NATIONAL)
    assert overrides.check(NATIONAL, own) == []
    local = overrides.apply(NATIONAL, own)
    assert before == NATIONAL
    assert load_definition(local) == local
    for path, value in own.items():
        found = definition_paths.find(local, path)
        if path == "keywords":
            assert set(found) == {*NATIONAL["keywords"], *value}
            assert found[:len(NATIONAL["keywords"])] == NATIONAL["keywords"]
        else:
            assert sorted(found) == sorted(value) if isinstance(value, list) else found == value
    back = {path: definition_paths.find(NATIONAL, path) for path in own}
    for path in own:  # with the national values put back, nothing is left of the governorate's
        parent, _, last = path.rpartition("/")
        (definition_paths.find(local, parent) if parent else local)[last] = back[path]
    assert local == NATIONAL


@given(sound)
def test_applying_again_changes_nothing(own):
    once = overrides.apply(NATIONAL, own)
    assert overrides.apply(once, own) == once


anything = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
                        lambda inner: st.one_of(st.lists(inner, max_size=3),
                                                st.dictionaries(st.text(max_size=3), inner, max_size=3)))


@given(st.dictionaries(st.sampled_from([
    "channels", "keywords", "unit_kinds", "fees/area/account", "fees//account", "fees/workers/amount", "name/ar",
    "fees/share/percent", "form/0", "a/b/c", "/", "fees/area"]), anything, max_size=6))
def test_whatever_is_given_is_judged_and_what_passes_can_be_applied(own):
    bad = {fault.field for fault in overrides.check(NATIONAL, own)}
    assert bad <= {f"overrides/{path}" for path in own}
    overrides.apply(NATIONAL, {path: value for path, value in own.items() if f"overrides/{path}" not in bad})


@given(st.sets(st.sampled_from(["channels", "keywords", "fees/area/account", "fees/workers/amount", "name/ar"])))
def test_an_edition_sent_back_with_a_word_corrected_proposes_only_that_word(chosen):
    values = {"channels": NATIONAL["channels"][:1], "keywords": ["دكانة"], "fees/area/account": "9.1-A",
              "fees/workers/amount": 500, "name/ar": "رخصة محل"}
    edition = overrides.apply(NATIONAL, {path: values[path] for path in chosen})
    assert overrides.national_of(edition, edition, NATIONAL) == NATIONAL
    edited = {**copy.deepcopy(edition), "summary": {"ar": "وصف", "en": "A summary"}}
    assert overrides.national_of(edited, edition, NATIONAL) == {**NATIONAL, "summary": edited["summary"]}


def test_a_value_of_its_own_that_somebody_changes_is_proposed_to_all():
    edition = overrides.apply(NATIONAL, {"fees/workers/amount": 500})
    edited = overrides.apply(NATIONAL, {"fees/workers/amount": 600})
    assert overrides.national_of(edited, edition, NATIONAL) == edited
