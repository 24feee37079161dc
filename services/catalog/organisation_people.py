"""Employees' names: sealed before anything is written, masked wherever the organisation is listed, opened for one who
asks for one person, which is recorded. National IDs are never kept: a keyed hash knows the same person again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.privacy import CannotOpen
from chassis.uow import UnitOfWork
from contracts.organisation_change import name_faults
from rules.calendar import cairo_date
from rules.identity import parse_national_id
from rules.refusal import Fault, Refusal

NAME = "catalog.employee.name"
NATIONAL_ID = "catalog.employee.national_id"


def sealed(work: UnitOfWork, body: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """The body of a proposal with each person's name sealed and each national ID a keyed hash; and what could not be
    sealed, which is left out for it would lie open: a name or a national ID that is none. Wherever a plain name stands
    it is a person's: all other names are in two languages."""
    operations = body.get("operations")
    if not isinstance(operations, list):
        return dict(body), []
    faults: list[Fault] = []
    kept = [_kept(work, given, f"operations/{index}/body", faults) for index, given in enumerate(operations)]
    return {**body, "operations": kept}, faults


def _kept(work: UnitOfWork, given: Any, at: str, faults: list[Fault]) -> Any:
    said = given.get("body") if isinstance(given, dict) else None
    if not isinstance(said, dict):
        return given
    person, said = given.get("kind") == "employee", dict(said)
    if isinstance(said.get("name"), str) or (person and "name" in said):
        name = said.pop("name")
        found = name_faults(name, f"{at}/name")
        faults += found
        if not found:
            said["name_sealed"] = work.privacy.seal(" ".join(name.split()), field=NAME)
    if said.get("national_id") is not None:
        identity = _identity(work, said.pop("national_id"), f"{at}/national_id", faults)
        said |= {} if identity is None else {"identity": identity}
    return {**given, "body": said}


def _identity(work: UnitOfWork, given: Any, at: str, faults: list[Fault]) -> str | None:
    if not isinstance(given, str):
        faults.append(Fault("organisation_value_unfit", at))
        return None
    try:
        number = parse_national_id(given, at, cairo_date(work.now))
    except Refusal as refusal:
        faults += refusal.faults
        return None
    return work.privacy.lookup_settled(number.digits, NATIONAL_ID).hex()


def open_name(work: UnitOfWork, body: Mapping[str, Any]) -> str | None:
    """The name inside an employee's body; None when what is there was not sealed here."""
    try:
        return work.privacy.open(str(body.get("name_sealed", "")), field=NAME)
    except CannotOpen:
        return None


def shown(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """An employee's body as lists and histories show it: the name masked, no seal, no hash."""
    open_ = {name: value for name, value in body.items() if name not in ("name_sealed", "identity")}
    name = open_name(work, body)
    return {"name": None if name is None else mask(name), **open_}


def mask(name: str) -> str:
    """`م*** أ***`: the first letter of each of the first three names."""
    return " ".join(f"{part[0]}***" for part in name.split()[:3])
