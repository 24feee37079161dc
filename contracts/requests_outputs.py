"""The published language of what a request brings out: the register of licences, prints, letters, deliveries."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from contracts.events import EventSchema, event
from contracts.problem import Problem
from contracts.requests import PLAIN_TEXT, Act
from rules import register

REASON_LENGTH = validate.Length(min=5, max=2000)
PRINT_PURPOSES = ("window", "post", "own_copy")


class LicenceRegisterState(EventSchema):
    """A licence of the register after something became of it. The holder is not named; `note`, the reason of a
    suspension or cancellation, is sealed under the contact ring for its holder alone."""

    licence_id = fields.UUID(required=True)
    request_id = fields.UUID(required=True)
    serial = fields.String(required=True)
    service_code = fields.String(required=True)
    unit = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(register.STATES))
    act = fields.String(required=True)
    edition = fields.Integer(required=True)
    successor = fields.String(allow_none=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(allow_none=True)
    note = fields.String(allow_none=True)


LICENCE_CHANGED = event("requests.licence.changed.v1", LicenceRegisterState)


class LicenceEntry(Schema):
    """Query `requests.licence_entry` (staff of the licence's unit) → the licence as its verification shows it, plus
    {version, state, edition, copies, supersedes, successor, history: [{at, act, act_name, state, by, reason, other}],
    prints: [{edition, copy, at, by, purpose, sha256, void}]}."""

    serial = fields.String(required=True)


class ListLicences(Schema):
    """Query `requests.licences` → {licences: [...], next}: the register of the actor's unit, newest first."""

    service_code = fields.String(load_default=None, allow_none=True)
    status = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(register.STATUSES))
    ends_before = fields.Date(load_default=None, allow_none=True)
    after = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class ChangeLicence(Schema):
    """Commands `requests.suspend_licence`, `requests.resume_licence`, `requests.cancel_licence`,
    `requests.replace_print` → {serial, state, status, version, edition}. `version` is that of the entry as it was
    read."""

    serial = fields.String(required=True)
    version = fields.Integer(load_default=None, allow_none=True)
    reason = fields.String(required=True, validate=[REASON_LENGTH, *PLAIN_TEXT])


class PrintLicence(Schema):
    """Command `requests.print_licence` → {serial, file_name, media_type, content(base64), edition, copy}. Each is
    recorded with who and when, and numbered."""

    serial = fields.String(required=True)
    purpose = fields.String(load_default="window", validate=validate.OneOf(PRINT_PURPOSES))


SENT_HOW = ("hand", "post", "email", "portal")


class LetterState(EventSchema):
    """A letter to a body outside after something became of it; neither its text nor the answer's."""

    letter_id = fields.UUID(required=True)
    request_id = fields.UUID(required=True)
    number = fields.String(allow_none=True)
    body = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(("drafted", "sent", "answered")))
    sent_on = fields.Date(allow_none=True)
    answered_on = fields.Date(allow_none=True)


LETTER_CHANGED = event("requests.letter.changed.v1", LetterState)


class TaskLetter(Schema):
    """Query `requests.letter` → {letter_id, number, status, body, body_name, created_at, sent_on, answered_on,
    media_type, file_name, content(base64)}: the letter that a held task of an outside body is about."""

    task_id = fields.UUID(required=True)


class SendLetter(TaskLetter):
    """Command `requests.send_letter` → the letter: it went out on this day (today, where none is said)."""

    how = fields.String(required=True, validate=validate.OneOf(SENT_HOW))
    sent_on = fields.Date(load_default=None, allow_none=True)
    reference = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=100), *PLAIN_TEXT])


class AnswerLetter(TaskLetter):
    """Command `requests.answer_letter` → what `requests.act` answers, and `letter`: the body's answer of that day, its
    paper if there is one, and the action of the task (`act`: as for `requests.act`) that follows from it."""

    answered_on = fields.Date(required=True)
    reference = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=100), *PLAIN_TEXT])
    note = fields.String(load_default=None, allow_none=True, validate=PLAIN_TEXT)
    document_id = fields.UUID(load_default=None, allow_none=True)
    act = fields.Nested(Act, required=True)

    @validates_schema
    def _same(self, data: dict[str, Any], **kwargs: Any) -> None:
        if data["act"]["task_id"] != data["task_id"]:
            raise ValidationError({"act": {"task_id": ["Must be the letter's task."]}})


