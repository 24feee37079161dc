"""Whom to tell about a request, and telling: one message a channel for each event that is worth one.

The contact stays sealed as it came, under the ring that only those services hold who may reach a citizen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select, text, update

from chassis.database import Statement
from chassis.errors import NotYet
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts import requests
from contracts.events import Event
from services.notifications import (
    messages,
    metrics,
    occasions,
    preference_links,
    preferences,
    template_store,
    templates,
)
from services.notifications.greeting import name_of
from services.notifications.kinds import EMAIL, KINDS
from services.notifications.messages import Draft
from services.notifications.occasions import Occasion, Told
from services.notifications.preferences import CONTACT_FIELD, CONTACT_RING, Address
from services.notifications.tables import recipient

__all__ = ["CONTACT_FIELD", "CONTACT_RING"]
NOTE_FIELD = "requests.note"
RATING_FIELD, RATED_OUTCOMES = "requests.rating.token", ("approved", "rejected")
_SEALED = "v1."

# What came after a request, what is known of it, the public address, and the reason given, if one was.
AfterOccasion = Callable[[Event, Told, str, str | None], Occasion | None]
Make = Callable[[Told], Occasion | None]

_NAMELESS = {"ar": "مقدم الطلب", "en": "applicant"}

_FIND = Statement(select(recipient).where(recipient.c.request_id == bindparam("request_id")))
_FIND_MANY = Statement(
    select(recipient).where(recipient.c.request_id == func.any(bindparam("ids", type_=ARRAY(Uuid)))))
_ADD = Statement.insert(recipient, *(column.name for column in recipient.c if column.name != "heard_at"))
_CHANGE = Statement(
    update(recipient)
    .where(recipient.c.request_id == bindparam("key"), recipient.c.version == bindparam("seen"))
    .values(version=bindparam("seen") + 1, heard_at=func.clock_timestamp(),
            **{name: bindparam(name) for name in ("contact", "department", "outcome")}))
_FORGET = Statement(text("UPDATE recipient SET contact = NULL WHERE request_id = :request_id"))
_FORGET_MESSAGES = Statement(text("DELETE FROM message WHERE request_id = :request_id"))


class RecipientUnknown(NotYet):
    """The event overtook the request's own first event. The inbox tries it again."""


def look_up(work: UnitOfWork, events: Sequence[Event]) -> None:
    """Read at once what handling these events needs: their recipients, and what these were told already."""
    ids = list({_request_of(event) for event in events})
    work.know(_FIND_MANY, ids, lambda row: row.request_id, ids=ids)
    sealed = {event.data["contact"] for event in events if event.data.get("contact")}
    sealed |= {row.contact for one in ids for row in work.known(_FIND_MANY, one) or () if row.contact}
    contacts = [preferences.addresses_of(_open(work, one)) for one in sealed]
    messages.look_up(work, ids, {address for found in contacts for address in found.values() if address})


def _request_of(event: Event) -> UUID:
    """The request that an event of it, or of its bill, is about."""
    return UUID(str(event.data["request_id"]))


def _find(work: UnitOfWork, request_id: UUID) -> Any | None:
    known = work.known(_FIND_MANY, request_id)
    if known is None:
        return work.first(_FIND, request_id=request_id)
    return known[0] if known else None


