"""The published language of the machinery: the audit as it is searched, and events that a service still owes. Every
service that is called answers these under its own name; the gateway asks them of its own database."""

from __future__ import annotations

from datetime import timedelta

from marshmallow import Schema, fields, validate

from contracts.problem import Problem

LONGEST = timedelta(days=31)
"""A search by nothing but a time goes through every row of it."""
MOST = 100

_text = validate.Length(min=1, max=200)


class SearchAudit(Schema):
    """Query `<service>.audit` → {rows: [{id, at, actor_id, actor_kind, actor_unit, action, subject, correlation_id,
    details, sealed}], next}: rows of the audit, newest first, at most `limit`. `next` is what `before` continues with,
    None at the end. One of `subject`, `actor_id` and `since` is to be given; by `since` and `until` alone at most 31
    days. An administrator of a unit finds what its people did. Refuses audit_too_wide, period_reversed."""

    subject = fields.String(load_default=None, allow_none=True, validate=_text)
    actor_id = fields.String(load_default=None, allow_none=True, validate=_text)
    action = fields.String(load_default=None, allow_none=True, validate=_text,
                           metadata={"description": "What was done, or how it begins: `request.` finds all of it"})
    correlation_id = fields.String(load_default=None, allow_none=True, validate=_text)
    since = fields.AwareDateTime(load_default=None, allow_none=True)
    until = fields.AwareDateTime(load_default=None, allow_none=True, metadata={"description": "Not included"})
    before = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=1, max=2**63 - 1))
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=MOST))


class ListOwed(Schema):
    """Query `<service>.owed` → {rows: [{subscription, event_id, type, state, attempts, error, subject, sequence,
    received_at, next_at}], next, parked, waiting}: events that a subscription could not apply, parked ones or all that
    are owed, in the order of their ids; `next` is what `after` continues with. `parked` and `waiting` count them."""

    parked_only = fields.Boolean(load_default=True)
    after = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=MOST))


class ReplayParked(Schema):
    """Command `<service>.replay_parked` → {subscription, event_id}: a parked event is tried again at once. Refuses
    event_not_parked."""

    subscription = fields.String(required=True, validate=_text)
    event_id = fields.UUID(required=True)


class SkipParked(ReplayParked):
    """Command `<service>.skip_parked` → {subscription, event_id}: a parked event is given up, with the reason; what
    waited behind it goes on. Refuses event_not_parked, skip_reason_required."""

    reason = fields.String(required=True, validate=validate.Length(max=500))


PROBLEMS: dict[str, Problem] = {
    "audit_too_wide": Problem(
        422, "حدد موضوع البحث أو الحساب، أو مدة لا تزيد على 31 يوماً.",
        "Say which subject or account, or a period of at most 31 days."),
    "event_not_parked": Problem(
        409, "لم يعد هذا الحدث معلقاً. حدّث القائمة.", "This event is no longer parked. Refresh the list."),
    "skip_reason_required": Problem(
        422, "اذكر سبب تخطي الحدث في عشرة أحرف على الأقل، فسيقرؤه المراجع.",
        "Give the reason in ten letters or more: an auditor will read it."),
}  # fmt: skip
