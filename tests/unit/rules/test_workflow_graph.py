"""No action outside the graph, ever: whatever is tried in whatever state of whatever workflow, it is refused or it is
an edge that the definition has written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import silence, withdrawal
from rules.refusal import Refusal
from rules.workflow import Workflow
from tests.support.life.definitions import LINEAR, PAID_PARALLEL, PARALLEL, Choices, composed
from tests.support.life.model import edges

SERVICES = {of: composed(of) for of in (LINEAR, PARALLEL, PAID_PARALLEL, Choices(), Choices(fees=False, branches=2))}
# Actions of all services, those of the system, and some that nobody wrote.
TRIED = sorted({action for body in SERVICES.values() for _, action, _, _ in edges(body["workflow"], body["period"])
                if action} | {"nothing", "", "issued", "EXPIRED", "reopen"})
ASKED = {"opinion": "لا مانع"}  # what these two require
ASKING = ("agree", "report")


@given(of=st.sampled_from(list(SERVICES)), tried=st.lists(
    st.tuples(st.sampled_from(TRIED), st.sampled_from([None, "b0", "b1", "b2", "elsewhere"])), max_size=60))
def test_whatever_is_tried_is_refused_or_an_edge(of: Choices, tried: list[tuple[str, str | None]]) -> None:
    body = SERVICES[of]
    workflow, drawn = Workflow.parse(body["workflow"]), set(edges(body["workflow"], body["period"]))
    ground = "safety" if of.appeal else None
    place, said = workflow.start().to_state, dict[str, str]()
    for action, branch in tried:
        try:
            taken = workflow.act(place, action, ASKED if action in ASKING else {}, "سبب مكتوب", branch, said, ground)
        except Refusal as refusal:
            assert {fault.code for fault in refusal.faults} <= {"action_unknown", "branch_unknown", "branch_done"}
            assert (branch in said) or not any(
                (place, action, branch) == edge[:2] + edge[3:] for edge in drawn if edge[1] not in _NOT_BY_ACT)
            continue
        assert (place, action, taken.to_state, branch) in drawn
        stays = taken.to_state == place and taken.verdict is not None
        place, said = taken.to_state, {**said, str(branch): str(taken.verdict)} if stays else {}


_NOT_BY_ACT = {silence.SILENCE, withdrawal.WITHDRAW}  # steps of their own, see below


@pytest.mark.parametrize("of", list(SERVICES))
def test_withdrawal_leads_where_the_graph_says_and_from_no_end(of: Choices) -> None:
    body = SERVICES[of]
    workflow, drawn = Workflow.parse(body["workflow"]), set(edges(body["workflow"], body["period"]))
    for code, state in workflow.states.items():
        try:
            taken = withdrawal.transition(workflow, code)
        except Refusal as refusal:
            assert refusal.code == "withdrawal_not_offered"
            assert state.kind == "end" or not of.own_withdrawal
        else:
            assert (code, taken.action, taken.to_state, None) in drawn
