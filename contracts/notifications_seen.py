"""The published language of what is seen of messages: how many went which way, how long they took, and what one citizen
was told."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.problem import Problem

BY = ("provider", "template", "unit", "lane")
LONGEST = 366  # days that one question may span


class GetCounts(Schema):
    """Query `notifications.counts` (staff) → {since, until, by, rows, as_of}: of the messages made on the Cairo days
    from `since` to `until`, both included, for each channel and provider, template, unit or lane: how many were made
    and how many came to be sent, delivered, failed and expired, parts, price in millièmes (1/1000 EGP), and `time`:
    seconds within which half and 95 of 100 were handed over (`sent`) and `delivered`, counted from when nothing held
    them back; by template and unit nothing is timed. `name` {ar, en} is a template's. A person of a unit sees its own
    `by` unit; the other sides are the whole node's."""

    since = fields.Date(required=True)
    until = fields.Date(required=True)
    by = fields.String(load_default="provider", validate=validate.OneOf(BY))


class ListMessages(Schema):
    """Query `notifications.messages` (staff of the request's unit) → {messages: [...]}: what was sent about a request,
    oldest first, addresses masked; the reading is recorded."""

    tracking_number = fields.String(required=True, validate=validate.Length(min=1, max=40))


class GetPerformance(Schema):
    """Query `notifications.performance` (anybody) → {since, until, channels: [{channel, lane, made, sent, delivered,
    time}]}: how long messages about requests and one-time codes took to be delivered in the last full 30 Cairo days.
    E-mail tells no delivery, so its time is that to the hand-over, and `delivered` stays 0."""


class FindMessages(Schema):
    """Query `notifications.of_address` (staff) → {messages: [...], next}: what was sent to one phone or e-mail, the
    newest first, addresses masked, of the own unit; the reading is recorded."""

    address = fields.String(required=True, validate=validate.Length(min=5, max=254))
    before = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


PROBLEMS: dict[str, Problem] = {
    "counts_reversed": Problem(422, "نهاية المدة قبل بدايتها. صحح التاريخين.",
                               "The period ends before it begins. Correct the dates."),
    "counts_too_long": Problem(422, "المدة أطول من {days} يوماً. قسّمها إلى مدد أقصر.",
                               "The period is longer than {days} days. Ask for shorter ones."),
    "counts_day_malformed": Problem(422, "اكتب التاريخ كاملاً هكذا: 2026-03-02.",
                                    "Give the whole date, such as 2026-03-02."),
    "messages_unknown": Problem(404, "لا رسائل تحت رقم المتابعة هذا. راجع الرقم.",
                                "There are no messages under this tracking number. Check the number."),
    "address_malformed": Problem(422, "اكتب رقم محمول مصرياً أو بريداً إلكترونياً واحداً.",
                                 "Give one Egyptian mobile number or one e-mail address."),
}
