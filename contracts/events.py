"""What an event is: CloudEvents 1.0 in structured mode, one coarse event a transition, carrying the new state.

An `EventType` names the type, the aggregate whose version is its sequence, and the schema of its data. Events change
by addition only; a breaking change is a new type. Personal data inside an event is always a sealed string.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import INCLUDE, Schema


class EventSchema(Schema):
    """Base of every event's data: unknown fields are kept, because events grow by addition."""

    class Meta:
        unknown = INCLUDE


@dataclass(frozen=True, slots=True)
class EventType:
    """`name` is `<service>.<aggregate>.<what happened>.v<n>` and is also the routing key on the bus."""

    name: str
    schema: type[EventSchema]

    @property
    def service(self) -> str:
        return self.name.split(".")[0]

    @property
    def aggregate(self) -> str:
        """`<service>.<aggregate>`: the stream that `sequence` counts in."""
        return ".".join(self.name.split(".")[:2])


REGISTRY: dict[str, EventType] = {}


def event(name: str, schema: type[EventSchema]) -> EventType:
    """Register an event type of the published language."""
    if name in REGISTRY:
        raise RuntimeError(f"event type registered twice: {name}")
    REGISTRY[name] = EventType(name, schema)
    return REGISTRY[name]


@dataclass(frozen=True, slots=True)
class Event:
    """One event as a reader sees it."""

    id: UUID
    type: str
    source: str
    subject: UUID
    sequence: int
    time: datetime
    correlation_id: str
    data: dict[str, Any]

    @property
    def aggregate(self) -> str:
        return ".".join(self.type.split(".")[:2])
