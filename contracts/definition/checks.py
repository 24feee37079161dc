"""What the shape of a definition cannot say: each check names the sections it reads, and runs where all of them have a
sound shape, so that one wrong section hides nothing of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from contracts.definition.basics import SOURCED_ITEMS, SOURCED_WHOLE
from rules import conditions, definition_paths, fees, forms, roles, wording, workflow
from rules.refusal import Fault, Refusal
from rules.workflow_check import reaches

Definition = Mapping[str, Any]
APPROVAL, NONE, UNVERIFIED = "approval", "none", "unverified"
_IDENTITY = ("code", "name", "value", "kind", "source")  # by these a thing is found and judged
RESERVED = ("whole", "task")  # what warnings call the period of the whole and a department's own target


def check(definition: Definition, unsound: set[str]) -> list[Fault]:
    """Everything that is wrong with a definition whose defaults are filled in. `unsound` are the sections whose shape
    is wrong; they are left alone, and so is what depends on them."""
    found: list[Fault] = []
    for reads, one in _CHECKS:
        if unsound.isdisjoint(reads) and all(section in definition for section in reads):
            found += one(definition)
    sound = {section: value for section, value in definition.items() if section not in unsound}
    if "sources" in sound:
        found += _sources(sound)
    return found + (_overridable(definition, unsound) if "overridable" in sound else [])


def _types(definition: Definition) -> dict[str, str]:
    return {field["name"]: field["type"] for field in definition["form"]}


def _form(definition: Definition) -> list[Fault]:
    return forms.check(definition["form"])


def _fees(definition: Definition) -> list[Fault]:
    return fees.check(definition["fees"], definition["form"])


def _inputs(definition: Definition) -> list[Fault]:
    return forms.check(definition["workflow"]["inputs"], "workflow/inputs")


def _workflow(definition: Definition) -> list[Fault]:
    bodies = [body["code"] for body in definition["external_bodies"]]
    return workflow.check(workflow.Workflow.parse(definition["workflow"]), fees.stages(definition["fees"]),
                          roles.task_roles(), bodies=bodies)


def _documents(definition: Definition) -> list[Fault]:
    types = _types(definition)
    found = _twice(definition["documents"], "documents", "document_code_twice", "document")
    for index, document in enumerate(definition["documents"]):
        if document.get("when") is not None:
            found += [Fault("condition_unsound", f"documents/{index}/when", {"reason": reason})
                      for reason in conditions.check(document["when"], types)]
    return found


def _outputs(definition: Definition) -> list[Fault]:
    types, parsed = _types(definition), workflow.Workflow.parse(definition["workflow"])
    codes = [output["code"] for output in definition["outputs"]]
    used = {state.output for state in parsed.states.values() if state.output}
    found = [Fault("output_undefined", f"workflow/states/{state.code}/output", {"output": state.output})
             for state in parsed.states.values() if state.output and state.output not in codes]
    for index, output in enumerate(definition["outputs"]):
        if output["code"] not in used or codes.count(output["code"]) > 1:
            found.append(Fault("output_unused", f"outputs/{index}/code", {"output": output["code"]}))
        found += [Fault("output_field_unknown", f"outputs/{index}/fields", {"name": name})
                  for name in output["fields"] if name not in types]
    return found


def _renewals(definition: Definition) -> list[Fault]:
    """What one definition shows of its renewals; whether the other service exists, the whole guide shows
    (`across`)."""
    found = []
    for index, output in enumerate(definition["outputs"]):
        renewal = output["renewal"]
        if renewal is None:
            continue
        if output["validity_months"] is None:
            found.append(Fault("renewal_without_end", f"outputs/{index}/renewal", {"output": output["code"]}))
        if renewal["late_fee"] is not None and not renewal["late_days"]:
            found.append(Fault("renewal_late_fee_without_days", f"outputs/{index}/renewal/late_fee",
                               {"fee": renewal["late_fee"]}))
        if renewal["service"] == definition["code"]:
            found += _late_fee(renewal, definition, index)
    return found


def _templates(definition: Definition) -> list[Fault]:
    """Every template that is named is there and used, and names nothing that could not be filled in."""
    types = {name: kind for name, kind in _types(definition).items()
             if not any(field["name"] == name and field.get("personal") for field in definition["form"])}
    templates = definition["templates"]
    found = _twice(templates, "templates", "template_twice", "template")
    facts: dict[str, frozenset[str]] = {}
    used = [(f"outputs/{index}/template", output["template"], wording.OUTPUT_FACTS)
            for index, output in enumerate(definition["outputs"])]
    used += [(f"external_bodies/{index}/letter", body.get("letter"), wording.LETTER_FACTS)
             for index, body in enumerate(definition["external_bodies"])]
    for at, code, known in used:
        if code is None:
            continue
        if not any(template["code"] == code for template in templates):
            found.append(Fault("template_unknown", at, {"template": code}))
        facts[code] = facts.get(code, known) & known
    for index, template in enumerate(templates):
        if template["code"] not in facts:
            found.append(Fault("template_unused", f"templates/{index}/code", {"template": template["code"]}))
        allowed = facts.get(template["code"], wording.OUTPUT_FACTS) | types.keys()
        for number, block in enumerate(template["blocks"]):
            at = f"templates/{index}/blocks/{number}"
            found += [Fault("template_placeholder_unknown", f"{at}/text/{language}", {"name": name})
                      for language in ("ar", "en") for name in wording.unknown(block["text"][language], allowed)]
            if block.get("when"):
                found += [Fault("condition_unsound", f"{at}/when", {"reason": reason})
                          for reason in conditions.check(block["when"], types)]
    return found


def _no_templates(definition: Definition) -> list[Fault]:
    """Where there are no templates at all, none may be named."""
    named = [(f"outputs/{index}/template", output["template"]) for index, output in enumerate(definition["outputs"])]
    named += [(f"external_bodies/{index}/letter", body.get("letter"))
              for index, body in enumerate(definition["external_bodies"])]
    return [Fault("template_unknown", at, {"template": code}) for at, code in named
            if code is not None and "templates" not in definition]


def _supersedes(definition: Definition) -> list[Fault]:
    """The answers that a succession reads and writes are there, and none of them is personal."""
    rule = definition.get("supersedes")
    if rule is None:
        return []
    form = {field["name"]: field for field in definition["form"]}
    found = []
    for key, wanted in (("answer", "text"), ("months_late", "integer")):
        name = rule.get(key)
        if name is not None and (name not in form or form[name]["type"] != wanted or form[name].get("personal")):
            found.append(Fault("supersedes_answer_unfit", f"supersedes/{key}", {"name": name, "type": wanted}))
    if rule.get("when"):
        found += [Fault("condition_unsound", "supersedes/when", {"reason": reason})
                  for reason in conditions.check(rule["when"], _types(definition))]
    return found


def _late_fee(renewal: Mapping[str, Any], renewing: Definition, index: int) -> list[Fault]:
    fee = renewal["late_fee"]
    if fee is None or any(line["code"] == fee for line in renewing["fees"]):
        return []
    return [Fault("renewal_fee_unknown", f"outputs/{index}/renewal/late_fee",
                  {"fee": fee, "service": renewal["service"]})]


def across(definitions: Mapping[str, Definition]) -> dict[str, list[Fault]]:
    """What only the whole guide shows, by the code of the definition at fault: an output that is renewed by a service
    that is not there, or at a late fee that it does not have. Definitions are loaded ones."""
    found: dict[str, list[Fault]] = {}
    for code, definition in definitions.items():
        for index, output in enumerate(definition["outputs"]):
            renewal = output["renewal"]
            if renewal is None or renewal["service"] == code:
                continue
            renewing = definitions.get(renewal["service"])
            faults = _late_fee(renewal, renewing, index) if renewing is not None else [
                Fault("renewal_service_unknown", f"outputs/{index}/renewal/service", {"service": renewal["service"]})]
            if faults:
                found.setdefault(code, []).extend(faults)
    return found


def _personal(definition: Definition) -> list[Fault]:
    """Fees travel in events and outputs are shown to whoever checks them: neither may carry a personal answer."""
    personal = {field["name"] for field in definition["form"] if field.get("personal")}
    found = [Fault("personal_answer_exposed", f"fees/{index}", {"name": name})
             for index, line in enumerate(definition["fees"]) for name in fees.inputs([line]) if name in personal]
    return found + [Fault("personal_answer_exposed", f"outputs/{index}/fields", {"name": name})
                    for index, output in enumerate(definition["outputs"])
                    for name in output["fields"] if name in personal]


def _periods(definition: Definition) -> list[Fault]:
    parsed = workflow.Workflow.parse(definition["workflow"])
    found = _silence(definition["period"], "period", parsed)
    found += _twice(definition["stage_periods"], "stage_periods", "stage_period_code_twice", "period")
    for index, period in enumerate(definition["stage_periods"]):
        at = f"stage_periods/{index}"
        found += [Fault("stage_period_state_unknown", f"{at}/states/{place}", {"state": code})
                  for place, code in enumerate(period["states"])
                  if code not in parsed.states or parsed.states[code].kind == "end"]
        found += _silence(period, at, parsed)
        if period["code"] in RESERVED:
            found.append(Fault("stage_period_code_twice", f"{at}/code", {"period": period["code"]}))
        if period.get("silence_to") in period["states"]:
            found.append(Fault("silence_target_unsound", f"{at}/silence_to", {"state": period["silence_to"]}))
    return found


def _silence(period: Mapping[str, Any], at: str, parsed: workflow.Workflow) -> list[Fault]:
    """Silence decides nothing, or leads to a state; approval to one from which approval comes, rejection likewise."""
    target, silence = period.get("silence_to"), period["silence"]
    outcome = "approved" if silence == APPROVAL else "rejected"
    leads = target is None if silence == NONE else (
        target is not None and target in parsed.states and reaches(parsed, target, outcome))
    found = []
    if not leads:
        found.append(Fault("silence_target_unsound", f"{at}/silence_to", {"state": target}))
    if silence != NONE and period.get("source") == UNVERIFIED:
        found.append(Fault("silence_unsourced", f"{at}/silence", {"silence": silence}))
    return found


def _bodies(definition: Definition) -> list[Fault]:
    return _twice(definition["external_bodies"], "external_bodies", "external_body_twice", "body")


def _follow_up(definition: Definition) -> list[Fault]:
    found = _twice(definition["follow_up"], "follow_up", "follow_up_code_twice", "follow_up")
    for index, one in enumerate(definition["follow_up"]):
        if one["role"] not in roles.task_roles():
            found.append(Fault("follow_up_role_undefined", f"follow_up/{index}/role", {"role": one["role"]}))
        told = (one.get("escalation") or {}).get("role")
        if told is not None and not (told in roles.load().roles and roles.load().roles[told].staff):
            found.append(Fault("follow_up_role_undefined", f"follow_up/{index}/escalation/role", {"role": told}))
        if one["department"] not in roles.load().departments:
            found.append(Fault("follow_up_department_undefined", f"follow_up/{index}/department",
                               {"department": one["department"]}))
        if not definition["outputs"]:
            found.append(Fault("follow_up_of_nothing", f"follow_up/{index}", {"follow_up": one["code"]}))
    return found


def _examples(definition: Definition) -> list[Fault]:
    """Each sample applicant is taken by the form and can be told every fee. The cleaned answers are kept, so that who
    computes with them need not clean them again."""
    if definition["fees"] and not definition["examples"]:
        return [Fault("examples_missing", "examples")]
    if forms.check(definition["form"]) or fees.check(definition["fees"], definition["form"]):
        return []  # told where they are; nothing can be computed on them
    found: list[Fault] = []
    for index, example in enumerate(definition["examples"]):
        at = f"examples/{index}/answers"
        try:
            example["answers"] = forms.validate(definition["form"], example["answers"], at)
            fees.compute(definition["fees"], example["answers"])
        except Refusal as refusal:
            found += [Fault(fault.code, _under(fault.field, at), fault.params) for fault in refusal.faults]
    return found


def _under(field: str | None, at: str) -> str:
    """The answer's place, in the example where it is."""
    if field is None or field.startswith(at):
        return field or at
    return f"{at}/{field.removeprefix('answers/')}" if field.startswith("answers/") else at


