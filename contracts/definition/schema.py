"""The shape of a service definition, as marshmallow sees it; the JSON Schema (json_schema.py) is made from here.

What a shape cannot say (conditions, fees, workflow, outputs …) is checked by checks.py and the rules. Decimals are
text ("2.5"), never floats. Every figure, field, document and rule says where it comes from: `law` (read in the law),
`public` (public sources), `unverified` (illustrative, to be set by the governorate).
"""

from __future__ import annotations

from typing import Any, cast

from marshmallow import ValidationError, fields, validate, validates_schema

from contracts.definition.basics import (
    ACCOUNT,
    AT_LEAST_ONE,
    BLOCK_KINDS,
    CODE,
    DAY_KINDS,
    DELIVERIES,
    FILLED,
    MAX_DOCUMENT_BYTES,
    MEDIA_TYPES,
    MISSING,
    NAME,
    NO_PLACE,
    OUTPUT_KINDS,
    PATH,
    PRESENTED,
    SERVICE,
    SILENCES,
    SOURCED,
    UNIT_KINDS,
    FormField,
    LegalBasis,
    Schema,
    Text,
    source_of,
)
from contracts.definition.values import Bound, Condition, DecimalText, Flag, Names, Whole
from contracts.definition.workflow_shape import Escalation, Target, Workflow
from contracts.requests import CHANNELS
from contracts.requests_intake import APPLICANT_KINDS
from rules import fees, guide_words, register


class PartUse(Schema):
    """A reusable part in a form: its fields stand here under `prefix`, before the definition is kept. `fields` chooses
    and orders them, `required` names those that must be answered, `when` holds for all, `change` sets keys of one."""

    part = fields.String(required=True, validate=NAME)
    prefix = fields.String(validate=NAME)
    name = fields.Nested(Text)
    fields_ = fields.List(fields.String(validate=NAME), data_key="fields", attribute="fields", validate=AT_LEAST_ONE)
    required = fields.List(fields.String(validate=NAME))
    when = Condition()
    change = fields.Dict(keys=fields.String(validate=NAME), values=fields.Dict(keys=fields.String()))
    source = source_of()


class Document(Schema):
    """A paper the applicant brings. `identity`: shows who somebody is, and is guarded accordingly. `presented`: whether
    the window keeps a copy, the original, or sees the original beside the copy."""

    code = fields.String(required=True, validate=CODE)
    name = fields.Nested(Text, required=True)
    help = fields.Nested(Text)
    required = Flag(load_default=True)
    presented = fields.String(load_default="copy", validate=validate.OneOf(PRESENTED))
    accepts = fields.List(fields.String(validate=validate.OneOf(MEDIA_TYPES)), load_default=lambda: list(MEDIA_TYPES),
                          validate=AT_LEAST_ONE)
    max_bytes = Whole(load_default=MAX_DOCUMENT_BYTES, validate=validate.Range(1, MAX_DOCUMENT_BYTES))
    when = Condition()
    identity = Flag(load_default=False)
    source = source_of()


class Tier(Schema):
    """Up to and including `up_to` units the fee is `amount` piastres; null: without end."""

    up_to = DecimalText(required=True, allow_none=True)
    amount = Whole(required=True, validate=validate.Range(0, fees.MAX_CHARGE))


FEE_NEEDS: dict[str, frozenset[str]] = {
    "fixed": frozenset({"amount"}), "per_unit": frozenset({"amount", "per"}), "tiered": frozenset({"per", "tiers"}),
    "percentage": frozenset({"percent", "of"}), "formula": frozenset({"formula"})}


