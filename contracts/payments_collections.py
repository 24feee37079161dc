"""The published language of what was collected: totals by day, kept and never counted anew."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.problem import Problem

BY = ("day", "unit", "service", "way", "cashier", "account")


class GetCollections(Schema):
    """Query `payments.collections` → {since, until, by, unit, currency, rows: [{key, amount, receipts}], total,
    receipts, as_of}: what was collected on the Cairo days from `since` to `until`, both included, seen `by` day, unit,
    service, way (cash, or the rail), cashier (an account; '' at a rail) or accounting code. Amounts are piastres, net
    of what was given back. A person of a unit sees its own; who has none sees the whole node's, or those of `unit`."""

    since = fields.Date(required=True)
    until = fields.Date(required=True)
    by = fields.String(load_default="day", validate=validate.OneOf(BY))
    unit = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(r"[A-Z0-9-]{1,20}\Z"))


PROBLEMS: dict[str, Problem] = {
    "period_reversed": Problem(422, "نهاية المدة قبل بدايتها. صحح التاريخين.",
                               "The period ends before it begins. Correct the dates."),
    "period_too_long": Problem(422, "المدة أطول من {days} يوماً. قسّمها إلى مدد أقصر.",
                               "The period is longer than {days} days. Ask for shorter ones."),
}
