"""What may be wrong with a definition beyond fees and form: each told with its place, all at once."""

import json
import re

import pytest

from contracts.definition import load_definition
from contracts.definition.checks import across
from contracts.problems import describe
from rules.refusal import Refusal
from tests.support.definitions import changed, whole


def faults(data):
    with pytest.raises(Refusal) as refused:
        load_definition(data)
    assert {fault.code for fault in refused.value.faults} == {"definition_invalid"}
    for fault in refused.value.faults:
        assert re.search(r"[ء-ي]", describe(fault, "ar")) and not re.search(r"[ء-ي]", describe(fault, "en")), fault
    return {(fault.field, fault.params["rule"]) for fault in refused.value.faults}


def test_a_definition_with_every_key_loads_and_loading_it_again_changes_nothing():
    loaded = load_definition(whole())
    assert load_definition(loaded) == loaded == json.loads(json.dumps(loaded))


def test_what_is_not_written_is_filled_in():
    loaded = load_definition(whole())
    assert [one["presented"] for one in loaded["documents"]] == ["original_and_copy", "copy"]
    assert loaded["outputs"][0]["template"] is None and loaded["outputs"][0]["delivery"] == ["window", "post"]
    assert {one["source"] for one in loaded["fees"]} == {"unverified"}
    assert [one["source"] for one in loaded["documents"]] == ["public", "law"]
    assert [one["source"] for one in loaded["external_bodies"]] == ["public", "law"]
    assert loaded["period"]["source"] == "law" and loaded["outputs"][0]["source"] == "law"
    assert [field["source"] for field in loaded["form"]] == ["unverified"] * 5 + ["law", "unverified"]


def test_the_answers_of_an_example_are_kept_clean():
    data = changed("examples/0/answers/area_m2", "٨٠٫٥٠")
    data["examples"][0]["answers"]["owner_phone"] = "0100 123 4567"
    assert load_definition(data)["examples"][0]["answers"] == {
        "site_area": "المعادي", "site_title_kind": "other", "area_m2": "80.5", "corner": False,
        "owner_phone": "+201001234567"}


@pytest.mark.parametrize("path, value, field, rule", [
    ("sources/channels", None, "sources/channels", "source_missing"),
    ("sources/eligibility", None, "sources/eligibility", "source_missing"),
    ("sources/fees", None, "sources/fees", "source_missing"),
    ("sources/documents", None, "documents/0/source", "source_missing"),
    ("period/source", None, "period/source", "source_missing"),
    ("sources/fees", "hearsay", "sources/fees", "schema"), ("sources/colour", "law", "sources/colour", "schema"),
    ("period/source", "unverified", "period/silence", "silence_unsourced"),
    ("period/silence_to", "rejected", "period/silence_to", "silence_target_unsound"),
    ("period/silence", "rejection", "period/silence_to", "silence_target_unsound"),
    ("stage_periods/0/silence", "approval", "stage_periods/0/silence_to", "silence_target_unsound"),
    ("stage_periods/0/silence", "approval", "stage_periods/0/silence", "silence_unsourced"),
    ("stage_periods/0/states", ["opinions", "heaven"], "stage_periods/0/states/1", "stage_period_state_unknown"),
    ("stage_periods/0/states", ["issued"], "stage_periods/0/states/0", "stage_period_state_unknown"),
    ("stage_periods/0/days", -1, "stage_periods/0/days", "schema"),
    ("examples", [], "examples", "examples_missing"),
    ("examples/0/answers/area_m2", 5000, "examples/0/answers/area_m2", "answer_above"),
    ("examples/0/answers/corner", None, "examples/0/answers/corner", "field_required"),
    ("examples/0/answers/colour", "red", "examples/0/answers/colour", "field_unknown"),
    ("examples/0/answers/area_m2", 2.5, "examples/0/answers/area_m2", "schema"),
    ("external_bodies/1/code", "civil-defence", "external_bodies/1/code", "external_body_twice"),
    ("external_bodies/0/code", "army", "external_bodies/0/code", "external_body_unused"),
    ("external_bodies/0/code", "army", "workflow/states/defence/body", "workflow_body_undefined"),
    ("follow_up/0/role", "citizen", "follow_up/0/role", "follow_up_role_undefined"),
    ("follow_up/0/department", "parks", "follow_up/0/department", "follow_up_department_undefined"),
    ("follow_up/0/every_months", 0, "follow_up/0/every_months", "schema"),
    ("outputs", [], "follow_up/0", "follow_up_of_nothing"),
    ("outputs/0/renewal/late_fee", "fine", "outputs/0/renewal/late_fee", "renewal_fee_unknown"),
    ("outputs/0/renewal/late_days", 0, "outputs/0/renewal/late_fee", "renewal_late_fee_without_days"),
    ("outputs/0/validity_months", None, "outputs/0/renewal", "renewal_without_end"),
    ("outputs/0/delivery", ["pigeon"], "outputs/0/delivery/0", "schema"),
    ("overridable/0/path", "fees/nothing/amount", "overridable/0/path", "overridable_unknown"),
    ("overridable/0/path", "fees/permit", "overridable/0/path", "overridable_unknown"),
    ("overridable/0/path", "fees/permit/source", "overridable/0/path", "overridable_identity"),
    ("overridable/0/path", "form/area_m2/name", "overridable/0/path", "overridable_identity"),
    ("overridable/1/path", "fees/permit/amount", "overridable/1/path", "overridable_twice"),
    ("overridable/0/path", "fees/permit/name/ar", "overridable/0/min", "overridable_bounds_unsound"),
    ("overridable/0/min", 2000, "overridable/0/min", "overridable_bounds_unsound"),
    ("overridable/0/max", "many", "overridable/0/min", "overridable_bounds_unsound"),
    ("form/1/personal", None, "form/1/personal", "form_field_not_personal"),
    ("form/2/options", [{"value": "x", "label": {"ar": "س", "en": "x"}}], "form/2/options", "form_options_unsound"),
    ("form/3/name", "area_m2", "form/3/name", "form_name_twice"),
    ("documents/0/presented", "photo", "documents/0/presented", "schema"),
    ("documents/0/when", {"field": "corner", "equals": {"x": 1}}, "documents/0/when", "schema"),
    ("documents/0/when", {"all": []}, "documents/0/when", "schema"),
    ("documents/0/required", "yes", "documents/0/required", "schema"),
    ("fees/0/amount", True, "fees/0/amount", "schema"),
    ("fees/4/formula", None, "fees/4/formula", "schema"),
    ("unit_kinds", ["village-unit"], "unit_kinds/0", "schema"), ("sector", "magic", "sector", "schema"),
    ("life_event", "waking-up", "life_event", "schema"),
    ("workflow/states/opinions/branches/0/actions/0/verdict", "maybe",
     "workflow/states/opinions/branches/0/actions/0/verdict", "schema"),
    ("workflow/states/opinions/branches/1/actions/0/to", "decision",
     "workflow/states/opinions/branches/1/actions/0/verdict", "schema"),
    ("workflow/states/opinions/join/favourable", "heaven", "workflow/states/opinions/join/favourable",
     "workflow_target_unknown"),
    ("name/ar", "\x00", "name/ar", "schema"), ("name/ar", "\ud800", "name/ar", "schema"),
])
def test_a_fault_is_told_with_its_place(path, value, field, rule):
    assert (field, rule) in faults(changed(path, value))


