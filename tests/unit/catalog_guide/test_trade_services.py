"""The services on shops, occupancy of roads, advertisements and the neighbourhood: each is whole, can be walked to each
of its ends, costs what its lines say, and says no more than its sources do."""

from __future__ import annotations

from decimal import Decimal
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.definition import load_definition
from rules import fee_bounds, fees, forms, guide_words
from rules.measure import measure
from rules.workflow import EXPIRED, OUTCOMES, Workflow
from tests.support.guide_walks import Step, bills, definition_of, usual, walks

SHOPS = ("shop-licence", "shop-notification", "shop-alteration", "shop-transfer", "shop-inheritance",
         "shop-cancellation", "shop-renewal", "shisha-permit", "minimum-charge", "fair-permit",
         "establishment-certificate")
ROADS = ("road-occupancy", "road-occupancy-renewal", "street-vendor-licence", "food-truck-licence",
         "event-tent-permit", "advertisement", "advertisement-renewal")
NEIGHBOURHOOD = ("tree-pruning-permit", "debris-removal", "disability-parking")
CODES = SHOPS + ROADS + NEIGHBOURHOOD
DEFINITIONS = {code: definition_of(code) for code in CODES}
ON_THE_SPOT = ("shop-renewal", "road-occupancy-renewal", "advertisement-renewal")

# What each sample applicant pays in all, in piastres, reckoned by hand from the lines.
TOTALS = {
    "shop-licence": [15000 + 100000 + 2500, 25000 + 200000 + 6000 + 250000 + 11400],
    "shop-notification": [15000 + 100000 + 2500, 50000 + 500000 + 12500],
    "shop-alteration": [25000 + 100000 + 2500, 50000 + 100000 + 81000 + 4525],
    "shop-transfer": [200000],
    "shop-inheritance": [50000, 50000],
    "shop-cancellation": [5000],
    "shop-renewal": [50000 + 1250, 250000 + 4 * 5000 + 6250, 100000 + 2500],
    "shisha-permit": [50000 + 250000],
    "minimum-charge": [20 * 20000, 2000000],
    "fair-permit": [50000 + 20 * 14 * 1000 + 9 * 14 * 2000 + 500000, 50000 + 12 * 5 * 1000 + 26 * 5 * 1000 + 500000],
    "establishment-certificate": [10000 + 2 * 2500, 10000 + 2500],
    "road-occupancy": [10000 + 12 * 30 * 150 + 5000, 10000 + 410625 + 5000, 10000 + 5000],
    "road-occupancy-renewal": [410625 + 5000, 2 * 180 * 150 + 5000 + 2 * 2 * 500],
    "street-vendor-licence": [10 + 5000, 10],
    "food-truck-licence": [3 * 6 * 20000, 3 * 500000, 10000],
    "event-tent-permit": [6 * 20 * 200 + 50000, 5000 + 100000, 0],
    "advertisement": [20000 + 3 * 20000 + 10000, 20000 + 36 * 2 * 120000 + 10000 + 500000],
    "advertisement-renewal": [3 * 20000 + 10000, 24 * 2 * 60000 + 2 * 10000 * 2],
    "tree-pruning-permit": [2 * 20000, 0],
    "debris-removal": [60000 + 6750, 42 * 60000 + 5 * 80000 + 375000],
    "disability-parking": [0],
}

# Where silence means something: the service, the period ("" is the whole), the meaning. Nowhere else.
SILENCE = {("shop-licence", "", "approval"), ("shop-alteration", "preliminary", "approval"),
           ("shop-transfer", "", "approval"), ("advertisement", "", "approval")}

every_service = pytest.mark.parametrize("code", CODES)


def workflow_of(code: str) -> Workflow:
    return Workflow.parse(DEFINITIONS[code]["workflow"])


@every_service
def test_a_service_is_whole_and_sorted_under_known_words(code: str) -> None:
    definition = DEFINITIONS[code]
    assert definition["code"] == code
    assert load_definition(definition) == definition
    assert definition["sector"] in guide_words.load().sectors
    assert definition["life_event"] in guide_words.load().life_events
    assert definition["eligibility"] and len(definition["keywords"]) >= 3
    assert {"centre", "portal", "mobile"} <= set(definition["channels"])


@every_service
def test_every_state_and_every_end_is_reached_by_real_steps(code: str) -> None:
    workflow, reached = workflow_of(code), walks(DEFINITIONS[code])
    assert set(reached) == set(workflow.states)
    assert {workflow.state(state).outcome for state in reached} - {None} == set(OUTCOMES)


