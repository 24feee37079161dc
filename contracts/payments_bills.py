"""The published language of bills that people change: fines and differences, exemptions, amendments, cancellations.
Amounts are piastres, EGP."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.problem import Problem

MOST = 10**12
_REASON = validate.Length(1, 500)


class ExtraLine(Schema):
    """What is billed beside the fees: its name, the accounting code (one that the service's definition names) and the
    amount."""

    name_ar = fields.String(required=True, validate=validate.Length(2, 200))
    name_en = fields.String(required=True, validate=validate.Length(2, 200))
    account = fields.String(required=True, validate=validate.Length(1, 40))
    amount = fields.Integer(required=True, strict=True, validate=validate.Range(1, MOST))


class IssueBill(Schema):
    """Command `payments.issue_bill` → BillState: a fine, or a difference of fees that were paid. No request waits for
    it. The request by its id or by its tracking number, as it is typed. `days` that it may be paid; without, it does
    not expire."""

    request_id = fields.UUID(load_default=None, allow_none=True)
    tracking_number = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 40))
    kind = fields.String(required=True, validate=validate.OneOf(("fine", "difference")))
    lines = fields.List(fields.Nested(ExtraLine), required=True, validate=validate.Length(1, 20))
    reason = fields.String(required=True, validate=_REASON)
    days = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 365))


class ExtendBill(Schema):
    """Command `payments.extend_bill` → BillState: an unpaid fine or difference, also one that expired, can be paid for
    so many days from today."""

    bill_id = fields.UUID(required=True)
    days = fields.Integer(required=True, strict=True, validate=validate.Range(1, 365))
    reason = fields.String(required=True, validate=_REASON)


class RequestExemption(Schema):
    """Command `payments.request_exemption` → the change: an unpaid bill, or the lines whose codes are given, is to be
    waived by the law that is named. It takes effect when a second person approves."""

    bill_id = fields.UUID(required=True)
    lines = fields.List(fields.String(validate=validate.Length(1, 60)), load_default=None, allow_none=True,
                        validate=validate.Length(1, 100))
    reason = fields.String(required=True, validate=_REASON)
    legal_basis = fields.String(required=True, validate=validate.Length(3, 300))


class AmendedLine(Schema):
    code = fields.String(required=True, validate=validate.Length(1, 60))
    amount = fields.Integer(required=True, strict=True, validate=validate.Range(0, MOST))


class AmendBill(Schema):
    """Command `payments.amend_bill` → the change: other amounts for lines of an unpaid bill; 0 takes a line out. What
    raises the bill stands at once, what does not takes a second person."""

    bill_id = fields.UUID(required=True)
    lines = fields.List(fields.Nested(AmendedLine), required=True, validate=validate.Length(1, 100))
    reason = fields.String(required=True, validate=_REASON)


class DecideChange(Schema):
    """Command `payments.decide_change` → the change: approved, rejected, or void because the bill was settled
    meanwhile."""

    change_id = fields.UUID(required=True)
    approve = fields.Boolean(required=True)
    reason = fields.String(required=True, validate=_REASON)


class CancelBill(Schema):
    """Command `payments.cancel_bill` → BillState: an unpaid fine or difference is not owed."""

    bill_id = fields.UUID(required=True)
    reason = fields.String(required=True, validate=_REASON)


class ListChanges(Schema):
    """Query `payments.bill_changes` → {changes: [{change_id, bill_id, kind, state, unit, old_lines, old_total,
    new_lines, new_total, reason, legal_basis, requested_by, requested_at, decided_by, decided_at, decision_reason}]}:
    all of one bill, or those that wait for a decision, at most 500. A person of a unit sees its own."""

    bill_id = fields.UUID(load_default=None, allow_none=True)


class ListReviews(Schema):
    """Query `payments.reviews` → {reviews: [{review_id, reason, rail, reference, bill_id, unit, amount, raised_at,
    refund_id}]}:
    money and reports that wait for a person, the longest first, at most 500. A person of a unit sees those of its bills
    and those of no bill."""


class SettleReview(Schema):
    """Command `payments.settle_review` → {review_id, decision, receipt_number, refund_id}. `accept`: the held money
    pays its bill. `return`: it is to go back; the refund waits for a second person, and when the money is back, the
    request is billed anew if it still waits. `note`: there is no money in it."""

    review_id = fields.UUID(required=True)
    decision = fields.String(required=True, validate=validate.OneOf(("accept", "return", "note")))
    reason = fields.String(required=True, validate=_REASON)


PROBLEMS: dict[str, Problem] = {
    "request_not_billable": Problem(404, "لا يعرف السداد طلباً بهذا الرقم.", "No such request is known to payments."),
    "request_or_number": Problem(422, "اذكر رقم الطلب أو معرّفه، أحدهما فقط.",
                                 "Name the request by its id or by its tracking number, one of the two."),
    "bill_not_extendable": Problem(409, "لا تُمد إلا مهلة غرامة أو فرق رسوم، وإلى يوم بعد آخر يوم لها.",
                                   "Only a fine or a difference is given more time, and to a later day than its last."),
    "days_malformed": Problem(422, "اكتب عدد الأيام من 1 إلى {most}.", "Give a number of days from 1 to {most}."),
    "account_not_of_service": Problem(422, "الكود المحاسبي ({account}) ليس من أكواد هذه الخدمة ({known}).",
                                      "The service's fees have no accounting code {account}; theirs are {known}."),
    "bill_line_unknown": Problem(422, "هذا البند ({line}) ليس في المطالبة.", "The bill has no line {line}."),
    "bill_line_twice": Problem(422, "تكرر البند ({line}). اذكره مرة واحدة.", "Line {line} is named twice."),
    "bill_change_nothing": Problem(422, "لا يغيّر هذا الطلب شيئاً في المطالبة.", "That changes nothing of the bill."),
    "bill_change_open": Problem(409, "يوجد طلب تعديل أو إعفاء على هذه المطالبة لم يُبت فيه.",
                                "Another change of this bill waits for its decision."),
    "bill_change_unknown": Problem(404, "لا يوجد طلب تعديل بهذا الرقم.",
                                   "There is no change of a bill with this number."),
    "bill_change_decided": Problem(409, "سبق البت في هذا الطلب ({state}).", "This was decided before ({state})."),
    "bill_change_own": Problem(403, "من طلب الإعفاء أو التخفيض لا يعتمده. يلزم شخص آخر.",
                               "Whoever asked for it does not approve it. Ask another person."),
    "bill_awaited": Problem(409, "الطلب ينتظر سداد هذا الرسم. عدّل المطالبة أو اطلب الإعفاء بدلاً من إلغائها.",
                            "The request waits for this fee. Amend the bill, or ask for an exemption."),
    "review_holds_money": Problem(409, "في هذا البلاغ مبلغ محجوز. اقبله أو أعده.",
                                  "Money is held under this review. Accept it or give it back."),
}
