"""The published language of requests: the life of one request, from intake to the licence."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.events import EventSchema, event
from contracts.problem import Problem
from contracts.requests_intake import Applicant

# Free text that others read in pages, messages and documents: no control characters but line breaks and tabs, and none
# that turn the direction of what follows.
PLAIN_TEXT = (
    validate.Length(max=2000),
    validate.Regexp(r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]*\Z"),
)

CHANNELS = ("centre", "portal", "mobile", "mobile_district", "post_office")

STATE_KINDS = ("task", "payment", "applicant", "end", "external", "parallel")
VERDICTS = ("favourable", "unfavourable")


class BranchState(EventSchema):
    """One of the departments, or outside bodies that a department asks, that act at the same time. `verdict` is null
    until it has acted."""

    code = fields.String(required=True)
    name = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    department = fields.String(required=True)
    body = fields.String(allow_none=True)
    verdict = fields.String(allow_none=True, validate=validate.OneOf(VERDICTS))


class RequestState(EventSchema):
    """The state of a request after a transition; the same shape in every event of a request, so a read model may
    take whichever is newest. `contact` is sealed under the `contact` ring: {name, phone, email, language}.
    In a `parallel` state `branches` are all that act at once; a step of one of them has `branch` and `verdict`, leaves
    the request where it stands until the last has acted, and then `joined` says how: joined (all favourable) or
    objected."""

    request_id = fields.UUID(required=True)
    tracking_number = fields.String(required=True)
    service_code = fields.String(required=True)
    service_version = fields.Integer(required=True)
    service_name = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    unit = fields.String(required=True)
    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    applicant_kind = fields.String(required=True)
    state = fields.String(required=True)
    state_kind = fields.String(required=True, validate=validate.OneOf(STATE_KINDS))
    state_name = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    stage = fields.String(allow_none=True)  # of the fees to pay, when state_kind is payment
    department = fields.String(allow_none=True)
    from_state = fields.String(allow_none=True)
    action = fields.String(allow_none=True)
    branch = fields.String(allow_none=True)  # whose step it was
    verdict = fields.String(allow_none=True, validate=validate.OneOf(VERDICTS))
    joined = fields.String(allow_none=True, validate=validate.OneOf(("joined", "objected")))
    branches = fields.List(fields.Nested(BranchState))
    note = fields.String(allow_none=True)  # what the applicant must complete, sealed as `contact` is: free text
    rating = fields.String(allow_none=True)  # at an end: the token of the link to rate, sealed as `contact` is
    fee_inputs = fields.Dict(required=True)  # the answers that fee lines use, nothing else
    lodged_at = fields.AwareDateTime(required=True)
    due_on = fields.Date(allow_none=True)
    applicant_until = fields.Date(allow_none=True)  # the last day to complete it, where it waits so long and no longer
    clock = fields.String(required=True, validate=validate.OneOf(("running", "stopped", "ended")))
    outcome = fields.String(allow_none=True, validate=validate.OneOf(("approved", "rejected", "withdrawn", "lapsed")))
    licence_serial = fields.String(allow_none=True)
    language = fields.String(required=True, validate=validate.OneOf(("ar", "en")))
    contact = fields.String(allow_none=True)
    inquiry_check = fields.String(allow_none=True)  # of number and phone, for the centre's inquiry (rules.inquiry)


class LicenceState(EventSchema):
    """A licence was issued. Its holder is not named: whoever needs the name asks."""

    licence_id = fields.UUID(required=True)
    request_id = fields.UUID(required=True)
    serial = fields.String(required=True)
    service_code = fields.String(required=True)
    unit = fields.String(required=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(allow_none=True)
    state = fields.String(allow_none=True)  # suspended or cancelled where it took the place of one that was
    supersedes = fields.String(allow_none=True)  # the serial of the licence it took the place of
    succession = fields.String(allow_none=True)  # renewal | alteration | transfer


SUBMITTED = event("requests.request.submitted.v1", RequestState)
MOVED = event("requests.request.moved.v1", RequestState)
LICENCE_ISSUED = event("requests.licence.issued.v1", LicenceState)


class SubmittedDocument(Schema):
    code = fields.String(required=True)
    document_id = fields.UUID(required=True)


class Submit(Schema):
    """Command `requests.submit` → {request_id, tracking_number, state, state_name, due_on, fees}."""

    service_code = fields.String(required=True)
    unit = fields.String(required=True)
    channel = fields.String(load_default="portal", validate=validate.OneOf(CHANNELS))
    applicant = fields.Nested(Applicant, required=True)
    answers = fields.Dict(required=True)
    documents = fields.List(fields.Nested(SubmittedDocument), load_default=list)


class AddDocument(Schema):
    """Command `requests.add_document` → {document_id, sha256, size, media_type}. Content is base64; the type is
    judged by content, not by name."""

    file_name = fields.String(required=True, validate=validate.Length(max=200))
    content = fields.String(required=True)


class Status(Schema):
    """Query `requests.status` → what the public inquiry shows (RequestState without contact, plus `actions`: what the
    applicant may do now, [{code, name, requires}], and of the departments that act at the same time `branches`:
    [{code, name, department, body, done}]).
    Wrong digits and unknown number are refused alike with `tracking_unknown`."""

    tracking_number = fields.String(required=True)
    phone_last4 = fields.String(required=True)


class Timeline(Status):
    """Query `requests.timeline` → {tracking_number, entries: [{at, state, state_name, department, branch, branch_name,
    action, action_name, note}], due_on, deadline: [{from, to, clock, why}], complaints: [{complaint_number, kind,
    state, made_at, due_on, before, late, upheld}], reopening, visit}. `visit`: the mobile district's that is still to
    come, {number, state, on}, or null. `reopening`: {state} once it was asked to look at the
    end anew, {until} while it may be, otherwise null."""


class ListTasks(Schema):
    """Query `requests.tasks` → {tasks: [...]}: the tasks the actor holds, most urgent first (keyset by `after`)."""

    after = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class NextTask(Schema):
    """Command `requests.next_task` → {task, because}. The engine hands out; nobody chooses a file. Without a task
    `because` is nothing_open, or colleagues_first: others at the desk hold less."""


class TaskFile(Schema):
    """Query `requests.task_file` → the file as the holder of the task may see it: no name, no contacts. `steps` is what
    the departments did before, with findings and reasons; `branch` that of a parallel state which the task is for."""

    task_id = fields.UUID(required=True)


class TaskDocument(TaskFile):
    """Query `requests.task_document` → {media_type, content(base64)}. Opening an identity document is recorded as an
    unmasking."""

    document_id = fields.UUID(required=True)


class Photo(Schema):
    """A picture of an inspection, uploaded before as a document."""

    document_id = fields.UUID(required=True)
    caption = fields.String(load_default=None, allow_none=True, validate=PLAIN_TEXT)


class Missing(Schema):
    """What an applicant is to complete, chosen from what the definition asks for: codes of documents, names of the
    form's questions."""

    documents = fields.List(fields.String(validate=validate.Length(max=60)), load_default=list,
                            validate=validate.Length(max=60))
    answers = fields.List(fields.String(validate=validate.Length(max=60)), load_default=list,
                          validate=validate.Length(max=200))


