"""The form of a service before anybody applies: every question, what it takes, and when it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.gateway.web.pages import applying, definition, particulars, service, shown
from services.gateway.web.pages.definition import Definition


def asked(document: Definition) -> dict[str, Any]:
    """What the page tells: `kinds` of applicants with what each is asked besides name, number and phone; `groups` of
    questions, and `documents`."""
    kinds = [(shown.text(f"kind.{kind}"), [applying.applicant_label(name) for name in particulars.ASKED[kind]])
             for kind in definition.applicant_kinds(document)]  # fmt: skip
    return {
        "kinds": kinds,
        "foreigners": "foreigner" in definition.applicant_kinds(document),
        "groups": [(name, [_question(field, document) for field in fields])
                   for name, fields in definition.grouped(definition.form(document))],
        "documents": service.documents(document),
    }  # fmt: skip


def _question(field: Mapping[str, Any], document: Definition) -> dict[str, Any]:
    return {
        "label": shown.named(field["label"]),
        "help": shown.named(field.get("help")),
        "required": field.get("required"),
        "kind": shown.text(f"question.{field['type']}"),
        "options": [shown.named(option["label"]) for option in field.get("options") or ()],
        "bounds": _bounds(field),
        "when": service.condition_text(field.get("when"), document),
    }


def _bounds(field: Mapping[str, Any]) -> str:
    low, high = field.get("min"), field.get("max")
    if field["type"] == "date":
        low, high = (shown.day(bound) if bound else None for bound in (low, high))
    if low is not None and high is not None:
        return shown.text("question.between", low=low, high=high)
    if low is not None:
        return shown.text("question.from", low=low)
    return shown.text("question.up_to", high=high) if high is not None else ""
