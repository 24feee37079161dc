"""A service definition: one YAML document that says all there is to a service, so that no code knows any service by
name. `docs` of the guide and the editors' form come from here.

What the schema cannot see (conditions, fees, workflow, outputs) is checked by the rules; all faults are told at once.
Decimals are text ("2.5"), never floats. Every legal figure, fee and document says where it comes from: `law` (read in
the law), `public` (public sources), `unverified` (illustrative, to be set by the governorate).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, cast

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from contracts.problems import describe
from contracts.requests import APPLICANT_KINDS, CHANNELS
from rules import conditions, fees, forms, roles, workflow
from rules.deadlines import CALENDAR, WORKING
from rules.refusal import Fault, Refusal

SOURCES = ("law", "public", "unverified")
UNIT_KINDS = ("district", "markaz-city", "diwan", "village-unit", "new-city")
MEDIA_TYPES = ("application/pdf", "image/jpeg", "image/png")
MAX_DOCUMENT_BYTES = 10 * 1024 * 1024

_CODE = validate.Regexp(r"^[a-z][a-z0-9_-]{0,59}\Z", error="Must be small Latin letters, digits, - and _.")
_NAME = validate.Regexp(r"^[a-z][a-z0-9_]{0,59}\Z", error="Must be small Latin letters, digits and _.")
_ACCOUNT = validate.Regexp(r"^[A-Za-z0-9._-]{1,64}\Z", error="Must be an accounting code.")
_FILLED = validate.Length(min=1, max=2000)
_AT_LEAST_ONE = validate.Length(min=1)


class Text(Schema):
    """A text in both languages; Arabic first."""

    ar = fields.String(required=True, validate=_FILLED)
    en = fields.String(required=True, validate=_FILLED)


class LegalBasis(Text):
    source = fields.String(required=True, validate=validate.OneOf(SOURCES))


class DecimalText(fields.Field[str]):
    """A decimal as text or a whole number; kept as text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if conditions.number(value) is None:
            raise ValidationError("Must be a number, with a fraction as text such as '2.5'.")
        return str(value)


class Option(Schema):
    value = fields.String(required=True, validate=_NAME)
    label = fields.Nested(Text, required=True)


class FormField(Schema):
    """One question of a form; also one input of a workflow's action. Checked further by rules.forms.check.
    `personal`: the answer is sealed at rest and no department sees it, so no fee and no output may use it."""

    name = fields.String(required=True, validate=_NAME)
    type = fields.String(required=True, validate=validate.OneOf(forms.TYPES))
    label = fields.Nested(Text, required=True)
    help = fields.Nested(Text)
    required = fields.Boolean(load_default=False)
    min = fields.Raw()
    max = fields.Raw()
    max_length = fields.Integer(strict=True, validate=validate.Range(1, 10000))
    pattern = fields.String(validate=validate.Length(min=1, max=200))
    options = fields.List(fields.Nested(Option))
    when = fields.Raw()
    personal = fields.Boolean()


class Document(Schema):
    """A paper the applicant brings. `identity`: shows who somebody is, and is guarded accordingly."""

    code = fields.String(required=True, validate=_CODE)
    name = fields.Nested(Text, required=True)
    required = fields.Boolean(load_default=True)
    accepts = fields.List(fields.String(validate=validate.OneOf(MEDIA_TYPES)), load_default=lambda: list(MEDIA_TYPES),
                          validate=_AT_LEAST_ONE)
    max_bytes = fields.Integer(strict=True, load_default=MAX_DOCUMENT_BYTES,
                               validate=validate.Range(1, MAX_DOCUMENT_BYTES))
    when = fields.Raw()
    identity = fields.Boolean(load_default=False)
    source = fields.String(required=True, validate=validate.OneOf(SOURCES))


class Tier(Schema):
    up_to = DecimalText(required=True, allow_none=True)
    amount = fields.Integer(required=True, strict=True, validate=validate.Range(0, fees.MAX_CHARGE))