class Act(Schema):
    """Command `requests.act` → {request_id, state, state_name}. `version` is that of the task as it was read; another
    one that stands now is refused `conflict`. `legal_reason` is the code of one of the definition's list, `photos` go
    with the report of an inspection. `missing` goes with an action that sends the file back to its applicant: the
    applicant reads it as a list in their own language, before the words of `reason`."""

    task_id = fields.UUID(required=True)
    version = fields.Integer(load_default=None, allow_none=True)
    action = fields.String(required=True)
    reason = fields.String(load_default=None, allow_none=True, validate=PLAIN_TEXT)
    legal_reason = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=60))
    inputs = fields.Dict(load_default=dict)
    photos = fields.List(fields.Nested(Photo), load_default=list, validate=validate.Length(max=20))
    missing = fields.Nested(Missing, load_default=None, allow_none=True)


class Resubmit(Status):
    """Command `requests.resubmit`: the applicant completes what was missing, or takes another action that the workflow
    offers there (such as to withdraw); without `action`, the first. An answer given as null is taken back."""

    action = fields.String(load_default=None, allow_none=True)
    reason = fields.String(load_default=None, allow_none=True, validate=PLAIN_TEXT)

    documents = fields.List(fields.Nested(SubmittedDocument), load_default=list)
    answers = fields.Dict(load_default=dict)


