"""What the machinery of each service is asked (chassis.tending): the others by their doors, the gateway of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from marshmallow import Schema

from chassis import tending
from chassis.answers import load
from contracts import machinery
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

CALLED = ("catalog", "requests", "payments", "notifications")
SERVICES = ("gateway", *CALLED)
_OWN: dict[str, tuple[type[Schema], Callable[[Any, dict[str, Any]], dict[str, Any]]]] = {
    "audit": (machinery.SearchAudit, tending.search),
    "owed": (machinery.ListOwed, tending.owed),
    "replay_parked": (machinery.ReplayParked, tending.replay),
    "skip_parked": (machinery.SkipParked, tending.skip),
}


def ask(service: str, what: str, body: dict[str, Any]) -> dict[str, Any]:
    """An answer of a service's machinery. `service` is one of SERVICES."""
    if service != "gateway":
        return platform().call(f"{service}.{what}", body, caller().actor)
    schema, capability = _OWN[what]
    asked = load(schema(), body)
    return platform().run(lambda work: capability(work, asked), caller().actor)


def do(service: str, what: str, body: dict[str, Any], command_id: UUID) -> dict[str, Any]:
    """A command to a service's machinery, applied once."""
    if service != "gateway":
        return platform().call(f"{service}.{what}", body, caller().actor, command_id=command_id)
    schema, capability = _OWN[what]
    asked = load(schema(), body)
    return platform().once(command_id, f"gateway.{what}", body, lambda work: capability(work, asked), caller().actor)
