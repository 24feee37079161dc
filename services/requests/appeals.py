"""Appeal (تظلم): once, in time, heard by somebody who has decided nothing of the request before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules.calendar import cairo_date
from rules.refusal import refuse
from rules.workflow import APPEALED
from services.requests import appeal_term, assignment, inquiry, life
from services.requests.life import Case

_DECISION = "decision"
_STEPS = Statement(
    text(
        "SELECT from_state, to_state, branch, actor_id FROM step "
        "WHERE request_id = :request_id AND action IS NOT NULL ORDER BY sequence"
    )
)


def appeal(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The applicant appeals the rejection of the request; the days are those of the definition it was lodged under.
    Refuses tracking_unknown, appeal_not_offered, appeal_used, appeal_too_late. Everybody who decided before is kept
    apart from the request for good; where that leaves nobody, the unit above hears it."""
    case = inquiry.admitted(work, body)
    until = appeal_term.last_day(case)
    if until is None:
        raise refuse("appeal_not_offered")
    if appeal_term.used(case):
        raise refuse("appeal_used")
    if cairo_date(work.now) > until:
        raise refuse("appeal_too_late", until=until.isoformat())
    for account in sorted({step.actor_id for step in work.all(_STEPS, request_id=case.id) if _decided(case, step)}):
        assignment.keep_apart(work, case.id, account, assignment.WHY_DECIDED)
    return life.move(work, case, APPEALED, reason=body["reason"])


def _decided(case: Case, step: Any) -> bool:
    """Whether this step decided: at a desk whose purpose that is, or by ending the request."""
    workflow = case.definition.workflow
    state = workflow.state(step.from_state)
    desk = state.branch(step.branch) if step.branch else None
    return (desk or state).purpose == _DECISION or workflow.state(step.to_state).kind == "end"
