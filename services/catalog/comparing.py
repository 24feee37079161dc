"""What differs: between two versions of a service, in what they ask of people, and between governorates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import measure, overrides, places, workflow_mermaid
from rules.calendar import cairo_date
from rules.differences import differences
from rules.drawing import svg
from rules.workflow import Workflow
from services.catalog import reading

_ADOPTIONS = Statement(
    text(
        "SELECT DISTINCT ON (governorate, code) governorate, code, offered, overrides, state, faults, "
        "national_version, effective_from FROM adoption WHERE CAST(:code AS text) IS NULL OR code = :code "
        "ORDER BY governorate, code, version DESC"
    )
)
_NEWEST = Statement(
    text(
        "SELECT DISTINCT ON (code) code, version, body -> 'name' AS name FROM national_version "
        "WHERE effective_from <= :today AND (CAST(:code AS text) IS NULL OR code = :code) ORDER BY code, version DESC"
    )
)
_BODY = Statement(text("SELECT body FROM national_version WHERE code = :code AND version = :version"))


def compare(work: UnitOfWork, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What differs between two versions of a service, field by field. Refuses version_unknown."""
    before, after = _both(work, asked)
    return {**_head(asked), "differences": differences(before, after)}


def effect(work: UnitOfWork, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Two versions measured: steps, departments, documents, days, visits and fees. Refuses version_unknown."""
    before, after = _both(work, asked)
    return {**_head(asked), **measure.effect(before, after).as_dict()}


def graph(work: UnitOfWork, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The workflow of a service drawn, of the version in force unless one is named. Refuses service_unknown,
    version_unknown."""
    found = reading.get(work, asked["code"], asked["version"], asked["scope"])
    definition = found["definition"]
    workflow = Workflow.parse(definition["workflow"])
    if asked["form"] == "svg":
        bodies = {one["code"]: one["name"] for one in definition.get("external_bodies") or ()}
        drawn = svg(workflow, asked["language"], bodies=bodies)
    else:
        drawn = workflow_mermaid.mermaid(workflow, asked["language"])
    return {"code": asked["code"], "version": found["version"], "form": asked["form"], "text": drawn}


def between_governorates(work: UnitOfWork, code: str | None) -> dict[str, Any]:
    """What each governorate that told does otherwise than the national guide in force: who does not offer a service,
    whose edition is made from an older version or blocked, and which values are its own. Refuses service_unknown for a
    code that is none."""
    if code is not None:
        reading.asked(code)
    services: dict[str, dict[str, Any]] = {}
    for row in work.all(_NEWEST, today=cairo_date(work.now), code=code):
        services[row.code] = {"code": row.code, "name": row.name, "version": row.version, "offered_by": [],
                              "unlike": []}
    told: set[str] = set()
    bodies: dict[tuple[str, int], Any] = {}
    for row in work.all(_ADOPTIONS, code=code):
        told.add(row.governorate)
        service = services.setdefault(row.code, {"code": row.code, "name": None, "version": None, "offered_by": [],
                                                 "unlike": []})
        if not row.offered:
            continue
        service["offered_by"].append(row.governorate)
        own = _own(work, row, bodies)
        if own or own is None or row.state == "blocked" or row.national_version != service["version"]:
            service["unlike"].append({"governorate": row.governorate, "national_version": row.national_version,
                                      "state": row.state, "faults": row.faults, "differences": own})
    for service in services.values():
        service["not_offered_by"] = sorted(told - set(service["offered_by"]))
    if code is not None and not services:
        raise reading.unknown(code)
    return {
        "as_of": work.now.isoformat(),
        "governorates": [{"code": one, "name": known.name if (known := places.governorate(one)) else None}
                         for one in sorted(told)],
        "services": [services[one] for one in sorted(services)],
    }


def _own(work: UnitOfWork, row: Any, bodies: dict[tuple[str, int], Any]) -> list[dict[str, Any]] | None:
    """What a governorate's edition has of its own; None where its national version is not known here. Only the sections
    that it touches are compared: 27 governorates may have thousands of editions."""
    if not row.overrides:
        return []
    key = (row.code, row.national_version)
    if key not in bodies:
        bodies[key] = work.scalar(_BODY, code=row.code, version=row.national_version)
    body = bodies[key]
    if body is None or overrides.check(body, row.overrides):
        return None
    touched = {path.partition("/")[0] for path in row.overrides}
    before = {section: body[section] for section in body if section in touched}
    return differences(before, overrides.apply(before, row.overrides))


def _both(work: UnitOfWork, asked: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    return (
        reading.one(work, asked["code"], asked["from_version"], asked["scope"], "from_version")["definition"],
        reading.one(work, asked["code"], asked["to_version"], asked["scope"], "to_version")["definition"],
    )


def _head(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {key: asked[key] for key in ("code", "scope", "from_version", "to_version")}
