"""The published language of waits that end by themselves, of inspections after the issue, and of declared relations."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.events import EventSchema, event
from contracts.problem import Problem
from contracts.requests import PLAIN_TEXT
from rules import follow_ups

_REASON = (validate.Length(min=10), *PLAIN_TEXT)


class Reminded(EventSchema):
    """The time to complete a request comes to its end: its applicant is told, with the last day that is in time."""

    request_id = fields.UUID(required=True)
    tracking_number = fields.String(required=True)
    service_code = fields.String(required=True)
    unit = fields.String(required=True)
    state = fields.String(required=True)
    until = fields.Date(required=True)


class FollowUpState(EventSchema):
    """An inspection after the issue was opened, done or dropped. `result` compliant or violation; what follows from a
    violation is for a person to decide."""

    follow_up_id = fields.UUID(required=True)
    request_id = fields.UUID(required=True)
    serial = fields.String(required=True)
    unit = fields.String(required=True)
    code = fields.String(required=True)
    number = fields.Integer(required=True)
    due_on = fields.Date(required=True)
    status = fields.String(required=True, validate=validate.OneOf(follow_ups.STATUSES))
    result = fields.String(allow_none=True, validate=validate.OneOf(follow_ups.RESULTS))


REMINDED = event("requests.reminder.sent.v1", Reminded)
FOLLOW_UP_CHANGED = event("requests.followup.changed.v1", FollowUpState)


class ListFollowUps(Schema):
    """Query `requests.follow_ups` → {follow_ups: [{follow_up_id, serial, service_name, name, number, due_on, status,
    result, done_at}], next}: inspections after the issue in the actor's unit, of one licence where `serial` is given;
    what is planned next comes first (keyset by `after`)."""

    serial = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=60))
    status = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(follow_ups.STATUSES))
    after = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class ListQuestions(Schema):
    """Query `requests.licence_questions` → {questions: [{question_id, version, serial, service_name, name, findings,
    photos, opened_at}]}: licences of the actor's unit in whose inspection a violation was found, and nobody has decided
    yet."""


class QuestionPhoto(Schema):
    """Query `requests.licence_question_photo` → {media_type, content(base64)}: a picture of such an inspection."""

    question_id = fields.UUID(required=True)
    document_id = fields.UUID(required=True)


class DecideQuestion(Schema):
    """Command `requests.decide_licence_question` → {question_id, serial, decision}: a head suspends the licence, or
    leaves it as it is, with a reason."""

    question_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    decision = fields.String(required=True, validate=validate.OneOf(follow_ups.DECISIONS))
    reason = fields.String(required=True, validate=_REASON)


class ListRelations(Schema):
    """Query `requests.relations` → {relations: [{relation_id, account, department, kind, declared_at, withdrawn_at,
    withdrawn_by, reason}], next}: the actor's own, or to a head all of the unit. With whom is told to nobody."""

    before = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class WithdrawRelation(Schema):
    """Command `requests.withdraw_relation` → {relation_id, withdrawn_at}: a head takes a declared relation out of
    effect, with a reason. Its record stays."""

    relation_id = fields.UUID(required=True)
    reason = fields.String(required=True, validate=_REASON)


PROBLEMS: dict[str, Problem] = {
    "relation_number_wanted": Problem(
        422, "اكتب رقماً واحداً: الرقم القومي أو جواز السفر أو رقم التسجيل الضريبي أو السجل التجاري.",
        "Give exactly one number: national ID, passport, tax number or commercial register."),
    "relation_unknown": Problem(404, "لا يوجد في وحدتك إقرار بهذا الرقم.",
                                "Your unit has no declared relation with this number."),
    "relation_withdrawn": Problem(409, "سُحب هذا الإقرار بالفعل.", "This declared relation was withdrawn already."),
    "licence_question_unknown": Problem(404, "لا توجد مسألة معروضة عليك بهذا الرقم.",
                                        "No question about a licence with this number is before you."),
    "licence_question_done": Problem(409, "بُتَّ في هذه المسألة بالفعل.", "This question was decided already."),
}
