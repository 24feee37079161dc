"""The services on buildings, land and utilities: each is whole, can be walked to each of its ends, and says no more
than its sources do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from contracts.definition import SOURCES, load_definition
from contracts.definition.basics import SOURCED_ITEMS, SOURCED_WHOLE
from contracts.definition.checks import across
from rules import fees, forms, guide_words
from rules.refusal import Refusal
from rules.workflow import OUTCOMES, Workflow
from tests.support.guide_walks import bills, definition_of, usual, walks

PERMITS = ("building-permit-new", "building-permit-storey", "building-permit-extension", "building-permit-alteration",
           "building-permit-completion", "building-permit-finishing", "building-permit-restoration",
           "building-permit-strengthening")
OTHERS = ("building-permit-renewal", "site-validity-statement", "demolition-dangerous", "demolition-sound",
          "construction-meter", "utilities-digging", "utilities-old-building", "lift-licence",
          "violation-reconciliation", "state-land-regularisation", "occupancy-certificate",
          "property-numbering-certificate", "licence-copy", "fence-permit", "scaffold-permit", "sewer-connection",
          "building-transfer")
CODES = PERMITS + OTHERS
# Article 39 of the Building Law names these works; of completion and renewal no text was found.
SILENCE_IS_APPROVAL = set(PERMITS) - {"building-permit-completion"}
DEFINITIONS = {code: definition_of(code) for code in CODES}

every_service = pytest.mark.parametrize("code", CODES)


@every_service
def test_a_service_is_whole_and_sorted_under_known_words(code: str) -> None:
    definition = DEFINITIONS[code]
    assert definition["code"] == code
    assert load_definition(definition) == definition
    assert definition["sector"] in guide_words.load().sectors
    assert definition["life_event"] in guide_words.load().life_events
    assert definition["eligibility"] and definition["keywords"]


@every_service
def test_every_section_and_every_item_says_where_it_comes_from(code: str) -> None:
    definition = DEFINITIONS[code]
    for section in SOURCED_WHOLE:
        assert definition["sources"][section] in SOURCES
    for section in SOURCED_ITEMS:
        for item in definition[section]:
            assert item["source"] in SOURCES, (section, item)
    assert definition["period"]["source"] in SOURCES
    assert all(basis["source"] in SOURCES for basis in definition["legal_basis"])


@every_service
def test_every_state_and_every_end_is_reached_by_real_steps(code: str) -> None:
    workflow = Workflow.parse(DEFINITIONS[code]["workflow"])
    reached = walks(DEFINITIONS[code])
    assert set(reached) == set(workflow.states)
    assert {workflow.state(state).outcome for state in reached} - {None} == set(OUTCOMES)


@every_service
def test_the_usual_path_ends_with_what_was_asked_for(code: str) -> None:
    definition = DEFINITIONS[code]
    workflow = Workflow.parse(definition["workflow"])
    walk, end = usual(definition)
    assert workflow.state(end).outcome == "approved"
    assert workflow.state(end).output in {output["code"] for output in definition["outputs"]}
    on_the_way = [workflow.state(state) for state in dict.fromkeys(step.state for step in walk)]
    assert {state.stage for state in on_the_way} - {None} == fees.stages(definition["fees"])
    assert [state for state in on_the_way if state.purpose == "decision"], "somebody decides"
    assert not [state for state in on_the_way if state.code == "completion"]


@every_service
def test_an_applicant_can_always_be_asked_to_complete_the_file_and_may_withdraw(code: str) -> None:
    completion = Workflow.parse(DEFINITIONS[code]["workflow"]).state("completion")
    assert completion.kind == "applicant" and completion.clock == "stopped"
    assert {exit_.code for exit_ in completion.exits} == {"resubmit", "withdraw", "expired"}


@every_service
def test_every_desk_has_a_target_and_somebody_to_whom_lateness_goes(code: str) -> None:
    workflow = Workflow.parse(DEFINITIONS[code]["workflow"])
    for state in workflow.states.values():
        desks = [state] if state.kind == "task" else list(state.branches)
        for desk in desks:
            assert desk.target is not None and desk.escalation is not None, f"{state.code}/{desk.code}"
        if state.kind == "external":
            assert state.target is not None and state.body is not None


@every_service
def test_sample_applicants_can_be_told_every_bill_and_between_them_pay_every_fee(code: str) -> None:
    definition = DEFINITIONS[code]
    charged: set[str] = set()
    for example in definition["examples"]:
        told = bills(definition, example["answers"])
        assert set(told) == fees.stages(definition["fees"])
        charges = fees.compute(definition["fees"], example["answers"])
        assert sum(told.values()) == fees.total(charges) > 0
        charged |= {charge.code for charge in charges}
    assert charged == {line["code"] for line in definition["fees"]}


@every_service
def test_what_a_sample_applicant_brings_begins_with_who_it_is(code: str) -> None:
    definition = DEFINITIONS[code]
    for example in definition["examples"]:
        required = [one["code"] for one in forms.required_documents(definition["documents"], example["answers"])]
        assert required[0] == "id_copy" and len(required) > 1
        assert ("power_of_attorney" in required) == (example["answers"]["capacity"] == "attorney")
        assert ("commercial_register" in required) == (example["answers"]["capacity"] == "company")
        assert ("inheritance_certificate" in required) == (example["answers"]["capacity"] == "heir")
    assert [one["code"] for one in definition["documents"] if one["identity"]] == ["id_copy", "power_of_attorney"]


def test_silence_means_something_only_where_the_law_says_so() -> None:
    meaning = {code: definition["period"]["silence"] for code, definition in DEFINITIONS.items()}
    assert {code for code, silence in meaning.items() if silence != "none"} == SILENCE_IS_APPROVAL
    for code in SILENCE_IS_APPROVAL:
        period = DEFINITIONS[code]["period"]
        assert (period["days"], period["silence"], period["source"]) == (30, "approval", "law")
    for definition in DEFINITIONS.values():
        assert all(period["silence"] == "none" for period in definition["stage_periods"])


def figures(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((f"fees/{line['code']}", line["source"]) for line in definition["fees"])
    yield "period", definition["period"]["source"]


def test_no_illustrative_figure_passes_for_law_or_for_published() -> None:
    sourced = {(code, place): source for code, definition in DEFINITIONS.items()
               for place, source in figures(definition) if source != "unverified"}
    assert sourced == {
        **{(code, "period"): "law" for code in SILENCE_IS_APPROVAL},
        ("site-validity-statement", "period"): "public", ("lift-licence", "period"): "public",
        ("occupancy-certificate", "period"): "public",
        ("violation-reconciliation", "fees/examination_city"): "public",
        ("violation-reconciliation", "fees/examination_village"): "public",
        ("state-land-regularisation", "fees/examination_farm"): "public",
        ("state-land-regularisation", "fees/inspection_farm"): "public",
        ("state-land-regularisation", "fees/inspection_built"): "public",
    }


def test_what_is_renewed_is_renewed_by_a_service_that_is_there() -> None:
    assert across(DEFINITIONS) == {}
    assert {output["renewal"]["service"] for code in PERMITS for output in DEFINITIONS[code]["outputs"]} == {
        "building-permit-renewal"}


@pytest.mark.parametrize("code", PERMITS)
def test_a_permit_goes_to_planning_to_engineering_and_to_the_site_at_once(code: str) -> None:
    workflow = Workflow.parse(DEFINITIONS[code]["workflow"])
    desks = {branch.code: (branch.department, branch.role) for branch in workflow.state("departments").branches}
    assert desks == {"planning": ("planning", "officer"), "engineering": ("engineering", "officer"),
                     "site": ("engineering", "inspector")}
    visited = {step.state for step in usual(DEFINITIONS[code])[0]}
    assert visited == {"awaiting_inspection_fee", "document_review", "departments", "decision", "awaiting_final_fee"}


def answers_of(code: str, **changed: Any) -> dict[str, Any]:
    definition = DEFINITIONS[code]
    return forms.validate(definition["form"], {**definition["examples"][0]["answers"], **changed})


def brought(code: str, **changed: Any) -> set[str]:
    answers = answers_of(code, **changed)
    return {one["code"] for one in forms.required_documents(DEFINITIONS[code]["documents"], answers)}


@pytest.mark.parametrize("cost, storeys, needed", [
    (900_000, 3, False), (1_000_000, 3, True), (900_000, 4, True)])
def test_a_new_building_is_insured_from_a_million_pounds_or_four_storeys(
        cost: int, storeys: int, needed: bool) -> None:
    documents = brought("building-permit-new", estimated_cost_egp=cost, storeys=storeys)
    assert ("insurance_policy" in documents) is needed


@pytest.mark.parametrize("cost, added, before, needed", [
    (200_000, 1, False, False), (200_001, 1, False, True), (150_000, 2, False, True), (150_000, 1, True, True)])
def test_an_added_storey_is_insured_but_for_one_small_first_one(
        cost: int, added: int, before: bool, needed: bool) -> None:
    documents = brought("building-permit-storey", estimated_cost_egp=cost, added_storeys=added, added_before=before)
    assert ("insurance_policy" in documents) is needed


@pytest.mark.parametrize("place, area, pounds", [
    ("city", "250", 500), ("city", "250.5", 1000), ("city", "2000", 3000), ("city", "4000", 4000),
    ("city", "9000", 5000), ("village", "250", 125), ("village", "500", 250), ("village", "3000", 3500)])
def test_the_examination_of_a_reconciliation_costs_what_was_published(place: str, area: str, pounds: int) -> None:
    answers = answers_of("violation-reconciliation", place=place, violation_area_m2=area)
    charges = fees.compute(DEFINITIONS["violation-reconciliation"]["fees"], answers, "inspection")
    assert [charge.amount for charge in charges if charge.code.startswith("examination")] == [pounds * 100]


def test_a_reconciliation_is_paid_a_quarter_at_first_and_the_rest_once_accepted() -> None:
    definition = DEFINITIONS["violation-reconciliation"]
    told = bills(definition, definition["examples"][0]["answers"])  # 140 m² at 500 pounds
    assert told == {"inspection": 50_000 + 1_750_000, "final": 5_250_000}
    paid_before = bills(definition, definition["examples"][2]["answers"])
    assert paid_before["inspection"] == 0


@pytest.mark.parametrize("feddans, examination, inspection", [
    ("10", 2500, 5000), ("10.5", 5500, 5250), ("1000", 7500, 500_000), ("30000", 9500, 15_000_000),
    ("30001", 10_000, 15_000_500)])
def test_farmed_state_land_pays_what_was_published(feddans: str, examination: int, inspection: int) -> None:
    definition = DEFINITIONS["state-land-regularisation"]
    told = bills(definition, {**definition["examples"][2]["answers"], "feddans": feddans})
    assert (told["examination"], told["inspection"]) == (examination * 100, inspection * 100)


@pytest.mark.parametrize("place, area, examination, inspection", [
    ("village", "100", 2500, 600), ("capital", "100.5", 10_000, 1005)])
def test_built_state_land_pays_what_was_published(place: str, area: str, examination: int, inspection: int) -> None:
    definition = DEFINITIONS["state-land-regularisation"]
    told = bills(definition, {**definition["examples"][0]["answers"], "place": place, "land_m2": area})
    assert (told["examination"], told["inspection"]) == (examination * 100, inspection * 100)


def test_who_paid_for_a_former_application_pays_neither_fee_again() -> None:
    definition = DEFINITIONS["state-land-regularisation"]
    assert bills(definition, definition["examples"][3]["answers"]) == {
        "examination": 0, "inspection": 0, "final": 100_000}


def test_a_site_validity_statement_takes_fifteen_days_of_survey_and_five_more() -> None:
    definition = DEFINITIONS["site-validity-statement"]
    parts = {period["code"]: period["days"] for period in definition["stage_periods"]}
    assert parts == {"survey": 15, "statement": 5} and sum(parts.values()) == definition["period"]["days"]


@pytest.mark.parametrize("code", ["violation-reconciliation", "state-land-regularisation"])
def test_who_was_refused_may_make_a_grievance_before_the_refusal_is_final(code: str) -> None:
    workflow = Workflow.parse(DEFINITIONS[code]["workflow"])
    refusal = workflow.state("decision").action("reject")
    assert refusal is not None and refusal.to == "grievance_window"
    assert {exit_.to for exit_ in workflow.state("grievance_window").exits} == {"grievance", "rejected"}
    assert [period["days"] for period in DEFINITIONS["violation-reconciliation"]["stage_periods"]
            if period["states"] == ["grievance_window"]] == [30]


def test_state_land_held_since_the_day_of_the_law_or_later_is_not_regularised() -> None:
    with pytest.raises(Refusal, match="answer_above"):
        answers_of("state-land-regularisation", held_since="2023-10-15")
    bodies = {branch.body for branch in
              Workflow.parse(DEFINITIONS["state-land-regularisation"]["workflow"]).state("departments").branches}
    assert "defence-ministry" in bodies


def test_a_violation_after_the_aerial_photographs_is_not_reconciled() -> None:
    with pytest.raises(Refusal, match="answer_above"):
        answers_of("violation-reconciliation", violation_date="2023-10-16")


def test_a_sound_building_is_checked_against_the_heritage_register_before_the_governorate_agrees() -> None:
    workflow = Workflow.parse(DEFINITIONS["demolition-sound"]["workflow"])
    assert "urban-harmony" in {branch.body for branch in workflow.state("departments").branches}
    assert workflow.state("departments").join == {"favourable": "governorate", "unfavourable": "objections"}


def test_a_body_outside_is_asked_only_where_the_site_concerns_it() -> None:
    for code, body in (("building-permit-new", "civil_aviation"), ("building-permit-storey", "civil_aviation"),
                       ("building-permit-restoration", "antiquities"), ("lift-licence", "civil_defence")):
        workflow = Workflow.parse(DEFINITIONS[code]["workflow"])
        assert body not in {step.state for step in usual(DEFINITIONS[code])[0]}
        assert [exit_.to for exit_ in workflow.state("document_review").exits if exit_.to == body] == [body]
        assert "document_review" in {exit_.to for exit_ in workflow.state(body).exits}


@every_service
def test_nothing_is_approved_over_an_objection(code: str) -> None:
    """But for a reconciliation, whose deciding committee is there to weigh what the departments found."""
    workflow = Workflow.parse(DEFINITIONS[code]["workflow"])
    after = {exit_.to for state in workflow.states.values() for exit_ in state.exits
             if (state.kind == "external" and exit_.code == "object") or exit_.code == "objected"}
    assert after <= ({"objections", "decision"} if code == "violation-reconciliation" else {"objections"})
    if after:
        refused = "grievance_window" if "grievance_window" in workflow.states else "rejected"
        exits = {exit_.code: exit_.to for exit_ in workflow.state("objections").exits}
        # Where a fee was paid after the papers were reviewed, what comes back goes on behind that payment.
        again, completed = (("departments", "later_completion") if "later_completion" in workflow.states
                            else ("document_review", "completion"))
        assert exits == {"reject": refused, "examine_again": again, "send_back": completed}


def test_an_old_building_brings_what_its_own_case_needs() -> None:
    always = {"id_copy", "title", "building_permit", "tax_extract", "consultant_report"}
    assert brought("utilities-old-building") == always
    assert brought("utilities-old-building", held_by="leased", farm_land=True, violation_report=True) == (
        always - {"title"} | {"lease", "farm_letter", "acquittal"})
