"""The organisation as it is asked for: what stands on a day, how it came about, who works where, which days are off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import calendar
from rules.calendar import HOLIDAY, WEEKDAYS, WORKING_DAY, Calendar, cairo_date
from rules.organisation import ADD, CLOSE, Organisation, Version, version_on
from rules.organisation_base import base
from rules.organisation_kinds import EMPLOYEE, HOURS, KINDS, UNIT, WEEKDAY_NAMES, Key, references
from rules.organisation_kinds import HOLIDAY as DECREES
from rules.refusal import Refusal, refuse
from services.catalog import organisation_people as people
from services.catalog import organisation_records as records

_PROPOSAL = Statement(text("SELECT body FROM proposal WHERE id = :id AND kind = 'organisation'"))
# Who works on the organisation may know who is meant; whoever else reads it sees masks.
_OF_NAMES = ("organisation.propose", "organisation.review_council", "organisation.review_follow_up")
RECEIVED = "received"  # in place of an operation: so the centre told it
_FORECAST = "estimated"  # the library's word in the English name of a day that the sighting of the moon decides


def listing(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A page of what stands on a day, of one kind, by code."""
    _, organisation = records.read(work)
    kind, day = body["kind"], body["on"] or cairo_date(work.now)
    found: list[tuple[str, Version]] = []
    for key, version in organisation.on(day, kind):
        if body["after"] is not None and key[1] <= body["after"]:
            continue
        named = {one for _, (_, one) in references(key, version.body)}
        if body["parent"] is not None and body["parent"] not in named:
            continue
        found.append((key[1], version))
        if len(found) > body["limit"]:
            break
    page = found[: body["limit"]]
    return {
        "on": day.isoformat(),
        "entities": [{"kind": kind, "code": code, **_shown(work, kind, version)} for code, version in page],
        "next": page[-1][0] if len(found) > len(page) else None,
    }


def history(work: UnitOfWork, kind: str, code: str) -> dict[str, Any]:
    """Every version of an entity that ever counted or will, with who proposed and who approved it. `valid_until` is
    what came of it: a later version may have ended it earlier than it said itself. Refuses organisation_unknown."""
    _, organisation = records.read(work)
    first, timeline = base().get((kind, code), ()), organisation.timeline((kind, code))
    if not timeline:
        raise _unknown((kind, code))
    ends = {version.valid_from: version.valid_until for version in timeline}
    versions = [
        {
            "version": 0, "op": ADD, **_shown(work, kind, replace(version, valid_until=ends[version.valid_from])),
            "proposal_id": None, "proposed_by": None, "edited_by": [], "approved_by": [], "at": None,
        }
        for version in first
    ]
    versions += [
        {
            "version": row.version, "op": row.op, "valid_from": row.valid_from.isoformat(),
            "valid_until": _iso(None if row.op == CLOSE else ends.get(row.valid_from, row.valid_until)),
            "body": None if row.body is None else _body(work, kind, row.body), "proposal_id": str(row.proposal_id),
            "proposed_by": row.author, "edited_by": row.editors or [], "approved_by": row.approvals or [],
            "at": row.recorded_at.isoformat(),
        }
        for row in records.history(work, kind, code)
    ]
    told = records.received(work).get((kind, code))
    versions += [] if told is None else [
        {
            "version": told.version, "op": RECEIVED, **_shown(work, kind, version), "proposal_id": None,
            "proposed_by": None, "edited_by": [], "approved_by": [], "at": told.received_at.isoformat(),
        }
        for version in timeline
    ]
    return {"kind": kind, "code": code, "versions": versions}