@every_service
def test_the_usual_path_decides_collects_every_fee_and_ends_with_an_output(code: str) -> None:
    workflow = workflow_of(code)
    walk, end = usual(DEFINITIONS[code])
    on_the_way = [workflow.state(state) for state in dict.fromkeys(step.state for step in walk)]
    assert workflow.state(end).outcome == "approved"
    assert workflow.state(end).output in {output["code"] for output in DEFINITIONS[code]["outputs"]}
    assert {state.stage for state in on_the_way} - {None} == fees.stages(DEFINITIONS[code]["fees"])
    decided = [state for state in on_the_way if state.purpose == "decision"]
    # By notification nobody decides unless the shop does not conform: the law counts it as licensed.
    assert decided or code == "shop-notification"


@every_service
def test_the_file_can_be_sent_back_completed_and_withdrawn(code: str) -> None:
    completion = workflow_of(code).state("completion")
    assert (completion.kind, completion.clock) == ("applicant", "stopped")
    assert {exit_.code for exit_ in completion.exits} == {"resubmit", "withdraw", EXPIRED}


@every_service
def test_every_desk_has_a_target_and_somebody_to_whom_lateness_goes(code: str) -> None:
    for state in workflow_of(code).states.values():
        desks: list[Any] = [state] if state.kind in ("task", "external") else list(state.branches)
        for desk in desks:
            assert desk.target is not None and desk.escalation is not None, f"{state.code}/{desk.code}"


@every_service
def test_nobody_ends_a_request_against_the_applicant_without_a_reason(code: str) -> None:
    for state in workflow_of(code).states.values():
        for action in state.actions:
            if workflow_of(code).state(action.to).outcome == "rejected":
                assert "reason" in action.requires, f"{state.code}/{action.code}"
        for branch in state.branches:
            for one in branch.actions:
                assert one.verdict != "unfavourable" or "reason" in one.requires, f"{state.code}/{branch.code}"


@every_service
def test_nothing_is_approved_over_an_objection(code: str) -> None:
    """By notification an objection gives the applicant time to cure; elsewhere it is refused, examined again, or sent
    back to be completed."""
    workflow = workflow_of(code)
    after = {exit_.to for state in workflow.states.values() for exit_ in state.exits if exit_.code == "objected"}
    assert after <= ({"cure"} if code == "shop-notification" else {"objections"})
    if "objections" in after:
        exits = {exit_.code: exit_.to for exit_ in workflow.state("objections").exits}
        assert exits == {"reject": "rejected", "examine_again": "document_review", "send_back": "completion"}


@every_service
def test_sample_applicants_pay_what_was_reckoned_by_hand(code: str) -> None:
    definition = DEFINITIONS[code]
    assert [sum(bills(definition, one["answers"]).values()) for one in definition["examples"]] == TOTALS[code]


@pytest.mark.parametrize("code", [code for code in CODES if DEFINITIONS[code]["fees"]])
def test_the_sample_applicants_between_them_pay_every_fee(code: str) -> None:
    definition = DEFINITIONS[code]
    charged = {charge.code for one in definition["examples"]
               for charge in fees.compute(definition["fees"], one["answers"])}
    assert charged == {line["code"] for line in definition["fees"]}


@every_service
def test_no_figure_is_said_to_be_law_but_those_that_were_read_in_it(code: str) -> None:
    definition = DEFINITIONS[code]
    said = {line["code"] for line in definition["fees"] if line["source"] != "unverified"}
    assert said == {"street-vendor-licence": {"licence"}, "event-tent-permit": {"charity_table"}}.get(code, set())


def test_silence_means_something_only_where_the_law_says_so() -> None:
    found = set()
    for code, definition in DEFINITIONS.items():
        for period in [definition["period"], *definition["stage_periods"]]:
            if period["silence"] != "none":
                assert period["source"] == "law" and period["note"]["ar"]
                found.add((code, period.get("code", ""), period["silence"]))
    assert found == SILENCE


# ---- shops: Law 154 of 2019

@pytest.mark.parametrize(("code", "line", "least", "most"), [
    ("shop-licence", "inspection", 0, 100_000), ("shop-licence", "licence", 100_000, 10_000_000),
    ("shop-notification", "inspection", 0, 100_000), ("shop-notification", "licence", 100_000, 10_000_000),
    ("shop-alteration", "inspection", 0, 100_000), ("shop-transfer", "transfer", 0, 1_000_000),
    ("shop-licence", "shisha", 0, 1_000_000), ("shisha-permit", "shisha", 0, 1_000_000),
    ("minimum-charge", "minimum_charge", 0, 2_000_000), ("food-truck-licence", "licence", 0, 3 * 500_000),
    ("street-vendor-licence", "licence", 0, 10)])
