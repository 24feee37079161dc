"""Several departments at once, outside bodies, escalation: how one steps through them and what may not be published."""

import pytest

from rules.refusal import Refusal
from rules.workflow import Workflow, check, mermaid
from tests.support.definitions import whole

ROLES = {"officer", "inspector", "unit_head"}
DEPARTMENTS = {"licensing", "engineering", "leadership", "utilities"}
BODIES = ["civil-defence", "water"]
STAGES = {"first", "last"}


def data():
    return whole()["workflow"]


def opinions():
    return Workflow.parse(data())


def faults(changed):
    found = check(Workflow.parse(changed), STAGES, ROLES, DEPARTMENTS, BODIES, {"centre_manager"})
    return {(fault.code, (fault.field or "").removeprefix("workflow/states/")) for fault in found}


def agree(verdicts, branch, **more):
    return opinions().act("opinions", "agree", {"opinion": "سليم"} if branch == "engineering" else {}, None, branch,
                          verdicts, **more)


def test_the_sample_is_sound():
    assert faults(data()) == set()


def test_the_request_waits_until_the_last_branch_has_acted():
    first = agree({}, "water")
    assert (first.from_state, first.to_state, first.branch, first.verdict, first.joined, first.outcome) == (
        "opinions", "opinions", "water", "favourable", None, None)
    last = agree({"water": "favourable"}, "engineering")
    assert (last.to_state, last.branch, last.verdict, last.joined) == (
        "decision", "engineering", "favourable", "joined")
    assert last.inputs == {"opinion": "سليم"}


@pytest.mark.parametrize("verdicts, action, branch", [
    ({"water": "favourable"}, "object", "engineering"), ({"engineering": "unfavourable"}, "agree", "water")])
def test_one_objection_leads_the_other_way_whoever_acts_last(verdicts, action, branch):
    taken = opinions().act("opinions", action, {}, "مخالف للاشتراطات", branch, verdicts)
    assert (taken.to_state, taken.joined, taken.outcome) == ("rejected", "objected", "rejected")


def test_an_action_that_leaves_takes_the_whole_request_out():
    taken = opinions().act("opinions", "send_back", {}, "ينقص الرسم", "engineering", {"water": "favourable"})
    assert (taken.to_state, taken.branch, taken.verdict, taken.joined) == ("completion", "engineering", None, None)


@pytest.mark.parametrize("branch, action, verdicts, code", [
    ("engineering", "agree", {"engineering": "favourable"}, "branch_done"), ("health", "agree", {}, "branch_unknown"),
    ("water", "agree", {"health": "favourable"}, "branch_unknown"), ("water", "object", {}, "action_unknown"),
    (None, "agree", {}, "action_unknown"), (None, "joined", {}, "action_unknown"),
    ("water", "joined", {}, "action_unknown"), (None, "send_back", {}, "action_unknown")])
def test_what_a_branch_may_not(branch, action, verdicts, code):
    with pytest.raises(Refusal) as refused:
        opinions().act("opinions", action, {}, "سبب", branch, verdicts)
    assert refused.value.code == code


def test_a_branch_acts_only_in_a_parallel_state():
    with pytest.raises(Refusal, match="branch_unknown"):
        opinions().act("review", "accept", branch="water")
    assert opinions().act("review", "accept").to_state == "defence"
    with pytest.raises(Refusal, match="action_unknown"):
        opinions().step("opinions", "agree")


def test_a_branch_gives_its_inputs_and_reasons_like_any_task():
    with pytest.raises(Refusal, match="input_required"):
        opinions().act("opinions", "agree", {}, None, "engineering", {})
    with pytest.raises(Refusal, match="reason_required"):
        opinions().act("opinions", "object", {}, " ", "engineering", {})
    with pytest.raises(Refusal, match="field_unknown"):
        opinions().act("opinions", "agree", {"opinion": "x"}, None, "water", {})


def test_an_outside_body_is_asked_by_a_department():
    state = opinions().state("defence")
    assert (state.body, state.department, state.role, state.clock) == (
        "civil-defence", "licensing", "officer", "stopped")
    assert opinions().step("defence", "answered").to_state == "opinions"


def test_what_a_task_is_for():
    states = opinions().states
    assert (states["review"].purpose, states["decision"].purpose, states["defence"].purpose) == (
        "review", "decision", None)
    assert [branch.purpose for branch in states["opinions"].branches] == ["inspection", None]


def changed(path, value):
    made = data()
    *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    place = made["states"]
    for step in steps:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return made


NAME = {"ar": "اسم", "en": "Name"}
ENGINEERING = "opinions/branches/0"


