"""The fee calculator: asks what the fees of a service hang on, and computes them by the rules that make the bill. What
it asks is never personal (the guide sees to that), so it stands in the address and can be passed on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from rules import conditions, fees
from rules.refusal import Fault, Refusal
from services.gateway.web.pages import applying, definition
from services.gateway.web.pages.definition import Definition


def page(document: Definition, asked: MultiDict[str, str]) -> dict[str, Any] | None:
    """What the calculator shows for a query string: `fields` to answer, `given` as typed, `faults`, and once something
    was answered `stages`, `total` in piastres, `waits` (labels of answers that are still missing) and `later` (some fee
    hangs on what the departments will find). None for a service whose fees hang on nothing."""
    wanted = _wanted(document)
    if not wanted:
        return None
    form = [field for field in definition.form(document) if field["name"] in wanted]
    given = {field["name"]: _value(field, asked) for field in form}
    started = any(given.values())
    fields, answers, faults = applying.clean([{**field, "required": False} for field in form], given)
    shown: dict[str, Any] = {"fields": fields, "given": given, "faults": faults, "started": started and not faults}
    return {**shown, **_computed(document, form, answers)} if shown["started"] else shown


def _computed(document: Definition, form: list[Mapping[str, Any]], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Every stage whose fees can be told by now."""
    labels = {f"answers/{field['name']}": definition.label(field) for field in form}
    stages, waits, later = [], dict[str, None](), False
    for stage in dict.fromkeys(line["stage"] for line in document["fees"]):
        try:
            charges = fees.compute(document["fees"], answers, stage)
        except Refusal as refusal:
            missing = [labels[fault.field or ""] for fault in refusal.faults if _answerable(fault, labels)]
            waits |= dict.fromkeys(missing)
            later = later or not missing
            continue
        if charges:
            stages.append((definition.stage_name(stage, document), charges))
    return {"stages": stages, "waits": list(waits), "later": later,
            "total": sum(fees.total(charges) for _, charges in stages)}  # fmt: skip


def _answerable(fault: Fault, labels: Mapping[str, str]) -> bool:
    return fault.field in labels and fault.code == "fee_input_missing"


def _wanted(document: Definition) -> set[str]:
    """The questions that the fees read, and those on which these hang in turn."""
    by_name = {field["name"]: field for field in definition.form(document)}
    ahead = [name for name in fees.inputs(document["fees"]) if name in by_name]
    wanted: set[str] = set()
    while ahead:
        name = ahead.pop()
        if name in wanted or by_name[name].get("personal"):
            continue
        wanted.add(name)
        ahead += [other for other in conditions.fields(by_name[name].get("when")) if other in by_name]
    return wanted


def _value(field: Mapping[str, Any], asked: MultiDict[str, str]) -> Any:
    name = f"answers/{field['name']}"
    if field["type"] == "multi_choice":
        return [one[:200] for one in asked.getlist(name)[:100]]
    return asked.get(name, "")[:200]