_FEE_NEEDS = {"fixed": {"amount"}, "per_unit": {"amount", "per"}, "tiered": {"per", "tiers"},
              "percentage": {"percent", "of"}}


class FeeLine(Schema):
    """One fee; what each kind means, and how it is rounded, stands in rules.fees. Amounts are piastres."""

    code = fields.String(required=True, validate=_CODE)
    stage = fields.String(required=True, validate=_CODE)
    name = fields.Nested(Text, required=True)
    account = fields.String(required=True, validate=_ACCOUNT)
    kind = fields.String(required=True, validate=validate.OneOf(fees.KINDS))
    amount = fields.Integer(strict=True, validate=validate.Range(0, fees.MAX_CHARGE))
    per = fields.Raw()
    tiers = fields.List(fields.Nested(Tier), validate=_AT_LEAST_ONE)
    percent = DecimalText()
    of = fields.List(fields.String(), validate=_AT_LEAST_ONE)
    min_amount = fields.Integer(strict=True, validate=validate.Range(0, fees.MAX_CHARGE))
    max_amount = fields.Integer(strict=True, validate=validate.Range(0, fees.MAX_CHARGE))
    round_to = fields.Integer(strict=True, validate=validate.Range(1, 100_000))
    rounding = fields.String(validate=validate.OneOf(tuple(fees.ROUNDINGS)))
    when = fields.Raw()
    exempt_when = fields.Raw()
    source = fields.String(required=True, validate=validate.OneOf(SOURCES))

    @validates_schema
    def _kind(self, data: dict[str, Any], **kwargs: Any) -> None:
        every = set().union(*_FEE_NEEDS.values())
        needs = _FEE_NEEDS.get(data.get("kind", ""), every & set(data))
        wrong = {key: ["Missing data for required field."] for key in needs - set(data)}
        wrong |= {key: ["Has no place in a fee of this kind."] for key in (every - needs) & set(data)}
        if data.get("percent", "").startswith("-"):
            wrong["percent"] = ["Must not be negative."]
        names = data.get("per", [])
        if "per" in needs and not _names(names, one=data["kind"] == "tiered"):
            wrong["per"] = ["Must be the name of an answer, or for per_unit a list of names."]
        if wrong:
            raise ValidationError(cast(Any, wrong))


class Period(Schema):
    """The statutory period. `silence_to`: the state that silence leads to, where silence means something."""

    days = fields.Integer(required=True, strict=True, validate=validate.Range(0, 3650))
    kind = fields.String(required=True, validate=validate.OneOf((CALENDAR, WORKING)))
    silence = fields.String(required=True, validate=validate.OneOf(("none", "approval", "rejection")))
    silence_to = fields.String()
    source = fields.String(required=True, validate=validate.OneOf(SOURCES))
    note = fields.Nested(Text)


class Target(Schema):
    """What a department sets itself for a task; no citizen's right hangs on it."""

    days = fields.Integer(required=True, strict=True, validate=validate.Range(0, 365))
    kind = fields.String(required=True, validate=validate.OneOf((CALENDAR, WORKING)))


class Action(Schema):
    code = fields.String(required=True, validate=_CODE)
    name = fields.Nested(Text, required=True)
    to = fields.String(required=True)
    requires = fields.List(fields.String(), load_default=list)


class State(Schema):
    """One state of the workflow; which keys belong to which kind stands in rules.workflow."""

    kind = fields.String(required=True, validate=validate.OneOf(workflow.KINDS))
    name = fields.Nested(Text, required=True)
    department = fields.String()
    role = fields.String()
    target = fields.Nested(Target)
    clock = fields.String(validate=validate.OneOf(("running", "stopped")))
    stage = fields.String()
    next = fields.String()
    expired = fields.String()
    actions = fields.List(fields.Nested(Action), load_default=list)
    outcome = fields.String()
    output = fields.String()


class Workflow(Schema):
    initial = fields.String(required=True)
    states = fields.Dict(keys=fields.String(validate=_CODE), values=fields.Nested(State), required=True,
                         validate=_AT_LEAST_ONE)
    inputs = fields.List(fields.Nested(FormField), load_default=list)


