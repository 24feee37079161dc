"""The published language of deadlines: warnings, dates that moved, extensions, and what silence meant."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.events import EventSchema, event
from contracts.problem import Problem
from contracts.requests import PLAIN_TEXT, RequestState, Status
from rules.periods import LEVELS

DEEMED_KINDS = ("deemed_approval", "deemed_rejection")
REVIEW_KINDS = ("contradiction", "surge", "clock")
REVIEW_DECISIONS = ("stands", "to_be_withdrawn", "proceed", "hold")
WHY_MOVED = ("calendar", "extended", "applicant")


class WarningRaised(EventSchema):
    """Somebody must look: 80 % of a period are used (`warned`), silence takes effect within days (`silence_near`), it
    is over (`breached`), a task is late beyond what its definition leaves the department (`escalated`). `period` is
    `whole`, the code of a part, or `task` for a department's own target; `role` is whose it is to look, in `unit`."""

    warning_id = fields.UUID(required=True)
    request_id = fields.UUID(required=True)
    task_id = fields.UUID(allow_none=True)
    tracking_number = fields.String(required=True)
    service_code = fields.String(required=True)
    period = fields.String(required=True)
    level = fields.String(required=True, validate=validate.OneOf(LEVELS))
    due_on = fields.Date(allow_none=True)
    unit = fields.String(required=True)
    department = fields.String(allow_none=True)
    role = fields.String(required=True)


class DueChanged(RequestState):
    """A date moved while the request stayed where it is: a holiday was decreed (`calendar`), a period was `extended`,
    or the `applicant` was given more time to complete it (`applicant_until`). The whole state, as every event of a
    request has it."""

    due_before = fields.Date(allow_none=True)
    why = fields.String(required=True, validate=validate.OneOf(WHY_MOVED))


class DeemedIssued(EventSchema):
    """The law took silence for an answer, and the node wrote that down: a document of its own type."""

    request_id = fields.UUID(required=True)
    number = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(DEEMED_KINDS))
    service_code = fields.String(required=True)
    unit = fields.String(required=True)
    period = fields.String(required=True)
    due_on = fields.Date(required=True)
    effective_at = fields.AwareDateTime(required=True)


class ReviewOpened(EventSchema):
    """A person is asked about silence: a fact that contradicts it, more of it than is usual, a clock that jumped."""

    review_id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(REVIEW_KINDS))
    request_id = fields.UUID(allow_none=True)
    unit = fields.String(allow_none=True)


class ReviewDecided(ReviewOpened):
    """A person answered. Where an act is to be withdrawn, a person does that too, by its own act."""

    decision = fields.String(required=True, validate=validate.OneOf(REVIEW_DECISIONS))


WARNING_RAISED = event("requests.warning.raised.v1", WarningRaised)
DUE_CHANGED = event("requests.request.due_changed.v1", DueChanged)
DEEMED_ISSUED = event("requests.deemed.issued.v1", DeemedIssued)
REVIEW_OPENED = event("requests.review.opened.v1", ReviewOpened)
REVIEW_DECIDED = event("requests.review.decided.v1", ReviewDecided)


class ListWarnings(Schema):
    """Query `requests.warnings` → {warnings: [{warning_id, request_id, tracking_number, service_name, state_name,
    period, level, due_on, department, at}], next}: what the actor's role is to look at in the actor's unit, of requests
    that are still open; the newest first (keyset by `before`)."""

    before = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class Extend(Schema):
    """Command `requests.extend` → {tracking_number, period, days, due_on, due_before}: a statutory period is made
    longer as far as its definition allows, with a reason."""

    tracking_number = fields.String(required=True)
    period = fields.String(load_default="whole")
    days = fields.Integer(required=True, strict=True)
    reason = fields.String(required=True, validate=PLAIN_TEXT)


class ReportLateFact(Schema):
    """Command `requests.report_late_fact` → {review_id}: an act of the desk that silence overtook (`occurred_at` before
    it took effect, recorded only now) goes to the head of the unit."""

    task_id = fields.UUID(required=True)
    action = fields.String(required=True)
    occurred_at = fields.AwareDateTime(required=True)
    reason = fields.String(required=True, validate=PLAIN_TEXT)


class ListReviews(Schema):
    """Query `requests.silence_reviews` → {reviews: [{review_id, version, kind, request_id, tracking_number, unit,
    facts, opened_at}]}: what the actor is asked and nobody has answered yet."""


class DecideReview(Schema):
    """Command `requests.decide_silence_review` → {review_id, decision}. A contradiction `stands` or is
    `to_be_withdrawn`; a surge or a clock may `proceed` or `hold`."""

    review_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    decision = fields.String(required=True, validate=validate.OneOf(REVIEW_DECISIONS))
    reason = fields.String(required=True, validate=PLAIN_TEXT)


class DeemedDocument(Status):
    """Query `requests.deemed_document` → {number, kind, file_name, media_type, content(base64)} for whoever knows
    tracking number and digits; `deemed_unknown` where silence has not spoken."""


class DeemedVerification(Schema):
    """Query `requests.deemed` → {number, kind, kind_name, service_name, unit_name, due_on, effective_on, issued_on, qr,
    under_review}. Public."""

    number = fields.String(required=True)


PROBLEMS: dict[str, Problem] = {
    "workflow_wait_half_said": Problem(
        422, "الحالة {state} تنتظر بلا مهلة أو بلا ما يليها. اكتب time_limit وexpired معاً، أو احذفهما.",
        "{state} waits without a limit, or without what follows its end. Write `time_limit` and `expired` together, or "
        "neither."),
    "period_unknown": Problem(422, "لا توجد لهذا الطلب مدة جارية بهذا الكود: {period}",
                              "This request has no period of this code under way: {period}"),
    "extension_not_allowed": Problem(422, "هذه المدة لا يجوز مدها.", "This period may not be extended."),
    "extension_too_long": Problem(422, "مدّ المدة من يوم إلى {most} يوماً في المرة الواحدة.",
                                  "Extend by 1 to {most} days at a time."),
    "extensions_used_up": Problem(409, "مُدّت هذه المدة {times} مرة وهو أقصى ما يجوز.",
                                  "This period was extended {times} times, which is the most allowed."),
    "extension_too_late": Problem(409, "انتهت المدة في {due_on} ولا يجوز مدها بعد انتهائها.",
                                  "The period ended on {due_on}; it cannot be extended after its end."),
    "silence_review_unknown": Problem(404, "لا توجد مسألة معروضة عليك بهذا الرقم.",
                                      "There is no question before you with this number."),
    "review_done": Problem(409, "أُجيب عن هذه المسألة بالفعل.", "This question was answered already."),
    "review_decision_unfit": Problem(422, "هذا القرار لا يناسب هذا النوع من المسائل.",
                                     "This decision does not answer this kind of question."),
    "no_silence": Problem(409, "لم يصدر في هذا الطلب قرار حكمي، فاتخذ الإجراء من مهمتك.",
                          "Silence has not spoken in this request; act on its task instead."),
    "fact_not_earlier": Problem(422, "هذا الإجراء ليس سابقاً على القرار الحكمي في {effective_at}.",
                                "This act was not before silence took effect at {effective_at}."),
    "deemed_unknown": Problem(404, "لا يوجد قرار حكمي بهذا الرقم.", "Silence has issued no document of this number."),
    "deemed_number_malformed": Problem(422, "رقم المستند غير صحيح. انقله كما هو مطبوع.",
                                       "This is not a document's number. Copy it as it is printed."),
}