def _overridable(definition: Definition, unsound: set[str]) -> list[Fault]:
    found = []
    paths = [one["path"] for one in definition["overridable"]]
    for index, one in enumerate(definition["overridable"]):
        at, path = f"overridable/{index}", one["path"]
        if paths.count(path) > 1:
            found.append(Fault("overridable_twice", f"{at}/path", {"path": path}))
        if path.partition("/")[0] in unsound:
            continue
        if path.rpartition("/")[2] in _IDENTITY:
            found.append(Fault("overridable_identity", f"{at}/path", {"path": path}))
            continue
        value = definition_paths.find(definition, path)
        if isinstance(value, (Mapping, list)) or value is definition_paths.NOTHING:
            found.append(Fault("overridable_unknown", f"{at}/path", {"path": path}))
            continue
        bounds = [conditions.number(one[key]) for key in ("min", "max") if key in one]
        # null is a number that has no end, such as a validity: a governorate may give it one
        counts = value is None or conditions.number(value) is not None
        if None in bounds or (bounds and not counts) or not _between(one, value):
            found.append(Fault("overridable_bounds_unsound", f"{at}/min", {"path": path}))
    return found


def _between(one: Mapping[str, Any], value: object) -> bool:
    low, high, number = (conditions.number(found) for found in (one.get("min"), one.get("max"), value))
    return number is None or ((low is None or low <= number) and (high is None or number <= high))


