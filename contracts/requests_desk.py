"""The published language of what heads do about their people's files: handing one to a colleague by name, seeing what
is late and for whom it waits, saying why and what was done; of what waits for somebody at all; and of the text by which
a file is sent back."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.events import EventSchema, event
from contracts.problem import Problem
from contracts.requests import PLAIN_TEXT, Missing
from rules import lateness

_REASON = (validate.Length(min=10), *PLAIN_TEXT)
_ACCOUNT = validate.Length(1, 100)
_UNIT = validate.Regexp(r"[A-Z0-9-]{1,20}\Z")
LATE_MOST = 200


class LateCauseState(EventSchema):
    """A head said why a request is late and what was done about it; the words stay where they were written."""

    late_cause_id = fields.UUID(required=True)
    request_id = fields.UUID(required=True)
    unit = fields.String(required=True)
    department = fields.String(allow_none=True)
    service_code = fields.String(required=True)
    due_on = fields.Date(required=True)
    days_late = fields.Integer(required=True)  # working days
    cause = fields.String(required=True, validate=validate.OneOf(tuple(lateness.CAUSES)))
    measure = fields.String(required=True, validate=validate.OneOf(tuple(lateness.MEASURES)))


LATE_CAUSE_RECORDED = event("requests.lateness.explained.v1", LateCauseState)


class WorkWaiting(Schema):
    """Query `requests.work_waiting` → {counts: {kind: number}}: how much of each kind waits for the actor, of the kinds
    that the actor's role may deal with: held, open, late, complaints, reopenings, silence, licence_questions, visits,
    quarantine."""


class HandOverChoices(Schema):
    """Query `requests.hand_over_choices` → {task_id, version, tracking_number, service_name, state_name, department,
    role, holder, due_on, people: [{account, in_hand, given}]}: the colleagues of a task's desk to whom its head may
    hand it, those with the fewest in hand first. Who may not have it is not named, nor why."""

    task_id = fields.UUID(required=True)


class HandOver(Schema):
    """Command `requests.hand_over_task` → {task_id, version, holder}. A head hands a file to a named colleague of its
    desk, with a reason: one to whom the engine could have dealt it."""

    task_id = fields.UUID(required=True)
    to = fields.String(required=True, validate=_ACCOUNT)
    version = fields.Integer(load_default=None, allow_none=True)
    reason = fields.String(required=True, validate=_REASON)


class ListLate(Schema):
    """Query `requests.late` → {files: [{request_id, task_id, version, tracking_number, service_code, service_name,
    state_name, branch_name, department, holder, held_at, late_since, by_law, days_late, waits_for, body_name, letter,
    cause}], next}: open requests of the actor's unit past the law's date (`by_law`) or past the date of the desk where
    they lie, the longest late first; to the head of a department those at its desk. `late_since` is the date that
    passed, `days_late` working days after it; `cause` the last one recorded {cause, measure, words, by, at}."""

    after = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, LATE_MOST))


class RecordLateCause(Schema):
    """Command `requests.record_late_cause` → {late_cause_id, tracking_number, days_late}."""

    tracking_number = fields.String(required=True, validate=validate.Length(max=60))
    cause = fields.String(required=True, validate=validate.OneOf(tuple(lateness.CAUSES)))
    measure = fields.String(required=True, validate=validate.OneOf(tuple(lateness.MEASURES)))
    words = fields.String(required=True, validate=_REASON)


class CountLateCauses(Schema):
    """Query `requests.late_causes` → {causes: [{unit, department, service_code, cause, measure, requests, days_late}]}:
    how many requests were late for which cause from one Cairo day to another, both included; of a request what was said
    last counts. `days_late` is their sum. Who has a unit sees it alone."""

    since = fields.Date(required=True)
    until = fields.Date(required=True)
    unit = fields.String(load_default=None, allow_none=True, validate=_UNIT)


class VisitTablets(Schema):
    """Query `requests.visit_tablets` → {day, capacity, tablets: [{device_id, label, planned}]}: the tablets of the
    actor's unit that may act now, how many visits each has on that day and how many it may have."""

    day = fields.Date(required=True)


class PreviewCompletion(Schema):
    """Query `requests.preview_completion` → {text, language}: what the applicant would read, in the applicant's own
    language, were the held task sent back so."""

    task_id = fields.UUID(required=True)
    missing = fields.Nested(Missing, load_default=None, allow_none=True)
    reason = fields.String(load_default=None, allow_none=True, validate=PLAIN_TEXT)


PROBLEMS: dict[str, Problem] = {
    "colleague_unfit": Problem(
        422, "لا يمكن تسليم هذا الملف لهذا الزميل. اختر غيره من القائمة.",
        "This file cannot be handed to this colleague. Choose another from the list."),
    "colleague_full": Problem(
        409, "لدى هذا الزميل {most} ملفات قيد العمل. اختر غيره.",
        "This colleague holds {most} files. Choose another."),
    "not_late": Problem(409, "هذا الطلب غير متأخر الآن.", "This request is not late now."),
    "late_page_unknown": Problem(422, "هذه ليست صفحة من هذه القائمة. ابدأ من الصفحة الأولى.",
                                 "That is no page of this list. Begin with the first."),
    "late_dates_unsound": Problem(422, "تاريخ البداية بعد تاريخ النهاية.", "The first day is after the last."),
    "missing_not_asked": Problem(422, "قائمة النواقص تُرسل مع إعادة الملف إلى مقدم الطلب فقط.",
                                 "A list of what is missing goes only with sending the file back to its applicant."),
    "missing_unknown": Problem(422, "ليس من مستندات هذه الخدمة ولا من أسئلتها: {name}",
                               "{name} is neither a document nor a question of this service."),
}