def test_no_applicant_can_be_charged_beyond_what_the_law_allows(code: str, line: str, least: int, most: int) -> None:
    found = fee_bounds.bounds(DEFINITIONS[code]["fees"], DEFINITIONS[code]["form"])[line]
    assert least <= found.least and found.most <= most


def test_a_governorate_may_set_the_shisha_fee_only_up_to_the_law_s_ceiling() -> None:
    for code in ("shop-licence", "shisha-permit"):
        bounds = {one["path"]: one for one in DEFINITIONS[code]["overridable"]}
        assert bounds["fees/shisha/amount"]["max"] == 1_000_000


def test_a_notice_is_received_the_same_day_inspected_in_ninety_and_cured_in_ninety() -> None:
    definition = DEFINITIONS["shop-notification"]
    told = {one["code"]: (one["days"], one["kind"], one["states"], one["source"])
            for one in definition["stage_periods"]}
    assert told == {"receipt": (0, "calendar", ["receipt"], "law"),
                    "inspection": (90, "calendar", ["departments"], "law"),
                    "cure": (90, "calendar", ["cure"], "law")}
    assert usual(definition)[0][0] == Step("receipt", "receive")


def test_a_shop_that_does_not_conform_has_time_to_cure_before_it_is_closed() -> None:
    workflow, reached = workflow_of("shop-notification"), walks(DEFINITIONS["shop-notification"])
    assert workflow.state("departments").join == {"favourable": "awaiting_final_fee", "unfavourable": "cure"}
    assert [step.action for step in reached["closure"][-1:]] == [EXPIRED]
    assert [step.state for step in reached["rejected"]][-2:] == ["cure", "closure"]
    assert workflow.act("cure", "cured").to_state == "departments"


def test_an_alteration_is_first_accepted_in_principle_then_inspected_when_the_applicant_is_ready() -> None:
    walk, _ = usual(DEFINITIONS["shop-alteration"])
    assert list(dict.fromkeys(step.state for step in walk)) == [
        "document_review", "departments", "decision", "awaiting_inspection_fee", "fulfilment", "inspection",
        "awaiting_final_fee"]
    preliminary, grant = DEFINITIONS["shop-alteration"]["stage_periods"]
    assert (preliminary["days"], preliminary["silence_to"]) == (60, "awaiting_inspection_fee")
    assert (grant["days"], grant["silence"]) == (30, "none")


def test_an_alteration_is_inspected_again_only_once_the_same_fee_is_paid_again() -> None:
    """Law 154 of 2019, article 10: who asks for time to meet what is not met pays the inspection fee again."""
    workflow = workflow_of("shop-alteration")
    unmet = workflow.act("inspection", "unmet", {"findings": "x"}, "y").to_state
    assert workflow.act(unmet, "fulfilled").to_state == "awaiting_reinspection_fee"
    again = workflow.state("awaiting_reinspection_fee")
    assert (again.stage, again.next) == ("inspection", "inspection")


def test_heirs_have_a_service_of_their_own_in_which_silence_means_nothing() -> None:
    assert DEFINITIONS["shop-inheritance"]["applicants"] == ["heirs", "attorney"]
    assert DEFINITIONS["shop-inheritance"]["period"]["silence"] == "none"
    assert "heirs" not in DEFINITIONS["shop-transfer"]["applicants"]


def test_an_heir_alone_needs_no_power_of_attorney_of_others() -> None:
    definition = DEFINITIONS["shop-inheritance"]
    asked = [{one["code"] for one in forms.required_documents(definition["documents"], example["answers"])}
             for example in definition["examples"]]
    assert asked[0] - asked[1] == {"deputy_proxy"}


def test_several_departments_look_at_a_shisha_permit_at_the_same_time_and_civil_defence_with_them() -> None:
    branches = workflow_of("shisha-permit").state("departments").branches
    assert [branch.code for branch in branches] == ["health", "industrial_safety", "environment", "civil_defence"]
    assert [branch.body for branch in branches if branch.body] == ["civil-defence"]


# ---- renewals

@pytest.mark.parametrize("code", ON_THE_SPOT)
def test_a_renewal_is_done_on_the_spot_without_another_inspection(code: str) -> None:
    assert "mobile_district" in DEFINITIONS[code]["channels"]
    walk, _ = usual(DEFINITIONS[code])
    assert [step.state for step in walk] == ["document_review", "decision", "awaiting_final_fee"]
    assert "inspection" in workflow_of(code).states
    numbers, first = measure(DEFINITIONS[code]), measure(DEFINITIONS[code.removesuffix("-renewal")
                                                                   .replace("shop", "shop-licence")])
    assert numbers.steps < first.steps and numbers.days < first.days and numbers.visits <= first.visits


