"""Taking a request back. Whoever applied may do so wherever the request still lies and nothing has ended it: the way
leads from any state that is no end to the state in which the service's own workflow ends as withdrawn. A workflow
without such an end knows no withdrawal."""

from __future__ import annotations

from rules.refusal import refuse
from rules.workflow import Action, State, Transition, Workflow

WITHDRAW = "withdraw"
NAME = {"ar": "سحب الطلب", "en": "Withdraw the request"}
OUTCOME = "withdrawn"


def end(workflow: Workflow) -> State | None:
    """The first state, in the order written, in which the workflow ends as withdrawn."""
    return next((state for state in workflow.states.values() if state.kind == "end" and state.outcome == OUTCOME), None)


def offered(workflow: Workflow, state: str) -> bool:
    """Whether a request that stands there may be withdrawn."""
    return workflow.state(state).kind != "end" and end(workflow) is not None


def way(workflow: Workflow, state: str) -> Action | None:
    """The way of withdrawing from a state, where it may be withdrawn and the workflow has written none of its own
    there."""
    to = end(workflow)
    if to is None or not offered(workflow, state) or workflow.state(state).action(WITHDRAW) is not None:
        return None
    return Action(WITHDRAW, dict(NAME), to.code)


def transition(workflow: Workflow, state: str) -> Transition:
    """The step of withdrawing. Refuses withdrawal_not_offered."""
    to = end(workflow)
    if to is None or workflow.state(state).kind == "end":
        raise refuse("withdrawal_not_offered", "action", state=state)
    return Transition(state, to.code, WITHDRAW, to.outcome)
