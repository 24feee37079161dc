"""What the governorate makes of a national version: its own values put in, the whole checked again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.definition import load_definition
from rules import overrides, places
from rules.refusal import Fault, Refusal
from services.catalog.succession import Adoption, National


def make(national: National, adoption: Adoption) -> tuple[Mapping[str, Any], Sequence[Fault]]:
    """The edition's body, and every fault that keeps it from being one."""
    return localised(national.body, adoption.overrides)


def localised(body: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[Fault]]:
    """The body with the governorate's own values, and every fault of them."""
    if not own:
        return body, ()
    faults = overrides.check(body, own)
    if faults:
        return body, faults
    try:
        return load_definition(dict(overrides.apply(body, own))), ()
    except Refusal as refusal:
        return body, refusal.faults


def can_be_offered(body: Mapping[str, Any], governorate: str) -> bool:
    """Whether the governorate has a unit of a kind that offers the service, with a window or soon to have one."""
    kinds = {unit.kind for unit in places.units().values() if unit.governorate == governorate and unit.status}
    return bool(kinds & set(body["unit_kinds"]))

