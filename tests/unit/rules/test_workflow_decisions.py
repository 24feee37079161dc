"""Grounds in law and appeals as part of a workflow: what may be published, and what may be done."""

from __future__ import annotations

from typing import Any

import pytest

from rules.refusal import Refusal
from rules.workflow import APPEALED, Workflow, check, mermaid
from rules.workflow_check import reaches


def named(text: str) -> dict[str, str]:
    return {"ar": text, "en": text}


def action(code: str, to: str, *requires: str) -> dict[str, Any]:
    return {"code": code, "name": named(code), "to": to, "requires": list(requires)}


def task(*actions: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "task", "name": named("t"), "department": "licensing", "role": "officer", "actions": list(actions)}


def end(outcome: str) -> dict[str, Any]:
    return {"kind": "end", "name": named("e"), "outcome": outcome}


def workflow(**changes: Any) -> Workflow:
    basis = {**named("قانون"), "source": "law"}
    return Workflow.parse({
        "initial": "decision", "inputs": [], "states": {
            "decision": task(action("approve", "done"), action("reject", "refused", "legal_reason")),
            "hearing": task(action("grant", "done"), action("dismiss", "refused", "legal_reason")),
            "done": end("approved"), "refused": end("rejected")},
        "reasons": [{"code": "safety", "name": named("السلامة"), "legal_basis": basis}],
        "appeal": {"days": 15, "kind": "calendar", "state": "hearing"}, **changes})


def faults(one: Workflow) -> set[tuple[str, str | None]]:
    return {(fault.code, fault.field) for fault in check(one, (), ("officer",))}


def test_a_workflow_with_grounds_and_an_appeal_is_sound() -> None:
    assert check(workflow(), (), ("officer",)) == []


def test_an_appeal_leads_from_a_rejection_to_who_hears_it_and_from_nowhere_else() -> None:
    one = workflow()
    step = one.step("refused", APPEALED)
    assert (step.from_state, step.to_state, step.outcome) == ("refused", "hearing", None)
    for state in ("done", "decision", "hearing"):
        with pytest.raises(Refusal, match="action_unknown"):
            one.step(state, APPEALED)
    assert "s3 --> s1: تظلم مقدم الطلب" in mermaid(one)


def test_a_rejection_does_not_count_as_a_way_to_approval() -> None:
    assert not reaches(workflow(), "refused", "approved")


def test_the_step_keeps_the_ground_as_the_list_has_it() -> None:
    step = workflow().step("decision", "reject", legal_reason="safety")
    assert step.legal_reason is not None and step.legal_reason["legal_basis"]["source"] == "law"
    assert workflow().step("decision", "approve").legal_reason is None
    for given, code in ((None, "legal_reason_required"), ("mood", "legal_reason_unknown")):
        with pytest.raises(Refusal, match=code):
            workflow().step("decision", "reject", legal_reason=given)


@pytest.mark.parametrize("state", ["nowhere", "done"])
def test_an_appeal_that_nobody_can_grant_may_not_be_published(state: str) -> None:
    found = faults(workflow(appeal={"days": 15, "kind": "calendar", "state": state}))
    assert ("workflow_appeal_unsound", "workflow/appeal/state") in found


def test_an_appeal_where_nothing_is_rejected_may_not_be_published() -> None:
    states = {"decision": task(action("approve", "done")), "hearing": task(action("grant", "done")),
              "done": end("approved")}
    assert ("workflow_appeal_unsound", "workflow/appeal/state") in faults(workflow(states=states, reasons=[]))


def test_a_list_that_no_action_asks_for_and_a_ground_that_stands_twice() -> None:
    reason = {"code": "safety", "name": named("s"), "legal_basis": named("l")}
    twice = workflow(reasons=[reason, reason])
    assert faults(twice) == {("workflow_reason_twice", "workflow/reasons/0/code"),
                             ("workflow_reason_twice", "workflow/reasons/1/code")}
    states = {"decision": task(action("approve", "done"), action("reject", "refused")),
              "hearing": task(action("grant", "done")), "done": end("approved"), "refused": end("rejected")}
    assert faults(workflow(states=states)) == {("workflow_reasons_unused", "workflow/reasons")}


def test_a_ground_is_required_only_where_there_is_a_list() -> None:
    found = faults(workflow(reasons=[]))
    assert {code for code, _ in found} == {"workflow_input_undefined"}