@pytest.mark.parametrize("path, value, code, place", [
    ("defence/body", "army", "workflow_body_undefined", "defence/body"),
    ("defence/body", None, "workflow_body_undefined", "defence/body"),
    ("defence/role", "gardener", "workflow_role_undefined", "defence/role"),
    ("defence/purpose", "review", "workflow_key_out_of_place", "defence/purpose"),
    ("review/body", "water", "workflow_key_out_of_place", "review/body"),
    ("review/join", {"favourable": "issued"}, "workflow_key_out_of_place", "review/join"),
    ("review/escalation/role", "citizen", "workflow_role_undefined", "review/escalation/role"),
    ("review/target", None, "workflow_escalation_without_target", "review/escalation"),
    ("review/purpose", "gossip", "workflow_key_out_of_place", "review/purpose"),
    ("completion/department", "licensing", "workflow_key_out_of_place", "completion/department"),
    ("opinions/department", "licensing", "workflow_key_out_of_place", "opinions/department"),
    ("opinions/actions", [{"code": "x", "name": NAME, "to": "issued"}], "workflow_key_out_of_place",
     "opinions/actions"),
    ("opinions/expired", "lapsed", "workflow_payment_only", "opinions/expired"),
    ("opinions/branches/1", None, "workflow_branches_missing", "opinions/branches"),
    (f"{ENGINEERING}/code", "water", "workflow_branch_twice", "opinions/branches/water"),
    (f"{ENGINEERING}/role", "gardener", "workflow_role_undefined", "opinions/branches/engineering/role"),
    (f"{ENGINEERING}/department", "parks", "workflow_department_undefined",
     "opinions/branches/engineering/department"),
    ("opinions/branches/1/body", "army", "workflow_body_undefined", "opinions/branches/water/body"),
    (f"{ENGINEERING}/actions/0/verdict", "unfavourable", "workflow_branch_never_favourable",
     "opinions/branches/engineering"),
    (f"{ENGINEERING}/actions/0/to", "issued", "workflow_branch_action_unsound",
     "opinions/branches/engineering/actions/agree"),
    (f"{ENGINEERING}/actions/2/to", None, "workflow_branch_action_unsound",
     "opinions/branches/engineering/actions/send_back"),
    (f"{ENGINEERING}/actions/2/to", "heaven", "workflow_target_unknown",
     "opinions/branches/engineering/actions/send_back"),
    (f"{ENGINEERING}/actions/2/to", "opinions", "workflow_parallel_leads_to_itself",
     "opinions/branches/engineering/actions/send_back"),
    (f"{ENGINEERING}/actions/1/code", "agree", "workflow_action_twice", "opinions/branches/engineering/actions/agree"),
    (f"{ENGINEERING}/actions/0/requires", ["stars"], "workflow_input_undefined",
     "opinions/branches/engineering/actions/agree"),
    ("opinions/join", None, "workflow_join_missing", "opinions/join/favourable"),
    ("opinions/join/unfavourable", None, "workflow_join_missing", "opinions/join/unfavourable"),
    ("opinions/join/favourable", "heaven", "workflow_target_unknown", "opinions/join/favourable"),
    ("opinions/join/unfavourable", "heaven", "workflow_target_unknown", "opinions/join/unfavourable"),
    ("opinions/join/favourable", "opinions", "workflow_parallel_leads_to_itself", "opinions/join"),
    (f"{ENGINEERING}/actions/1", None, "workflow_join_unused", "opinions/join/unfavourable"),
])
def test_what_may_not_be_published(path, value, code, place):
    assert (code, place) in faults(changed(path, value))


def test_a_body_that_nobody_asks():
    found = check(Workflow.parse(data()), STAGES, ROLES, DEPARTMENTS, [*BODIES, "army"], {"centre_manager"})
    assert [(fault.code, fault.field) for fault in found] == [("external_body_unused", "external_bodies/2/code")]


def test_an_end_that_only_an_impossible_objection_reaches_is_unreachable():
    lonely = changed(f"{ENGINEERING}/actions/1", None)
    lonely["states"]["opinions"]["join"]["unfavourable"] = "gone"
    lonely["states"]["gone"] = {"kind": "end", "name": NAME, "outcome": "rejected"}
    assert ("workflow_unreachable", "gone") in faults(lonely)


def test_the_graph_shows_the_branches_and_marks_the_state():
    text = mermaid(opinions(), "en", "opinions")
    assert 'state "Opinions" as s4 {' in text and 'state "Engineering" as s4b0' in text and "        --\n" in text
    assert "s4 --> s2: Send back (Engineering)" in text and "s4 --> s5: All agreed" in text
    assert "class s4 current" in text