def follow(work: UnitOfWork, event: Event, public_url: str) -> None:
    """A request was lodged or moved: remember whom to tell, and tell what is worth telling."""
    data = event.data
    row = _find(work, event.subject)
    contact = data.get("contact") or (row.contact if row else None)
    # With several departments at once the file lies in none of them: the next one it comes to is told.
    before = row.department if row and data["state_kind"] != "parallel" else None
    known = {"contact": contact, "department": data.get("department") or before, "outcome": data.get("outcome")}
    if row is not None:
        work.write(_CHANGE, expect=1, key=event.subject, seen=row.version, **known)
        told = _told(row)
    elif event.type == requests.SUBMITTED.name or contact:
        work.write(_ADD, request_id=event.subject, version=1, tracking_number=data["tracking_number"],
                   service_name=data["service_name"], unit=data["unit"], language=data["language"],
                   service=data.get("service_code"), lodged_at=data.get("lodged_at"), **known)
        told = Told(data["tracking_number"], data["service_name"], data["language"], unit=data["unit"])
    else:
        raise RecipientUnknown(f"request {event.subject} is not known yet")
    opened = _opened(work, event)
    teller = Teller(work, event, event.subject, contact, public_url)
    teller.tell(told, lambda of: occasions.of_request(opened, of, public_url))
    if data.get("rating") and data.get("outcome") in RATED_OUTCOMES and data["outcome"] != told.outcome:
        token = work.privacy.open(data["rating"], ring=CONTACT_RING, field=RATING_FIELD)
        teller.tell(told, lambda of: occasions.of_rating(event, token, of, public_url))


def _opened(work: UnitOfWork, event: Event) -> Event:
    """The event with its note to be read. The first events carried it in the clear."""
    note = event.data.get("note")
    if not note or not note.startswith(_SEALED):
        return event
    return replace(event, data={**event.data, "note": work.privacy.open(note, ring=CONTACT_RING, field=NOTE_FIELD)})


def tell_of_bill(work: UnitOfWork, event: Event, public_url: str) -> None:
    """A bill of the request changed."""
    _tell(work, event, public_url, lambda told: occasions.of_bill(event, told, public_url))


def tell_of_licence(work: UnitOfWork, event: Event, public_url: str) -> None:
    """The licence of the request was issued."""
    _tell(work, event, public_url, lambda told: occasions.of_licence(event, told, public_url))


def tell_of_document(work: UnitOfWork, event: Event, public_url: str) -> None:
    """A document of the request was refused."""
    _tell(work, event, public_url, lambda told: occasions.of_document(event, told, public_url))


def tell_of_reminder(work: UnitOfWork, event: Event, public_url: str) -> None:
    """The time to complete the request comes to its end."""
    _tell(work, event, public_url, lambda told: occasions.of_reminder(event, told, public_url))


def correct(work: UnitOfWork, event: Event, public_url: str) -> None:
    """A clerk corrected the request. Whoever was reached so far is told, at the address known so far: a wrong
    correction cannot hide itself. From then on the corrected contact is used."""
    request_id, row = _tell(work, event, public_url, lambda told: occasions.of_correction(told, public_url))
    if event.data.get("contact"):
        work.write(_CHANGE, expect=1, key=request_id, seen=row.version, contact=event.data["contact"],
                   department=row.department, outcome=row.outcome)


def tell_of_deemed(work: UnitOfWork, event: Event, public_url: str) -> None:
    """Silence was taken for an answer."""
    _tell(work, event, public_url, lambda told: occasions.of_deemed(event, told, public_url))


def tell_of_visit(work: UnitOfWork, event: Event, public_url: str) -> None:
    """What became of a visit is told to the request's applicant; where no request is behind it, to whom the event
    says."""
    data = event.data
    if data.get("change") is None:
        return

    def occasion(told: Told) -> Occasion | None:
        return occasions.of_visit(replace(event, data={**data, "language": told.language}), public_url)

    if data.get("request_id"):
        _tell(work, event, public_url, occasion)
    else:
        told = Told(data.get("tracking_number") or "", data["service_name"], data["language"], unit=data.get("unit"))
        Teller(work, event, event.subject, data["contact"], public_url).tell(told, occasion)


def tell_after(work: UnitOfWork, event: Event, public_url: str, occasion_of: AfterOccasion) -> None:
    """Something came after the request: what `occasion_of` makes of it is told, with the reason that the event carries
    sealed."""
    note = event.data.get("note")
    opened = work.privacy.open(note, ring=CONTACT_RING, field=NOTE_FIELD) if note else None
    _tell(work, event, public_url, lambda told: occasion_of(event, told, public_url, opened))


