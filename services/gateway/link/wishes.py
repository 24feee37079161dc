"""What came up and makes a service of the centre act: wishes to pay at a rail that the centre holds, refunds of what it
took, and what nodes answered to commands."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.uow import UnitOfWork
from contracts import received as language
from contracts.payments_centre import REFUND_WISH_CHANGED, WISH_CHANGED
from services.gateway.link import commands
from services.gateway.link.arrival import Arrival
from services.gateway.link.downward import place, tell

_WISHES = {WISH_CHANGED.name: language.PAYMENT_WISHED, REFUND_WISH_CHANGED.name: language.REFUND_WISHED}


def take(work: UnitOfWork, arrivals: Sequence[Arrival]) -> None:
    """Hand wishes to payments, in the name of the node that the line proved, and note the answers to commands."""
    for arrival in arrivals:
        if arrival.event.type in _WISHES:
            tell(work, _WISHES[arrival.event.type], {
                **arrival.event.data, "node": arrival.peer, "line": place(arrival)}, arrival)
        elif arrival.event.type == language.COMMAND_ANSWERED.name:
            commands.answered(work, arrival)
