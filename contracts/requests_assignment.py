"""The published language of handing out files, of who is kept apart from them, and of what departments add to a step."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.problem import Problem

_REASON = (
    validate.Length(min=10, max=2000),
    validate.Regexp(r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]*\Z"),
)


class DeclareRelation(Schema):
    """Command `requests.declare_relation` → {declared: true}. The number is kept as a keyed hash only and shown to
    nobody; who declared it is handed no file of that person from then on, and what they held goes back."""

    national_id = fields.String(required=True, validate=validate.Length(max=40))


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


PROBLEMS: dict[str, Problem] = {
    "task_not_held": Problem(409, "هذا الملف ليس في يد أحد الآن.", "Nobody holds this file now."),
    "legal_reason_required": Problem(422, "اختر السبب القانوني من القائمة.", "Choose the legal reason from the list."),
    "legal_reason_unknown": Problem(422, "ليس من الأسباب القانونية لهذه الخدمة: {reason}. اختر من القائمة.",
                                    "{reason} is not among this service's legal reasons. Choose from the list."),
    "workflow_reason_twice": Problem(422, "السبب القانوني {reason} مكرر. غيّر كود أحدهما.",
                                     "The legal reason {reason} stands twice. Rename one."),
    "workflow_reasons_unused": Problem(
        422, "لا إجراء يطلب سبباً من القائمة. أضف legal_reason إلى requires، أو احذف reasons.",
        "No action asks for a reason of the list. Add legal_reason to a `requires`, or remove `reasons`."),
}