class Verification(Schema):
    """Query `requests.licence` → {serial, status (rules.register.STATUSES), since, successor, edition, holder,
    service_name, unit, unit_name,
    valid_from, valid_until, qr}. Public: a licence is shown to be checked."""

    serial = fields.String(required=True)


class LicenceKeys(Schema):
    """Query `requests.licence_keys` → {keys: {key id: base64}}: what anybody needs to check a licence offline."""


class LicenceDocument(Status):
    """Query `requests.licence_document` → {serial, file_name, media_type, content(base64)}; `licence_not_ready` until
    the document has been rendered."""


PROBLEMS: dict[str, Problem] = {
    "service_retired": Problem(410, "أُلغيت هذه الخدمة من {since} ولا تُقدَّم طلبات جديدة عليها. ابحث في الدليل عن بديلها.",
                               "This service is no longer offered since {since}. Look in the guide for what replaced "
                               "it; requests lodged before go on."),
    "unit_unknown": Problem(422, "لا توجد وحدة محلية بهذا الكود.", "There is no local unit with this code."),
    "unit_not_served": Problem(422, "هذه الخدمة لا تُقدَّم في هذه الوحدة.", "This unit does not offer this service."),
    "channel_not_offered": Problem(422, "هذه الخدمة غير متاحة من هذه القناة.",
                                   "This service is not offered through this channel."),
    "applicant_kind_not_allowed": Problem(422, "لا يجوز لهذا النوع من المتقدمين طلب هذه الخدمة.",
                                          "This kind of applicant may not apply for this service."),
    "document_missing": Problem(422, "المستند مطلوب: {name_ar}", "A required document is missing: {name_en}"),
    "document_unknown": Problem(422, "المستند غير موجود أو استُخدم من قبل. ارفعه مرة أخرى.",
                                "This document is not known or was used before. Upload it again."),
    "document_type_refused": Problem(422, "نوع الملف غير مقبول. ارفع PDF أو JPEG أو PNG.",
                                     "This kind of file is not accepted. Upload PDF, JPEG or PNG."),
    "document_type_not_taken": Problem(422, "يُقبل هذا المستند بصيغة {types_ar} فقط. ارفعه بهذه الصيغة.",
                                       "This document is taken as {types_en} only. Upload it so."),
    "document_too_large": Problem(413, "الملف أكبر من {limit} ميجابايت.", "The file is larger than {limit} MB."),
    "tracking_unknown": Problem(404, "رقم المتابعة أو آخر أربعة أرقام من الهاتف غير صحيح.",
                                "The tracking number or the last four digits of the phone are not right."),
    "task_unknown": Problem(404, "لا توجد مهمة بهذا الرقم ضمن مهامك.", "You hold no task with this number."),
    "enough_in_hand": Problem(409, "لديك {most} ملفات قيد العمل. أنجز أحدها قبل طلب الملف التالي.",
                              "You hold {most} files. Finish one before you take the next."),
    "task_done": Problem(409, "أُنجزت هذه المهمة بالفعل.", "This task was already done."),
    "action_unknown": Problem(422, "هذا الإجراء غير متاح في هذه المرحلة.",
                              "This action is not available at this stage."),
    "reason_required": Problem(422, "اكتب سبب هذا الإجراء.", "Write the reason for this action."),
    "nothing_missing": Problem(422, "اختر مستنداً أو بياناً ناقصاً، أو اكتب ما ينقص.",
                               "Choose a document or an answer that is missing, or write what is missing."),
    "input_required": Problem(422, "أدخل: {name_ar}", "Enter: {name_en}"),
    "not_waiting_for_applicant": Problem(409, "الطلب لا ينتظر استيفاء منك الآن.",
                                         "The request is not waiting for anything from you now."),
    "licence_unknown": Problem(404, "لا توجد رخصة بهذا الرقم المسلسل.", "There is no licence with this serial."),
    "licence_not_ready": Problem(409, "الرخصة لم تصدر بعد. تابع حالة طلبك.",
                                 "The licence is not ready yet. Follow your request."),
    "apart_by_design": Problem(403, "من استلم الملف لا يجوز له البت فيه.", "Who took this file may not decide it."),
}
