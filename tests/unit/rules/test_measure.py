import copy
import json
from pathlib import Path

import pytest

import services.catalog
from contracts.definition import load_definition
from contracts.definition.authoring import read_folder
from rules.measure import effect, measure, total, usual_path
from rules.workflow import Workflow
from tests.unit.rules.sample_service import branch, service

GUIDE = Path(services.catalog.__file__).parent / "guide"
NAME = {"ar": "اسم", "en": "Name"}
FOOD = {"goods": "food", "area_m2": "4.5", "workers": 2, "fridge": True}
SMALL = {"goods": "papers", "area_m2": 1, "workers": 0}


@pytest.fixture
def kiosk():
    return service()


def path_of(definition):
    return [state.code for state in usual_path(Workflow.parse(definition["workflow"]))]


def test_the_usual_path_is_the_one_that_goes_well(kiosk):
    assert path_of(kiosk) == ["fee", "review", "inspection", "decision", "final_fee", "issued"]


def test_the_usual_path_does_not_depend_on_a_send_back_written_first(kiosk):
    states = kiosk["workflow"]["states"]
    states["review"]["actions"].reverse()
    states["completion"]["actions"][0]["to"] = "inspection"
    assert path_of(kiosk)[:3] == ["fee", "review", "inspection"]


def test_without_an_approved_end_there_is_no_usual_path(kiosk):
    kiosk["workflow"]["states"]["issued"]["outcome"] = "rejected"
    assert path_of(kiosk) == [] and measure(kiosk).steps == 0


def test_the_numbers_of_a_service(kiosk):
    found = measure(kiosk)
    assert (found.steps, found.departments, found.bodies) == (5, ("engineering", "leadership", "licensing"), ())
    assert (found.documents_required, found.documents_conditional) == (1, 1)
    assert (found.days, found.day_kind, found.visits) == (30, "calendar", 0)
    assert [(one.name["en"], one.total) for one in found.fees_by_example] == [
        ("Food kiosk", 5000 + 4500 + 1400 + 148), ("Papers", 5000 + 2000 + 50)]
    assert (found.least_fee, found.most_fee) == (5000 + 1000 + 25, 5000 + 20000 + 3500 + 588)
    assert json.loads(json.dumps(found.as_dict()))["steps"] == 5


def test_every_branch_is_a_step_and_its_department_counts(kiosk):
    states = kiosk["workflow"]["states"]
    states["inspection"] = {"kind": "parallel", "name": NAME, "join": {"favourable": "decision"}, "branches": [
        branch("engineering", department="engineering"), branch("health", department="health"),
        branch("civil", department="licensing", body="civil-defence")]}
    found = measure(kiosk)
    assert (found.steps, found.bodies) == (7, ("civil-defence",))
    assert found.departments == ("engineering", "health", "leadership", "licensing")


@pytest.mark.parametrize("change, visits", [
    ({}, 0), ({"channels": ["centre"]}, 1), ({"channels": ["centre", "post_office"]}, 1),
    ({"channels": ["mobile"]}, 0)])
def test_one_comes_to_apply_where_the_service_is_not_open_from_afar(kiosk, change, visits):
    assert measure({**kiosk, **change}).visits == visits


def test_one_comes_to_show_an_original_and_to_fetch_what_is_not_sent(kiosk):
    kiosk["documents"][0]["presented"] = "original"
    assert measure(kiosk).visits == 1
    kiosk["outputs"][0]["delivery"] = ["window"]
    assert measure(kiosk).visits == 2
    kiosk["outputs"][0]["delivery"] = ["window", "post"]
    kiosk["documents"][0]["required"] = False
    assert measure(kiosk).visits == 0


def test_the_effect_of_a_simplification(kiosk):
    after = copy.deepcopy(kiosk)
    states = after["workflow"]["states"]
    states["review"]["actions"][0]["to"] = "decision"
    del states["inspection"]
    after["documents"] = after["documents"][1:]
    after["period"]["days"] = 20
    next(line for line in after["fees"] if line["code"] == "area")["amount"] = 800
    after["examples"] = [{"name": {"ar": "صغير", "en": "Small"}, "answers": SMALL}]
    found = effect(kiosk, after)
    assert found.difference == {
        "steps": -1, "departments": -1, "documents_required": -1, "documents_conditional": 0, "days": -10, "visits": 0,
        "least_fee": -205, "most_fee": -4100}
    assert (found.departments_removed, found.departments_added) == (("engineering",), ())
    fees = {one.name["en"]: one for one in found.fees}
    assert fees["Food kiosk"].difference == -900 - 23 and fees["Small"].difference == -205
    assert fees.keys() == {"Food kiosk", "Papers", "Small"}
    assert json.loads(json.dumps(found.as_dict()))["difference"]["steps"] == -1
    back = effect(after, kiosk)
    assert back.difference == {count: -value for count, value in found.difference.items()}


def test_nothing_changed_has_no_effect(kiosk):
    found = effect(kiosk, kiosk)
    assert not any(found.difference.values()) and all(one.difference == 0 for one in found.fees)


def test_days_of_other_kinds_are_not_compared(kiosk):
    after = copy.deepcopy(kiosk)
    after["period"]["kind"] = "working"
    assert effect(kiosk, after).difference["days"] is None


def test_a_sample_applicant_is_costed_where_the_fees_take_the_answers(kiosk):
    after = copy.deepcopy(kiosk)
    after["form"].append({"name": "landmark", "type": "text", "label": NAME, "required": True})
    assert total(after, FOOD) == total(kiosk, FOOD)
    next(field for field in after["form"] if field["name"] == "area_m2")["max"] = 4
    assert total(after, FOOD) is None and total(after, SMALL) == total(kiosk, SMALL)
    assert [one.difference for one in effect(kiosk, after).fees] == [None, 0]


def test_every_service_of_the_guide_has_a_usual_path_and_bounded_fees():
    for code, raw in read_folder(GUIDE).items():
        found = measure(load_definition(raw))
        assert found.steps > 0 and found.departments and found.least_fee is not None, code
        for one in found.fees_by_example:
            assert one.total is not None and found.least_fee <= one.total <= found.most_fee, code
