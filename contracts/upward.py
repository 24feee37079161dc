"""What travels up, from a node to the centre: the facts that the centre needs, with the least personal data.

Every type of the published language stands here: in UP with the fields that travel, or in NOT_UP with the reason why it
stays at home. No sealed text travels: its keys are the node's. Accounts of the staff stay at home too.
"""

from __future__ import annotations

from contracts.projections import Projection

_REQUEST = (
    "request_id", "tracking_number", "service_code", "service_version", "service_name", "unit", "channel",
    "applicant_kind", "state", "state_kind", "state_name", "stage", "department", "from_state", "action", "branch",
    "verdict", "joined", "branches.code", "branches.name", "branches.department", "branches.body", "branches.verdict",
    "lodged_at", "due_on", "applicant_until", "clock", "outcome", "licence_serial", "inquiry_check",
)  # fmt: skip
_BILL = (
    "bill_id", "bill_number", "request_id", "tracking_number", "service_code", "unit", "stage", "state", "total",
    "currency", "lines", "expires_at", "rail", "reference", "paid_at", "receipt_number", "kind", "refunded",
)  # fmt: skip
_LICENCE = ("licence_id", "request_id", "serial", "service_code", "unit", "valid_from", "valid_until", "state")

UP: dict[str, Projection] = {
    # Whole, because the national portal asks what the governorate's own edition asks; it names nobody.
    "catalog.definition.published.v1": Projection("code", "version", "effective_from", "national_version",
                                                  "governorate", "definition"),
    "catalog.definition.retired.v1": Projection("code", "retired_from", "reason"),
    "catalog.adoption.changed.v1": Projection("governorate", "code", "offered", "overrides", "effective_from",
                                              "national_version", "state", "faults"),
    "catalog.organisation.changed.v1": Projection("kind", "code", "timeline", "answers", "heard"),
    "requests.request.submitted.v1": Projection(*_REQUEST),
    "requests.request.moved.v1": Projection(*_REQUEST),
    "requests.request.due_changed.v1": Projection(*_REQUEST, "due_before", "why"),
    "requests.request.corrected.v1": Projection("request_id", "tracking_number", "corrected", "inquiry_check"),
    "requests.licence.issued.v1": Projection(*_LICENCE, "supersedes", "succession"),
    "requests.licence.changed.v1": Projection(*_LICENCE, "act", "edition", "successor"),
    "requests.warning.raised.v1": Projection("warning_id", "request_id", "tracking_number", "service_code", "period",
                                             "level", "due_on", "unit", "department"),
    "requests.lateness.explained.v1": Projection("late_cause_id", "request_id", "unit", "department", "service_code",
                                                 "due_on", "days_late", "cause", "measure"),
    "requests.followup.changed.v1": Projection("follow_up_id", "request_id", "serial", "unit", "code", "number",
                                               "due_on", "status", "result"),
    "requests.deemed.issued.v1": Projection("request_id", "number", "kind", "service_code", "unit", "period", "due_on",
                                            "effective_at"),
    "requests.review.opened.v1": Projection("review_id", "kind", "request_id", "unit"),
    "requests.review.decided.v1": Projection("review_id", "kind", "request_id", "unit", "decision"),
    "requests.letter.changed.v1": Projection("letter_id", "request_id", "number", "body", "status", "sent_on",
                                             "answered_on"),
    "requests.delivery.recorded.v1": Projection("delivery_id", "request_id", "serial", "edition", "unit", "how",
                                                "receiver"),
    "requests.rating.given.v1": Projection("rating_id", "request_id", "service_code", "unit", "outcome", "stars",
                                           "commented"),
    "requests.complaint.changed.v1": Projection("complaint_id", "number", "request_id", "unit", "kind", "state",
                                                "level", "due_on", "late", "upheld"),
    "requests.reopening.changed.v1": Projection("reopening_id", "request_id", "unit", "state"),
    # Whatever the centre keeps by which an applicant can be told from another goes with it.
    "requests.person.forgotten.v1": Projection("request_id"),
    "requests.release.reported.v1": Projection("ticket_id", "request_id", "tracking_number", "unit", "stage", "amount",
                                               "device_id", "device_receipt", "collected_at", "serial", "applied",
                                               "way"),
    "requests.visit.changed.v1": Projection("visit_id", "number", "request_id", "tracking_number", "unit",
                                            "service_code", "service_name", "purpose", "state", "change", "day"),
    # Numbers that the national portal may give here, and what became of its applications.
    "requests.portalblock.reserved.v1": Projection("block_id", "numbers"),
    "requests.portalapplication.changed.v1": Projection("application_id", "tracking_number", "state", "codes"),
    # A bill that is to be paid at a rail of the centre: what the rail is told and no more.
    "payments.wish.changed.v1": Projection("wish_id", "bill_id", "bill_number", "service_code", "rail", "amount",
                                           "shares", "expires_at", "wished_at", "state"),
    # What the node gives back of it by the same rail.
    "payments.refundwish.changed.v1": Projection("refund_id", "wish_id", "bill_number", "amount", "attempt", "of",
                                                 "owner_id", "parts", "known", "wished_at"),
    "gateway.command.answered.v1": Projection("command_id", "name", "outcome", "code", "answer"),
    "payments.bill.issued.v1": Projection(*_BILL),
    "payments.bill.pending.v1": Projection(*_BILL),
    "payments.bill.paid.v1": Projection(*_BILL),
    "payments.bill.changed.v1": Projection(*_BILL),
    "payments.refund.changed.v1": Projection("refund_id", "bill_id", "bill_number", "request_id", "tracking_number",
                                             "unit", "of", "state", "way", "rail", "amount", "currency", "done_at"),
    "payments.shift.changed.v1": Projection("shift_id", "counter", "counter_kind", "unit", "state", "currency",
                                            "opened_at", "float", "closed_at", "expected", "counted", "difference",
                                            "deposited", "approved_at"),
    "payments.statement.matched.v1": Projection("statement_id", "rail", "since", "until", "gross", "returned",
                                                "commission", "currency", "expected_on"),
    "payments.treasury.closed.v1": Projection("period_id", "number", "since", "until", "total", "currency",
                                              "csv_digest", "xml_digest", "key_id", "signature"),
    "notifications.campaign.changed.v1": Projection("campaign_id", "state", "change", "why", "unit", "channels",
                                                    "recipients", "made", "sent", "delivered", "failed",
                                                    "passed_over"),
    "gateway.line.counted.v1": Projection("days"),
    "gateway.key.issued.v1": Projection("node", "peer", "key_id", "public", "since_epoch", "since_sequence",
                                        "revoked_epoch", "revoked_sequence"),
}  # fmt: skip

