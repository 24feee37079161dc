"""Agreements: what an agency may have. Whatever is not named in one stays with the platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, text

from chassis.database import Statement
from contracts.agency_events import OFFERED
from rules import places
from rules.calendar import cairo_date
from rules.refusal import Fault, Refusal, refuse
from services.gateway.agencies import registry
from services.gateway.tables_agencies import agreement

LONGEST_YEARS = 5
_MOST_FIELDS = 200

_ADD = Statement.insert(agreement, "id", "agency_id", "reference", "events", "services", "governorates", "fields",
                        "valid_from", "valid_until", "made_at", "made_by", "version")  # fmt: skip
_EXTEND = Statement(text(
    "UPDATE agreement SET valid_until = :until, version = version + 1 WHERE id = :agreement_id AND version = :seen"))
_END = Statement(text(
    "UPDATE agreement SET ended_at = :at, ended_by = :by, ended_because = :reason, version = version + 1 "
    "WHERE id = :agreement_id AND version = :seen"
))  # fmt: skip
_ONE = Statement(text("SELECT * FROM agreement WHERE id = :agreement_id AND agency_id = :agency_id"))
_OF_AGENCY = Statement(text("SELECT * FROM agreement WHERE agency_id = :agency_id ORDER BY made_at DESC, id"))
_SERVICES = Statement(text(
    "SELECT DISTINCT code, code = ANY(:codes) AS meant FROM ("
    "SELECT code FROM definition UNION SELECT code FROM national_edition) AS known"
).bindparams(bindparam("codes", type_=ARRAY(Text))))  # fmt: skip


def offered() -> dict[str, list[str]]:
    """The event types that an agreement may name, each with the fields that travel (dotted)."""
    return {name: list(projection.names) for name, projection in OFFERED.items()}


def agree(work: Any, agency_id: UUID, body: Mapping[str, Any], agreement_id: UUID) -> dict[str, Any]:
    """A new agreement of {reference, events, services, governorates, fields, valid_from, valid_until}: as `shown`.
    Refuses agency_unknown, agency_closed, and agreement_*_invalid of what is wrong, all at once."""
    registry.may(work, registry.MANAGE)
    registry.standing(work, agency_id)
    reference = " ".join(body["reference"].split())
    events = list(dict.fromkeys(body["events"]))
    services, governorates = _some(body.get("services")), _some(body.get("governorates"))
    fields = {name: list(dict.fromkeys(names)) for name, names in (body.get("fields") or {}).items()}
    faults = []
    if not 3 <= len(reference) <= 120 or "\x00" in reference:
        faults.append(Fault("agreement_reference_invalid", "reference"))
    known = offered()
    unknown = [one for one in events if one not in known]
    if unknown or not events:
        faults.append(Fault("agreement_events_invalid", "events", {"events": ", ".join(unknown) or "—"}))
    faults += _of_services(work, services) + _of_governorates(governorates)
    faults += _of_fields(fields, [one for one in events if one in known])
    faults += _of_dates(work, body["valid_from"], body["valid_until"])
    if faults:
        raise Refusal(faults)
    work.write(_ADD, id=agreement_id, agency_id=agency_id, reference=reference, events=events, services=services,
               governorates=governorates, fields=fields, valid_from=body["valid_from"],
               valid_until=body["valid_until"], made_at=work.now, made_by=work.actor.id, version=1)  # fmt: skip
    work.audit("agreement.made", str(agreement_id), agency=str(agency_id), reference=reference, events=events,
               services=services, governorates=governorates, fields=fields, valid_from=body["valid_from"].isoformat(),
               valid_until=body["valid_until"].isoformat())  # fmt: skip
    return {"agreement_id": str(agreement_id), "agency_id": str(agency_id), "reference": reference, "events": events,
            "services": services, "governorates": governorates, "fields": fields,
            "valid_from": body["valid_from"].isoformat(), "valid_until": body["valid_until"].isoformat(),
            "made_at": work.now.isoformat(), "made_by": work.actor.id, "ended_at": None, "ended_because": None,
            "version": 1}  # fmt: skip


def extend(work: Any, agency_id: UUID, agreement_id: UUID, until: date) -> dict[str, Any]:
    """A later (or earlier) last day. What waited while it was over is handed over then. Refuses agreement_unknown,
    agreement_over where it was ended, agreement_dates_invalid."""
    registry.may(work, registry.MANAGE)
    row = one(work, agency_id, agreement_id)
    if row.ended_at is not None:
        raise refuse("agreement_over")
    if faults := _of_dates(work, row.valid_from, until):
        raise Refusal(faults)
    work.write(_EXTEND, expect=1, agreement_id=agreement_id, until=until, seen=row.version)
    work.audit("agreement.extended", str(agreement_id), until=until.isoformat(), before=row.valid_until.isoformat())
    return {**shown(row), "valid_until": until.isoformat(), "version": row.version + 1}


def end(work: Any, agency_id: UUID, agreement_id: UUID, reason: str) -> dict[str, Any]:
    """End an agreement at once: nothing more is handed over under it. One that has ended stays as it is. Refuses
    agreement_unknown, reason_short."""
    registry.may(work, registry.MANAGE)
    told = registry.long_enough(reason)
    row = one(work, agency_id, agreement_id)
    if row.ended_at is not None:
        return shown(row)
    work.write(_END, expect=1, agreement_id=agreement_id, at=work.now, by=work.actor.id, reason=told, seen=row.version)
    work.audit("agreement.ended", str(agreement_id), reason=told)
    return {**shown(row), "ended_at": work.now.isoformat(), "ended_because": told, "version": row.version + 1}


def of_agency(work: Any, agency_id: UUID) -> list[dict[str, Any]]:
    """The agreements of an agency, the newest first."""
    registry.may(work, registry.READ)
    registry.one(work, agency_id)
    return [shown(row) for row in work.all(_OF_AGENCY, agency_id=agency_id)]


def one(work: Any, agency_id: UUID, agreement_id: UUID) -> Any:
    """The agreement's row. Refuses agreement_unknown."""
    row = work.first(_ONE, agency_id=agency_id, agreement_id=agreement_id)
    if row is None:
        raise refuse("agreement_unknown", "agreement_id")
    return row


