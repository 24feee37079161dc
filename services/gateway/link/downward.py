"""What came down takes effect at the node: each fact becomes an event of the gateway, which the services of the node
take by their inbox as any other (contracts/received.py). What concerns the line itself (keys, commands) takes effect
here, in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chassis.ids import named
from chassis.uow import UnitOfWork
from contracts import received as language
from contracts.downward import RECEIVED
from contracts.events import REGISTRY, EventType
from services.gateway.link import commands, keys_down
from services.gateway.link.arrival import Arrival

_HOLIDAY = "holiday"


def take(work: UnitOfWork, arrivals: Sequence[Arrival]) -> None:
    """Append what each arrival is to this node's services, and let keys and commands take effect."""
    for arrival in arrivals:
        told = at_node(arrival)
        if told is None:
            continue
        event_type, data = told
        tell(work, event_type, data, arrival)
        if event_type is language.KEY_CHANGED:
            keys_down.change(work, data)
        elif event_type is language.COMMAND_GIVEN:
            commands.take(work, arrival)


def at_node(arrival: Arrival) -> tuple[EventType, dict[str, Any]] | None:
    """What an arrival is called at the node, and its data there; None for what its services do not hear of."""
    event, data = arrival.event, arrival.event.data
    if event.type == "catalog.organisation.changed.v1":
        kind = language.HOLIDAYS_DECREED if data["kind"] == _HOLIDAY else language.ORGANISATION_RECEIVED
        return kind, {**data, "number": event.sequence, "line": place(arrival)}
    if event.type in ("catalog.national.published.v1", "catalog.national.retired.v1"):
        what = "published" if event.type == "catalog.national.published.v1" else "retired"
        return language.GUIDE_RECEIVED, {**data, "number": event.sequence, "what": what, "line": place(arrival)}
    if event.type not in RECEIVED:
        return None
    return REGISTRY[RECEIVED[event.type]], {**data, "line": place(arrival)}


def place(arrival: Arrival) -> dict[str, Any]:
    """Where it stands in its stream."""
    return {"peer": arrival.peer, "epoch": arrival.epoch, "sequence": arrival.sequence}


def tell(work: UnitOfWork, event_type: EventType, data: dict[str, Any], arrival: Arrival) -> None:
    """Append it to this place's log. Each arrival is a subject of its own: what a restored sender numbers anew never
    meets what stands here under the same number."""
    work.correlation_id = arrival.event.correlation_id
    work.append(event_type, named("link", arrival.peer, event_type.name, str(arrival.event.id)), 1, data,
                occurred=arrival.event.time)
