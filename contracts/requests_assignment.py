"""The published language of handing out files, of who is kept apart from them, of appeals and of the picture of where
a request stands."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.problem import Problem
from contracts.requests import Status

_REASON = (
    validate.Length(min=10, max=2000),
    validate.Regexp(r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]*\Z"),
)


class DeclareRelation(Schema):
    """Command `requests.declare_relation` → {declared: true}. Exactly one number, of a person or of a company, is
    given. It is kept as a keyed hash only and shown to nobody; who declared it is handed no file of that person or
    company from then on, and what they held goes back."""

    national_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
    passport = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
    tax_number = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
    commercial_register = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))


class Desk(Schema):
    """Query `requests.desk` → {tasks: [{task_id, version, tracking_number, service_name, state, state_name, department,
    holder, held_at, due_on, raised_from}]}: what lies in the hands of a head's people, the oldest first (keyset by
    `after`)."""

    after = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class TakeBack(Schema):
    """Command `requests.take_back` → {task_id, version}. A head takes a file out of a hand, with a reason; the engine
    hands it to somebody else of the desk. Nobody chooses to whom."""

    task_id = fields.UUID(required=True)
    version = fields.Integer(load_default=None, allow_none=True)
    reason = fields.String(required=True, validate=_REASON)


class Appeal(Status):
    """Command `requests.appeal` → {request_id, state, state_name, …}: the applicant appeals a rejection, once
    and within the definition's days. Nobody who decided before acts on it."""

    reason = fields.String(required=True, validate=_REASON)


class Graph(Status):
    """Query `requests.graph` → {tracking_number, state, svg}: the path of the service as a picture, with where the
    request stands. `language` is that of the picture."""

    language = fields.String(load_default="ar", validate=validate.OneOf(("ar", "en")))


class TaskGraph(Schema):
    """Query `requests.task_graph` → the same of the request of a task that the actor holds."""

    task_id = fields.UUID(required=True)
    language = fields.String(load_default="ar", validate=validate.OneOf(("ar", "en")))


class TaskApplicant(Schema):
    """Query `requests.task_applicant` → {name, phone, email}, each null where the step does not need it: who applied,
    for the holder of a task whose step the definition says cannot do without (`shows`). Every look is a recorded
    unmasking."""

    task_id = fields.UUID(required=True)


PROBLEMS: dict[str, Problem] = {
    "task_not_held": Problem(409, "هذا الملف ليس في يد أحد الآن.", "Nobody holds this file now."),
    "legal_reason_required": Problem(422, "اختر السبب القانوني من القائمة.", "Choose the legal reason from the list."),
    "legal_reason_unknown": Problem(422, "ليس من الأسباب القانونية لهذه الخدمة: {reason}. اختر من القائمة.",
                                    "{reason} is not among this service's legal reasons. Choose from the list."),
    "applicant_not_shown": Problem(403, "هذه الخطوة لا تحتاج إلى معرفة مقدم الطلب.",
                                   "This step does not need to know who applied."),
    "photos_not_asked": Problem(422, "الصور تُرفق بتقرير المعاينة فقط.",
                                "Photos go with the report of an inspection only."),
    "appeal_not_offered": Problem(409, "لا تظلم من هذا الطلب في حالته الحالية.",
                                  "There is nothing to appeal against in the present state of this request."),
    "appeal_used": Problem(409, "سبق التظلم من هذا القرار. يمكن اللجوء إلى القضاء.",
                           "This decision was appealed against before. What remains is the court."),
    "appeal_too_late": Problem(409, "انتهى ميعاد التظلم في {until}. يمكن اللجوء إلى القضاء.",
                               "The time to appeal ended on {until}. What remains is the court."),
    "workflow_appeal_unsound": Problem(
        422, "الحالة {state} لا تصلح للتظلم. اختر حالة من نوع task يمكن أن تنتهي بالموافقة، وأضف نهاية بالرفض.",
        "{state} cannot hear an appeal. Choose a state of kind task from which approval can come, and let some end"
        " reject."),
    "workflow_reason_twice": Problem(422, "السبب القانوني {reason} مكرر. غيّر كود أحدهما.",
                                     "The legal reason {reason} stands twice. Rename one."),
    "workflow_reasons_unused": Problem(
        422, "لا إجراء يطلب سبباً من القائمة. أضف legal_reason إلى requires، أو احذف reasons.",
        "No action asks for a reason of the list. Add legal_reason to a `requires`, or remove `reasons`."),
}
