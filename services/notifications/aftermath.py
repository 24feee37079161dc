"""What is told after a request: what becomes of its licence, of a complaint about it, of the wish to open it again.
Pure: an event and what is known of the request in, an occasion or nothing out.

Why something was decided comes sealed in the event and is opened by the caller; it is told to whom it concerns, whole
by e-mail and in its first words by SMS.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from contracts.events import Event
from rules import afterwards, register
from rules.arabic import format_egp, long_date
from services.notifications.kinds import KINDS
from services.notifications.occasions import SHORT, Occasion, Told, common
from services.notifications.templates import shorten

# What a holder hears of the own licence. A renewal or alteration is the holder's own request and told by that.
LICENCE_ACTS: Mapping[str, str] = MappingProxyType({
    "suspend": "licence_suspended",
    "resume": "licence_resumed",
    "cancel": "licence_cancelled",
    "replace_print": "licence_print_replaced",
    register.TRANSFER: "licence_transferred",
})  # fmt: skip
REOPENED: Mapping[str, str] = MappingProxyType({"granted": "reopening_granted", "refused": "reopening_refused"})
COMPLAINED = ("complaint_received", "complaint_escalated", "complaint_upheld", "complaint_not_upheld")
REFUNDED = ("refund_promised", "refund_ready", "refund_done")
TEMPLATES = frozenset((*REFUNDED, *LICENCE_ACTS.values(), *COMPLAINED, *REOPENED.values()))


def of_licence_change(event: Event, told: Told, public_url: str, note: str | None = None) -> Occasion | None:
    """Something became of the licence that this request brought out."""
    template = LICENCE_ACTS.get(event.data["act"])
    if template is None:
        return None
    return _occasion(template, {**common(told, public_url), "serial": event.data["serial"]}, note)


def of_complaint(event: Event, told: Told, public_url: str, note: str | None = None) -> Occasion | None:
    """A complaint was taken, went to the next head, or was answered. One that is late before the last head is told
    nothing new: its date has not changed."""
    data = event.data
    values = {**common(told, public_url), "number": data["number"],
              "due_on": long_date(date.fromisoformat(data["due_on"]), told.language)}
    if data["state"] == afterwards.ANSWERED:
        return _occasion("complaint_upheld" if data["upheld"] else "complaint_not_upheld", values, note)
    if event.sequence == 1:
        return _occasion("complaint_received", values)
    return None if data["late"] else _occasion("complaint_escalated", values)


def of_reopening(event: Event, told: Told, public_url: str, note: str | None = None) -> Occasion | None:
    """It was decided whether a request is opened again. That it was asked for is known to who asked."""
    template = REOPENED.get(event.data["state"])
    return None if template is None else _occasion(template, common(told, public_url), note)


def of_refund(event: Event, told: Told, public_url: str, note: str | None = None) -> Occasion | None:
    """Money goes back: that it was paid twice, that it lies ready in cash, that it was given back."""
    data = event.data
    template = {"approved": "refund_ready" if data["way"] == "cash" else None, "done": "refund_done"}.get(data["state"])
    if event.sequence == 1 and data["of"] == "credit":
        template = "refund_promised"
    if template is None:
        return None
    return _occasion(template, {**common(told, public_url), "amount": format_egp(data["amount"], told.language)}, note)


def _occasion(template: str, values: Mapping[str, str], note: str | None = None) -> Occasion:
    said = (note or "").strip()
    known = {**values, "note": said, "note_short": shorten(said, SHORT)}
    return Occasion(template, {name: known[name] for name in KINDS[template].placeholders})
