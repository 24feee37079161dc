"""What people see of the messages: counts and times for staff, one public figure, and what a citizen was told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.types import LargeBinary, Text, Uuid

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.notifications_seen import LONGEST
from rules.calendar import cairo_date
from rules.identity import parse_email, parse_mobile
from rules.refusal import Fault, Refusal, refuse
from services.notifications import messages, tally
from services.notifications.kinds import Lane, name_of
from services.notifications.tables import message, recipient

PUBLIC_DAYS = 30
_PUBLIC_LANES = (Lane.CODE, Lane.STEP)  # a campaign goes out as slowly as it is told to

READ = "message.read"

_REQUEST = Statement(select(recipient.c.request_id, recipient.c.unit)
                     .where(recipient.c.tracking_number == bindparam("number")))
_OF_REQUEST = Statement(select(message).where(message.c.request_id == bindparam("request_id"))
                        .order_by(message.c.created_at, message.c.id).limit(500))
# The newest first: ids are of the moment they were made at.
_OF_ADDRESS = Statement(text(
    "SELECT * FROM message WHERE address_lookup = :lookup AND (CAST(:before AS uuid) IS NULL OR id < :before) "
    "AND (CAST(:unit AS text) IS NULL OR unit = :unit) ORDER BY id DESC LIMIT :most").bindparams(
        bindparam("lookup", type_=LargeBinary), bindparam("before", type_=Uuid), bindparam("unit", type_=Text)))


def counts(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Counts and times from one side. Refuses counts_reversed, counts_too_long."""
    since, until = body["since"], body["until"]
    if until < since:
        raise Refusal([Fault("counts_reversed", "until")])
    if (until - since).days >= LONGEST:
        raise Refusal([Fault("counts_too_long", "until", {"days": LONGEST})])
    own = work.actor.unit if body["by"] == "unit" else None
    rows = tally.counts(work, body["by"], since, until, own)
    return {"since": since, "until": until, "by": body["by"], "as_of": work.now,
            "rows": [{**row, "name": name_of(row["key"]) if body["by"] == "template" else None} for row in rows]}


def performance(work: UnitOfWork) -> dict[str, Any]:
    """How long messages took to arrive in the last full days: for anybody to read."""
    until = cairo_date(work.now) - timedelta(days=1)
    since = until - timedelta(days=PUBLIC_DAYS - 1)
    found = [one for one in tally.counts(work, "lane", since, until) if int(one["key"]) in map(int, _PUBLIC_LANES)]
    return {"since": since, "until": until, "channels": [
        {"channel": one["channel"], "lane": Lane(int(one["key"])).name.lower(), "made": one["created"],
         "sent": one["sent"], "delivered": one["delivered"],
         "time": one["time"]["delivered" if one["channel"] == "sms" else "sent"]} for one in found]}


def of_request(work: UnitOfWork, tracking_number: str) -> dict[str, Any]:
    """What was sent about a request, oldest first. Refuses messages_unknown, and `forbidden` outside the own unit."""
    known = work.first(_REQUEST, number=tracking_number)
    if known is None:
        raise refuse("messages_unknown", "tracking_number")
    work.require(READ, unit=known.unit)
    work.audit_read(READ, str(known.request_id))
    return {"messages": [messages.shown(work, row) for row in work.all(_OF_REQUEST, request_id=known.request_id)]}


def of_address(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent to one address, the newest first; a person of a unit sees that unit's. Refuses
    address_malformed."""
    address = _parse(body["address"])
    lookup = work.privacy.lookup(address, messages.ADDRESS)
    unit = work.actor.unit
    rows = work.all(_OF_ADDRESS, lookup=lookup, before=body["before"], unit=unit, most=body["limit"] + 1)
    shown = rows[:body["limit"]]
    work.audit_read("message.read_address", lookup.hex()[:16], messages=len(shown))
    return {"messages": [messages.shown(work, row) for row in shown],
            "next": shown[-1].id if len(rows) > len(shown) else None}


def _parse(typed: str) -> str:
    try:
        return parse_email(typed) if "@" in typed else parse_mobile(typed)
    except Refusal as refusal:
        raise refuse("address_malformed", "address") from refusal