class FeeLine(Schema):
    """One fee; what each kind means, and how it is rounded, stands in rules.fees. Amounts are piastres."""

    code = fields.String(required=True, validate=CODE)
    stage = fields.String(required=True, validate=CODE)
    name = fields.Nested(Text, required=True)
    account = fields.String(required=True, validate=ACCOUNT)
    kind = fields.String(required=True, validate=validate.OneOf(tuple(FEE_NEEDS)))
    amount = Whole(validate=validate.Range(0, fees.MAX_CHARGE))
    per = Names()
    tiers = fields.List(fields.Nested(Tier), validate=AT_LEAST_ONE)
    percent = DecimalText()
    of = fields.List(fields.String(), validate=AT_LEAST_ONE)
    formula = fields.String(validate=validate.Length(min=1, max=1000))
    min_amount = Whole(validate=validate.Range(0, fees.MAX_CHARGE))
    max_amount = Whole(validate=validate.Range(0, fees.MAX_CHARGE))
    round_to = Whole(validate=validate.Range(1, 100_000))
    rounding = fields.String(validate=validate.OneOf(tuple(fees.ROUNDINGS)))
    when = Condition()
    exempt_when = Condition()
    source = source_of()

    @validates_schema
    def _kind(self, data: dict[str, Any], **kwargs: Any) -> None:
        every = frozenset().union(*FEE_NEEDS.values())
        needs = FEE_NEEDS.get(data.get("kind", ""), every & set(data))
        wrong = {key: [MISSING] for key in needs - set(data)}
        wrong |= {key: [NO_PLACE] for key in (every - needs) & set(data)}
        if data.get("percent", "").startswith("-"):
            wrong["percent"] = ["Must not be negative."]
        if data.get("kind") == "tiered" and "per" in data and not isinstance(data["per"], str):
            wrong["per"] = ["Must be the name of one answer."]
        if wrong:
            raise ValidationError(cast(Any, wrong))


class Extension(Schema):
    """By how many days at a time, and how often, the head of a unit may make a period longer, with a reason."""

    days = Whole(required=True, validate=validate.Range(1, 3650))
    times = Whole(load_default=1, validate=validate.Range(1, 10))


class Period(Schema):
    """The statutory period. `silence_to`: the state that silence leads to, where silence means something."""

    days = Whole(required=True, validate=validate.Range(0, 3650))
    kind = fields.String(required=True, validate=validate.OneOf(DAY_KINDS))
    silence = fields.String(required=True, validate=validate.OneOf(SILENCES))
    silence_to = fields.String()
    extension = fields.Nested(Extension)
    source = source_of()
    note = fields.Nested(Text)


class StagePeriod(Period):
    """A statutory period of a part of the path: it runs while the request stands in one of `states`."""

    code = fields.String(required=True, validate=CODE)
    name = fields.Nested(Text, required=True)
    states = fields.List(fields.String(), required=True, validate=AT_LEAST_ONE)


class Renewal(Schema):
    """How what was issued is renewed: by which service, how many days before it ends that opens, how many days after
    it still goes, and the fee line of that service that being late costs."""

    service = fields.String(required=True, validate=SERVICE)
    opens_days_before = Whole(required=True, validate=validate.Range(0, 3650))
    late_days = Whole(load_default=0, validate=validate.Range(0, 3650))
    late_fee = fields.String(load_default=None, allow_none=True, validate=CODE)


class Block(Schema):
    """A piece of a document's text, with placeholders such as {holder} or the name of an answer; `when` leaves it out.
    `kind` says how it is set."""

    text = fields.Nested(Text, required=True)
    kind = fields.String(load_default="paragraph", validate=validate.OneOf(BLOCK_KINDS))
    when = Condition()


class Template(Schema):
    """The text of an output or of a letter to an outside body. What its placeholders may name, rules.wording says."""

    code = fields.String(required=True, validate=CODE)
    blocks = fields.List(fields.Nested(Block), required=True, validate=AT_LEAST_ONE)


class Supersedes(Schema):
    """What this service issues takes the place of an earlier licence: the `answer` that names its serial, and `as`
    what. A renewal renews the licences whose output says so; the others name in `of` the services whose licences they
    take up. `months_late` is an answer that the register fills. `paper`: a licence from before the register may be
    named too, and is looked at by people. `when`: where only some applicants bring one."""

    answer = fields.String(required=True, validate=NAME)
    as_ = fields.String(required=True, data_key="as", attribute="as", validate=validate.OneOf(register.SUCCESSIONS))
    of = fields.List(fields.String(validate=SERVICE), validate=AT_LEAST_ONE)
    months_late = fields.String(validate=NAME)
    paper = Flag(load_default=False)
    when = Condition()
    source = source_of()

    @validates_schema
    def _of(self, data: dict[str, Any], **kwargs: Any) -> None:
        renews = data.get("as") == register.RENEWAL
        if renews and "of" in data:
            raise ValidationError({"of": [NO_PLACE]})
        if not renews and "of" not in data:
            raise ValidationError({"of": [MISSING]})


