"""The published language of payments: bills, payments and receipts. Money is integer piastres, currency EGP."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.events import EventSchema, event
from contracts.problem import Problem
from rules import payment_states


class BillState(EventSchema):
    """The state of a bill after a transition; the same shape in every event of a bill."""

    bill_id = fields.UUID(required=True)
    bill_number = fields.String(required=True)
    request_id = fields.UUID(required=True)
    tracking_number = fields.String(required=True)
    service_code = fields.String(required=True)
    unit = fields.String(required=True)
    stage = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(payment_states.STATES))
    total = fields.Integer(required=True)
    currency = fields.String(required=True, validate=validate.Equal("EGP"))
    lines = fields.List(fields.Dict(), required=True)  # {code, name{ar,en}, account, amount}
    expires_at = fields.AwareDateTime(allow_none=True)
    rail = fields.String(allow_none=True)
    reference = fields.String(allow_none=True)  # what the citizen quotes at the rail
    paid_at = fields.AwareDateTime(allow_none=True)  # the rail's time
    receipt_number = fields.String(allow_none=True)
    # A request waits for its fees; a fine or a difference was issued by a person and moves no request.
    kind = fields.String(validate=validate.OneOf(("fee", "fine", "difference")))
    refunded = fields.Integer()  # of the total, what was given back


class BillPaid(BillState):
    """A bill's state once it was paid. `collected_by`: the account of the cashier who took it in cash; null at a rail.
    Whoever collected a request's money may not decide it."""

    collected_by = fields.String(allow_none=True)


ISSUED = event("payments.bill.issued.v1", BillState)
PENDING = event("payments.bill.pending.v1", BillState)
PAID = event("payments.bill.paid.v1", BillPaid)
# Failed, expired, cancelled, under review, refund requested, partly refunded, refunded, disputed; also amended (again
# created, with other lines) and back to paid after a refund or a dispute that came to nothing.
CHANGED = event("payments.bill.changed.v1", BillState)


class GetBill(Schema):
    """Query `payments.bill` → BillState plus `payments`, `rails`, `other_rails` and `shown_as` (the rail behind one of
    this node's, by which people know it). By bill_id, or all bills of a request_id → {bills: [...]}."""

    bill_id = fields.UUID(load_default=None, allow_none=True)
    request_id = fields.UUID(load_default=None, allow_none=True)


class StartPayment(Schema):
    """Command `payments.start` → {payment_id, state, reference, pay_url, travels}. The rail's reference may come later;
    `travels`: it is asked for over the line to the centre, and waits where that is cut."""

    bill_id = fields.UUID(required=True)
    rail = fields.String(required=True)


class TakeCash(Schema):
    """Command `payments.take_cash` (cashier) → {bill_id, state, receipt_number, change}. `tendered` in piastres."""

    bill_id = fields.UUID(required=True)
    tendered = fields.Integer(required=True, strict=True, validate=validate.Range(1, 10**12))


class TakeSlip(Schema):
    """Command `payments.take_slip` (cashier) → {payment_id, state, reference}: a card payment at a terminal of the
    counter, as its slip says. `amount` in piastres; `taken_at` is the slip's time, now when it is not given."""

    bill_id = fields.UUID(required=True)
    terminal_id = fields.String(required=True, validate=validate.Length(1, 20))
    batch = fields.String(required=True, validate=validate.Length(1, 20))
    approval_code = fields.String(required=True, validate=validate.Length(1, 20))
    last4 = fields.String(required=True, validate=validate.Length(1, 20))
    amount = fields.Integer(required=True, strict=True, validate=validate.Range(1, 10**12))
    taken_at = fields.AwareDateTime(load_default=None, allow_none=True)


class ListRails(Schema):
    """Query `payments.rails` → {rails: [{name, label{ar,en}, way, refund, asks, calls_back, statement, verified, least,
    most, lives_hours, currency, currency_number, travels}]}: where bills can be paid on this node, and what each can
    do. Amounts in piastres; `verified` is false for a rail that was built without its own specification."""


class Callback(Schema):
    """Command `payments.callback` → {taken: true|false, reply: {media_type, body}|null}. `body` is the raw text that
    the rail sent and signed; it carries no Idempotency-Key and deduplicates by the rail's own reference. `reply` is
    what the rail expects to hear."""

    rail = fields.String(required=True)
    body = fields.String(required=True)
    query = fields.Dict(load_default=dict)
    media_type = fields.String(load_default="")
    source = fields.String(load_default="unknown")  # the address it came from, for counting forged ones


class GetReceipt(Schema):
    """Query `payments.receipt` → what a receipt shows, amount in words among it."""

    bill_id = fields.UUID(required=True)


PROBLEMS: dict[str, Problem] = {
    "bill_unknown": Problem(404, "لا توجد مطالبة بهذا الرقم.", "There is no bill with this number."),
    "bill_not_payable": Problem(409, "هذه المطالبة لم تعد قابلة للسداد ({state_ar}).",
                                "This bill can no longer be paid ({state_en})."),
    "bill_not_paid": Problem(409, "لم تُسدَّد هذه المطالبة بعد ({state_ar}).",
                             "This bill has not been paid yet ({state_en})."),
    "rail_unknown": Problem(404, "وسيلة السداد غير معروفة.", "This way of paying is not known."),
    "rail_unavailable": Problem(503, "وسيلة السداد لا تستجيب الآن. استخدم وسيلة أخرى أو أعد المحاولة.",
                                "This way of paying does not answer now. Use another one or try again."),
    "rail_takes_slips": Problem(
        422, "السداد بماكينة البطاقات يتم عند الصراف، وتُدخل بيانات إيصال الماكينة.",
        "A card terminal is used at the cashier's; enter what its slip says."),
    "rail_amount_outside": Problem(
        422, "هذه الوسيلة تقبل من {least} إلى {most} جنيه. استخدم وسيلة أخرى.",
        "This way takes from {least} to {most} pounds. Use another one."),
    "slip_field_invalid": Problem(
        422, "هذا البيان ليس كما يطبعه إيصال الماكينة. راجع الإيصال.",
        "No terminal prints this value. Look at the slip again."),
    "slip_terminal_unknown": Problem(
        422, "هذه الماكينة غير مسجلة على شباك هذه الوحدة. راجع رقم الماكينة على الإيصال.",
        "This terminal is not registered for this unit's counter. Check the terminal id on the slip."),
    "slip_used": Problem(
        409, "إيصال الماكينة هذا سُجّل من قبل على المطالبة {bill_number}.",
        "This slip was entered before, for bill {bill_number}."),
    "callback_forged": Problem(403, "توقيع الإشعار غير صحيح.", "The signature of the callback is not right."),
    "review_unknown": Problem(404, "لا يوجد بلاغ قيد المراجعة بهذا الرقم.",
                              "Nothing waits for review under this number."),
    "review_reason_required": Problem(422, "اذكر السبب في عشرة أحرف على الأقل.",
                                      "Give the reason in ten letters or more."),
    "callback_malformed": Problem(400, "إشعار غير مفهوم.", "The callback could not be understood."),
    "amount_insufficient": Problem(422, "المبلغ أقل من قيمة المطالبة.", "The amount is less than the bill."),
    "fee_uncomputable": Problem(422, "تعذر حساب الرسم: {reason}", "The fee could not be computed: {reason}"),
}
