"""A genuine message read: the event in it, in today's version, with what may travel; or why nobody can read it."""

from __future__ import annotations

from functools import lru_cache

from marshmallow import Schema

from chassis import events
from chassis.config import Role
from contracts import downward, upward
from contracts.event_schemas import every
from contracts.events import Event
from contracts.projections import Projection
from contracts.quick import Look, certainly_valid
from contracts.upcasting import Unreadable, upcast
from rules.link import Message


class Refused(Exception):
    """Why a message takes no effect (contracts.link.WITHOUT_EFFECT), and what about it."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


def event_of(message: Message, role: Role) -> Event:
    """The event that a message brings to a place of this role, its data cut down to what is known to travel. Raises
    Refused."""
    try:
        told = events.decode(message.body)
    except events.Malformed as error:
        raise Refused("message_unreadable", str(error)) from None
    if told.type != message.type or told.id != message.id:
        raise Refused("message_unreadable", "type or id is not that of the message around it")
    try:
        event = upcast(told, every())
    except Unreadable as error:
        raise Refused(error.reason, told.type) from None
    projection = _projection(event.type, role)
    if projection is None:
        raise Refused("type_unknown", f"{event.type} does not travel here")
    data = projection.of(event.data)
    schema, certainly = _schema(event.type, role)
    if not certainly(data) and (faults := schema.validate(data)):
        raise Refused("schema_violated", str(faults))
    return Event(event.id, event.type, event.source, event.subject, event.sequence, event.time, event.correlation_id,
                 data)  # fmt: skip


def _projection(event_type: str, role: Role) -> Projection | None:
    if role is Role.CENTRE:
        return upward.UP.get(event_type)
    down = downward.DOWN.get(event_type)
    return down.projection if down else None


@lru_cache(maxsize=1024)
def _schema(event_type: str, role: Role) -> tuple[Schema, Look]:
    projection = _projection(event_type, role)
    schema = every()[event_type].schema(only=projection.names if projection else ())
    return schema, certainly_valid(schema)