def holds(row: Any, today: date) -> bool:
    """Whether anything may be handed over under an agreement on a Cairo day."""
    return row.ended_at is None and row.valid_from <= today <= row.valid_until


def shown(row: Any) -> dict[str, Any]:
    """An agreement as operators and its agency see it. Of what is offered no more, such as the former version of a
    type, nothing is handed over."""
    return {"agreement_id": str(row.id), "agency_id": str(row.agency_id), "reference": row.reference,
            "events": list(row.events), "no_longer_offered": [one for one in row.events if one not in OFFERED],
            "services": _listed(row.services), "governorates": _listed(row.governorates),
            "fields": dict(row.fields), "valid_from": row.valid_from.isoformat(),
            "valid_until": row.valid_until.isoformat(), "made_at": row.made_at.isoformat(), "made_by": row.made_by,
            "ended_at": row.ended_at.isoformat() if row.ended_at else None, "ended_because": row.ended_because,
            "version": row.version}  # fmt: skip


def _some(given: Sequence[str] | None) -> list[str] | None:
    return list(dict.fromkeys(given)) if given else None


def _listed(given: Any) -> list[str] | None:
    return None if given is None else list(given)


def _of_services(work: Any, services: list[str] | None) -> list[Fault]:
    if not services:
        return []
    known = {row.code: row.meant for row in work.all(_SERVICES, codes=services)}
    unknown = [one for one in services if known and not known.get(one)]  # without a guide here nothing can be told
    return [Fault("agreement_services_invalid", "services", {"services": ", ".join(unknown)})] if unknown else []


def _of_governorates(governorates: list[str] | None) -> list[Fault]:
    unknown = [one for one in governorates or () if one not in places.governorates()]
    return [Fault("agreement_governorates_invalid", "governorates", {"governorates": ", ".join(unknown)})] \
        if unknown else []


def _of_fields(fields: Mapping[str, Sequence[str]], events: Sequence[str]) -> list[Fault]:
    faults, known = [], offered()
    for name, names in fields.items():
        # A field that travels whole may also be named in part: then only that part goes out.
        travel = known.get(name, [])
        wrong = [one for one in names if not any(one == own or one.startswith(own + ".") for own in travel)]
        # Nothing is named whole and in part, however deep: nobody could say which of both is meant.
        wrong += [one for one in names
                  if not all(one.split(".")) or any(one.startswith(f"{above}.") for above in names)]  # fmt: skip
        if name not in events or not names or wrong or len(names) > _MOST_FIELDS:
            faults.append(Fault("agreement_fields_invalid", "fields",
                                {"event": name, "fields": ", ".join(wrong) or "—"}))
    return faults


def _of_dates(work: Any, since: date, until: date) -> list[Fault]:
    latest = since.replace(year=since.year + LONGEST_YEARS, day=min(since.day, 28)) if since.year < 9000 else since
    if since <= until <= latest and until >= cairo_date(work.now):
        return []
    return [Fault("agreement_dates_invalid", "valid_until", {"years": LONGEST_YEARS})]
