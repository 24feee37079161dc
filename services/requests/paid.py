"""What a bill's fate means for its request."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.errors import NotYet
from chassis.uow import UnitOfWork
from contracts.events import Event
from rules import workflow
from services.requests import assignment, life, reviews

FEE = "fee"  # the kind of bill that a request waits for

_LAST = Statement(
    text("SELECT from_state, action FROM step WHERE request_id = :request_id ORDER BY sequence DESC LIMIT 1")
)


def go_on(work: UnitOfWork, event: Event) -> None:
    """A bill was paid: the request that waits for this stage goes on, its clock from the rail's payment time. So does
    one that lapsed because this stage was not paid in time: at a rail a late success overrides an expiry, and the two
    facts may come in any order. Whatever else is paid is recorded. Who collected it at the counter is kept apart from
    the request."""
    case = _of(work, event)
    stage = event.data["stage"]
    if event.data.get("collected_by"):
        assignment.keep_apart(work, case.id, event.data["collected_by"], assignment.WHY_COLLECTED)
    if event.data.get("kind", FEE) != FEE:  # a fine or a difference: no request waits for it
        work.audit("payment.beside_the_fees", str(case.id), bill=event.data["bill_id"], kind=event.data["kind"])
    elif _waits(case, stage):
        life.move(work, case, workflow.PAID, occurred=event.time)
    elif (lapsed_in := _lapsed_in(work, case, stage)) is not None:
        work.audit("request.revived", str(case.id), bill=event.data["bill_id"], stage=stage)
        life.move(work, case, workflow.PAID, occurred=event.time, out_of=lapsed_in)
    else:
        _beside(work, case, event)


def lapse(work: UnitOfWork, event: Event) -> None:
    """A bill expired: the request that waits for it lapses, where its definition says so."""
    if event.data["state"] != "expired" or event.data.get("kind", FEE) != FEE:
        return  # tried and failed, cancelled, under review: the request waits on; a fine it never waited for
    case = _of(work, event)
    if not _waits(case, event.data["stage"]):
        _beside(work, case, event)
    elif case.state.action(workflow.EXPIRED) is not None:
        life.move(work, case, workflow.EXPIRED)


def _of(work: UnitOfWork, event: Event) -> life.Case:
    case = life.by_id(work, UUID(event.data["request_id"]))
    if case is None:
        raise NotYet("a bill of a request that is not here")
    return case


def _waits(case: life.Case, stage: str) -> bool:
    return case.row.state_kind == "payment" and case.state.stage == stage


def _lapsed_in(work: UnitOfWork, case: life.Case, stage: str) -> str | None:
    """The payment state of this stage whose expiry ended the request, or None where something else did."""
    if case.row.outcome != "lapsed":
        return None
    last = work.one(_LAST, request_id=case.id)
    if last.action != workflow.EXPIRED or last.from_state is None:
        return None
    return last.from_state if case.definition.workflow.state(last.from_state).stage == stage else None


def _beside(work: UnitOfWork, case: life.Case, event: Event) -> None:
    # The request went on already or was ended by a person. Money that comes after such an end is payments' to return.
    work.audit("payment.beside_the_request", str(case.id), bill=event.data["bill_id"], state=case.row.state)
    reviews.contradicted(work, case, "payment", event.time, bill=event.data["bill_id"], stage=event.data["stage"])