LETTER_STATUSES = ("valid", "answered", "withdrawn", "closed")


class LetterVerification(Schema):
    """Query `requests.letter_verification` → {number, status, body, body_name, service_code, service_name, unit,
    unit_name, governorate_name, issued_on, sent_on, answered_on}: what anybody may know of a letter by its number. It
    tells neither the request nor who it is about. `answered`: its answer came; `withdrawn`: the request was taken
    back; `closed`: the request went on without an answer."""

    number = fields.String(required=True, validate=validate.Length(max=60))


class PreviewOutput(Schema):
    """Query `requests.preview_output` → {media_type, file_name, content(base64)}: an output of a published version
    (`service_code`, `version`) or of a draft (`definition`), with the answers of its sample applicant `example`."""

    service_code = fields.String(load_default=None, allow_none=True)
    version = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, 2**31 - 1))
    definition = fields.Dict(load_default=None, allow_none=True)
    output = fields.String(required=True, validate=validate.Length(max=60))
    example = fields.Integer(load_default=0, validate=validate.Range(0, 1000))


PROBLEMS: dict[str, Problem] = {
    "licence_act_refused": Problem(409, "لا يمكن «{act_ar}» لترخيص حالته الآن: {status_ar}.",
                                   "“{act_en}” is not possible for a licence that is {status_en} now."),
    "letter_unknown": Problem(404, "هذه المهمة لا تخاطب جهة خارجية.", "This task writes to no outside body."),
    "letter_not_ready": Problem(409, "الخطاب قيد الإعداد. أعد المحاولة بعد لحظات.",
                                "The letter is being drawn. Try again in a moment."),
    "letter_sent_before": Problem(409, "سُجّل إرسال هذا الخطاب في {on}.", "This letter was recorded as sent on {on}."),
    "letter_not_sent": Problem(409, "سجّل إرسال الخطاب قبل تسجيل الرد.",
                               "Record that the letter was sent before its answer."),
    "letter_date_unsound": Problem(422, "التاريخ يجب أن يكون من {after} إلى اليوم.",
                                   "The date must lie between {after} and today."),
    "letter_number_malformed": Problem(422, "رقم الخطاب غير صحيح. انقله كما هو مطبوع.",
                                       "This is no letter's number. Copy it as it is printed."),
    "letter_number_unknown": Problem(404, "لا يوجد خطاب بهذا الرقم.", "There is no letter of this number."),
    "output_unknown": Problem(404, "لا يوجد في التعريف هذا المخرج أو هذا المثال.",
                              "The definition has no such output or no such example."),
    "licence_of_another_service": Problem(422, "هذه رخصة «{name_ar}»، ولا تُجدد أو تُعدل بهذه الخدمة.",
                                          "This is a licence of “{name_en}”; this service neither renews nor alters "
                                          "it."),
    "licence_of_another": Problem(422, "هذه الرخصة صادرة باسم شخص آخر. قدّم الطلب وكيلاً أو وارثاً أو اطلب نقلها.",
                                  "This licence was issued to somebody else. Apply as attorney or heir, or ask for its "
                                  "transfer."),
    "answer_fixed": Problem(409, "هذا البيان ثابت بعد تقديم الطلب. اسحب الطلب وقدّم غيره.",
                            "This answer is fixed once the request is lodged. Withdraw it and lodge another."),
    "succession_under_way": Problem(409, "على هذه الرخصة طلب قيد النظر برقم {number}.",
                                    "A request about this licence is under way: {number}."),
    "renewal_too_early": Problem(422, "يُفتح التجديد من {opens}.", "Renewal opens on {opens}."),
    "renewal_too_late": Problem(422, "انقضت مدة التجديد في {closed}. قدّم على رخصة جديدة.",
                                "The time to renew ended on {closed}. Apply for a new licence."),
}