def _sources(definition: Definition) -> list[Fault]:
    """Who says so must be written of every part of the guide."""
    sources = definition["sources"]
    found = [Fault("source_missing", f"sources/{section}", {"section": section})
             for section in SOURCED_WHOLE if section in definition and section not in sources]
    for section in SOURCED_ITEMS:
        items = definition.get(section) or ()
        bare = [index for index, item in enumerate(items) if "source" not in item]
        places = [f"sources/{section}"] if len(bare) == len(items) > 1 else [f"{section}/{i}/source" for i in bare]
        found += [Fault("source_missing", place, {"section": section}) for place in places]
    if "period" in definition and "source" not in definition["period"]:
        found.append(Fault("source_missing", "period/source", {"section": "period"}))
    return found


def _twice(items: Iterable[Mapping[str, Any]], where: str, code: str, param: str) -> list[Fault]:
    codes = [item["code"] for item in items]
    return [Fault(code, f"{where}/{index}/code", {param: one})
            for index, one in enumerate(codes) if codes.count(one) > 1]


_CHECKS: tuple[tuple[frozenset[str], Callable[[Definition], list[Fault]]], ...] = tuple(
    (frozenset(reads.split()), one) for reads, one in (
        ("form", _form), ("form fees", _fees), ("workflow", _inputs), ("fees workflow external_bodies", _workflow),
        ("form documents", _documents), ("form workflow outputs", _outputs), ("code fees outputs", _renewals),
        ("form fees outputs", _personal), ("period stage_periods workflow", _periods), ("external_bodies", _bodies),
        ("follow_up outputs", _follow_up), ("form supersedes", _supersedes),
        ("form outputs external_bodies templates", _templates), ("outputs external_bodies", _no_templates),
        ("form fees examples", _examples)))
