"""What agencies may be given: events that travel up, each named here by somebody, without what travels for the centre
alone. A type that is new on the line is no agency's before it stands in TYPES."""

from __future__ import annotations

from contracts.projections import Projection
from contracts.upward import UP

FOR_THE_CENTRE = frozenset({"inquiry_check", "answers", "heard"})
"""Fields by which the centre answers the inquiry, and tells its own words from a node's; nobody else has a use for
them."""

TYPES = (
    "catalog.adoption.changed.v1",
    "catalog.definition.published.v1",
    "catalog.definition.retired.v1",
    "catalog.organisation.changed.v1",
    "notifications.campaign.changed.v1",
    "payments.bill.changed.v1",
    "payments.bill.issued.v1",
    "payments.bill.paid.v1",
    "payments.bill.pending.v1",
    "payments.refund.changed.v1",
    "payments.shift.changed.v1",
    "payments.statement.matched.v1",
    "payments.treasury.closed.v1",
    "requests.complaint.changed.v1",
    "requests.deemed.issued.v1",
    "requests.delivery.recorded.v1",
    "requests.followup.changed.v1",
    "requests.lateness.explained.v1",
    "requests.letter.changed.v1",
    "requests.licence.changed.v1",
    "requests.licence.issued.v1",
    "requests.person.forgotten.v1",
    "requests.rating.given.v1",
    "requests.release.reported.v1",
    "requests.reopening.changed.v1",
    "requests.request.corrected.v1",
    "requests.request.due_changed.v1",
    "requests.request.moved.v1",
    "requests.request.submitted.v1",
    "requests.review.decided.v1",
    "requests.review.opened.v1",
    "requests.visit.changed.v1",
    "requests.warning.raised.v1",
)

NOT_OFFERED: dict[str, str] = {
    "gateway.command.answered.v1": "between an operator at the centre and a node",
    "gateway.key.issued.v1": "between the ends of the line",
    "gateway.line.counted.v1": "between the ends of the line",
    "payments.refundwish.changed.v1": "between a node and the centre's rails; the refund tells what came of it",
    "payments.wish.changed.v1": "between a node and the centre's rails; the bill tells what came of it",
    "requests.portalapplication.changed.v1": "between a node and the national portal; the request tells the rest",
    "requests.portalblock.reserved.v1": "tracking numbers that nobody holds yet",
}
"""Types that travel up and are no agency's, with the reason."""

OFFERED: dict[str, Projection] = {
    name: Projection(*(one for one in UP[name].names if one.partition(".")[0] not in FOR_THE_CENTRE)) for name in TYPES
}
"""The types that an agreement may name, each with the fields that it may name at most."""
