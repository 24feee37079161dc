"""Events of former versions, read as today's. A place that was not updated for a while still speaks as it did.

A breaking change of an event is a new type (`….v2`). The step that makes the new data out of the old stands in STEPS;
what was replayed or came from elsewhere goes through today's steps. A receiver reads a type and the two before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from contracts.events import REGISTRY, Event, EventType

BEFORE = 2  # versions before today's that are read
_VERSIONED = re.compile(r"(.+\.v)([1-9]\d{0,3})\Z")

Data = dict[str, Any]
STEPS: dict[str, Callable[[Data], Data]] = {}
"""Type → what its data is in the next version (`a.b.c.v1` → data of `a.b.c.v2`)."""


class Unreadable(Exception):
    """An event that nobody here can read: `type_unknown`, or `version_unknown` where another version is known."""

    def __init__(self, reason: Literal["type_unknown", "version_unknown"]) -> None:
        super().__init__(reason)
        self.reason: Literal["type_unknown", "version_unknown"] = reason


def upcast(
    event: Event,
    registry: Mapping[str, EventType] = REGISTRY,
    steps: Mapping[str, Callable[[Data], Data]] = STEPS,
) -> Event:
    """The event in the newest version that it can be read in; itself when it is of that. Unreadable otherwise."""
    if event.type in registry and event.type not in steps:
        return event
    match = _VERSIONED.match(event.type)
    stem, version = (match[1], int(match[2])) if match else (event.type, 0)
    name, data, steps_taken = event.type, event.data, 0
    while match and name in steps:
        if steps_taken == BEFORE:
            raise Unreadable("version_unknown")
        data, steps_taken = steps[name](data), steps_taken + 1
        name = f"{stem}{version + steps_taken}"
    if name not in registry:
        known = any(other.startswith(stem) and _VERSIONED.match(other) for other in (*registry, *steps))
        raise Unreadable("version_unknown" if match and known else "type_unknown")
    return replace(event, type=name, data=data)
