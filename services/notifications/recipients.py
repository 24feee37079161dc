"""Whom to tell about a request, and telling: one message a channel for each event that is worth one.

The contact stays sealed as it came, under the ring that only those services hold who may reach a citizen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select, text, update

from chassis.database import Statement
from chassis.errors import NotYet
from chassis.uow import UnitOfWork
from contracts import requests
from contracts.events import Event
from rules.identity import parse_email
from rules.refusal import Refusal
from services.notifications import messages, metrics, occasions, templates
from services.notifications.messages import Draft
from services.notifications.occasions import Occasion, Told
from services.notifications.tables import recipient

CONTACT_RING, CONTACT_FIELD, NOTE_FIELD = "contact", "requests.contact", "requests.note"
RATING_FIELD, RATED_OUTCOMES = "requests.rating.token", ("approved", "rejected")
_SEALED = "v1."

# What came after a request, what is known of it, the public address, and the reason given, if one was.
AfterOccasion = Callable[[Event, Told, str, str | None], Occasion | None]

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
    messages.look_up(work, ids)


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
                   service_name=data["service_name"], unit=data["unit"], language=data["language"], **known)
        told = Told(data["tracking_number"], data["service_name"], data["language"])
    else:
        raise RecipientUnknown(f"request {event.subject} is not known yet")
    occasion = occasions.of_request(_opened(work, event), told, public_url)
    if occasion is not None:
        _tell(work, event.subject, contact, told.language, occasion.cause or event.id, occasion)
    if data.get("rating") and data.get("outcome") in RATED_OUTCOMES and data["outcome"] != told.outcome:
        token = work.privacy.open(data["rating"], ring=CONTACT_RING, field=RATING_FIELD)
        asked = occasions.of_rating(event, token, told, public_url)
        _tell(work, event.subject, contact, told.language, asked.cause or event.id, asked)


def _opened(work: UnitOfWork, event: Event) -> Event:
    """The event with its note to be read. The first events carried it in the clear."""
    note = event.data.get("note")
    if not note or not note.startswith(_SEALED):
        return event
    return replace(event, data={**event.data, "note": work.privacy.open(note, ring=CONTACT_RING, field=NOTE_FIELD)})


def tell_of_bill(work: UnitOfWork, event: Event, public_url: str) -> None:
    """A bill of the request changed."""
    request_id, row = _of(work, event)
    occasion = occasions.of_bill(event, _told(row), public_url)
    if occasion is not None:
        _tell(work, request_id, row.contact, row.language, occasion.cause or event.id, occasion)


def tell_of_licence(work: UnitOfWork, event: Event, public_url: str) -> None:
    """The licence of the request was issued."""
    request_id, row = _of(work, event)
    _tell(work, request_id, row.contact, row.language, event.id, occasions.of_licence(event, _told(row), public_url))


def tell_of_document(work: UnitOfWork, event: Event, public_url: str) -> None:
    """A document of the request was refused."""
    request_id, row = _of(work, event)
    _tell(work, request_id, row.contact, row.language, event.id, occasions.of_document(event, _told(row), public_url))


def tell_of_reminder(work: UnitOfWork, event: Event, public_url: str) -> None:
    """The time to complete the request comes to its end."""
    request_id, row = _of(work, event)
    _tell(work, request_id, row.contact, row.language, event.id, occasions.of_reminder(event, _told(row), public_url))


def correct(work: UnitOfWork, event: Event, public_url: str) -> None:
    """A clerk corrected the request. Whoever was reached so far is told, at the address known so far: a wrong
    correction cannot hide itself. From then on the corrected contact is used."""
    request_id, row = _of(work, event)
    _tell(work, request_id, row.contact, row.language, event.id, occasions.of_correction(_told(row), public_url))
    if event.data.get("contact"):
        work.write(_CHANGE, expect=1, key=request_id, seen=row.version, contact=event.data["contact"],
                   department=row.department, outcome=row.outcome)


def tell_of_deemed(work: UnitOfWork, event: Event, public_url: str) -> None:
    """Silence was taken for an answer."""
    request_id, row = _of(work, event)
    _tell(work, request_id, row.contact, row.language, event.id, occasions.of_deemed(event, _told(row), public_url))


def tell_of_visit(work: UnitOfWork, event: Event, public_url: str) -> None:
    """What became of a visit is told to the request's applicant; where no request is behind it, to whom the event
    says."""
    occasion = occasions.of_visit(event, public_url)
    if occasion is None:
        return
    if event.data.get("request_id"):
        request_id, row = _of(work, event)
        _tell(work, request_id, row.contact, row.language, event.id, occasion)
    else:
        _tell(work, event.subject, event.data["contact"], event.data["language"], event.id, occasion)


def tell_after(work: UnitOfWork, event: Event, public_url: str, occasion_of: AfterOccasion) -> None:
    """Something came after the request: what `occasion_of` makes of it is told, with the reason that the event carries
    sealed."""
    request_id, row = _of(work, event)
    note = event.data.get("note")
    opened = work.privacy.open(note, ring=CONTACT_RING, field=NOTE_FIELD) if note else None
    occasion = occasion_of(event, _told(row), public_url, opened)
    if occasion is not None:
        _tell(work, request_id, row.contact, row.language, event.id, occasion)


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
    return Told(row.tracking_number, row.service_name, row.language, row.department, row.outcome)


def _tell(work: UnitOfWork, request_id: UUID, sealed: str | None, language: str, cause: UUID,
          occasion: Occasion) -> None:
    if sealed is None:
        return
    contact = json.loads(work.privacy.open(sealed, ring=CONTACT_RING, field=CONTACT_FIELD))
    template = templates.library()[occasion.template]
    draft = Draft("", "", template.code, template.version, language, {})
    drafts: list[Draft] = []
    phone = contact.get("phone")
    if phone and re.fullmatch(r"\+[1-9][0-9]{7,14}", phone):
        drafts.append(replace(draft, channel="sms", address=phone,
                              content={"text": templates.render_sms(template, language, occasion.values)}))
    elif phone:
        metrics.UNADDRESSABLE.labels("sms").inc()
    email = _email(contact.get("email"))
    if email:
        text = templates.render_email(template, language, occasion.values, contact.get("name") or _NAMELESS[language])
        drafts.append(replace(draft, channel="email", address=email,
                              content={"subject": text.subject, "plain": text.plain, "html": text.html}))
    messages.create(work, request_id, cause, drafts)


def _email(address: str | None) -> str | None:
    """An address fit for a header. One that is not was refused at intake already; here it is counted and passed over,
    because the SMS must go out all the same."""
    if not address:
        return None
    try:
        return parse_email(address)
    except Refusal:
        metrics.UNADDRESSABLE.labels("email").inc()
        return None
