"""Events of former versions are read as today's; what nobody can read is told apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from contracts.events import Event, EventSchema, EventType
from contracts.upcasting import Unreadable, upcast

EVENT = Event(UUID(int=1), "toys.toy.made.v4", "urn:x", UUID(int=2), 1, datetime(2026, 1, 1, tzinfo=UTC), "c", {"n": 4})
TYPES = {name: EventType(name, EventSchema) for name in ("toys.toy.made.v4", "toys.ball.thrown.v1")}
STEPS = {f"toys.toy.made.v{n}": lambda data, n=n: {**data, f"from{n}": True} for n in (1, 2, 3)}


def read(event_type: str) -> Event:
    return upcast(replace(EVENT, type=event_type), TYPES, STEPS)


def test_todays_version_is_read_as_it_is() -> None:
    assert read("toys.toy.made.v4") == EVENT


@pytest.mark.parametrize(("version", "data"), [
    (3, {"n": 4, "from3": True}), (2, {"n": 4, "from2": True, "from3": True})])
def test_the_two_versions_before_it_are_read_as_todays(version: int, data: dict[str, Any]) -> None:
    event = read(f"toys.toy.made.v{version}")
    assert (event.type, event.data) == ("toys.toy.made.v4", data)


@pytest.mark.parametrize(("event_type", "reason"), [
    ("toys.toy.made.v1", "version_unknown"),  # three versions back
    ("toys.toy.made.v5", "version_unknown"),  # of somebody who is ahead of us
    ("toys.toy.made.v05", "type_unknown"), ("toys.toy.made", "type_unknown"), ("toys.doll.made.v1", "type_unknown"),
    ("toys.toy.made.v4.v1", "type_unknown"), ("", "type_unknown"),
])
def test_what_nobody_can_read_is_told_apart(event_type: str, reason: str) -> None:
    with pytest.raises(Unreadable) as error:
        read(event_type)
    assert error.value.reason == reason