class Output(Schema):
    """What the applicant takes home. `fields` are the answers shown on it; `validity_months` null: without end."""

    code = fields.String(required=True, validate=CODE)
    kind = fields.String(required=True, validate=validate.OneOf(OUTPUT_KINDS))
    name = fields.Nested(Text, required=True)
    validity_months = Whole(allow_none=True, load_default=None, validate=validate.Range(1, 1200))
    fields_ = fields.List(fields.String(), data_key="fields", attribute="fields", load_default=list)
    delivery = fields.List(fields.String(validate=validate.OneOf(DELIVERIES)), validate=AT_LEAST_ONE,
                           load_default=lambda: ["window", "digital"])
    renewal = fields.Nested(Renewal, allow_none=True, load_default=None)
    template = fields.String(allow_none=True, load_default=None, validate=CODE)
    source = source_of()


class ExternalBody(Schema):
    """A body outside the local unit that is consulted. `letter` is the template of what is written to it."""

    code = fields.String(required=True, validate=CODE)
    name = fields.Nested(Text, required=True)
    letter = fields.String(validate=CODE)
    source = source_of()


class FollowUp(Schema):
    """An inspection after the output was issued: first after `after_days`, then every `every_months` (null: once). The
    desk has until `target` for each (rules.follow_ups says how long where none is set)."""

    code = fields.String(required=True, validate=CODE)
    name = fields.Nested(Text, required=True)
    department = fields.String(required=True)
    role = fields.String(required=True)
    after_days = Whole(required=True, validate=validate.Range(0, 3650))
    every_months = Whole(allow_none=True, load_default=None, validate=validate.Range(1, 120))
    target = fields.Nested(Target)
    escalation = fields.Nested(Escalation)
    source = source_of()


class Retention(Schema):
    """For how many years after the end of a request, or of what it brought out, its applicant stays named."""

    years = Whole(required=True, validate=validate.Range(1, 100))
    source = source_of()


class Example(Schema):
    """A sample applicant: answers that the form takes, so that anybody can see what it would cost."""

    name = fields.Nested(Text, required=True)
    answers = fields.Dict(keys=fields.String(), required=True)


class Overridable(Schema):
    """A value that a governorate may set for itself, within bounds where it is a number."""

    path = fields.String(required=True, validate=PATH)
    min = Bound()
    max = Bound()


Sources = Schema.from_dict({section: source_of() for section in SOURCED}, name="Sources")
Sources.__doc__ = "Where each section comes from, unless one of its items says otherwise."


class Definition(Schema):
    """A service: who may apply, what is asked, brought and paid, the path, and what comes out."""

    code = fields.String(required=True, validate=SERVICE)
    name = fields.Nested(Text, required=True)
    summary = fields.Nested(Text, required=True)
    keywords = fields.List(fields.String(validate=FILLED), load_default=list)
    sector = fields.String(required=True, validate=validate.OneOf(tuple(guide_words.load().sectors)))
    life_event = fields.String(required=True, validate=validate.OneOf(tuple(guide_words.load().life_events)))
    legal_basis = fields.List(fields.Nested(LegalBasis), required=True, validate=AT_LEAST_ONE)
    eligibility = fields.Nested(Text)
    sources = fields.Nested(Sources, load_default=dict)
    applicants = fields.List(fields.String(validate=validate.OneOf(APPLICANT_KINDS)), required=True,
                             validate=AT_LEAST_ONE)
    channels = fields.List(fields.String(validate=validate.OneOf(CHANNELS)), required=True, validate=AT_LEAST_ONE)
    unit_kinds = fields.List(fields.String(validate=validate.OneOf(UNIT_KINDS)), required=True,
                             validate=AT_LEAST_ONE)
    form = fields.List(fields.Nested(FormField), required=True)
    documents = fields.List(fields.Nested(Document), required=True)
    fees = fields.List(fields.Nested(FeeLine), required=True)
    examples = fields.List(fields.Nested(Example), load_default=list)
    period = fields.Nested(Period, required=True)
    stage_periods = fields.List(fields.Nested(StagePeriod), load_default=list)
    external_bodies = fields.List(fields.Nested(ExternalBody), load_default=list)
    workflow = fields.Nested(Workflow, required=True)
    outputs = fields.List(fields.Nested(Output), required=True)
    supersedes = fields.Nested(Supersedes)
    templates = fields.List(fields.Nested(Template))
    follow_up = fields.List(fields.Nested(FollowUp), load_default=list)
    retention = fields.Nested(Retention)
    overridable = fields.List(fields.Nested(Overridable), load_default=list)