def forget(work: UnitOfWork, request_id: UUID) -> None:
    """The request's time is over: nobody is reached about it any more, and what was written to the applicant goes."""
    work.write(_FORGET, request_id=request_id)
    work.write(_FORGET_MESSAGES, request_id=request_id)


def _of(work: UnitOfWork, event: Event) -> tuple[UUID, Any]:
    request_id = _request_of(event)
    row = _find(work, request_id)
    if row is None:
        raise RecipientUnknown(f"request {request_id} is not known yet")
    return request_id, row


def _told(row: Any) -> Told:
    return Told(row.tracking_number, row.service_name, row.language, row.department, row.outcome, row.unit)


def _tell(work: UnitOfWork, event: Event, public_url: str, make: Make) -> tuple[UUID, Any]:
    """Tell the applicant of the request that an event is about; the request and its recipient."""
    request_id, row = _of(work, event)
    Teller(work, event, request_id, row.contact, public_url).tell(_told(row), make)
    return request_id, row


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells one citizen of one event, at every address and in the language chosen for each. An address that a channel
    cannot use was refused at intake already; here it is counted and passed over, because the other channel must go on
    all the same."""

    work: UnitOfWork
    event: Event
    request_id: UUID
    sealed: str | None
    public_url: str

    def tell(self, told: Told, make: Make) -> None:
        """One message a channel, if this is worth any. `make`: the occasion for whoever hears it as `told` says."""
        occasion = make(told)
        if occasion is None or self.sealed is None:
            return
        kind, contact = KINDS[occasion.template], _open(self.work, self.sealed)
        found = preferences.addresses_of(contact)
        addresses = [one for channel, one in found.items() if one is not None and channel in kind.channels]
        for channel in [channel for channel, one in found.items() if one is None and channel in kind.channels]:
            metrics.UNADDRESSABLE.labels(channel).inc()
        drafts: list[Draft] = []
        for address in addresses:
            choice = self._choice(address, addresses)
            if not choice.receive and not kind.legal:
                self.work.after_commit(metrics.WITHHELD.labels(address.channel).inc)
                continue
            language = choice.language or told.language
            worded = occasion if language == told.language else make(replace(told, language=language))
            if worded is not None:
                drafts.append(self._draft(address, language, worded, told.unit, name_of(contact)))
        messages.create(self.work, self.request_id, occasion.cause or self.event.id, drafts)

    def _choice(self, address: Address, all_of_them: Sequence[Address]) -> preferences.Choice:
        known = messages.chosen(self.work, address)
        if known is None:
            messages.look_up(self.work, [self.request_id], all_of_them)
            known = messages.chosen(self.work, address)
        return known or preferences.DEFAULT

    def _draft(self, address: Address, language: str, occasion: Occasion, unit: str | None, name: str | None) -> Draft:
        kind, message_id = KINDS[occasion.template], uuid7()
        template = template_store.in_force(self.work, occasion.template)
        if address.channel == EMAIL:
            key = preference_links.token(self.work.privacy, message_id)
            said = templates.render_email(template, language, occasion.values, name or _NAMELESS[language],
                                          preference_links.page(self.public_url, language, key))
            content = {"subject": said.subject, "plain": said.plain, "html": said.html,
                       "stop": preference_links.one_click(self.public_url, language, key)}
        else:
            content = {"text": templates.render_sms(template, language, occasion.values)}
        return Draft(address.channel, address.address, template.code, template.version, language, content,
                     lane=kind.lane, legal=kind.legal, unit=unit, id=message_id)


def _open(work: UnitOfWork, sealed: str) -> dict[str, Any]:
    opened: dict[str, Any] = json.loads(work.privacy.open(sealed, ring=CONTACT_RING, field=CONTACT_FIELD))
    return opened