class Output(Schema):
    """What the applicant takes home. `fields` are the answers shown on it; `validity_months` null: without end."""

    code = fields.String(required=True, validate=_CODE)
    kind = fields.String(required=True, validate=validate.OneOf(("licence", "certificate", "letter")))
    name = fields.Nested(Text, required=True)
    validity_months = fields.Integer(strict=True, allow_none=True, load_default=None, validate=validate.Range(1, 1200))
    fields_ = fields.List(fields.String(), data_key="fields", attribute="fields", load_default=list)
    source = fields.String(required=True, validate=validate.OneOf(SOURCES))


class Definition(Schema):
    code = fields.String(required=True, validate=validate.Regexp(
        r"^[a-z][a-z0-9-]{0,59}\Z", error="Must be small Latin letters, digits and -."))
    name = fields.Nested(Text, required=True)
    summary = fields.Nested(Text, required=True)
    keywords = fields.List(fields.String(validate=_FILLED), load_default=list)
    sector = fields.String(required=True, validate=_CODE)
    life_event = fields.String(required=True, validate=_CODE)
    legal_basis = fields.List(fields.Nested(LegalBasis), required=True, validate=_AT_LEAST_ONE)
    applicants = fields.List(fields.String(validate=validate.OneOf(APPLICANT_KINDS)), required=True,
                             validate=_AT_LEAST_ONE)
    channels = fields.List(fields.String(validate=validate.OneOf(CHANNELS)), required=True, validate=_AT_LEAST_ONE)
    unit_kinds = fields.List(fields.String(validate=validate.OneOf(UNIT_KINDS)), required=True,
                             validate=_AT_LEAST_ONE)
    form = fields.List(fields.Nested(FormField), required=True)
    documents = fields.List(fields.Nested(Document), required=True)
    fees = fields.List(fields.Nested(FeeLine), required=True)
    period = fields.Nested(Period, required=True)
    workflow = fields.Nested(Workflow, required=True)
    outputs = fields.List(fields.Nested(Output), required=True)


def load_definition(data: Mapping[str, Any]) -> dict[str, Any]:
    """The definition with its defaults filled in, as JSON carries it: loading the result again gives the same. Refuses
    with every fault found, each `definition_invalid` with its `field` (`fees/0/amount`) and `reason` in Arabic and
    English. A definition that loads can be executed from its start to every one of its ends."""
    plain, faults = _plain(data, "")
    if not isinstance(plain, dict):
        raise Refusal(_invalid(None, "ليس تعريفاً", "not a definition"))
    if not faults:
        try:
            definition = cast(dict[str, Any], Definition().load(plain))
        except ValidationError as error:
            faults = [_invalid(field, _arabic(text), text) for field, text in _messages(error.messages)]
        else:
            faults = [_told(fault) for fault in _check(definition)]
    if faults:
        raise Refusal(faults)
    return definition


def _check(definition: dict[str, Any]) -> list[Fault]:
    types = {field["name"]: field["type"] for field in definition["form"]}
    found = forms.check(definition["form"])
    found += fees.check(definition["fees"], types)
    found += forms.check(definition["workflow"]["inputs"], "workflow/inputs")
    parsed = workflow.Workflow.parse(definition["workflow"])
    found += workflow.check(parsed, fees.stages(definition["fees"]), roles.task_roles())
    codes = [document["code"] for document in definition["documents"]]
    for index, document in enumerate(definition["documents"]):
        if codes.count(document["code"]) > 1:
            found.append(Fault("document_code_twice", f"documents/{index}/code", {"document": document["code"]}))
        if document.get("when") is not None:
            found += [Fault("condition_unsound", f"documents/{index}/when", {"reason": reason})
                      for reason in conditions.check(document["when"], types)]
    found += _check_personal(definition)
    return found + _check_outputs(definition, parsed, types) + _check_silence(definition["period"], parsed)


