"""The guide as a whole: what it must hold, that its services fit together, and that it says of everything where it
comes from."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from contracts.definition import SOURCES, authoring, load_definition
from contracts.definition.basics import SOURCED_ITEMS, SOURCED_WHOLE
from contracts.definition.checks import across
from rules import conditions, fees, forms, guide_words, places
from rules.arabic import fold
from rules.workflow import PAID, Workflow
from tests.support.guide_walks import GUIDE

RAW = authoring.read_folder(GUIDE)
DEFINITIONS = {code: load_definition(raw) for code, raw in RAW.items()}

# The requests that are made every day in the centres; each must be there by its own name.
TYPICAL = {
    "site-validity statement": "site-validity-statement",
    "new building": "building-permit-new",
    "storey added": "building-permit-storey",
    "extension": "building-permit-extension",
    "alteration of a building": "building-permit-alteration",
    "completion": "building-permit-completion",
    "external finishing": "building-permit-finishing",
    "restoration": "building-permit-restoration",
    "strengthening": "building-permit-strengthening",
    "renewal of a building permit": "building-permit-renewal",
    "demolition of a dangerous building": "demolition-dangerous",
    "demolition of a sound building": "demolition-sound",
    "construction meter": "construction-meter",
    "digging permit for utilities": "utilities-digging",
    "utilities to old buildings": "utilities-old-building",
    "shop licence": "shop-licence",
    "shop by notification": "shop-notification",
    "alteration of a shop": "shop-alteration",
    "transfer of a shop": "shop-transfer",
    "cancellation of a shop": "shop-cancellation",
    "road occupancy": "road-occupancy",
    "advertisement or sign": "advertisement",
    "establishment certificate": "establishment-certificate",
    "reconciliation of violations": "violation-reconciliation",
    "regularising state land": "state-land-regularisation",
    "lift licence": "lift-licence",
    "shisha permit": "shisha-permit",
    "minimum charge": "minimum-charge",
    "renewal on the spot: road occupancy": "road-occupancy-renewal",
    "renewal on the spot: advertisement": "advertisement-renewal",
    "renewal on the spot: shop": "shop-renewal",
}

every_service = pytest.mark.parametrize("code", sorted(DEFINITIONS))


def test_the_guide_holds_forty_services_at_least() -> None:
    assert len(DEFINITIONS) >= 40


@pytest.mark.parametrize("named", TYPICAL)
def test_every_request_that_is_made_every_day_is_there(named: str) -> None:
    assert TYPICAL[named] in DEFINITIONS


def test_codes_and_names_are_each_those_of_one_service() -> None:
    assert all(definition["code"] == code for code, definition in DEFINITIONS.items())
    for language in ("ar", "en"):
        names = [fold(definition["name"][language]).casefold() for definition in DEFINITIONS.values()]
        assert sorted(names) == sorted(set(names))
    summaries = [definition["summary"]["ar"] for definition in DEFINITIONS.values()]
    assert len(summaries) == len(set(summaries))


def test_what_is_issued_is_renewed_by_services_that_are_there_at_fees_that_they_have() -> None:
    assert across(DEFINITIONS) == {}


def test_every_base_is_used() -> None:
    bases = {path.stem for path in GUIDE.glob("_*.yaml")}
    used = {base for path in GUIDE.glob("*.yaml") for base in bases if base in path.read_text(encoding="utf-8")
            .partition("extends:")[2].partition("\n")[0].replace("[", " ").replace("]", " ").replace(",", " ").split()}
    assert bases == used


def test_sectors_and_life_events_are_known_and_most_of_them_are_served() -> None:
    words = guide_words.load()
    sectors = {definition["sector"] for definition in DEFINITIONS.values()}
    events = {definition["life_event"] for definition in DEFINITIONS.values()}
    assert sectors <= set(words.sectors) and events <= set(words.life_events)
    assert len(sectors) > len(words.sectors) / 2 and len(events) > len(words.life_events) / 2


def test_districts_and_cities_offer_nearly_all_and_every_other_kind_of_unit_some() -> None:
    offered = Counter(kind for definition in DEFINITIONS.values() for kind in definition["unit_kinds"])
    assert set(offered) <= set(places.UNIT_KINDS)
    assert all(offered[kind] >= 0.9 * len(DEFINITIONS) for kind in ("district", "markaz-city"))
    assert {"new-city", "village", "diwan"} <= set(offered)


@every_service
def test_every_part_says_its_source_and_only_law_or_public_sources_give_silence_a_meaning(code: str) -> None:
    definition = DEFINITIONS[code]
    assert all(definition["sources"][section] in SOURCES for section in SOURCED_WHOLE
               if section != "eligibility" or "eligibility" in definition)
    for section in SOURCED_ITEMS:
        for item in definition[section]:
            assert item["source"] in SOURCES, (section, item)
    assert definition["legal_basis"] and all(one["source"] in SOURCES for one in definition["legal_basis"])
    for period in [definition["period"], *definition["stage_periods"]]:
        assert period["source"] in SOURCES
        assert period["silence"] == "none" or period["source"] in ("law", "public")


@every_service
def test_no_personal_answer_gets_into_a_bill_or_an_output_or_is_told_by_an_open_paper(code: str) -> None:
    definition = DEFINITIONS[code]
    personal = {field["name"] for field in definition["form"] if field.get("personal")}
    assert {field["name"] for field in definition["form"]
            if field["type"] in ("national_id", "mobile", "email")} <= personal
    assert not personal & set(fees.inputs(definition["fees"]))
    for output in definition["outputs"]:
        assert not personal & set(output["fields"])
    assert all(document["identity"] for document in definition["documents"]
               if conditions.fields(document.get("when")) & personal)


@every_service
def test_papers_that_show_who_somebody_is_are_guarded(code: str) -> None:
    for document in DEFINITIONS[code]["documents"]:
        if document["code"].startswith(("id_", "power_of_attorney", "criminal_record", "services_card")):
            assert document["identity"], document["code"]


@every_service
def test_a_paper_of_which_a_copy_is_kept_says_so_or_what_else_is_brought(code: str) -> None:
    for document in DEFINITIONS[code]["documents"]:
        original = "أصل" in document["name"]["ar"].split()
        assert not original or document["presented"] != "copy", document["code"]


@every_service
def test_texts_are_arabic_in_arabic_and_english_in_english(code: str) -> None:
    for where, text in _texts(DEFINITIONS[code], code):
        letters = [char for char in text["ar"] if char.isalpha()]
        assert not letters or any("\u0600" <= char <= "\u06ff" for char in letters), where
        assert not any("\u0600" <= char <= "\u06ff" for char in text["en"]), where
        assert text["ar"] == text["ar"].strip() and text["en"] == text["en"].strip(), where


@every_service
def test_no_bill_is_asked_twice_and_nothing_is_issued_unpaid(code: str) -> None:
    workflow = Workflow.parse(DEFINITIONS[code]["workflow"])
    payments = [state for state in workflow.states.values() if state.kind == "payment"]
    # The law has a shop that was not ready pay again for being inspected again (Law 154 of 2019, article 10).
    assert {state.code for state in payments if state.code in _reached(workflow, state.code)} <= {
        "awaiting_reinspection_fee"}
    for stage in {state.stage for state in payments}:
        unpaid = _reached(workflow, workflow.initial, without=stage) | {workflow.initial}
        assert not [end for end in unpaid if workflow.state(end).outcome == "approved"], stage


@every_service
def test_lateness_goes_to_somebody_else_than_who_is_late(code: str) -> None:
    """A desk's to the head of its department, that of a head to the head of the unit; what is late with the head of the
    unit is told to the manager of the centre."""
    above = {"officer": "department_head", "inspector": "department_head", "department_head": "unit_head",
             "unit_head": "centre_manager"}
    for state in Workflow.parse(DEFINITIONS[code]["workflow"]).states.values():
        for desk in [state] if state.kind in ("task", "external") else list(state.branches):
            assert desk.escalation is not None, f"{state.code}/{desk.code}"
            assert desk.escalation["role"] == above[str(desk.role)], f"{state.code}/{desk.code}"


def _reached(workflow: Workflow, start: str, without: str | None = None) -> set[str]:
    """The states that can come after this one, of which none by paying the bills of a stage left out."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        state = workflow.state(waiting.pop())
        after = {exit_.to for exit_ in state.exits
                 if not (state.kind == "payment" and state.stage == without and exit_.code == PAID)} - found
        found |= after
        waiting += after
    return found


