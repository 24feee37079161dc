"""A service definition as the pages read it: what it asks, costs and promises. No page knows any service by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g

from rules import arabic, conditions, fees, places
from rules.refusal import Refusal
from rules.workflow import REASON
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
    """The units of this node that offer the service and are open."""
    held = platform()
    return [
        unit
        for unit in held.organisation.known().units(held.today())
        if unit.governorate == held.settings.node
        and unit.kind in definition["unit_kinds"]
        and unit.status == "open"
    ]


def labels(definition: Definition) -> dict[str, str]:
    """What each field of the application form is called, for the summary of faults."""
    found = {f"answers/{field['name']}": shown.named(field["label"]) for field in form(definition)}
    found |= {f"documents/{one['code']}": shown.named(one["name"]) for one in documents(definition)}
    return found


def about(definition: Definition) -> dict[str, Any]:
    """What the service page tells besides the definition's own texts."""
    return {
        "fees": [_fee(line, definition) for line in definition["fees"]],
        "steps": _steps(definition),
        "documents": [(one, condition_text(one.get("when"), definition)) for one in documents(definition)],
    }


def _fee(line: Mapping[str, Any], definition: Definition) -> dict[str, Any]:
    """One fee line in words: what it is, how much, when it is due."""
    return {
        "name": shown.named(line["name"]),
        "how": _how_much(line, definition),
        "stage": stage_name(line["stage"], definition),
        "when": condition_text(line.get("when"), definition),
        "unverified": line["source"] == "unverified",
    }


def _how_much(line: Mapping[str, Any], definition: Definition) -> str:
    kind = line["kind"]
    if kind == "fixed":
        return shown.money(line["amount"])
    if kind == "percentage":
        of = [shown.named(other["name"]) for other in definition["fees"] if other["code"] in line["of"]]
        return shown.text("fee.percentage", percent=line["percent"], of=", ".join(of))
    per = [line["per"]] if isinstance(line["per"], str) else list(line["per"])
    what = " × ".join(_label(name, definition) for name in per)
    if kind == "per_unit":
        return shown.text("fee.per_unit", amount=shown.money(line["amount"]), what=what)
    least, most = min(t["amount"] for t in line["tiers"]), max(t["amount"] for t in line["tiers"])
    return shown.text("fee.tiered", least=shown.money(least), most=shown.money(most), what=what)


def stage_name(stage: str, definition: Definition) -> str:
    """The name of the state in which the fees of a stage are paid."""
    states = definition["workflow"]["states"].values()
    return next((shown.named(state["name"]) for state in states if state.get("stage") == stage), stage)


def _steps(definition: Definition) -> list[tuple[str, str]]:
    """The usual path: from the initial state by the first way out of each, until an end. (name, kind)"""
    states = definition["workflow"]["states"]
    path: list[str] = []
    code = definition["workflow"]["initial"]
    while code in states and code not in path:
        path.append(code)
        state = states[code]
        code = state.get("next") or next((action["to"] for action in state.get("actions") or ()), "")
    return [(shown.named(states[one]["name"]), states[one]["kind"]) for one in path]


def condition_text(condition: Any, definition: Definition) -> str:
    """When a document or a fee is asked for, in words; nothing where it always is."""
    if not condition:
        return ""
    names = sorted(conditions.fields(condition))
    return shown.text(
        "condition",
        what="، ".join(_label(name, definition) for name in names)
        if g.language == "ar"
        else ", ".join(_label(name, definition) for name in names),
    )


def _label(name: str, definition: Definition) -> str:
    return next((shown.named(field["label"]) for field in form(definition) if field["name"] == name), name)


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
        (shown.named(field["label"]), answer_text(field, answers[field["name"]]))
        for field in form(definition)
        if field["name"] in answers
    ]


# -- the file of a task ----------------------------------------------------------------------------------------------


def answers_of_file(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, answer) of a file, as the version it was lodged under names them. Whole days are shown as dates."""
    lines = []
    for line in found["answers"]:
        value = line["value_name"] if line.get("value_name") else line["value"]
        lines.append((shown.named(line["label"]), _plain(value)))
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
    return {name for action in found["actions"] if action["code"] == code for name in action["requires"]} - {REASON}
