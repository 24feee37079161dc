"""What a bill's fate means for its request."""

from __future__ import annotations

from uuid import UUID

from chassis.errors import NotYet
from chassis.uow import UnitOfWork
from contracts.events import Event
from rules import workflow
from services.requests import life


def go_on(work: UnitOfWork, event: Event) -> None:
    """A bill was paid: the request that waits for this stage goes on, its clock from the rail's payment time."""
    case = _waiting(work, event)
    if case is not None:
        life.move(work, case, workflow.PAID, occurred=event.time)


def lapse(work: UnitOfWork, event: Event) -> None:
    """A bill expired: the request that waits for it lapses, where its definition says so."""
    if event.data["state"] != "expired":
        return  # tried and failed, cancelled, under review: the request waits on
    case = _waiting(work, event)
    if case is not None and case.state.action(workflow.EXPIRED) is not None:
        life.move(work, case, workflow.EXPIRED)


def _waiting(work: UnitOfWork, event: Event) -> life.Case | None:
    case = life.by_id(work, UUID(event.data["request_id"]))
    if case is None:
        raise NotYet("a bill of a request that is not here")
    if case.row.state_kind == "payment" and case.state.stage == event.data["stage"]:
        return case
    # The request went on already or has ended. Money that comes after the end is payments' to return.
    work.audit("payment.beside_the_request", str(case.id), bill=event.data["bill_id"], state=case.row.state)
    return None
