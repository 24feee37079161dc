"""What goes into a door and what comes out: payloads loaded with all their faults, answers as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import marshmallow
import orjson

from rules.refusal import Fault, Refusal


def load(schema: marshmallow.Schema, payload: dict[str, Any]) -> dict[str, Any]:
    """The loaded payload, or a refusal with every fault and its field."""
    try:
        loaded: dict[str, Any] = schema.load(payload)
    except marshmallow.ValidationError as error:
        raise Refusal(list(_faults(error.messages, ""))) from None
    return loaded


def _faults(messages: Any, path: str) -> Sequence[Fault]:
    if isinstance(messages, dict):
        found: list[Fault] = []
        for name, inner in messages.items():
            found += _faults(inner, f"{path}/{name}" if path and name != "_schema" else path or str(name))
        return found
    return [_fault(str(message), path) for message in messages]


def _fault(message: str, path: str) -> Fault:
    if message == marshmallow.fields.Field.default_error_messages["required"]:
        return Fault("field_required", path)
    if message == marshmallow.Schema._default_error_messages["unknown"]:
        return Fault("field_unknown", path)
    return Fault("field_invalid", path, {"reason": message})


def refused(refusal: Refusal) -> bytes:
    """A rule's no, with all its faults."""
    return orjson.dumps({"refused": [fault.as_dict() for fault in refusal.faults]}, default=str)


def failed(service: str, kind: str) -> bytes:
    """The platform's own failure; chassis.calls makes a typed error of it again."""
    return orjson.dumps({"failed": kind, "service": service})
