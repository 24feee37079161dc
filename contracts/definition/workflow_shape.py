"""The shape of a workflow; which keys belong to which kind of state stands in rules.workflow."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from contracts.definition.basics import (
    AT_LEAST_ONE,
    CODE,
    DAY_KINDS,
    MISSING,
    NO_PLACE,
    FormField,
    LegalBasis,
    Schema,
    Text,
    source_of,
)
from contracts.definition.values import Whole
from rules import workflow


class Target(Schema):
    """What a department sets itself for a task; no citizen's right hangs on it."""

    days = Whole(required=True, validate=validate.Range(0, 365))
    kind = fields.String(required=True, validate=validate.OneOf(DAY_KINDS))


class Escalation(Schema):
    """Who is told when a task is late by `after` beyond its target."""

    role = fields.String(required=True)
    after = fields.Nested(Target, required=True)


class Action(Schema):
    """A way out of a state."""

    code = fields.String(required=True, validate=CODE)
    name = fields.Nested(Text, required=True)
    to = fields.String(required=True)
    requires = fields.List(fields.String(), load_default=list)


class BranchAction(Schema):
    """What a branch may do: give its `verdict`, or take the whole request out, `to` a state. Exactly one of the two."""

    code = fields.String(required=True, validate=CODE)
    name = fields.Nested(Text, required=True)
    verdict = fields.String(validate=validate.OneOf(workflow.VERDICTS))
    to = fields.String()
    requires = fields.List(fields.String(), load_default=list)

    @validates_schema
    def _one(self, data: dict[str, Any], **kwargs: Any) -> None:
        if "verdict" not in data and "to" not in data:
            raise ValidationError({"verdict": [MISSING]})
        if "verdict" in data and "to" in data:
            raise ValidationError({"verdict": [NO_PLACE]})


class Branch(Schema):
    """One of the departments (or bodies) that act at the same time."""

    code = fields.String(required=True, validate=CODE)
    name = fields.Nested(Text, required=True)
    department = fields.String()
    role = fields.String()
    body = fields.String()
    purpose = fields.String(validate=validate.OneOf(workflow.PURPOSES))
    shows = fields.List(fields.String(validate=validate.OneOf(workflow.SHOWS)), validate=AT_LEAST_ONE)
    target = fields.Nested(Target)
    escalation = fields.Nested(Escalation)
    actions = fields.List(fields.Nested(BranchAction), required=True)


class Join(Schema):
    """Where the request goes once all branches have acted."""

    favourable = fields.String(required=True)
    unfavourable = fields.String()


class LongerWait(Schema):
    """By how many days at a time, and how often, the head of a unit may make a wait longer, with a reason."""

    days = Whole(required=True, validate=validate.Range(1, 365))
    times = Whole(load_default=1, validate=validate.Range(1, 10))


class TimeLimit(Schema):
    """How long a request waits for its applicant, or for an outside body, before `expired` follows."""

    days = Whole(required=True, validate=validate.Range(1, 730))
    kind = fields.String(required=True, validate=validate.OneOf(DAY_KINDS))
    extension = fields.Nested(LongerWait)
    source = source_of(required=True)


class State(Schema):
    """One state of the workflow; which keys belong to which kind stands in rules.workflow."""

    kind = fields.String(required=True, validate=validate.OneOf(workflow.KINDS))
    name = fields.Nested(Text, required=True)
    department = fields.String()
    role = fields.String()
    body = fields.String()
    purpose = fields.String(validate=validate.OneOf(workflow.PURPOSES))
    shows = fields.List(fields.String(validate=validate.OneOf(workflow.SHOWS)), validate=AT_LEAST_ONE)
    target = fields.Nested(Target)
    escalation = fields.Nested(Escalation)
    clock = fields.String(validate=validate.OneOf(("running", "stopped")))
    stage = fields.String()
    next = fields.String()
    expired = fields.String()
    time_limit = fields.Nested(TimeLimit)
    actions = fields.List(fields.Nested(Action), load_default=list)
    branches = fields.List(fields.Nested(Branch))
    join = fields.Nested(Join)
    outcome = fields.String()
    output = fields.String()


class LegalReason(Schema):
    """A ground that the law knows for a decision; an action that requires `legal_reason` must name one."""

    code = fields.String(required=True, validate=CODE)
    name = fields.Nested(Text, required=True)
    legal_basis = fields.Nested(LegalBasis, required=True)


class Appeal(Schema):
    """The applicant may appeal a rejection once, within `days` of it, into `state`: a department's, in which nobody may
    act who decided before."""

    days = Whole(required=True, validate=validate.Range(1, 365))
    kind = fields.String(required=True, validate=validate.OneOf(DAY_KINDS))
    state = fields.String(required=True)
    source = source_of(required=True)


class Workflow(Schema):
    """The path of a request. `inputs` are what its actions may require, as questions of a form."""

    initial = fields.String(required=True)
    states = fields.Dict(keys=fields.String(validate=CODE), values=fields.Nested(State), required=True,
                         validate=AT_LEAST_ONE)
    inputs = fields.List(fields.Nested(FormField), load_default=list)
    reasons = fields.List(fields.Nested(LegalReason), validate=AT_LEAST_ONE)
    appeal = fields.Nested(Appeal)
