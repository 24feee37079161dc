"""What keeps the catalogue busy, or shows people something else than is there, is refused, and soon."""

import time

import pytest

from contracts.definition import load_definition
from contracts.definition.loading import MOST_FAULTS
from rules.drawing import svg
from rules.refusal import Refusal
from rules.workflow import Workflow
from tests.support.definitions import changed, whole

SOON = 20.0  # seconds of CPU; what is refused here took minutes to hours, or all memory


def refused(data):
    begun = time.process_time()
    with pytest.raises(Refusal) as found:
        load_definition(data)
    assert time.process_time() - begun < SOON
    return found.value.faults


@pytest.mark.parametrize("data", [
    {"form": [0] * 500_000}, {"form": [[0] * 150] * 150}, {"k" * 300: [1.5] * 100},
    {"examples": [{f"k{index}": 0 for index in range(100_000)}]}], ids=["list", "lists", "key", "mapping"])
def test_a_definition_larger_than_any_service_is_refused_with_one_fault(data):
    assert [fault.field for fault in refused({**whole(), **data})] == [None]


def test_what_stands_for_more_than_it_says_is_refused():
    bomb = ["x"] * 100
    for _ in range(20):
        bomb = [bomb] * 100
    assert len(refused({**whole(), "keywords": bomb})) == 1


def test_of_very_many_faults_the_first_are_told_and_how_many_more():
    faults = refused({**whole(), "keywords": [[1.5] * 20] * 150})
    assert len(faults) == MOST_FAULTS + 1 and faults[-1].params["rule"] == "faults_more"
    assert str(150 * 21 - MOST_FAULTS) in faults[-1].params["en"]


@pytest.mark.parametrize("text", ["\x00", "\x07", "\u202e", "\u2066", "\ud800", "\uffff"])
def test_no_text_has_characters_that_control_or_turn_what_is_shown(text):
    faults = refused({**changed("name/en", f"Fee {text}005"), f"na{text}me": 1})
    assert [fault.field for fault in faults] == ["name/en", ""] and "direction" in faults[0].params["en"]


def test_marks_that_arabic_is_written_with_are_kept():
    text = "رخصة\u200c محل \u200f(أ)\nسطر"
    assert load_definition(changed("summary/ar", text))["summary"]["ar"] == text


@pytest.mark.parametrize("number", [2**63, -(2**64), 10**300])
def test_a_number_that_json_does_not_carry_is_refused(number):
    assert ("fees/0/amount", "schema") in {(fault.field, fault.params["rule"])
                                           for fault in refused(changed("fees/0/amount", number))}


def test_a_path_of_as_many_states_as_may_be_is_judged_and_drawn():
    data = whole()
    states, review = data["workflow"]["states"], data["workflow"]["states"]["review"]
    last = 199 - len(states)
    for index in range(last + 1):
        to = f"s{index + 1}" if index < last else data["workflow"]["initial"]
        states[f"s{index}"] = {**review, "actions": [{**review["actions"][0], "to": to}]}
    data["workflow"]["initial"] = "s0"
    assert svg(Workflow.parse(load_definition(data)["workflow"])).startswith("<svg")


def nested(depth, least, step):
    condition = {"field": "area_m2", "at_least": least}
    for index in range(depth):
        condition = {"any": [{"field": "area_m2", "at_least": step + index + 1},
                             {"all": [{"field": "area_m2", "at_least": -index}, condition]}]}
    return condition


def test_conditions_that_would_take_hours_to_prove_are_given_up_and_refused():
    data = whole()
    data["form"].append({"name": "rooms", "type": "integer", "min": 0, "max": 9, "required": True,
                         "label": {"ar": "غرف", "en": "Rooms"}, "when": nested(9, 100, 500)})
    line = data["fees"][1]
    data["fees"] += [{**line, "code": f"rooms{index}", "per": "rooms", "when": nested(9, 1, 900)}
                     for index in range(20)]
    assert "fee_input_may_be_missing" in {fault.params["rule"] for fault in refused(data)}
