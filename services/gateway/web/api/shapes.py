"""What the API answers, described: the shapes of what requests and payments show, as they leave the door."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from contracts.payments import BillState
from contracts.requests import STATE_KINDS
from rules import register
from services.gateway.web.api.answers import Shown

CLOCKS = ("running", "stopped", "ended")
KINDS = STATE_KINDS
OUTCOMES = ("approved", "rejected", "withdrawn", "lapsed")
LICENCE_STATUS = register.VERIFIED_AS


def text(**options: Any) -> fields.String:
    return fields.String(required=True, **options)


def text_or_none(**options: Any) -> fields.String:
    return fields.String(required=True, allow_none=True, **options)


def named(**options: Any) -> fields.Dict:
    """A name in both languages: {"ar": …, "en": …}."""
    return fields.Dict(keys=fields.String(), values=fields.String(), required=True, **options)


def day_or_none() -> fields.Date:
    return fields.Date(required=True, allow_none=True)


class ActionOffered(Shown):
    code = text()
    name = named()
    requires = fields.List(fields.String(), required=True, metadata={"description": "What to send along: `reason`, …"})
    to_applicant = fields.Boolean(metadata={"description": "It sends the file back: `missing` may go along"})


class BranchShown(Shown):
    code = text()
    name = named()
    department = text()
    body = named(allow_none=True)
    done = fields.Boolean(required=True)


class PeriodShown(Shown):
    """A statutory period: of the whole, or of a part of the path."""

    code = text(metadata={"description": "`whole`, or the code of the part"})
    name = named(allow_none=True)
    days = fields.Integer(required=True, metadata={"description": "With what it was extended by"})
    kind = text(validate=validate.OneOf(("calendar", "working")))
    extended = fields.Integer(required=True)
    silence = text(validate=validate.OneOf(("none", "approval", "rejection")))
    due_on = day_or_none()
    days_used = fields.Integer(required=True)
    days_left = fields.Integer(required=True)
    late = fields.Boolean(required=True)
    explanation = fields.List(
        fields.Dict(), metadata={"description": "How the date comes about: from, to, clock, why, days"}
    )


class DeemedSummary(Shown):
    number = text()
    kind = text(validate=validate.OneOf(("deemed_approval", "deemed_rejection")))
    kind_name = named()
    effective_on = fields.Date(required=True)


class StatusShown(Shown):
    """Where a request stands: no name, no contact, no channel."""

    request_id = fields.UUID(required=True)
    tracking_number = text()
    service_code = text()
    service_version = fields.Integer(required=True)
    service_name = named()
    unit = text()
    unit_name = named()
    state = text()
    state_kind = text(validate=validate.OneOf(KINDS))
    state_name = named()
    stage = text_or_none(metadata={"description": "Of the fees to pay, where `state_kind` is `payment`"})
    department = text_or_none()
    body = named(
        allow_none=True, metadata={"description": "The outside body that is asked, where `state_kind` is `external`"}
    )
    branches = fields.List(
        fields.Nested(BranchShown), required=True, metadata={"description": "Who acts at once, where it is `parallel`"}
    )
    lodged_at = fields.AwareDateTime(required=True)
    due_on = day_or_none()
    clock = text(validate=validate.OneOf(CLOCKS))
    late = fields.Boolean(required=True)
    days_left = fields.Integer(required=True, allow_none=True)
    periods = fields.List(fields.Nested(PeriodShown), metadata={"description": "Every period that has begun"})
    deemed = fields.Nested(DeemedSummary, allow_none=True, metadata={"description": "What silence meant"})
    applicant_until = fields.Date(
        allow_none=True,
        metadata={"description": "The last day to complete it, where it waits for the applicant so long and no longer"},
    )
    may_withdraw = fields.Boolean(metadata={"description": "Whether the applicant may still withdraw it"})
    outcome = text_or_none(metadata={"description": f"One of {', '.join(OUTCOMES)}, once it has ended"})
    licence_serial = text_or_none()
    language = text(validate=validate.OneOf(("ar", "en")))
    appeal = fields.Dict(
        required=True,
        allow_none=True,
        metadata={"description": "Until when a rejection may be appealed against: {until}; null where it may not"},
    )
    actions = fields.List(
        fields.Nested(ActionOffered), required=True, metadata={"description": "What the applicant may do now"}
    )
    as_of = fields.AwareDateTime(required=True)


class TimelineEntry(Shown):
    at = fields.AwareDateTime(required=True)
    state = text()
    state_kind = text(validate=validate.OneOf(KINDS))
    state_name = named()
    department = text_or_none()
    branch = text_or_none(metadata={"description": "Which of the departments that act at once acted"})
    branch_name = named(allow_none=True)
    action = text_or_none()
    action_name = named(allow_none=True)
    note = text_or_none(metadata={"description": "What to complete, or why it was rejected"})
    legal_reason = fields.Dict(
        required=True,
        allow_none=True,
        metadata={"description": "The ground in law that was named: code, name, legal_basis"},
    )
    missing = fields.Dict(
        allow_none=True,
        metadata={"description": "What is to be completed: {documents, answers}, codes of the definition"},
    )


class ComplaintTold(Shown):
    complaint_number = text()
    kind = text()
    state = text()
    made_at = fields.AwareDateTime(required=True)
    due_on = fields.Date(required=True)
    before = text(metadata={"description": "The role of the head before whom it lies"})
    late = fields.Boolean(required=True)
    upheld = fields.Boolean(required=True, allow_none=True)


class StillOpen(Shown):
    """Something of a request that is not over yet, and the day it is for."""

    number = text()
    state = text()
    on = day_or_none()


class TimelineShown(StatusShown):
    visit = fields.Nested(
        StillOpen, required=True, allow_none=True, metadata={"description": "The mobile district's, still to come"}
    )
    complaints = fields.List(fields.Nested(ComplaintTold), required=True)
    reopening = fields.Dict(
        required=True,
        allow_none=True,
        metadata={"description": "{state} once it was asked to look at the end anew; {until} while it may be"},
    )
    entries = fields.List(fields.Nested(TimelineEntry), required=True)
    documents_refused = fields.List(
        fields.Dict(), metadata={"description": "Documents that were not taken, and why: bring others"}
    )
    deadline = fields.List(
        fields.Dict(), required=True, metadata={"description": "How the due date comes about: from, to, clock, why"}
    )


class Moved(Shown):
    request_id = fields.UUID(required=True)
    tracking_number = text()
    state = text()
    state_kind = text(validate=validate.OneOf(KINDS))
    state_name = named()
    outcome = text_or_none()


class BillPayment(Shown):
    payment_id = fields.UUID(required=True)
    rail = text()
    state = text()
    amount = fields.Integer(required=True, metadata={"description": "Piastres"})
    reference = text_or_none()
    pay_url = text_or_none()
    started_at = fields.AwareDateTime(required=True)
    late = fields.Boolean(metadata={"description": "The rail has kept its reference back for too long: use another"})
    travels = fields.Boolean(metadata={"description": "Asked for over the line to the centre; it waits where that is "
                                                      "cut, and lapses with the bill"})


class BillShown(BillState):
    issued_at = fields.AwareDateTime(required=True)
    rails = fields.List(fields.String(), required=True, metadata={"description": "Where it can be paid"})
    other_rails = fields.List(fields.String(), metadata={"description": "Those at which nothing is under way yet"})
    payments = fields.List(fields.Nested(BillPayment), required=True)
    shown_as = fields.Dict(keys=fields.String(), values=fields.String(), metadata={
        "description": "Rails behind rails: `centre` → the one at the centre, by which people know it"})


class VerificationShown(Shown):
    serial = text()
    status = text(validate=validate.OneOf(LICENCE_STATUS))
    holder = text_or_none(metadata={"description": "Null: of a void serial nothing is told"})
    service_code = text()
    service_name = named()
    output_name = named()
    unit = text()
    unit_name = named()
    governorate_name = named()
    valid_from = day_or_none()
    valid_until = day_or_none()
    issued_on = day_or_none()
    released_on_the_spot = fields.Boolean(metadata={"description": "A tablet handed it over, as the authority decided"})
    report_until = fields.Date(
        allow_none=True, metadata={"description": "Of `not_reported_yet`: the last day on which its tablet may report"}
    )
    since = fields.Date(allow_none=True, metadata={"description": "When it was suspended, cancelled or replaced"})
    supersedes = fields.String(allow_none=True)
    successor = fields.String(allow_none=True, metadata={"description": "The serial of the licence in its place"})
    edition = fields.Integer(metadata={"description": "Of the print that counts; former prints are void"})
    qr = text_or_none(metadata={"description": "The text of the licence's QR, signed with Ed25519; null where only its "
                                               "holder has it"})
    key_id = text_or_none(metadata={"description": "Which of the authority's keys signed it"})


class TaskShown(Shown):
    task_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    tracking_number = text()
    service_name = named()
    state = text()
    state_name = named()
    branch = text_or_none(metadata={"description": "Of a parallel state, which branch the task is for"})
    branch_name = named(allow_none=True)
    due_on = day_or_none()
    days_left = fields.Integer(
        allow_none=True, metadata={"description": "Working days left of the desk's own date; after it less than none"}
    )
    request_due_on = day_or_none()
    purpose = fields.String(allow_none=True)
    held_at = fields.AwareDateTime()
    handed_over = fields.Boolean(metadata={"description": "A head handed it over by name"})
    body_name = fields.Dict(
        allow_none=True, metadata={"description": "The outside body that this task asks"}
    )
    letter = fields.Dict(
        allow_none=True, metadata={"description": "Where its letter stands: number, status, sent_on"}
    )


class TaskList(Shown):
    tasks = fields.List(fields.Nested(TaskShown), required=True)
    next = fields.UUID(
        required=True, allow_none=True, metadata={"description": "Give it as `after` for the next page; null: no more"}
    )


class TaskHandedOut(Shown):
    task_id = fields.UUID(required=True)
    version = fields.Integer(required=True)


class TaskGiven(Shown):
    task = fields.Nested(TaskHandedOut, required=True, allow_none=True)
    because = text_or_none(
        metadata={"description": "Why there is none: nothing_open, or colleagues_first while others hold less"}
    )


class DeskTask(Shown):
    """A file of a department as its head sees it: who holds it since when, nothing of who applied."""

    task_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    tracking_number = text()
    service_name = named()
    state = text()
    state_name = named()
    branch = text_or_none()
    branch_name = named(allow_none=True)
    department = text()
    status = text(validate=validate.OneOf(("open", "held")))
    holder = text_or_none()
    held_at = fields.AwareDateTime(required=True, allow_none=True)
    due_on = day_or_none()
    raised_from = text_or_none(metadata={"description": "The unit below, in which exclusions left nobody"})


class DeskList(Shown):
    tasks = fields.List(fields.Nested(DeskTask), required=True)
    next = fields.UUID(required=True, allow_none=True)


class ApplicantShown(Shown):
    name = text_or_none()
    phone = text_or_none()
    email = text_or_none()


class RelationDeclared(Shown):
    declared = fields.Boolean(required=True)


class TaskFileShown(TaskShown):
    service_code = text()
    unit = text()
    raised_from = text_or_none(metadata={"description": "The unit below, in which exclusions left nobody"})
    department = text_or_none()
    days_left = fields.Integer(required=True, allow_none=True)
    periods = fields.List(fields.Nested(PeriodShown), metadata={"description": "Those that have begun, explained"})
    answers = fields.List(fields.Dict(), required=True, metadata={"description": "Those that are not personal"})
    documents = fields.List(fields.Dict(), required=True)
    actions = fields.List(fields.Nested(ActionOffered), required=True)
    inputs = fields.List(fields.Dict(), required=True, metadata={"description": "What actions may ask for"})
    legal_reasons = fields.List(
        fields.Dict(), required=True, metadata={"description": "Grounds in law that a decision may name"}
    )
    shows = fields.List(
        fields.String(), required=True, metadata={"description": "What of the applicant this step needs: name, contact"}
    )
    task_days_left = fields.Integer(allow_none=True, metadata={"description": "Working days left of the desk's date"})
    may_miss = fields.Dict(metadata={"description": "What an applicant can be asked to complete: documents, answers"})
    branches = fields.List(fields.Nested(BranchShown), metadata={"description": "Who acts on it at once"})
    fees = fields.List(fields.Dict(), metadata={"description": "Its payments: stage, name, paid_at"})
    letters = fields.List(fields.Dict(), metadata={"description": "Its letters to outside bodies, and the answers"})
    photos_wanted = fields.Boolean(required=True, metadata={"description": "Whether this task reports an inspection"})
    steps = fields.List(
        fields.Dict(), required=True, metadata={"description": "What was done before, with findings and photos"}
    )