def test_a_validity_without_end_may_be_given_one_by_a_governorate():
    data = changed("outputs/0/validity_months", None)
    data["outputs"][0]["renewal"] = None
    data["overridable"].append({"path": "outputs/permit/validity_months", "min": 12, "max": 60})
    assert load_definition(data)["overridable"][2]["max"] == 60


def test_a_wrong_shape_in_one_section_hides_nothing_of_the_others():
    data = changed("documents/0/presented", "photo")
    data["workflow"]["states"]["decision"]["role"] = "gardener"
    data["stage_periods"][0]["states"] = ["heaven"]
    data["sector"] = 5
    data["form"][2]["min"] = 5000
    assert faults(data) == {
        ("documents/0/presented", "schema"), ("sector", "schema"), ("form/2/min", "form_bounds_unsound"),
        ("workflow/states/decision/role", "workflow_role_undefined"),
        ("stage_periods/0/states/0", "stage_period_state_unknown")}


def test_a_fault_is_told_once():
    data = changed("fees/1/amount", 2.5)
    with pytest.raises(Refusal) as refused:
        load_definition(data)
    assert [fault.field for fault in refused.value.faults].count("fees/1/amount") == 1


def test_what_is_nested_without_end_is_refused():
    endless = []
    endless.append(endless)
    assert any(rule == "schema" for _, rule in faults(changed("keywords", endless)))


def test_only_the_whole_guide_shows_that_a_renewing_service_is_missing_or_lacks_the_fee():
    data = changed("outputs/0/renewal/service", "permit-renewal")
    permit = load_definition(data)
    renewal = load_definition(changed("code", "permit-renewal"))
    assert across({"works-permit": permit, "permit-renewal": renewal | {"outputs": []}}) == {}
    [missing] = across({"works-permit": permit})["works-permit"]
    assert (missing.code, missing.field) == ("renewal_service_unknown", "outputs/0/renewal/service")
    renewal["fees"] = [line for line in renewal["fees"] if line["code"] != "late"]
    [lacking] = across({"works-permit": permit, "permit-renewal": renewal | {"outputs": []}})["works-permit"]
    assert (lacking.code, lacking.field) == ("renewal_fee_unknown", "outputs/0/renewal/late_fee")
