"""Bills whose time is over."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, select, text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import payment_states
from services.payments import records, tables

if TYPE_CHECKING:
    from chassis.service import Platform

AT_ONCE = 100

_OVER = Statement(
    select(tables.bill.c.id)  # the predicate of the index bill_open, to the letter
    .where(text("state IN ('created','pending','failed')"), tables.bill.c.expires_at <= bindparam("moment"))
    .order_by(tables.bill.c.expires_at).limit(AT_ONCE))


def sweep(platform: Platform) -> bool:
    """Expire what is due, each bill in a transaction of its own. True when there may be more."""
    look = platform.unit_of_work()
    rows: list[Any] = look.all(_OVER, moment=look.now)
    for row in rows:
        platform.attempt(partial(expire, bill_id=row.id))
    return len(rows) == AT_ONCE


def expire(work: UnitOfWork, bill_id: UUID) -> None:
    """Expire one bill, unless something happened to it meanwhile. Money that still comes pays it all the same."""
    bill = records.bill(work, bill_id)
    if bill.expires_at is None or bill.expires_at > work.now:
        return
    step = payment_states.step(bill.state, payment_states.EXPIRED)
    if step.changes:
        work.correlation_id = bill.correlation_id
        records.change_bill(work, bill, records.event_of(step.to_state), state=step.to_state)
