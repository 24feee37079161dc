"""Who consumes which event. The relay takes an event of a routed type that no queue took as not sent and tries again;
the broker's bindings are made from here, so that a consumer that has not started yet misses nothing. A test holds this
table against the subscriptions that the services declare.
"""

from __future__ import annotations

CONSUMERS: dict[str, tuple[str, ...]] = {
    "catalog.definition.published.v1": ("requests", "payments", "gateway"),
    "catalog.definition.retired.v1": ("requests", "gateway"),
    "catalog.national.published.v1": (),
    "catalog.national.retired.v1": (),
    "catalog.adoption.changed.v1": ("catalog",),
    "catalog.organisation.changed.v1": ("requests", "payments", "gateway"),
    "requests.request.submitted.v1": ("payments", "notifications"),
    "requests.request.moved.v1": ("payments", "notifications"),
    "requests.licence.issued.v1": ("notifications",),
    "requests.request.due_changed.v1": ("notifications",),
    "requests.warning.raised.v1": (),
    "requests.reminder.sent.v1": ("notifications",),
    "requests.followup.changed.v1": (),
    "requests.deemed.issued.v1": ("notifications",),
    "requests.review.opened.v1": (),
    "requests.review.decided.v1": (),
    "requests.document.refused.v1": ("notifications",),
    "requests.request.corrected.v1": ("notifications",),
    "requests.licence.changed.v1": ("notifications",),
    "requests.letter.changed.v1": (),
    "requests.delivery.recorded.v1": (),
    "requests.rating.given.v1": (),
    "requests.complaint.changed.v1": ("notifications",),
    "requests.reopening.changed.v1": ("notifications",),
    "requests.person.forgotten.v1": ("notifications",),
    "requests.device.changed.v1": (),
    "requests.release.reported.v1": ("payments",),
    "requests.visit.changed.v1": ("notifications",),
    "payments.bill.issued.v1": ("notifications", "gateway"),
    "payments.bill.pending.v1": ("notifications", "gateway"),
    "payments.bill.paid.v1": ("requests", "notifications", "gateway"),
    "payments.bill.changed.v1": ("requests", "notifications", "gateway"),
    "payments.refund.changed.v1": ("notifications",),
    "notifications.message.changed.v1": (),
    "notifications.campaign.changed.v1": (),
    "payments.statement.matched.v1": (),
    "payments.shift.changed.v1": (),
    "payments.treasury.closed.v1": (),
    "payments.log.reached.v1": ("requests",),
    "catalog.log.reached.v1": ("requests",),
}


def bindings(service: str) -> list[str]:
    """The event types that reach a service's queue."""
    return sorted(event_type for event_type, consumers in CONSUMERS.items() if service in consumers)
