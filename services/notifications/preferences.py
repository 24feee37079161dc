"""What citizens chose about being written to: by address, so that it holds whatever a message is about.

An address is found by its keyed hash and by nothing else. To stop messages stops them on that address alone, which is
one channel; legal notices go on, and whoever chooses is told so. The language chosen for an address goes before that of
a request. Every choice is kept with its moment and the door through which it came.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules.arabic import western_digits
from rules.identity import mask_email, mask_phone, parse_email, parse_mobile
from rules.refusal import Refusal, refuse
from services.notifications import preference_links
from services.notifications.tables import message, recipient
from services.notifications.tables_preferences import preference, preference_address, preference_choice

SET = "preference.set"
ADDRESS = "notifications.address"  # the field under which addresses are sealed
CHOSEN = "notifications.preference"  # and that under which they are looked for here
_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
CONTACT_RING, CONTACT_FIELD = "contact", "requests.contact"

_FIND = Statement(
    text(
        "SELECT a.lookup, p.* FROM preference_address AS a JOIN preference AS p ON p.id = a.preference_id "
        "WHERE a.lookup = ANY(:lookups)"
    ).bindparams(bindparam("lookups", type_=ARRAY(LargeBinary))))
_ADD = Statement.insert(preference)
_ADD_ADDRESS = Statement.insert(preference_address)
_CHANGE = Statement(
    update(preference).where(preference.c.id == bindparam("key"), preference.c.version == bindparam("seen"))
    .values(version=bindparam("seen") + 1, opted_out_at=bindparam("stopped", type_=DateTime(timezone=True)),
            language=bindparam("chosen"), changed_at=bindparam("at")))
_CHOICE = Statement.insert(preference_choice, "preference_id", "at", "door", "actor_id", "opted_out", "language")
_CHOICES = Statement(
    select(preference_choice).where(preference_choice.c.preference_id == bindparam("preference_id"))
    .order_by(preference_choice.c.id.desc()).limit(50))
_CONTACT = Statement(select(recipient.c.contact).where(recipient.c.request_id == bindparam("request_id")))
_WRITTEN_TO = Statement(select(message.c.channel, message.c.address).where(message.c.id == bindparam("id")))


class Door(StrEnum):
    """How a choice came to us."""

    PAGE = "page"  # the citizen, with tracking number and the phone's digits
    LINK = "link"  # the citizen, by the link of a message
    ONE_CLICK = "one_click"  # a mailbox in the citizen's name (RFC 8058)
    REPLY = "reply"  # an SMS sent back
    WINDOW = "window"  # a clerk, in the citizen's presence


@dataclass(frozen=True, slots=True)
class Address:
    channel: str
    address: str

    @property
    def masked(self) -> str:
        return mask_phone(self.address) if self.channel == "sms" else mask_email(self.address)

    @property
    def key(self) -> str:
        """What is hashed: a choice for an e-mail address holds however its letters are written."""
        return self.address.casefold()


@dataclass(frozen=True, slots=True)
class Choice:
    """What holds for an address. `language` None: that of each request."""

    receive: bool = True
    language: str | None = None


DEFAULT = Choice()


def own(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """What stands for the addresses that the caller may choose for: those of a request, proven by the phone's last four
    digits, or the one that a message went to, proven by its link. Addresses are masked. Refuses tracking_unknown and
    preference_link_unknown."""
    return _shown(work, _proven(work, body))


Tell = Callable[[UnitOfWork, Address, str, UUID], None]
"""Tells an address, in a language, that messages to it were stopped."""


def choose(work: UnitOfWork, body: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """The citizen's own choice, by channel; what stands after it. Whoever did not come by the address itself has it
    told that messages to it were stopped. Refuses as `own` does, and preference_no_address for a channel on which
    nobody is written to."""
    addresses = {one.channel: one for one in _proven(work, body)}
    missing = [index for index, one in enumerate(body["choices"]) if one["channel"] not in addresses]
    if missing:
        raise refuse("preference_no_address", f"choices/{missing[0]}/channel")
    chosen = {addresses[one["channel"]]: Choice(one["receive"], one["language"]) for one in body["choices"]}
    standing = _standing(work, list(addresses.values()))
    door = Door.LINK if body.get("token") else Door.PAGE
    for address, choice in chosen.items():
        before = standing.get(address)
        preference_id = keep(work, address, choice, door, before)
        if door is Door.PAGE and not choice.receive and _choice_of(before).receive:
            tell(work, address, choice.language or "ar", preference_id)
    return _answer([(address, chosen.get(address) or _choice_of(standing.get(address)))
                    for address in addresses.values()])


def stop(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Stop messages to the address that this link's message went to, with one click of a mailbox (RFC 8058)."""
    addresses = _proven(work, body)
    for address in addresses:
        row = _standing(work, [address]).get(address)
        keep(work, address, Choice(False, row.language if row else None), Door.ONE_CLICK, row)
    return {"stopped": True}


