"""The published language of a place's links: what a restored node is told of its own numbers, and what may go wrong
when links are looked at and their parked messages are settled."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.events import EventSchema, event
from contracts.problem import Problem

KINDS = ("tracking", "licence", "bill", "receipt", "complaint", "deemed", "letter", "visit")
"""Of numbers that people are given."""


class NumbersRecovered(EventSchema):
    """The other end of the line knows facts of this place that its backup had lost, and these numbers stand in them: of
    each kind, as printed. None of them is given again."""

    peer = fields.String(required=True)
    facts = fields.Integer(required=True)
    numbers = fields.Dict(keys=fields.String(validate=validate.OneOf(KINDS)),
                          values=fields.List(fields.String()), required=True)


NUMBERS_RECOVERED = event("gateway.numbers.recovered.v1", NumbersRecovered)

PROBLEMS: dict[str, Problem] = {
    "link_unknown": Problem(404, "لا يوجد ربط مع هذه الجهة.", "There is no link with this place."),
    "link_nothing_lost": Problem(409, "لا تنتظر هذه الجهة وقائع مفقودة الآن. حدّث الصفحة.",
                                 "Nothing that was lost is waited for on this link now. Reload."),
    "link_message_settled": Problem(409, "هذه الرسالة لا تنتظر أحداً: سبق أن طُبِّقت أو أُغلقت. حدّث الصفحة.",
                                    "This message waits for nobody: it was applied or settled before. Reload."),
    "link_message_not_genuine": Problem(409, "لا تُطبَّق هذه الرسالة: لم يثبت أنها من الجهة المرسلة. أغلقها واذكر السبب.",
                                        "This message is not applied: nothing proves that it is from its sender. "
                                        "Settle it and say why."),
    "link_message_refused": Problem(409, "ما زالت هذه الرسالة لا تُطبَّق: {detail}. أصلح السبب ثم أعد، أو أغلقها.",
                                    "This message still cannot be applied: {detail}. Mend the cause and try again, or "
                                    "settle it."),
}  # fmt: skip