def employee(work: UnitOfWork, code: str, proposal_id: UUID | None) -> dict[str, Any]:
    """Who works under a code today, or would by a proposal, by name. For those who propose or review changes of
    the organisation. The reading is recorded. Refuses forbidden, organisation_unknown."""
    if not any(work.actor.permits(permission) for permission in _OF_NAMES):
        work.require(_OF_NAMES[0])
    if proposal_id is None:
        _, organisation = records.read(work)
        version = version_on(organisation.timeline((EMPLOYEE, code)), cairo_date(work.now))
        said = None if version is None else version.body
    else:
        said = _proposed(work, code, proposal_id)
    name = None if said is None else people.open_name(work, said)
    if said is None or name is None:
        raise _unknown((EMPLOYEE, code))
    work.audit("employee.read", code, **({} if proposal_id is None else {"proposal": str(proposal_id)}))
    return {"code": code, "name": name, "body": people.shown(work, said)}


def _proposed(work: UnitOfWork, code: str, proposal_id: UUID) -> Mapping[str, Any] | None:
    proposed = work.scalar(_PROPOSAL, id=proposal_id)
    operations = proposed.get("operations") if isinstance(proposed, dict) else None
    for operation in operations if isinstance(operations, list) else []:
        about = (operation.get("kind"), operation.get("code")) if isinstance(operation, dict) else None
        if about == (EMPLOYEE, code) and isinstance(operation.get("body"), dict):
            return dict(operation["body"])
    return None


def year(work: UnitOfWork, number: int, unit: str | None) -> dict[str, Any]:
    """Each non-working day of a year and why, and each day that a decree makes a working day. Refuses
    organisation_unknown for a unit that never was."""
    _, organisation = records.read(work)
    governorate: str | None = work.settings.node
    if unit is not None:
        timeline = organisation.timeline((UNIT, unit))
        if not timeline:
            raise _unknown((UNIT, unit))
        governorate = timeline[-1].body.get("governorate")
    told = [[version.as_dict() for version in timeline]
            for key, timeline in organisation.timelines.items() if key[0] == DECREES]
    decreed = calendar.decrees(told, governorate=governorate, unit=unit)
    worked = Calendar.of_decrees(told, governorate=governorate, unit=unit, hours=hours_of(organisation, unit))
    days = (date(number, 1, 1) + timedelta(days=n) for n in range((date(number + 1, 1, 1) - date(number, 1, 1)).days))
    shown = (_day(day, worked, decreed.get(day)) for day in days)
    return {"year": number, "unit": unit, "governorate": governorate, "days": [one for one in shown if one is not None]}


def hours_of(organisation: Organisation, unit: str | None) -> list[dict[str, Any]]:
    """The timeline of a unit's working hours, under whatever codes they were kept one after the other."""
    versions = [version for key, timeline in organisation.timelines.items() if key[0] == HOURS
                for version in timeline if (version.body["of"]["kind"], version.body["of"]["code"]) == (UNIT, unit)]
    return [version.as_dict() for version in sorted(versions, key=lambda version: version.valid_from)]


def _day(day: date, worked: Calendar, decree: calendar.Decree | None) -> dict[str, Any] | None:
    if decree is not None:
        number = {"number": decree.number, "date": _iso(decree.dated)}
        return _told(day, decree.effect == WORKING_DAY, "decree", decree.names, decree=number)
    public = {language: calendar.public_holidays(day.year, language).get(day) for language in ("ar", "en")}
    if public["ar"] is not None:
        return _told(day, False, HOLIDAY, public, forecast=_FORECAST in str(public["en"]))
    if not worked.is_working(day):
        weekday = WEEKDAYS[day.weekday()]
        return _told(day, False, "weekend", {"ar": WEEKDAY_NAMES[weekday], "en": weekday.capitalize()})
    return None


def _told(day: date, working: bool, why: str, name: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"date": day.isoformat(), "working": working, "why": why, "name": dict(name), "decree": None,
            "forecast": False, **more}


def _shown(work: UnitOfWork, kind: str, version: Version) -> dict[str, Any]:
    return {**version.as_dict(), "body": _body(work, kind, version.body)}


def _body(work: UnitOfWork, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return people.shown(work, body) if kind == EMPLOYEE else dict(body)


def _unknown(key: Key) -> Refusal:
    return refuse("organisation_unknown", "code", kind_ar=KINDS[key[0]]["ar"], kind_en=KINDS[key[0]]["en"], code=key[1])


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
