"""Members of an audience, opened: where each is written to, in which language, with which values, or why not.

A list's members carry their own sealed address. An applicant's is read where the contact is kept, so that no second
copy of it lies anywhere, and one that was forgotten or corrected meanwhile is so here too.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from chassis.database import Each, Statement
from chassis.privacy import CannotOpen
from chassis.uow import UnitOfWork
from services.notifications import messages
from services.notifications.audience import CONTENT
from services.notifications.greeting import name_of
from services.notifications.preferences import CONTACT_FIELD, CONTACT_RING, Address, addresses_of
from services.notifications.tables import recipient
from services.notifications.tables_campaigns import audience_member

LOG = logging.getLogger(__name__)

MEMBER = "notifications.audience.address"  # the field under which members are hashed
NO_ADDRESS, REPEATED, UNREADABLE, OPTED_OUT = "no_address", "repeated", "unreadable", "opted_out"

_NEXT = Statement(
    select(audience_member)
    .where(audience_member.c.audience_id == bindparam("audience_id"), audience_member.c.place > bindparam("after"))
    .order_by(audience_member.c.place).limit(bindparam("most")))
_CONTACTS = Statement(
    select(recipient.c.request_id, recipient.c.contact)
    .where(recipient.c.request_id == func.any(bindparam("ids", type_=ARRAY(Uuid)))))
_KNOWN = Statement(
    select(audience_member.c.channel, audience_member.c.address_lookup, audience_member.c.line)
    .where(audience_member.c.audience_id == bindparam("audience_id"),
           audience_member.c.address_lookup == func.any(bindparam("lookups", type_=ARRAY(LargeBinary)))))
_MOVED = Each("UPDATE audience_member SET address_lookup = new.lookup FROM {rows} "
              "WHERE audience_member.audience_id = new.audience AND audience_member.place = new.at",
              audience="uuid", at="integer", lookup="bytea")


@dataclass(slots=True)
class Opened:
    """One member. `reason`: why nothing is written to it."""

    row: Any
    language: str
    address: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None


def hashed(work: UnitOfWork, address: str) -> bytes:
    """By what an address is known again: an e-mail address is the same however its letters are written."""
    return work.privacy.lookup(address.casefold(), MEMBER)


def following(work: UnitOfWork, audience_id: UUID, after: int, most: int) -> list[Any]:
    """The next members in their order."""
    return work.all(_NEXT, audience_id=audience_id, after=after, most=most)


def known(work: UnitOfWork, audience_id: UUID, lookups: Sequence[bytes]) -> dict[tuple[str, bytes], int | None]:
    """Which of these addresses are members already, by channel and hash, with their line."""
    return {(row.channel, row.address_lookup): row.line
            for row in work.all(_KNOWN, audience_id=audience_id, lookups=list(lookups))}


def opened(work: UnitOfWork, rows: Sequence[Any]) -> list[Opened]:
    """These members, whatever they chose about being written to."""
    ids = [row.request_id for row in rows if row.request_id is not None]
    contacts = {row.request_id: row.contact for row in work.all(_CONTACTS, ids=ids)} if ids else {}
    return [_opened(work, row, contacts) for row in rows]


def reachable(work: UnitOfWork, rows: Sequence[Any]) -> list[Opened]:
    """These members as they are written to now: in the language that each chose, without those who want nothing, and
    each address once though a contact was corrected since."""
    found = opened(work, rows)
    _once(work, found)
    addresses = {id(one): Address(one.row.channel, one.address) for one in found if one.reason is None}
    messages.look_up(work, [], addresses.values())
    for one in found:
        choice = messages.chosen(work, addresses[id(one)]) if one.reason is None else None
        if choice is not None:
            one.language = choice.language or one.language
            one.reason = None if choice.receive else OPTED_OUT
    return found


def _opened(work: UnitOfWork, row: Any, contacts: Mapping[UUID, str | None]) -> Opened:
    member = Opened(row, row.language)
    try:
        if row.content is not None:
            told = json.loads(work.privacy.open(row.content, field=CONTENT))
            member.address, member.values = told["to"], told["values"]
            return member
        sealed = contacts.get(row.request_id)
        contact = {} if sealed is None else json.loads(work.privacy.open(sealed, ring=CONTACT_RING,
                                                                         field=CONTACT_FIELD))
        member.address = addresses(contact).get(row.channel, "")
        name = name_of(contact)
        member.values = {"name": name} if name else {}
        member.reason = None if member.address else NO_ADDRESS
    except (CannotOpen, ValueError, KeyError):  # one that is damaged holds up nobody else
        LOG.exception("member %s of audience %s cannot be read", row.place, row.audience_id)
        member.reason = UNREADABLE
    return member


def addresses(contact: Mapping[str, Any]) -> dict[str, str]:
    """What of an applicant's contact each channel can use."""
    return {channel: one.address for channel, one in addresses_of(contact).items() if one is not None}


def _once(work: UnitOfWork, found: Sequence[Opened]) -> None:
    """A contact that was corrected may be another member's address by now."""
    other = [one for one in found
             if one.reason is None and not work.privacy.known(one.row.address_lookup, one.address.casefold(), MEMBER)]
    if not other:
        return
    lookups = {id(one): hashed(work, one.address) for one in other}
    taken = set(known(work, other[0].row.audience_id, list(lookups.values())))
    for one in other:
        key = (one.row.channel, lookups[id(one)])
        if key in taken:
            one.reason = REPEATED
            continue
        taken.add(key)
        work.write(_MOVED, audience=one.row.audience_id, at=one.row.place, lookup=key[1])