@pytest.mark.parametrize("code", ON_THE_SPOT)
@given(months=st.integers(0, 35))
def test_renewing_later_never_costs_less_and_stops_growing_after_a_year(code: str, months: int) -> None:
    definition = DEFINITIONS[code]
    lines = [line for line in definition["fees"] if line["code"] == "late"]
    answers = definition["examples"][0]["answers"]
    now, later = (fees.total(fees.compute(lines, {**answers, "months_late": count})) for count in (months, months + 1))
    assert (now == later) if months >= 12 else (now < later)
    assert (now == 0) == (months == 0)


def test_what_is_issued_for_a_time_is_renewed_by_a_service_that_issues_the_same_kind() -> None:
    for code, definition in DEFINITIONS.items():
        for output in definition["outputs"]:
            if output["renewal"]:
                renewing = DEFINITIONS[output["renewal"]["service"]]
                assert output["kind"] in {one["kind"] for one in renewing["outputs"]}, code


# ---- roads and the neighbourhood

def test_an_advertisement_is_licensed_for_three_years_at_most_and_silence_of_sixty_days_is_consent() -> None:
    definition = DEFINITIONS["advertisement"]
    assert [(one["validity_months"], one["source"]) for one in definition["outputs"]] == [(36, "law")]
    period = definition["period"]
    assert (period["days"], period["silence"], period["silence_to"], period["source"]) == (
        60, "approval", "awaiting_final_fee", "law")
    assert definition["legal_basis"][0]["source"] == "law"


@given(width=st.decimals("0.1", "50", places=2), height=st.decimals("0.1", "50", places=2), lit=st.booleans())
def test_an_advertisement_pays_for_every_square_metre_begun(width: Decimal, height: Decimal, lit: bool) -> None:
    definition = DEFINITIONS["advertisement"]
    lines = [line for line in definition["fees"] if line["code"] == "advertisement"]
    answers = {"kind": "shop_sign", "width_m": str(width), "height_m": str(height), "faces": 1, "lit": lit}
    assert fees.total(fees.compute(lines, answers)) == ceil(width * height) * 20000 + (10000 if lit else 0)


def test_a_street_vendor_is_licensed_for_a_year_and_renews_in_its_last_month() -> None:
    output, = DEFINITIONS["street-vendor-licence"]["outputs"]
    assert (output["validity_months"], output["source"]) == (12, "law")
    assert (output["renewal"]["opens_days_before"], output["renewal"]["late_days"]) == (30, 0)


def test_a_funeral_tent_costs_nothing_and_a_charity_table_no_more_than_was_announced() -> None:
    definition = DEFINITIONS["event-tent-permit"]
    by_occasion = {one["answers"]["occasion"]: {charge.code: charge.amount for charge in
                                               fees.compute(definition["fees"], one["answers"])}
                   for one in definition["examples"]}
    assert by_occasion["funeral"] == {}
    assert by_occasion["charity_table"] == {"charity_table": 5000, "deposit": 100000}
    assert "tent" in by_occasion["wedding"]


def test_a_dangerous_tree_is_free_and_cutting_goes_before_the_committee() -> None:
    definition = DEFINITIONS["tree-pruning-permit"]
    assert bills(definition, definition["examples"][1]["answers"]) == {"final": 0}
    committee = workflow_of("tree-pruning-permit").state("committee")
    assert (committee.kind, committee.body) == ("external", "trees-committee")
    assert [step.action for step in walks(definition)["committee"]][-1] == "refer"


def test_debris_is_removed_after_it_was_paid_for_and_only_then_certified() -> None:
    walk, end = usual(DEFINITIONS["debris-removal"])
    assert [step.state for step in walk][-2:] == ["awaiting_final_fee", "removal"] and end == "issued"


def test_a_parking_place_for_a_person_with_disability_is_free_and_shows_neither_card_nor_plate() -> None:
    definition = DEFINITIONS["disability-parking"]
    assert definition["fees"] == [] and not [state for state in workflow_of("disability-parking").states.values()
                                             if state.kind == "payment"]
    personal = {field["name"] for field in definition["form"] if field.get("personal")}
    assert personal == {"card_number", "plate"}
    assert not personal & set(definition["outputs"][0]["fields"])