def test_an_account_of_revenue_is_that_of_one_sector() -> None:
    """Accounts of 2000 and more are held for others: deposits, the development charge."""
    sectors: dict[str, set[str]] = {}
    for definition in DEFINITIONS.values():
        for line in definition["fees"]:
            sectors.setdefault(line["account"], set()).add(definition["sector"])
    assert {account: found for account, found in sectors.items() if account < "2000" and len(found) > 1} == {}
    deposits = {line["account"] for definition in DEFINITIONS.values() for line in definition["fees"]
                if line["code"] == "deposit"}
    assert deposits == {"2301"}


@every_service
def test_sample_answers_are_as_the_form_keeps_them(code: str) -> None:
    definition = DEFINITIONS[code]
    for example in definition["examples"]:
        assert forms.validate(definition["form"], example["answers"]) == example["answers"]


def _texts(value: Any, where: str) -> list[tuple[str, dict[str, str]]]:
    if isinstance(value, dict):
        if set(value) == {"ar", "en"}:
            return [(where, value)]
        return [found for key, one in value.items() for found in _texts(one, f"{where}/{key}")]
    if isinstance(value, list):
        return [found for index, one in enumerate(value) for found in _texts(one, f"{where}/{index}")]
    return []


@every_service
def test_whoever_waits_for_the_applicant_says_how_long_and_nothing_waits_for_ever(code: str) -> None:
    workflow = Workflow.parse(DEFINITIONS[code]["workflow"])
    waits = [state for state in workflow.states.values() if state.kind == "applicant"]
    assert all(state.time_limit is not None and state.expired is not None for state in waits)


