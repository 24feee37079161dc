"""The one shape of an error at the HTTP door: RFC 9457 problem details with a stable code and both languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from contracts.problem import Problem
from contracts.problems import COMMON, catalogue, describe
from rules.refusal import Fault, Refusal

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 2
"""Seconds after which a client may try again when the platform was away or busy."""

# What marshmallow says of a field, and how the door says it in Arabic. An unlisted reason is shown as it is.
_REASONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"Not a valid (string|list|mapping type|boolean)\."), "نوع القيمة غير صحيح."),
    (re.compile(r"Not a valid (integer|number)\."), "ليست رقماً صحيحاً."),
    (re.compile(r"Not a valid UUID\."), "ليس معرّفاً صحيحاً."),
    (re.compile(r"Not a valid (date|datetime|time)\."), "ليس تاريخاً صحيحاً."),
    (re.compile(r"Must be one of: (.+)\."), "يجب أن تكون إحدى القيم: {0}."),
    (re.compile(r"Must be greater than or equal to (\S+)(?: and .*)?\."), "يجب ألا تقل القيمة عن {0}."),
    (re.compile(r"Longer than maximum length (\d+)\."), "أطول من {0} حرفاً."),
    (re.compile(r"Shorter than minimum length (\d+)\."), "أقصر من {0} أحرف."),
    (re.compile(r"Length must be between (\d+) and (\d+)\."), "يجب أن يكون الطول بين {0} و{1}."),
    (re.compile(r"Invalid input type\."), "يجب أن يكون الجسم كائن JSON."),
    (re.compile(r"Field may not be null\."), "لا يجوز أن تكون القيمة فارغة."),
)


def text_of(fault: Fault, language: str) -> str:
    """What a fault says in `ar` or `en`."""
    reason = fault.params.get("reason")
    if language == "ar" and isinstance(reason, str):
        fault = replace(fault, params={**fault.params, "reason": _reason_in_arabic(reason)})
    return describe(fault, language)


def _reason_in_arabic(reason: str) -> str:
    for pattern, arabic in _REASONS:
        found = pattern.fullmatch(reason)
        if found:
            return arabic.format(*found.groups())
    return reason


def status_of(fault: Fault) -> int:
    """The HTTP status of a code; an unknown code is an error of ours."""
    return (catalogue().get(fault.code) or COMMON["internal"]).status


def problem(faults: Iterable[Fault], language: str, instance: str, correlation_id: str) -> dict[str, Any]:
    """The problem document of one or more faults. `code` and `status` are the first's; `errors` names them all."""
    found = list(faults)
    first = found[0]
    title = {"ar": text_of(first, "ar"), "en": text_of(first, "en")}
    details = list(dict.fromkeys(text_of(fault, language) for fault in found))
    return {
        "type": f"urn:shubbak:problem:{first.code}",
        "title": title[language],
        "status": status_of(first),
        "code": first.code,
        "detail": " ".join(details),
        "title_ar": title["ar"],
        "title_en": title["en"],
        "errors": [
            {"field": fault.field, "code": fault.code, "ar": text_of(fault, "ar"), "en": text_of(fault, "en")}
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