NOT_UP: dict[str, str] = {
    "catalog.national.published.v1": "the national guide is the centre's own; it travels down",
    "catalog.national.retired.v1": "the national guide is the centre's own; it travels down",
    "catalog.log.reached.v1": "how far a service told its story concerns the services beside it",
    "payments.log.reached.v1": "how far a service told its story concerns the services beside it",
    "requests.reminder.sent.v1": "it concerns its applicant alone",
    "requests.document.refused.v1": "it concerns its applicant alone; what became of the request is told by itself",
    "requests.device.changed.v1": "a tablet concerns its unit",
    "gateway.application.lodged.v1": "the centre's own; it travels down",
    "gateway.application.part_lodged.v1": "the centre's own; it travels down",
    "payments.charge.changed.v1": "the centre's own; it travels down",
    "payments.chargerefund.changed.v1": "the centre's own; it travels down",
    "gateway.answer.given.v1": "the centre's own; it travels down",
    "gateway.payment.wished.v1": "it came from a node",
    "gateway.refund.wished.v1": "it came from a node",
    "gateway.refund.answered.v1": "it came from the centre; the refund itself is told",
    "gateway.command.ordered.v1": "the centre's own; it travels down",
    "gateway.guide.received.v1": "it came from the centre",
    "gateway.holidays.decreed.v1": "it came from the centre",
    "gateway.organisation.received.v1": "it came from the centre",
    "gateway.payment.confirmed.v1": "it came from the centre; the bill that it pays is told by itself",
    "gateway.letter.answered.v1": "it came from the centre; the letter that it answers is told by itself",
    "gateway.key.changed.v1": "it came from the centre",
    "gateway.numbers.recovered.v1": "it is told to this place's own services",
    "gateway.command.given.v1": "it came from the centre; what came of it is told by itself",
    "gateway.application.received.v1": "it came from the centre",
    "gateway.application.part_received.v1": "it came from the centre",
    "notifications.message.changed.v1": "a message concerns its receiver, and there are several for each request",
}


def project(event_type: str, envelope: bytes) -> bytes | None:
    """What travels of an event: the bytes of its envelope with the data cut down, the same each time. None when it
    stays at home; LookupError for a type that nobody decided about, which then waits."""
    projection = UP.get(event_type)
    if projection is not None:
        return projection.envelope(envelope)
    if event_type in NOT_UP:
        return None
    raise LookupError(f"nobody decided whether {event_type} travels up")