def of_address(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """For a window clerk: what stands for one phone or e-mail address, and how it came about. Refuses a number or
    address that is none. Reading it is recorded."""
    address = _typed(body)
    row = _standing(work, [address]).get(address)
    work.audit_read("preference.read", str(row.id) if row else "none", channel=address.channel)
    return {**_entry(address, _choice_of(row)), "history": _history(work, row)}


def set_for(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A window clerk sets what the citizen before them wishes; recorded with the clerk's name."""
    address = _typed(body)
    row = _standing(work, [address]).get(address)
    choice = Choice(body["receive"], body["language"])
    preference_id = keep(work, address, choice, Door.WINDOW, row)
    work.audit(SET, str(preference_id), channel=address.channel, receive=choice.receive, language=choice.language)
    return {**_entry(address, choice), "always": ALWAYS}


def keep(work: UnitOfWork, address: Address, choice: Choice, door: Door, row: Any | None) -> UUID:
    """Gather a choice and its place in the history; nothing when it stands already. `row` is the preference as it was
    read; a choice of somebody else in between makes the whole run again."""
    if row is not None and _choice_of(row) == choice:
        return UUID(str(row.id))
    stopped = None if choice.receive else (row.opted_out_at if row is not None and row.opted_out_at else work.now)
    if row is None:
        preference_id = uuid7()
        work.write(_ADD, id=preference_id, version=1, channel=address.channel,
                   address=work.privacy.seal(address.address, field=ADDRESS), opted_out_at=stopped,
                   language=choice.language, changed_at=work.now)
        for lookup in work.privacy.lookups(address.key, CHOSEN):
            work.write(_ADD_ADDRESS, lookup=lookup, preference_id=preference_id)
    else:
        preference_id = UUID(str(row.id))
        work.write(_CHANGE, expect=1, key=preference_id, seen=row.version, stopped=stopped, chosen=choice.language,
                   at=work.now)
    work.write(_CHOICE, preference_id=preference_id, at=work.now, door=door.value,
               actor_id=work.actor.id if door is Door.WINDOW else None, opted_out=not choice.receive,
               language=choice.language)
    return preference_id


def standing(work: UnitOfWork, address: Address) -> Any | None:
    """The row of what was chosen for an address, or None."""
    return _standing(work, [address]).get(address)


def addresses_of(contact: Mapping[str, Any]) -> dict[str, Address | None]:
    """Where a citizen can be written to, by channel; None where an address was given that the channel cannot use."""
    found: dict[str, Address | None] = {}
    if phone := contact.get("phone"):
        found["sms"] = Address("sms", phone) if _E164.fullmatch(phone) else None
    if email := contact.get("email"):
        try:
            found["email"] = Address("email", parse_email(email))
        except Refusal:
            found["email"] = None
    return found


ALWAYS = {
    "ar": "تصلك دائماً الإخطارات القانونية، كالقرارات والمواعيد والمبالغ المستحقة، ورموز الدخول التي تطلبها.",
    "en": "Legal notices always reach you: decisions, deadlines, money due; and so do the log-in codes you ask for.",
}


def _proven(work: UnitOfWork, body: Mapping[str, Any]) -> list[Address]:
    if body.get("token"):
        message_id = preference_links.read(work.privacy, body["token"])
        row = None if message_id is None else work.first(_WRITTEN_TO, id=message_id)
        if row is None or row.address is None:
            raise refuse("preference_link_unknown")
        return [Address(row.channel, work.privacy.open(row.address, field=ADDRESS))]
    sealed = work.scalar(_CONTACT, request_id=body["request_id"])
    if sealed is None:
        raise refuse("tracking_unknown")
    contact = json.loads(work.privacy.open(sealed, ring=CONTACT_RING, field=CONTACT_FIELD))
    digits = (contact.get("phone") or "")[-4:]
    if not digits or not hmac.compare_digest(digits.encode(), western_digits(body["phone_last4"]).strip().encode()):
        raise refuse("tracking_unknown")
    return [one for one in addresses_of(contact).values() if one is not None]


def _typed(body: Mapping[str, Any]) -> Address:
    if body.get("phone"):
        return Address("sms", parse_mobile(body["phone"], "phone"))
    if body.get("email"):
        return Address("email", parse_email(body["email"], "email"))
    raise refuse("field_required", "phone")


def _standing(work: UnitOfWork, addresses: Sequence[Address]) -> dict[Address, Any]:
    lookups = {work.privacy.lookup_settled(one.key, CHOSEN): one for one in addresses}
    rows = work.all(_FIND, lookups=list(lookups))
    return {lookups[row.lookup]: row for row in rows}


def _choice_of(row: Any | None) -> Choice:
    return DEFAULT if row is None else Choice(row.opted_out_at is None, row.language)


def _shown(work: UnitOfWork, addresses: Sequence[Address]) -> dict[str, Any]:
    rows = _standing(work, addresses)
    return _answer([(one, _choice_of(rows.get(one))) for one in addresses])


def _answer(chosen: Sequence[tuple[Address, Choice]]) -> dict[str, Any]:
    return {"addresses": [_entry(address, choice) for address, choice in chosen], "always": ALWAYS}


def _entry(address: Address, choice: Choice) -> dict[str, Any]:
    return {"channel": address.channel, "address": address.masked, "receive": choice.receive,
            "language": choice.language}


def _history(work: UnitOfWork, row: Any | None) -> list[dict[str, Any]]:
    return [] if row is None else [
        {"at": one.at, "door": one.door, "actor_id": one.actor_id, "receive": not one.opted_out,
         "language": one.language} for one in work.all(_CHOICES, preference_id=row.id)]
