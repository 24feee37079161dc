"""The published language of money that goes back: refunds, credits of citizens, disputes. Amounts are piastres, EGP."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.events import EventSchema, event
from contracts.problem import Problem
from rules import refunds

MOST = 10**12
_REASON = validate.Length(1, 500)


class RefundState(EventSchema):
    """A refund after a transition (rules.refunds). `of`: `bill` for a bill's own money, `credit` for what came when it
    was paid already, `held` for what did not fit it."""

    refund_id = fields.UUID(required=True)
    bill_id = fields.UUID(required=True)
    bill_number = fields.String(required=True)
    request_id = fields.UUID(required=True)
    tracking_number = fields.String(required=True)
    unit = fields.String(required=True)
    of = fields.String(required=True, validate=validate.OneOf(("bill", "credit", "held")))
    state = fields.String(required=True, validate=validate.OneOf(refunds.STATES))
    way = fields.String(required=True, validate=validate.OneOf(refunds.WAYS))
    rail = fields.String(allow_none=True)
    amount = fields.Integer(required=True)
    currency = fields.String(required=True, validate=validate.Equal("EGP"))
    reference = fields.String(allow_none=True)  # the rail's, the bank's, the terminal's
    done_at = fields.AwareDateTime(allow_none=True)


REFUND_CHANGED = event("payments.refund.changed.v1", RefundState)


class RefundLine(Schema):
    """A part of one line of the bill."""

    code = fields.String(required=True, validate=validate.Length(1, 60))
    amount = fields.Integer(required=True, strict=True, validate=validate.Range(1, MOST))


class RequestRefund(Schema):
    """Command `payments.request_refund` → RefundState. Of a bill that was paid: its `lines`, or all that is left. Of a
    credit: all that is left of it."""

    bill_id = fields.UUID(load_default=None, allow_none=True)
    credit_id = fields.UUID(load_default=None, allow_none=True)
    lines = fields.List(fields.Nested(RefundLine), load_default=None, allow_none=True, validate=validate.Length(1, 100))
    reason = fields.String(required=True, validate=_REASON)


class DecideRefund(Schema):
    """Command `payments.decide_refund` → RefundState. `way` as the person who approves wants it to go; by itself
    through the rail by which the money came, if that can give back."""

    refund_id = fields.UUID(required=True)
    approve = fields.Boolean(required=True)
    way = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(refunds.WAYS))
    reason = fields.String(required=True, validate=_REASON)


class HandOverRefund(Schema):
    """Command `payments.hand_over_refund` → RefundState: an approved refund was given in cash, ordered at the bank,
    made at the card terminal or on the rail's own pages. `reference`: the order's, slip's or refund's number; none in
    cash."""

    refund_id = fields.UUID(required=True)
    reference = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 60))


class SteerRefund(Schema):
    """Command `payments.steer_refund` → RefundState: a person decides about a refund that the rail refused, or of which
    nobody can tell whether it was done. `act`: sent_again, rerouted (with `way`), confirmed (the rail's statement shows
    it; with `reference`), given_up."""

    refund_id = fields.UUID(required=True)
    act = fields.String(required=True, validate=validate.OneOf(
        (refunds.SENT_AGAIN, refunds.REROUTED, refunds.CONFIRMED, refunds.GIVEN_UP)))
    way = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(refunds.WAYS))
    reference = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 60))
    reason = fields.String(required=True, validate=_REASON)


class ListRefunds(Schema):
    """Query `payments.refunds` → {refunds: [...], credits: [...]}: of one bill, or those that wait for something, the
    longest first, at most 500. A person of a unit sees its own."""

    bill_id = fields.UUID(load_default=None, allow_none=True)


class OpenDispute(Schema):
    """Command `payments.open_dispute` → {dispute_id, state, amount}: the payer's bank takes a payment into question.
    What is left of the bill is at issue; nothing is given back until it is decided."""

    bill_id = fields.UUID(required=True)
    reference = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 60))
    reason = fields.String(required=True, validate=_REASON)


class CloseDispute(Schema):
    """Command `payments.close_dispute` (another person than who opened it) → {dispute_id, state, amount}.
    Lost: the rail took back what was at issue."""

    bill_id = fields.UUID(required=True)
    won = fields.Boolean(required=True)
    reason = fields.String(required=True, validate=_REASON)


PROBLEMS: dict[str, Problem] = {
    "explanation_too_short": Problem(422, "اذكر السبب في عشرة أحرف على الأقل؛ سيقرؤه المراجع.",
                                     "Give the reason in ten letters or more; an auditor will read it."),
    "refund_unknown": Problem(404, "لا يوجد طلب رد بهذا الرقم.", "There is no refund with this number."),
    "credit_unknown": Problem(404, "لا يوجد رصيد دائن بهذا الرقم.", "There is no credit with this number."),
    "refund_not_possible": Problem(409, "حالة طلب الرد ({state_ar}) لا تسمح بهذا الإجراء.",
                                   "The refund is {state_en}; this cannot be done with it."),
    "refund_of_one": Problem(422, "حدد إما المطالبة أو الرصيد الدائن، لا كليهما.",
                             "Name the bill or the credit, one of the two."),
    "bill_not_refundable": Problem(409, "لا يمكن رد مبلغ من هذه المطالبة أو المنازعة عليها في حالتها ({state_ar}).",
                                   "This bill is {state_en}: nothing of it can be given back or disputed now."),
    "refund_open": Problem(409, "يوجد طلب رد آخر لهذا المبلغ لم ينته بعد. أكمله أولاً.",
                           "Another refund of this money is under way. Finish that one first."),
    "refund_nothing_left": Problem(409, "رُدَّت قيمة هذه المطالبة بالكامل.", "Nothing is left to give back."),
    "refund_line_unknown": Problem(422, "هذا البند ({line}) ليس في المطالبة.", "The bill has no line {line}."),
    "refund_line_twice": Problem(422, "تكرر البند ({line}). اذكره مرة واحدة.", "Line {line} is named twice."),
    "refund_above_rest": Problem(422, "المبلغ أكبر من الباقي القابل للرد ({rest} قرش).",
                                 "That is more than is left to give back ({rest} piastres)."),
    "refund_own": Problem(403, "من طلب الرد أو حصّل المبلغ لا يعتمده. يلزم شخص آخر.",
                          "Who asked for the refund or collected the money does not approve it. Ask another person."),
    "refund_paid_by_approver": Problem(403, "من اعتمد الرد لا يصرفه. يلزم شخص آخر.",
                                       "Whoever approved the refund does not pay it out. Ask another person."),
    "refund_way_impossible": Problem(422, "لا يمكن الرد بهذه الطريقة ({way}). اختر طريقة أخرى.",
                                     "It cannot be given back this way ({way}). Choose another."),
    "refund_kept_by_centre": Problem(
        409, "المبلغ لدى وسيلة سداد يتولاها المركز، والمركز وحده يؤكد رده. انتظر رده، أو اختر الرد بالوسيلة نفسها، "
        "فلا يُصرف المبلغ مرتين.",
        "The money lies at a rail of the centre, and the centre alone says whether it went back. Wait for its answer, "
        "or send the order by that rail, which pays nothing twice."),
    "refund_forgotten_first": Problem(
        409, "لدى المركز أمر رد من هذا السداد فُقد هنا عند استعادة النسخة، وقد رُد به مبلغ أو قد يُرد. ارفض هذا الرد أو "
        "ألغه، فيُطلب الرد المفقود من جديد تلقائياً متى تم، واعتمده أولاً. وإن لم يُطلب، فراجع ما أُبلغ "
        "عنه في «مبالغ قيد المراجعة» واحسمه، ثم أرسل الباقي بالوسيلة نفسها.",
        "The centre has an order for money of this payment that was lost here when a backup was restored, and that "
        "gave it back or may. Reject or drop this refund: once the lost one is done it is asked for again by itself, "
        "and is approved first. Where it is not, settle what was reported, under the money under review; what is left "
        "then goes by the same rail."),
    "charge_days_wrong": Problem(422, "اختر أياماً متتالية لا تزيد على {most} يوماً، وآخرها بعد أولها.",
                                 "Choose {most} days at most, the last not before the first."),
    "charge_refund_unknown": Problem(404, "لا يوجد رد بهذا الرقم لسداد محافظة.",
                                     "There is no refund of a governorate's charge with this number."),
    "charge_refund_certain": Problem(409, "مصير هذا الرد معروف. لا يُحسم إلا الرد غير المؤكد.",
                                     "What became of this refund is known. Only one in doubt is settled by a person."),
    "dispute_without_rail": Problem(422, "لا ينازع البنك إلا في سداد تم من خلال وسيلة إلكترونية.",
                                    "Only what was paid through a rail can be disputed at a bank."),
    "dispute_own": Problem(403, "من سجّل المنازعة لا يغلقها. يلزم شخص آخر.",
                           "Whoever recorded the dispute does not close it. Ask another person."),
    "refund_not_by_hand": Problem(409, "هذا الرد يتم من خلال وسيلة السداد نفسها.",
                                  "This refund goes through the rail by itself."),
}
