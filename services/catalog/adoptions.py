"""Proposals of what a governorate offers: a service of the national guide with the values that are its own to set, or
a service offered no longer. Also what other governorates told of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson
from marshmallow import Schema, fields, validate
from sqlalchemy import text

from chassis.answers import load
from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.events import Event
from rules import overrides
from rules.calendar import cairo_date
from rules.differences import differences
from rules.editions import in_force
from rules.refusal import Fault, Refusal
from services.catalog import localising, publishing, records
from services.catalog.definitions import code_of, early_faults, first_end
from services.catalog.proposals import Kind, Proposal
from services.catalog.records import Record
from services.catalog.succession import National

CENTRE = "EG"

_KEEP = Statement(
    text(
        "INSERT INTO adoption (governorate, code, version, offered, overrides, effective_from, state, faults, "
        "national_version, decided_by, decided_at) VALUES (:governorate, :code, :version, :offered, "
        "CAST(:overrides AS jsonb), :effective_from, :state, CAST(:faults AS jsonb), "
        "CAST(:national_version AS integer), :decided_by, :decided_at) ON CONFLICT DO NOTHING"
    )
)


_LIST = Statement(
    text(
        "SELECT n.code, n.name, n.version AS newest_version, a.version, a.offered, a.overrides, a.effective_from, "
        "a.state, a.faults, a.national_version FROM (SELECT DISTINCT ON (code) code, version, body -> 'name' AS name "
        "FROM national_version WHERE CAST(:code AS text) IS NULL OR code = :code ORDER BY code, version DESC) n "
        "LEFT JOIN (SELECT DISTINCT ON (code) * FROM adoption WHERE governorate = :governorate "
        "ORDER BY code, version DESC) a ON a.code = n.code "
        "WHERE CAST(:state AS text) IS NULL OR a.state = :state ORDER BY n.code"
    )
)


class Adoption(Schema):
    """Body of a proposal about what the governorate offers. `overrides` are the values of its own, by their path."""

    code = fields.String(required=True, validate=validate.Regexp(r"[a-z][a-z0-9-]{0,59}\Z"))
    offered = fields.Boolean(required=True, truthy={True}, falsy={False})
    overrides = fields.Dict(load_default=dict, keys=fields.String())


def take(work: UnitOfWork, event: Event) -> None:
    """Keep what another governorate told of its part of the guide. A node knows its own best."""
    data = event.data
    if data["governorate"] == work.settings.node:
        return
    work.write(
        _KEEP,
        governorate=data["governorate"],
        code=data["code"],
        version=event.sequence,
        offered=data["offered"],
        overrides=_json(data["overrides"]),
        effective_from=date.fromisoformat(data["effective_from"]),
        state=data["state"],
        faults=_json(data["faults"]),
        national_version=data["national_version"],
        decided_by=event.source,
        decided_at=event.time,
    )


def listing(work: UnitOfWork, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Every service of the national guide and what this governorate decided of it; with one code, also what it may
    set."""
    rows = work.all(_LIST, governorate=work.settings.node, code=asked["code"], state=asked["state"])
    found = []
    for row in rows:
        one = {**row._asdict(), "offered": bool(row.offered), "overrides": row.overrides or {},
               "faults": row.faults or [], "effective_from": row.effective_from and row.effective_from.isoformat()}
        if asked["code"] is not None:
            newest = records.read(work, row.code).newest
            one["allowed"] = overrides.allowed(newest.body) if newest else []
        found.append(one)
    return {"governorate": work.settings.node, "adoptions": found}


def standing(work: UnitOfWork, code: str) -> int:
    """The newest decision of this governorate on a service, by the version that recorded it; 0 for none. Versions that
    only say that a newer national version was followed are no decisions."""
    decided, before = 0, None
    for one in records.read(work, code).adoptions:
        content = (one.offered, one.overrides, one.effective_from)
        decided, before = (decided if content == before else one.version), content
    return decided


def _closed(work: UnitOfWork) -> Fault | None:
    return Fault("adoption_at_centre") if work.settings.node == CENTRE else None


def _check(work: UnitOfWork, body: Mapping[str, Any], effective_from: date | None) -> list[Fault]:
    faults: list[Fault] = []
    loaded: dict[str, Any] | None = None
    try:
        loaded = load(Adoption(), dict(body))
    except Refusal as refusal:
        faults += refusal.faults
    code = code_of(body)
    if not code:
        return faults
    record, today = records.read(work, code), cairo_date(work.now)
    if effective_from is not None and effective_from < today:
        faults.append(Fault("effective_date_past", "effective_from",
                            {"date": effective_from.isoformat(), "today": today.isoformat()}))
    last = record.adoption
    if effective_from is not None and last is not None and effective_from < last.effective_from:
        faults.append(Fault("effective_date_overlaps", "effective_from",
                            {"version": last.version, "taken": last.effective_from.isoformat()}))
    offered = loaded["offered"] if loaded else body.get("offered") is not False
    given = loaded["overrides"] if loaded else body.get("overrides")
    own = given if isinstance(given, Mapping) and all(isinstance(path, str) for path in given) else {}
    day = max(effective_from or _first_day(record, offered, today), today)
    national = in_force(record.nationals, record.national_retired, day)
    if offered:
        faults += _offer_faults(code, national, own, day)
    elif effective_from is not None and record.editions:
        faults += early_faults(record, effective_from)
    if loaded and _same(record, offered, own):
        faults.append(Fault("nothing_changed", "body"))
    return faults


def _offer_faults(code: str, national: National | None, own: Mapping[str, Any], day: date) -> list[Fault]:
    if national is None:
        return [Fault("adoption_service_unknown", "code", {"code": code, "date": day.isoformat()})]
    return list(localising.localised(national.body, own)[1])


def _same(record: Record, offered: bool, own: Mapping[str, Any]) -> bool:
    last = record.adoption
    if last is None:
        return not offered
    return last.offered == offered and dict(last.overrides) == dict(own) and last.state == "settled"


def _first_day(record: Record, offered: bool, today: date) -> date:
    """The first day from which a decision can hold, when its author names none."""
    last = record.adoption
    first = max(today, last.effective_from) if last else today
    if not offered:
        return max(first, first_end(record, today)) if record.editions else first
    coming = min((one.effective_from for one in record.nationals), default=first)
    return max(first, coming)


def _apply(work: UnitOfWork, proposal: Proposal) -> dict[str, Any]:
    body = load(Adoption(), dict(proposal.body))
    record = records.read(work, body["code"])
    day = proposal.effective_from or _first_day(record, body["offered"], cairo_date(work.now))
    return publishing.offer(work, record, offered=body["offered"], overrides=body["overrides"], effective_from=day)


def _difference(work: UnitOfWork, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What changes for the governorate's people: its edition now against its edition then."""
    code = code_of(body)
    record = records.read(work, code) if code else None
    if record is None or record.newest is None:
        return []
    today = cairo_date(work.now)
    national = in_force(record.nationals, record.national_retired, today) or record.newest
    last = in_force(record.adoptions, (), today)
    before: Mapping[str, Any] = localising.localised(national.body, last.overrides)[0] if last and last.offered else {}
    after: Mapping[str, Any] = {}
    if body.get("offered") is not False:
        own = body.get("overrides")
        after = localising.localised(national.body, own if isinstance(own, Mapping) else {})[0]
    return differences(before, after)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


ADOPTION = Kind(
    code="adoption",
    propose="guide.adopt",
    approvals=("guide.approve_adoption",),
    subject=code_of,
    check=_check,
    apply=_apply,
    difference=_difference,
    standing=standing,
    closed=_closed,
)