@every_service
def test_a_rejection_names_its_ground_in_law_and_may_be_appealed_against(code: str) -> None:
    workflow = Workflow.parse(DEFINITIONS[code]["workflow"])
    own = "grievance_window" in workflow.states  # a law of its own gives another grievance
    assert own or (workflow.appeal is not None and workflow.appeal.days == 60)
    assert workflow.reasons
    for state in workflow.states.values():
        for action in state.actions:
            if action.code == "reject" and action.to in workflow.states and not own:
                assert "legal_reason" in action.requires, state.code


@every_service
def test_a_successor_is_named_by_every_service_that_renews(code: str) -> None:
    for output in DEFINITIONS[code]["outputs"]:
        renewing = DEFINITIONS[output["renewal"]["service"]] if output["renewal"] else None
        if renewing is None or renewing["code"] in ("shisha-permit", "utilities-digging", "site-validity-statement"):
            continue  # asked for anew by the same form, which names no former paper
        assert renewing["supersedes"]["as"] == "renewal"


def test_no_period_that_the_law_ties_silence_to_is_extended_by_us() -> None:
    extended = [definition for definition in DEFINITIONS.values() if definition["period"].get("extension")]
    assert len(extended) >= 20
    assert all(one["period"]["silence"] == "none" and one["period"]["source"] == "unverified" for one in extended)


def test_who_inspects_on_the_spot_may_call_the_applicant_and_nobody_else_may() -> None:
    shown = [(code, state.purpose, holder.shows) for code, definition in DEFINITIONS.items()
             for state in Workflow.parse(definition["workflow"]).states.values()
             for holder in (state, *state.branches) if holder.shows]
    assert len({code for code, *_ in shown}) >= 30
    for code, definition in DEFINITIONS.items():
        for state in Workflow.parse(definition["workflow"]).states.values():
            for holder in (state, *state.branches):
                assert not holder.shows or holder.purpose == "inspection", f"{code}/{state.code}"
