"""A service definition as the pages read it: what it asks, costs and promises. No page knows any service by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g

from rules import arabic, fees, places
from rules.refusal import Refusal
from rules.workflow import LEGAL_REASON, REASON
from services.gateway.web import nationwide
from services.gateway.web.pages import shown
from services.gateway.web.platform import platform

Definition = Mapping[str, Any]


def form(definition: Definition) -> list[Mapping[str, Any]]:
    return list(definition["form"])


def documents(definition: Definition) -> list[Mapping[str, Any]]:
    return list(definition["documents"])


def applicant_kinds(definition: Definition) -> list[str]:
    return list(definition["applicants"])


def units(definition: Definition) -> list[places.Unit]:
    """The units that offer the service and are open: of this node, or at the centre of the governorate whose service
    is asked for."""
    held = platform()
    governorate = nationwide.governorate_asked() or held.settings.node
    return [
        unit
        for unit in held.organisation.known().units(held.today())
        if unit.governorate == governorate
        and unit.kind in definition["unit_kinds"]
        and unit.status == "open"
    ]


def labels(definition: Definition) -> dict[str, str]:
    """What each field of the application form is called, for the summary of faults."""
    found = {f"answers/{field['name']}": label(field) for field in form(definition)}
    found |= {f"documents/{one['code']}": shown.named(one["name"]) for one in documents(definition)}
    return found


def label(field: Mapping[str, Any]) -> str:
    """What a question is called away from its own group: two parts of a form may ask the same."""
    part = field.get("part")
    return f"{shown.named(part['name'])}: {shown.named(field['label'])}" if part else shown.named(field["label"])


def grouped(fields: list[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Questions in the form's order, those of one part together under its name; the others under none."""
    groups: list[tuple[Any, str, list[Mapping[str, Any]]]] = []
    for field in fields:
        part = field.get("part")
        key = (part["code"], part.get("prefix")) if part else None
        if not groups or groups[-1][0] != key:
            groups.append((key, shown.named(part["name"]) if part else "", []))
        groups[-1][2].append(field)
    return [(name, members) for _, name, members in groups]


def stage_name(stage: str, definition: Definition) -> str:
    """The name of the state in which the fees of a stage are paid."""
    states = definition["workflow"]["states"].values()
    return next((shown.named(state["name"]) for state in states if state.get("stage") == stage), stage)


def fees_by_stage(
    definition: Definition, answers: Mapping[str, Any]
) -> tuple[list[tuple[str, list[fees.Charge]]], bool]:
    """The charges of each stage with its name, computed as the bills will be; whether some stage cannot be computed
    yet, because it hangs on what the departments will find."""
    lines = definition["fees"]
    found: list[tuple[str, list[fees.Charge]]] = []
    unknown = False
    for stage in dict.fromkeys(line["stage"] for line in lines):
        try:
            charges = fees.compute(lines, answers, stage)
        except Refusal:
            unknown = True
            continue
        if charges:
            found.append((stage_name(stage, definition), charges))
    return found, unknown


def answer_text(field: Mapping[str, Any], value: Any) -> str:
    """An answer as a person reads it."""
    kind = field["type"]
    if value is None or value == "" or value == []:
        return ""
    if kind == "boolean":
        return shown.text("yes" if value in (True, "true", "yes") else "no")
    if kind in ("choice", "multi_choice"):
        chosen = value if isinstance(value, list) else [value]
        names = {option["value"]: shown.named(option["label"]) for option in field.get("options") or ()}
        return ("، " if g.language == "ar" else ", ").join(names.get(one, str(one)) for one in chosen)
    if kind == "date":
        return shown.day(value)
    return arabic.western_digits(str(value))


def shown_answers(definition: Definition, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, answer) in the form's order, of what was answered."""
    return [
        (label(field), answer_text(field, answers[field["name"]]))
        for field in form(definition)
        if field["name"] in answers
    ]


# -- the file of a task ----------------------------------------------------------------------------------------------


def answers_of_file(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, answer) of a file, as the version it was lodged under names them. Whole days are shown as dates."""
    lines = []
    for line in found["answers"]:
        value = line["value_name"] if line.get("value_name") else line["value"]
        lines.append((label(line), _plain(value)))
    return lines


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return shown.text("yes" if value else "no")
    if isinstance(value, list):
        return ("، " if g.language == "ar" else ", ").join(_plain(one) for one in value)
    return shown.named(value)


def inputs_of_file(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The inputs that any action open on this file may ask for."""
    wanted = {name for action in found["actions"] for name in action["requires"]}
    return [one for one in found["inputs"] if one["name"] in wanted]


def inputs_of_action(found: Mapping[str, Any], code: str) -> set[str]:
    """The inputs that one action asks for."""
    return {name for action in found["actions"] if action["code"] == code for name in action["requires"]} - {
        REASON, LEGAL_REASON}
