"""What the organisation begins with: the lists beside `rules.places`, as far as public sources name them. A governorate
adds the rest by changes of its own: windows, departments, jobs, employees, post offices, villages, streets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from rules import places
from rules.organisation import BEGINNING, Timeline, Version
from rules.organisation_kinds import ADDRESS, AUTHORITY, CENTRE, GOVERNORATE, UNIT, Key


@cache
def base() -> Mapping[Key, Timeline]:
    """Governorates with the root of their addresses, new-city authorities and their cities, the listed units, and the
    technology centre of each open unit (code of the unit and `-TC`: an open unit is one whose centre works)."""
    bodies: dict[Key, dict[str, object]] = {}
    for code, governorate in places.governorates().items():
        bodies[GOVERNORATE, code] = {"name": governorate.name, "national_id_code": governorate.national_id_code}
        bodies[ADDRESS, code] = {"name": governorate.name, "kind": "governorate", "parent": None}
    for code, authority in places.authorities().items():
        bodies[AUTHORITY, code] = {"name": authority.name, "source": authority.source}
    for code, city in places.new_cities().items():
        bodies[UNIT, code] = {"name": city.name, "kind": "new-city", "governorate": None, "authority": city.authority,
                              "parent": None, "status": None, "source": city.source, "note": None}
    for code, unit in places.units().items():
        bodies[UNIT, code] = {"name": unit.name, "kind": unit.kind, "governorate": unit.governorate, "authority": None,
                              "parent": None, "status": unit.status or None, "source": "public", "note": None}
        if unit.status == "open":
            bodies[CENTRE, f"{code}-TC"] = {
                "name": {"ar": f"المركز التكنولوجي - {unit.name_ar}", "en": f"Technology centre - {unit.name_en}"},
                "kind": "technology_centre", "unit": code, "address": None}
    return MappingProxyType({key: (Version(BEGINNING, None, MappingProxyType(body)),) for key, body in bodies.items()})
