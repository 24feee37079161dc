"""The one shape of an error at the HTTP door: RFC 9457 problem details with a stable code and both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.problem import Problem
from contracts.problems import COMMON, catalogue, describe
from rules.refusal import Fault, Refusal

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 2
"""Seconds after which a client may try again when the platform was away or busy."""


def status_of(fault: Fault) -> int:
    """The HTTP status of a code; an unknown code is an error of ours."""
    return (catalogue().get(fault.code) or COMMON["internal"]).status


def problem(faults: Iterable[Fault], language: str, instance: str, correlation_id: str) -> dict[str, Any]:
    """The problem document of one or more faults. `code` and `status` are the first's; `errors` names them all."""
    found = list(faults)
    first = found[0]
    title = {"ar": describe(first, "ar"), "en": describe(first, "en")}
    details = list(dict.fromkeys(describe(fault, language) for fault in found))
    return {
        "type": f"urn:shubbak:problem:{first.code}",
        "title": title[language],
        "status": status_of(first),
        "code": first.code,
        "detail": " ".join(details),
        "title_ar": title["ar"],
        "title_en": title["en"],
        "errors": [
            {"field": fault.field, "code": fault.code, "ar": describe(fault, "ar"), "en": describe(fault, "en"),
             **({"rule": rule} if (rule := fault.params.get("rule")) else {})}
            for fault in found
        ],
        "instance": instance,
        "correlation_id": correlation_id,
    }


def faults_of_messages(messages: Mapping[Any, Any], prefix: str = "") -> list[Fault]:
    """Marshmallow's nested messages as faults with field paths such as `applicant/phone`."""
    faults: list[Fault] = []
    for name, inner in messages.items():
        path = prefix if name == "_schema" else f"{prefix}/{name}" if prefix else str(name)
        if isinstance(inner, Mapping):
            faults += faults_of_messages(inner, path)
        else:
            faults += [_fault(str(message), path) for message in inner]
    return faults


def _fault(message: str, path: str) -> Fault:
    if message == "Missing data for required field.":
        return Fault("field_required", path)
    if message == "Unknown field.":
        return Fault("field_unknown", path)
    return Fault("field_invalid", path or None, {"reason": message})


def refusal_of_messages(messages: Mapping[Any, Any]) -> Refusal:
    """The refusal of a body that does not fit its schema. The location that webargs puts on top is left out."""
    locations = ("json", "query", "form", "files", "headers", "json_or_form")
    faults = [
        fault
        for location, inner in messages.items()
        for fault in (
            faults_of_messages(inner)
            if location in locations and isinstance(inner, Mapping)
            else faults_of_messages({"_schema" if location in locations else location: inner})
        )
    ]
    return Refusal(faults or [Fault("malformed")])


def known(code: str) -> Problem:
    """The catalogue's entry of a code."""
    return catalogue()[code]
