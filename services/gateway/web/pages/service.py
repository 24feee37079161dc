"""What the page of one service tells besides the definition's own texts: who may apply and where, what to bring, what
it costs in words and by example, how long it may take, what one takes home, and which of it has no source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import current_app, g

from rules import conditions, fees, forms, places
from rules.refusal import Refusal
from services.gateway.guide import Entry
from services.gateway.web.api.answers import PREFIX
from services.gateway.web.pages import definition, formula, shown
from services.gateway.web.pages.definition import Definition
from services.gateway.web.platform import platform

UNVERIFIED = "unverified"


def about(document: Definition) -> dict[str, Any]:
    """Everything the page tells, by section."""
    examples = _examples(document)
    return {
        "fees": [_fee(line, document) for line in document["fees"]],
        "examples": examples,
        "cost": _cost(document, examples),
        "cost_unverified": any(map(_unsourced, document["fees"])),
        "steps": _steps(document),
        "documents": documents(document),
        "applicants": [shown.text(f"kind.{kind}") for kind in document["applicants"]],
        "channels": [shown.text(f"channel.{channel}") for channel in document["channels"]],
        "unit_kinds": [shown.named(places.UNIT_KINDS.get(kind, kind)) for kind in document["unit_kinds"]],
        "stage_periods": [_stage_period(one, document) for one in document.get("stage_periods") or ()],
        "bodies": [(shown.named(one["name"]), _unsourced(one)) for one in document.get("external_bodies") or ()],
        "outputs": [_output(one) for one in document["outputs"]],
        "follow_up": [_follow_up(one) for one in document.get("follow_up") or ()],
        "unverified": {section for section, source in (document.get("sources") or {}).items() if source == UNVERIFIED},
        "period_unverified": _unsourced(document["period"]),
        "any_unverified": _any_unverified(document),
        "graph": _graph(document["code"]),
    }


def _graph(code: str) -> str:
    """Where the drawing of the workflow is, or nothing where this node draws none."""
    if platform().at_centre:  # the drawing is of the node's own copy of the guide
        return ""
    drawn = any(rule.rule == f"{PREFIX}/services/<code>/graph.svg" for rule in current_app.url_map.iter_rules())
    return f"{PREFIX}/services/{code}/graph.svg?language={g.language}" if drawn else ""


def _unsourced(item: Mapping[str, Any]) -> bool:
    return item.get("source") == UNVERIFIED


def _any_unverified(document: Definition) -> bool:
    items = (*document["documents"], *document["fees"], *document["outputs"], document["period"],
             *(document.get("external_bodies") or ()), *(document.get("stage_periods") or ()))
    return UNVERIFIED in (document.get("sources") or {}).values() or any(map(_unsourced, items))


# -- documents and fees ----------------------------------------------------------------------------------------------


def documents(document: Definition) -> list[dict[str, Any]]:
    """Each document in words: name, help, whether it is required, how it is shown, when it is asked for."""
    return [_document(one, document) for one in document["documents"]]


def _document(one: Mapping[str, Any], document: Definition) -> dict[str, Any]:
    return {
        "name": shown.named(one["name"]),
        "help": shown.named(one.get("help")),
        "required": one["required"],
        "presented": shown.text(f"presented.{one.get('presented', 'copy')}"),
        "when": condition_text(one.get("when"), document),
        "unverified": _unsourced(one),
    }


def _fee(line: Mapping[str, Any], document: Definition) -> dict[str, Any]:
    """One fee line in words: what it is, how much, when it is due."""
    exempt = _names(line.get("exempt_when"), document)
    return {
        "name": shown.named(line["name"]),
        "how": _how_much(line, document),
        "stage": definition.stage_name(line["stage"], document),
        "when": condition_text(line.get("when"), document),
        "exempt": shown.text("fee.exempt", what=exempt) if exempt else "",
        "worded": line["kind"] == "formula",
        "unverified": _unsourced(line),
    }


def _how_much(line: Mapping[str, Any], document: Definition) -> str:
    kind = line["kind"]
    if kind == "fixed":
        return shown.money(line["amount"])
    if kind == "formula":
        return shown.text("fee.formula", formula=formula.in_words(line["formula"], definition.form(document)))
    if kind == "percentage":
        of = [shown.named(other["name"]) for other in document["fees"] if other["code"] in line["of"]]
        return shown.text("fee.percentage", percent=line["percent"], of=shown.joined(of))
    per = [line["per"]] if isinstance(line["per"], str) else list(line["per"])
    what = " × ".join(_label(name, document) for name in per)
    if kind == "per_unit":
        return shown.text("fee.per_unit", amount=shown.money(line["amount"]), what=what)
    least, most = min(t["amount"] for t in line["tiers"]), max(t["amount"] for t in line["tiers"])
    return shown.text("fee.tiered", least=shown.money(least), most=shown.money(most), what=what)


def _examples(document: Definition) -> list[dict[str, Any]]:
    """The sample applicants with what each stage would cost them, by the rules that make the bill."""
    found = []
    for example in document.get("examples") or ():
        try:
            answers = forms.validate(definition.form(document), example["answers"])
        except Refusal:
            continue  # of a version that was published before examples were checked
        stages, later = definition.fees_by_stage(document, answers)
        found.append({
            "name": shown.named(example["name"]),
            "stages": [(name, fees.total(charges)) for name, charges in stages],
            "total": sum(fees.total(charges) for _, charges in stages),
            "later": later,
        })
    return found


def _cost(document: Definition, examples: list[dict[str, Any]]) -> str:
    """From the least to the most that a sample applicant would pay; nothing where there is none to go by."""
    if not document["fees"]:
        return shown.text("service.free_short")
    totals = [example["total"] for example in examples if not example["later"]]
    if not totals:
        return ""
    least, most = min(totals), max(totals)
    return shown.money(least) if least == most else shown.text(
        "service.cost_from_to", least=shown.money(least), most=shown.money(most))


def condition_text(condition: Any, document: Definition) -> str:
    """When a document or a fee is asked for, in words; nothing where it always is."""
    names = _names(condition, document)
    return shown.text("condition", what=names) if names else ""


def _names(condition: Any, document: Definition) -> str:
    return shown.joined(_label(name, document) for name in sorted(conditions.fields(condition))) if condition else ""


def _label(name: str, document: Definition) -> str:
    field = next((field for field in definition.form(document) if field["name"] == name), None)
    return definition.label(field) if field else name


# -- the path, periods and what comes of it --------------------------------------------------------------------------


def _steps(document: Definition) -> list[dict[str, Any]]:
    """The usual path: from the initial state by the first way out of each, until an end; of a parallel state with all
    who act at once, and on from its join."""
    states = document["workflow"]["states"]
    path: list[str] = []
    code = document["workflow"]["initial"]
    while code in states and code not in path:
        path.append(code)
        state = states[code]
        onward = state.get("next") or (state.get("join") or {}).get("favourable")
        code = onward or next((action["to"] for action in state.get("actions") or ()), "")
    return [_step(states[one]) for one in path]


def _step(state: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": shown.named(state["name"]),
        "kind": state["kind"],
        "department": state.get("department"),
        "branches": [shown.named(branch["name"]) for branch in state.get("branches") or ()],
    }


def _stage_period(one: Mapping[str, Any], document: Definition) -> dict[str, Any]:
    states = document["workflow"]["states"]
    return {
        "name": shown.named(one["name"]),
        "days": shown.text(f"period.{one['kind']}_days", days=shown.counted(one["days"], "day")),
        "silence": "" if one["silence"] == "none" else shown.text(f"silence.{one['silence']}"),
        "states": shown.joined(shown.named(states[code]["name"]) for code in one["states"] if code in states),
        "note": shown.named(one.get("note")),
        "unverified": _unsourced(one),
    }


def _output(one: Mapping[str, Any]) -> dict[str, Any]:
    months = one.get("validity_months")
    renewal = one.get("renewal")
    return {
        "name": shown.named(one["name"]),
        "kind": shown.text(f"output.{one['kind']}"),
        "valid": shown.text("output.valid", time=_time(months)) if months else shown.text("output.valid_always"),
        "delivery": shown.text("output.delivery", ways=shown.joined(
            shown.text(f"delivery.{way}") for way in one.get("delivery") or ("window", "digital"))),
        "renewal": _renewal(renewal) if renewal else None,
        "unverified": _unsourced(one),
    }


def _time(months: int) -> str:
    return shown.counted(months, "month") if months % 12 else shown.counted(months // 12, "year")


def _renewal(renewal: Mapping[str, Any]) -> dict[str, Any]:
    by: Entry | None = platform().guide.get(renewal["service"])
    lines: Iterable[Mapping[str, Any]] = by.document["fees"] if by else ()
    fee = next((shown.named(line["name"]) for line in lines if line["code"] == renewal.get("late_fee")), "")
    late = renewal.get("late_days") or 0
    return {
        "when": shown.text("output.renewal", before=shown.counted(renewal["opens_days_before"], "day")),
        "late": shown.text("output.renewal_late", late=shown.counted(late, "day")) if late else "",
        "late_fee": shown.text("output.renewal_late_fee", fee=fee) if fee else "",
        "code": by.code if by else None,
        "service": shown.named(by.document["name"]) if by else "",
    }


def _follow_up(one: Mapping[str, Any]) -> dict[str, Any]:
    days, every = shown.counted(one["after_days"], "day"), one.get("every_months")
    return {
        "name": shown.named(one["name"]),
        "department": one["department"],
        "when": shown.text("follow_up.every", days=days, every=shown.counted(every, "month")) if every
        else shown.text("follow_up.once", days=days),
        "unverified": _unsourced(one),
    }
