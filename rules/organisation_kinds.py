"""What the organisation is made of: the kinds of entity, their names, and which field of one refers to which other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

GOVERNORATE, AUTHORITY, UNIT, CENTRE, WINDOW = "governorate", "new_city_authority", "unit", "centre", "window"
DEPARTMENT, JOB, EMPLOYEE, ADDRESS = "department", "job", "employee", "address"
HOURS, HOLIDAY = "working_hours", "holiday"

Key = tuple[str, str]  # kind and code

KINDS: Mapping[str, Mapping[str, str]] = {
    GOVERNORATE: {"ar": "محافظة", "en": "governorate"},
    AUTHORITY: {"ar": "هيئة مجتمعات عمرانية", "en": "new-city authority"},
    UNIT: {"ar": "وحدة محلية", "en": "local unit"},
    CENTRE: {"ar": "مركز خدمة", "en": "centre"},
    WINDOW: {"ar": "شباك", "en": "window"},
    DEPARTMENT: {"ar": "إدارة", "en": "department"},
    JOB: {"ar": "وظيفة", "en": "job"},
    EMPLOYEE: {"ar": "موظف", "en": "employee"},
    ADDRESS: {"ar": "عنوان", "en": "address"},
    HOURS: {"ar": "مواعيد عمل", "en": "working hours"},
    HOLIDAY: {"ar": "إجازة أو يوم عمل بقرار", "en": "decreed holiday"},
}

CENTRE_KINDS: Mapping[str, Mapping[str, str]] = {
    "technology_centre": {"ar": "مركز تكنولوجي", "en": "technology centre"},
    "post_office": {"ar": "مكتب بريد", "en": "post office"},
    "mobile_unit": {"ar": "وحدة متنقلة", "en": "mobile unit"},
    "diwan_desk": {"ar": "شباك الديوان العام", "en": "desk of the governorate's diwan"},
}

WEEKDAY_NAMES: Mapping[str, str] = {
    "monday": "الاثنين", "tuesday": "الثلاثاء", "wednesday": "الأربعاء", "thursday": "الخميس", "friday": "الجمعة",
    "saturday": "السبت", "sunday": "الأحد"}

UNIT_STATUSES = ("open", "being fitted out")

# An address stands in one of a higher rank only.
ADDRESS_RANKS: Mapping[str, int] = {
    "governorate": 0, "qism": 1, "markaz": 1, "city": 2, "village": 2, "sheyakha": 3, "street": 4}

# What one kind says of another: field and the kind it names.
_REFERENCES: Mapping[str, tuple[tuple[str, str], ...]] = {
    UNIT: (("parent", UNIT), ("governorate", GOVERNORATE), ("authority", AUTHORITY)),
    CENTRE: (("unit", UNIT), ("address", ADDRESS)),
    WINDOW: (("centre", CENTRE),),
    DEPARTMENT: (("parent", DEPARTMENT), ("unit", UNIT)),
    EMPLOYEE: (("job", JOB), ("department", DEPARTMENT), ("centre", CENTRE), ("window", WINDOW)),
    ADDRESS: (("parent", ADDRESS),),
}

# What never changes while the code stays: another master or another place is another entity.
FIXED: Mapping[str, tuple[str, ...]] = {UNIT: ("governorate", "authority"), HOURS: ("of",)}


def references(key: Key, body: Mapping[str, Any]) -> Iterator[tuple[str, Key]]:
    """The entities that one names, with the field that names each. The root of a governorate's addresses bears the
    governorate's code."""
    kind, code = key
    for field, named in _REFERENCES.get(kind, ()):
        if body.get(field) is not None:
            yield field, (named, body[field])
    if kind == ADDRESS and body["kind"] == "governorate":
        yield "kind", (GOVERNORATE, code)
    place = body.get("of") if kind == HOURS else body.get("scope") if kind == HOLIDAY else None
    if place is not None:
        yield f"{'of' if kind == HOURS else 'scope'}/code", (place["kind"], place["code"])


def parent(key: Key, body: Mapping[str, Any]) -> Key | None:
    """The entity of the same kind that this one stands under, or None."""
    above = body.get("parent") if key[0] in (UNIT, DEPARTMENT, ADDRESS) else None
    return None if above is None else (key[0], above)
