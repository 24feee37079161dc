"""A peer's key that came by the line takes effect, at the centre as at a node."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.uow import UnitOfWork
from contracts.received import KEY_ISSUED
from services.gateway.link import keys_down
from services.gateway.link.arrival import Arrival
from services.gateway.link.downward import place


def take(work: UnitOfWork, arrivals: Sequence[Arrival]) -> None:
    """Keep the keys that peers tell of themselves."""
    for arrival in arrivals:
        if arrival.event.type == KEY_ISSUED.name:
            keys_down.change(work, {**arrival.event.data, "line": place(arrival)})
