"""What differs: between two versions of a service, in what they ask of people, and between governorates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import editions, measure, overrides, places, workflow_mermaid
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
_NATIONAL = Statement(
    text(
        "SELECT code, version, effective_from, body -> 'name' AS name FROM national_version "
        "WHERE CAST(:code AS text) IS NULL OR code = :code ORDER BY code, version DESC"
    )
)
_RETIRED = Statement(text("SELECT code, retired_from FROM retirement WHERE scope = 'national'"))
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
    """What each governorate that told does otherwise than the national guide: who does not offer a service, whose
    edition is made from an older version than the one in force or blocked, and which values are its own. A version to
    come is followed before its day, and is no difference; a service that was retired is not compared. Refuses
    service_unknown for a code that is none."""
    if code is not None:
        reading.asked(code)
    services, newest, ended = _national(work, code)
    told: set[str] = set()
    bodies: dict[tuple[str, int], Any] = {}
    for row in work.all(_ADOPTIONS, code=code):
        told.add(row.governorate)
        if row.code in ended:
            continue
        service = services.setdefault(row.code, _service(row.code, None, None))
        if not row.offered:
            continue
        service["offered_by"].append(row.governorate)
        own = _own(work, row, bodies)
        follows = row.national_version is not None and (
            (service["version"] or 0) <= row.national_version <= newest.get(row.code, 0))
        if own or own is None or row.state == "blocked" or not follows:
            service["unlike"].append({"governorate": row.governorate, "national_version": row.national_version,
                                      "state": row.state, "faults": row.faults, "differences": own})
    for service in services.values():
        service["not_offered_by"] = sorted(told - set(service["offered_by"]))
    if code is not None and not services and not ended:
        raise reading.unknown(code)
    return {
        "as_of": work.now.isoformat(),
        "governorates": [{"code": one, "name": known.name if (known := places.governorate(one)) else None}
                         for one in sorted(told)],
        "services": [services[one] for one in sorted(services)],
    }


def _national(work: UnitOfWork, code: str | None) -> tuple[dict[str, dict[str, Any]], dict[str, int], set[str]]:
    """The services of the national guide with the version in force today (None: it is to come), the number of the
    newest version of each, and which were retired."""
    versions: dict[str, list[Any]] = {}
    for row in work.all(_NATIONAL, code=code):
        versions.setdefault(row.code, []).append(row)
    retired: dict[str, list[Any]] = {}
    for row in work.all(_RETIRED):
        retired.setdefault(row.code, []).append(row.retired_from)
    today = cairo_date(work.now)
    services: dict[str, dict[str, Any]] = {}
    ended: set[str] = set()
    for one, rows in versions.items():
        standing = editions.in_force(rows, retired.get(one, ()), today)
        if standing is None and editions.in_force(rows, (), today) is not None:
            ended.add(one)
        else:
            services[one] = _service(one, (standing or rows[0]).name, standing.version if standing else None)
    return services, {one: rows[0].version for one, rows in versions.items()}, ended


def _service(code: str, name: Any, version: int | None) -> dict[str, Any]:
    return {"code": code, "name": name, "version": version, "offered_by": [], "unlike": []}


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
