"""The published language of the cashier's counter: counters, shifts, receipt books and prints. Amounts are integer
piastres; a count names each piece of money by its worth in piastres."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.events import EventSchema, event
from contracts.problem import Problem
from rules import counter as rules

_CODE = validate.Regexp(r"[A-Z0-9][A-Z0-9.-]{1,29}\Z")
_MOST = 10**12


def _reason() -> fields.String:
    return fields.String(load_default=None, allow_none=True, validate=validate.Length(max=500))


def _count() -> fields.Dict:
    return fields.Dict(keys=fields.String(validate=validate.Length(max=20)), values=fields.Raw(), required=True)


class ShiftChanged(EventSchema):
    """A cashier's shift was opened, closed with a count, or counter-signed: all that is known of it by then. Its
    sequence is 1, 2, 3. `cashier` and `approved_by` are accounts; `slips` are card payments, which move no cash."""

    shift_id = fields.UUID(required=True)
    counter = fields.String(required=True)
    counter_kind = fields.String(required=True, validate=validate.OneOf(rules.KINDS))
    unit = fields.String(required=True)
    cashier = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf((rules.OPEN, rules.CLOSED, rules.APPROVED)))
    currency = fields.String(required=True, validate=validate.Equal("EGP"))
    opened_at = fields.AwareDateTime(required=True)
    float = fields.Integer(required=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)
    expected = fields.Integer(required=True, allow_none=True)
    counted = fields.Integer(required=True, allow_none=True)
    difference = fields.Integer(required=True, allow_none=True)
    deposited = fields.Integer(required=True, allow_none=True)
    approved_at = fields.AwareDateTime(required=True, allow_none=True)
    approved_by = fields.String(required=True, allow_none=True)


SHIFT_CHANGED = event("payments.shift.changed.v1", ShiftChanged)


class RegisterCounter(Schema):
    """Command `payments.register_counter` (manager) → {counter}. A post office's counter has its own code."""

    code = fields.String(required=True, validate=_CODE)
    unit = fields.String(required=True, validate=validate.Regexp(r"[A-Z0-9-]{1,20}\Z"))
    kind = fields.String(required=True, validate=validate.OneOf(("window", "post_office")))
    name_ar = fields.String(required=True, validate=validate.Length(2, 100))
    name_en = fields.String(required=True, validate=validate.Length(2, 100))


class OpenShift(Schema):
    """Command `payments.open_shift` (cashier) → the shift. Without `counter`: the unit's first window, which is made
    when there is none yet. `float`: change that the drawer begins with."""

    counter = fields.String(load_default=None, allow_none=True, validate=_CODE)
    float = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, 10**9))


class GetShift(Schema):
    """Query `payments.shift` → {shift|null, counters: [...]}: the caller's own open shift, or the one of `shift_id`
    (of the own unit, for who counter-signs)."""

    shift_id = fields.UUID(load_default=None, allow_none=True)


class ListShifts(Schema):
    """Query `payments.shifts` → {shifts: [...]}: those of the unit in a state, newest first; at most 100."""

    state = fields.String(load_default="closed", validate=validate.OneOf(("open", "closed", "approved")))


class HandOver(Schema):
    """Command `payments.hand_over` (cashier) → the shift: cash of the drawer goes to the deposit while the shift goes
    on."""

    amount = fields.Integer(required=True, strict=True, validate=validate.Range(1, _MOST))
    note = _reason()


class HandInDrawer(Schema):
    """Command `payments.hand_in_drawer` (cashier) → {expected, counted, difference}: the cash of a tablet of the mobile
    district is counted into the drawer of the caller's shift."""

    device_id = fields.UUID(required=True)
    count = _count()
    reason = _reason()


class CloseShift(Schema):
    """Command `payments.close_shift` (cashier) → the shift. `count`: how many there are of each piece, by its worth in
    piastres; what is not named is not there. A difference takes a reason. `shift_id`: the one that is meant, so that a
    late page closes no other."""

    count = _count()
    reason = _reason()
    shift_id = fields.UUID(load_default=None, allow_none=True)


class ApproveShift(Schema):
    """Command `payments.approve_shift` → the shift: another person than its cashier counter-signs a closed shift."""

    shift_id = fields.UUID(required=True)
    note = _reason()


class VoidNumber(Schema):
    """Command `payments.void_number` (cashier) → {book, serial}: the next number of the own counter's book is given
    up: its paper is spoiled."""

    reason = fields.String(required=True, validate=validate.Length(max=500))


