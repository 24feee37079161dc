"""Which step of a request is worth a message, and what it may say. Pure: facts in, an occasion or nothing out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote
from uuid import UUID

from chassis.ids import named
from contracts import payments, requests, requests_deadlines
from contracts.events import Event
from contracts.problems import describe
from rules import visits
from rules.arabic import format_egp, long_date
from rules.refusal import Fault
from services.notifications.templates import shorten

BY_SILENCE = "silence"  # the action by which silence moves a request
SHORT = 60  # characters of what is missing that fit an SMS of two parts beside the rest

# A request that came to its end. Approval is told here; the licence itself is told when it has been issued.
OUTCOMES = {"approved": "approved", "rejected": "rejected", "withdrawn": "withdrawn", "lapsed": "lapsed"}


@dataclass(frozen=True, slots=True)
class Told:
    """What notifications knows of a request: what every message names, and where the citizen last heard it stood."""

    tracking_number: str
    service_name: Mapping[str, str]
    language: str
    department: str | None = None
    outcome: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Occasion:
    """One thing to tell: the template and the values of its placeholders. `cause` replaces the event's id where several
    events tell the same thing, so that it is told once."""

    template: str
    values: Mapping[str, str]
    cause: UUID | None = None


def status_link(public_url: str, language: str, tracking_number: str) -> str:
    """The page on which the citizen follows, pays, completes and fetches; it asks for the phone's last four digits."""
    return f"{public_url}/{language}/follow/{quote(tracking_number, safe='')}"


def of_request(event: Event, told: Told, public_url: str) -> Occasion | None:
    """The occasion of a request's own event. `told` is what was known before it. A step inside the department in which
    the file already lies is not told; a fee is told by its bill. Where several departments act at once, that the file
    went to them is told once, and not what each of them did; that an outside body is asked is told."""
    data = event.data
    values = common(told, public_url)
    if event.type == requests.SUBMITTED.name:
        return Occasion("request_received", values)
    if event.type == requests_deadlines.DUE_CHANGED.name:
        return _due_changed(data, told, values)
    if data.get("action") == BY_SILENCE:
        return None  # the document that says so is told
    outcome = data.get("outcome")
    if outcome and outcome != told.outcome:
        return Occasion(OUTCOMES[outcome], values)
    if data["state_kind"] == "applicant":
        until = data.get("applicant_until")
        if until:
            values = {**values, "until": long_date(date.fromisoformat(until), told.language)}
        missing = (data.get("note") or "").strip() or _in(data["state_name"], told.language)
        return Occasion("completion_by" if until else "completion_needed",
                        {**values, "missing": missing, "missing_short": shorten(missing, SHORT)})
    if _moved(data, told):
        return Occasion("moved", {**values, "step": _in(data["state_name"], told.language)})
    return None


def of_deemed(event: Event, told: Told, public_url: str) -> Occasion:
    """Silence was taken for an answer: the document that says so."""
    return Occasion(event.data["kind"], {**common(told, public_url), "number": event.data["number"]})


def _due_changed(data: Mapping[str, Any], told: Told, values: Mapping[str, str]) -> Occasion | None:
    """More time to complete a request is told. A date that moved is told; that of a part of the path, or one that
    stands still now, changes none."""
    if data["why"] == "applicant" and data.get("applicant_until"):
        until = long_date(date.fromisoformat(data["applicant_until"]), told.language)
        return Occasion("completion_extended", {**values, "until": until})
    if not data["due_on"] or data["due_on"] == data.get("due_before"):
        return None
    template = "due_extended" if data["why"] == "extended" else "due_moved"
    return Occasion(template, {**values, "due_on": long_date(date.fromisoformat(data["due_on"]), told.language)})


def _moved(data: Mapping[str, Any], told: Told) -> bool:
    kind = data["state_kind"]
    if kind == "parallel":
        return data.get("branch") is None
    return kind == "external" or (
        kind == "task" and bool(data.get("department")) and data["department"] != told.department)


def of_bill(event: Event, told: Told, public_url: str) -> Occasion | None:
    """The occasion of a bill's event, or None for what needs no message (a card payment being tried, an expiry)."""
    data = event.data
    values = {**common(told, public_url), "amount": format_egp(data["total"], told.language)}
    if event.type == payments.ISSUED.name or (event.type == payments.CHANGED.name and data["state"] == "created"):
        return Occasion("payment_needed", {**values, "bill_number": data["bill_number"]})
    if event.type == payments.PENDING.name and data.get("reference"):
        return Occasion("payment_reference", {**values, "reference": data["reference"]},
                        cause=named("notifications.reference", str(event.subject), data["reference"]))
    if event.type == payments.PAID.name:
        return Occasion("payment_received",
                        {**values, "receipt_number": data.get("receipt_number") or data["bill_number"]})
    return None


def of_rating(event: Event, token: str, told: Told, public_url: str) -> Occasion:
    """A request was decided: how was it served? The link's token is random and says nothing."""
    link = f"{public_url}/{told.language}/rate/{quote(token, safe='')}"
    return Occasion("rating_asked", {**common(told, public_url), "link": link},
                    cause=named("notifications.rating", str(event.id)))


def of_licence(event: Event, told: Told, public_url: str) -> Occasion:
    """The licence is there to be fetched."""
    return Occasion("licence_ready", {**common(told, public_url), "serial": event.data["serial"]})


def of_document(event: Event, told: Told, public_url: str) -> Occasion:
    """A document did not pass its check: another is wanted."""
    reason = describe(Fault(event.data["reason"]), told.language)
    return Occasion("document_refused", {
        **common(told, public_url), "document": shorten(_in(event.data["name"], told.language), SHORT),
        "reason": reason})


def of_reminder(event: Event, told: Told, public_url: str) -> Occasion:
    """The time to complete the request comes to its end."""
    until = long_date(date.fromisoformat(event.data["until"]), told.language)
    return Occasion("completion_reminder", {**common(told, public_url), "until": until})


def of_visit(event: Event, public_url: str) -> Occasion | None:
    """A visit of the mobile district was planned, moved to another day, cancelled or missed. It may be about an
    application that is still to be made, so the event says all that the message does."""
    data, language = event.data, event.data["language"]
    if data.get("change") is None:
        return None
    number = data.get("tracking_number")
    purpose = visits.PURPOSES[data["purpose"]]
    values = {
        "visit_number": data["number"],
        "service": _in(data["service_name"], language),
        "purpose": purpose.ar if language == "ar" else purpose.en,
        "link": status_link(public_url, language, number) if number else f"{public_url}/{language}/",
    }
    if data["change"] in ("planned", "moved"):
        values["day"] = long_date(date.fromisoformat(data["day"]), language)
    return Occasion(f"visit_{data['change']}", values)


def of_correction(told: Told, public_url: str) -> Occasion:
    """Details of the request were corrected at the window."""
    return Occasion("corrected", common(told, public_url))


def common(told: Told, public_url: str) -> dict[str, str]:
    """What every message names: number, service, and the link to the request's page."""
    return {
        "tracking_number": told.tracking_number,
        "service": _in(told.service_name, told.language),
        "link": status_link(public_url, told.language, told.tracking_number),
    }


def _in(names: Mapping[str, Any], language: str) -> str:
    return str(names.get(language) or names["ar"])