def _check_outputs(definition: dict[str, Any], parsed: workflow.Workflow, types: Mapping[str, str]) -> list[Fault]:
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


def _check_personal(definition: dict[str, Any]) -> list[Fault]:
    """Fees travel in events and outputs are shown to whoever checks them: neither may carry a personal answer."""
    personal = {field["name"] for field in definition["form"] if field.get("personal")}
    found = [Fault("personal_answer_exposed", f"fees/{index}", {"name": name})
             for index, line in enumerate(definition["fees"]) for name in fees.inputs([line]) if name in personal]
    return found + [Fault("personal_answer_exposed", f"outputs/{index}/fields", {"name": name})
                    for index, output in enumerate(definition["outputs"])
                    for name in output["fields"] if name in personal]


def _check_silence(period: dict[str, Any], parsed: workflow.Workflow) -> list[Fault]:
    target = period.get("silence_to")
    if (period["silence"] == "none") != (target is None):
        return [Fault("silence_target_unsound", "period/silence_to", {"state": target})]
    if target is not None and target not in parsed.states:
        return [Fault("silence_target_unsound", "period/silence_to", {"state": target})]
    return []


def _plain(value: Any, where: str) -> tuple[Any, list[Fault]]:
    """The value in JSON's types. YAML reads an unquoted date as a date, `on:` as true and 2.5 as a float."""
    faults: list[Fault] = []
    if isinstance(value, Mapping):
        result: Any = {}
        for key, one in value.items():
            at = f"{where}/{key}".lstrip("/")
            if not isinstance(key, str):
                faults.append(_invalid(at, "المفتاح ليس نصاً. ضعه بين علامتي تنصيص.", "The key is no text. Quote it."))
                continue
            result[key], more = _plain(one, at)
            faults += more
        return result, faults
    if isinstance(value, (list, tuple)):
        parts = [_plain(one, f"{where}/{index}".lstrip("/")) for index, one in enumerate(value)]
        return [part for part, _ in parts], [fault for _, more in parts for fault in more]
    if isinstance(value, date):
        return value.isoformat(), faults
    if value is None or isinstance(value, (str, bool, int)):
        return value, faults
    return None, [_invalid(where, "اكتب الكسر العشري كنص مثل '2.5'.", "Write a fraction as text such as '2.5'.")]


def _messages(messages: Any, where: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            # marshmallow wraps a mapping's entries in "key" and "value", and a schema's own faults in "_schema"
            wrapped = key in ("key", "value") and where.startswith("/workflow/states/") and where.count("/") == 3
            step = "" if key == "_schema" or wrapped else f"/{key}"
            yield from _messages(inner, f"{where}{step}")
    elif isinstance(messages, list):
        for one in messages:
            yield from _messages(one, where)
    else:
        yield where.lstrip("/"), str(messages)


_ARABIC = {"Missing data for required field.": "بيان مطلوب وغير موجود.", "Unknown field.": "بيان غير معروف.",
           "Field may not be null.": "لا يجوز أن يكون فارغاً.", "Has no place in a fee of this kind.":
           "لا مكان له في هذا النوع من الرسوم.", "Not a valid string.": "ليس نصاً.", "Not a valid integer.":
           "ليس عدداً صحيحاً.", "Not a valid boolean.": "ليس true أو false.", "Not a valid list.": "ليس قائمة."}


def _arabic(message: str) -> str:
    return _ARABIC.get(message, "قيمة غير صحيحة.")


def _told(fault: Fault) -> Fault:
    return _invalid(fault.field, describe(fault, "ar"), describe(fault, "en"), fault.code)


def _invalid(field: str | None, ar: str, en: str, rule: str = "schema") -> Fault:
    """`rule` keeps the code of the rule that found it."""
    return Fault("definition_invalid", field, {"reason": f"{ar} · {en}", "rule": rule})


def _names(value: object, one: bool) -> bool:
    if isinstance(value, str):
        return bool(value)
    return not one and isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)