class VoidDeviceNumber(Schema):
    """Command `payments.void_device_number` (manager) → {book, serial}: a number of a tablet's book that was never
    used: the tablet was lost, or skipped it."""

    device_id = fields.UUID(required=True)
    year = fields.Integer(required=True, strict=True, validate=validate.Range(2000, 2999))
    serial = fields.Integer(required=True, strict=True, validate=validate.Range(1, 10**9))
    reason = fields.String(required=True, validate=validate.Length(max=500))


class PrintReceipt(Schema):
    """Command `payments.print_receipt` → {copy, file_name, media_type, content(base64)}. The first print is the
    original; the second and later say which copy they are and take a reason. `paper`: thermal (80 mm), a6 or a4."""

    bill_id = fields.UUID(required=True)
    paper = fields.String(load_default="thermal", validate=validate.OneOf(("thermal", "a6", "a4")))
    language = fields.String(load_default="ar", validate=validate.OneOf(("ar", "en")))
    reason = _reason()


class VerifyReceipt(Schema):
    """Query `payments.verify_receipt` → {genuine, ...}: whether a receipt's number and the code of its QR belong
    together; if so its amount, day, unit and service."""

    number = fields.String(required=True, validate=validate.Length(1, 40))
    code = fields.String(required=True, validate=validate.Length(1, 40))


PROBLEMS: dict[str, Problem] = {
    "shift_required": Problem(409, "افتح وردية على شباك قبل التحصيل.", "Open a shift at a counter before you collect."),
    "shift_closed": Problem(409, "أُغلقت هذه الوردية. افتح وردية جديدة.", "This shift is closed. Open a new one."),
    "shift_open": Problem(409, "هذه الوردية ما زالت مفتوحة. تُعتمد بعد إغلاقها.",
                          "This shift is still open. It is counter-signed after it was closed."),
    "shift_approved": Problem(409, "سبق اعتماد هذه الوردية.", "This shift has been counter-signed already."),
    "shift_unknown": Problem(404, "لا توجد وردية بهذا الرقم.", "There is no such shift."),
    "shift_open_already": Problem(409, "لديك وردية مفتوحة على {counter}. أغلقها أولاً.",
                                  "You have an open shift at {counter}. Close it first."),
    "shift_own": Problem(403, "لا يعتمد المحصل ورديته. يعتمدها شخص آخر.",
                         "Nobody counter-signs an own shift. Another person does."),
    "counter_unknown": Problem(404, "لا يوجد شباك بهذا الكود في وحدتك.", "Your unit has no counter with this code."),
    "counter_taken": Problem(409, "على هذا الشباك وردية مفتوحة لمحصل آخر. اختر شباكاً آخر.",
                             "Another cashier has a shift open at this counter. Choose another one."),
    "counter_exists": Problem(409, "هذا الكود مستخدم لشباك آخر.", "This code belongs to a counter already."),
    "counter_of_device": Problem(422, "هذا درج جهاز متنقل ولا تُفتح عليه وردية.",
                                 "This is a tablet's drawer; no shift is opened at it."),
    "denomination_unknown": Problem(422, "{denomination} ليست من فئات النقد المصري (بالقرش).",
                                    "{denomination} is no piece of Egyptian money (in piastres)."),
    "count_malformed": Problem(422, "اكتب عدداً صحيحاً من القطع.", "Give a whole number of pieces."),
    "difference_reason_required": Problem(
        422, "المعدود يختلف عن المتوقع بمقدار {pounds} جنيه. اذكر السبب في عشرة أحرف على الأقل.",
        "The count differs from what is expected by {pounds} pounds. Give the reason in ten letters or more."),
    "counter_reason_required": Problem(422, "اذكر السبب في عشرة أحرف على الأقل.",
                                       "Give the reason in ten letters or more."),
    "drawer_short": Problem(422, "ليس في الدرج هذا المبلغ. المتوقع فيه {expected} قرشاً.",
                            "The drawer does not hold so much: {expected} piastres are expected in it."),
    "drawer_unknown": Problem(404, "لا يوجد نقد مسجل على هذا الجهاز لوحدتك.",
                              "This device has collected no cash for your unit."),
    "receipt_number_used": Problem(409, "هذا الرقم مستخدم أو ملغى أو قيد المراجعة في دفتره.",
                                   "This number of the book is used, void, or its money waits for review."),
    "receipt_absent": Problem(404, "لا يوجد إيصال لهذه المطالبة.", "This bill has no receipt."),
    "print_reason_required": Problem(422, "طُبع هذا الإيصال من قبل. اذكر سبب طباعة نسخة أخرى في عشرة أحرف على الأقل.",
                                     "This receipt was printed before. Give the reason for a copy in ten letters or "
                                     "more."),
}
