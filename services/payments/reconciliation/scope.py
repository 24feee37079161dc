"""Whose statements and treasury periods are. A rail pays one sum for the whole node and the treasury is told of the
whole node, so both are seen and handled by people who are bound to no unit. Who is bound to one sees what was
reconciled of its own money (`payments.reconciled`), as with collections."""

from __future__ import annotations

from chassis.uow import UnitOfWork
from rules.refusal import refuse


def whole_node(work: UnitOfWork, permission: str) -> None:
    """Refuse unit_bound, and record the attempt, for a person who is bound to a unit."""
    if work.actor.unit is not None:
        work.deny(permission, str(work.actor.unit))
        raise refuse("unit_bound")
