"""The organisation as forms: what is said of each kind of entity, and what there is to choose from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contracts.organisation_change import SOURCES
from rules import places, roles
from rules.organisation_kinds import (
    ADDRESS,
    ADDRESS_RANKS,
    AUTHORITY,
    CENTRE,
    CENTRE_KINDS,
    DEPARTMENT,
    EMPLOYEE,
    GOVERNORATE,
    HOLIDAY,
    HOURS,
    JOB,
    KINDS,
    UNIT,
    UNIT_STATUSES,
    WEEKDAY_NAMES,
    WINDOW,
)
from services.gateway.web.pages.editor_options import Option
from services.gateway.web.pages.editor_shapes import Group, Leaf, Pair, Rows, Shape, texts
from services.gateway.web.pages.editor_words import WORDS

LABELS: Mapping[str, Pair] = {
    "national_id_code": ("رقم المحافظة في الرقم القومي", "Its digits in a national ID"), "kind": ("النوع", "Kind"),
    "governorate": ("المحافظة", "Governorate"), "authority": ("هيئة المجتمعات العمرانية", "New-city authority"),
    "parent": ("تتبع", "Belongs to"), "status": ("الحالة", "Status"), "source": ("من أين عُرف",
        "Where it is known from"),
    "note": ("ملاحظة", "Note"), "unit": ("الوحدة المحلية", "Local unit"), "address": ("العنوان", "Address"),
    "centre": ("المركز", "Centre"), "number": ("الرقم", "Number"), "function": ("وظيفتها في مسارات العمل",
        "Its function"),
    "role": ("الدور", "Role"), "name": ("الاسم", "Name"), "national_id": ("الرقم القومي", "National ID"),
    "job": ("الوظيفة", "Job"), "department": ("الإدارة", "Department"), "window": ("الشباك", "Window"),
    "of": ("لمن هذه المواعيد", "Whose hours"), "code": ("الكود", "Code"), "days": ("المواعيد", "Hours"),
    "weekend": ("الراحة الأسبوعية", "Weekend"), "opens": ("تفتح", "Opens"), "closes": ("تغلق", "Closes"),
    "effect": ("الأثر", "Effect"), "first": ("أول يوم", "First day"), "last": ("آخر يوم", "Last day"),
    "decree": ("القرار", "Decree"), "date": ("تاريخه", "Its date"), "scope": ("يسري على (فارغ: الجميع)",
        "Holds for (empty: all)"),
    "from": ("من يوم", "From"), "until": ("حتى يوم", "Until")}
_NAME = texts("name", LABELS["name"])


def _leaf(key: str, kind: str = "text", options: str = "", help: Pair | None = None, *,  # noqa: A002
          nullable: bool = True) -> Leaf:
    return Leaf(key, kind, LABELS[key], help, options=options, nullable=nullable)


def _refers(key: str, kind: str) -> Leaf:
    return _leaf(key, "one", f"entity:{kind}")


def _hours(day: str) -> Rows:
    return Rows(day, Group("", (_leaf("opens"), _leaf("closes"))), lambda _: {"opens": "09:00", "closes": "15:00"},
                (WEEKDAY_NAMES[day], day.capitalize()), add=("أضف فترة", "Add hours"), drop=True)


_PLACE = (_leaf("kind", "one", "places"), _leaf("code", help=("كود الوحدة أو المركز", "Code of the unit or centre")))
_WEEK = ("saturday", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday")
_BODIES: Mapping[str, tuple[Shape, ...]] = {
    GOVERNORATE: (_NAME, _leaf("national_id_code")),
    AUTHORITY: (_NAME, _leaf("source", "one", "sources")),
    UNIT: (_NAME, _leaf("kind", "one", "unit_kinds"), _refers("governorate", GOVERNORATE), _refers("authority",
        AUTHORITY),
           _refers("parent", UNIT), _leaf("status", "one", "statuses"), _leaf("source", "one", "sources"),
               _leaf("note")),
    CENTRE: (_NAME, _leaf("kind", "one", "centre_kinds"), _refers("unit", UNIT), _refers("address", ADDRESS)),
    WINDOW: (_NAME, _refers("centre", CENTRE), _leaf("number", "whole")),
    DEPARTMENT: (_NAME, _refers("unit", UNIT), _leaf("function", "one", "departments"), _refers("parent", DEPARTMENT)),
    JOB: (_NAME, _leaf("role", "one", "staff_roles")),
    EMPLOYEE: (_leaf("name", help=("محفوظ مختوماً. اتركه فارغاً إن لم يتغير.",
        "Kept sealed. Leave it empty unless it changes."),
                     nullable=False),
               _leaf("national_id", help=("لمعرفة الشخص نفسه تحت كود آخر. لا يُحفظ الرقم.",
                                          "Only to know the same person under another code. The number is not kept."),
                     nullable=False),
               _refers("job", JOB), _refers("department", DEPARTMENT), _refers("centre", CENTRE), _refers("window",
                   WINDOW)),
    ADDRESS: (_NAME, _leaf("kind", "one", "address_kinds"), _refers("parent", ADDRESS)),
    HOURS: (texts("name", LABELS["name"], optional=True), Group("of", _PLACE, LABELS["of"]),
            Leaf("weekend", "many", LABELS["weekend"], options="weekdays"),
            Group("days", tuple(_hours(day) for day in _WEEK), LABELS["days"],
                  ("الوقت مثل 09:00 و15:30.", "Times such as 09:00 and 15:30."))),
    HOLIDAY: (_NAME, _leaf("effect", "one", "effects"), _leaf("first"), _leaf("last"),
              Group("decree", (_leaf("number"), _leaf("date")), LABELS["decree"]),
              Group("scope", (_leaf("kind", "one", "scopes"), _leaf("code")), LABELS["scope"], optional=True))}
_DAY = ("مثل 2027-01-31", "Such as 2027-01-31")


def operation(kind: str, op: str) -> Group:
    """The form of one operation on an entity of a kind."""
    days: tuple[Shape, ...] = (_leaf("from", help=_DAY),)
    if op == "close":
        return Group("", days)
    until = (_leaf("until", help=("إن كان معلوماً متى ينتهي.", "Where it is known when it ends.")),
        ) if op == "add" else ()
    return Group("", (*days, *until, Group("body", _BODIES[kind], KINDS_NAMES[kind])))


def choosing(kind: str) -> list[Leaf]:
    """The fields of an entity that are chosen among values."""
    return [one for one in _BODIES[kind] if isinstance(one, Leaf) and one.kind == "one"]


KINDS_NAMES: Mapping[str, Pair] = {kind: (names["ar"], names["en"].capitalize()) for kind, names in KINDS.items()}


class Choices:
    """What there is to choose from in the forms of the organisation. `entities` answers what stands of a kind."""

    def __init__(self, entities: Callable[[str], list[Option]]) -> None:
        self._entities, self._known = entities, dict[str, list[Option]]()

    def of(self, source: str) -> list[Option]:
        """Values with their names in both languages."""
        if source.startswith("entity:"):
            kind = source.partition(":")[2]
            if kind not in self._known:
                self._known[kind] = self._entities(kind)
            return self._known[kind]
        return _SOURCES[source]()

    def types(self) -> dict[str, str]:
        return {}


def _pairs(words: Mapping[str, Pair]) -> list[Option]:
    return [(value, {"ar": ar, "en": en}) for value, (ar, en) in words.items()]


def _kinds(*kinds: str) -> list[Option]:
    return [(kind, KINDS[kind]) for kind in kinds]


_STATUSES = {"open": ("تعمل", "Open"), "being fitted out": ("تحت التجهيز", "Being fitted out")}
_RANKS = {"governorate": ("محافظة", "Governorate"), "qism": ("قسم", "Qism"), "markaz": ("مركز", "Markaz"),
          "city": ("مدينة", "City"), "village": ("قرية", "Village"), "sheyakha": ("شياخة", "Sheyakha"),
          "street": ("شارع", "Street")}
_EFFECTS = {"holiday": ("إجازة", "Holiday"), "working_day": ("يوم عمل", "Working day")}
_SOURCES: Mapping[str, Callable[[], list[Option]]] = {
    "sources": lambda: [(code, {"ar": WORDS["sources"][code][0], "en": WORDS["sources"][code][1]}) for code in SOURCES],
    "unit_kinds": lambda: list(places.UNIT_KINDS.items()), "centre_kinds": lambda: list(CENTRE_KINDS.items()),
    "statuses": lambda: [one for one in _pairs(_STATUSES) if one[0] in UNIT_STATUSES],
    "departments": lambda: list(roles.load().departments.items()),
    "staff_roles": lambda: [(code, role.name) for code, role in roles.load().roles.items() if role.staff],
    "address_kinds": lambda: [one for one in _pairs(_RANKS) if one[0] in ADDRESS_RANKS],
    "places": lambda: _kinds(UNIT, CENTRE), "scopes": lambda: _kinds(GOVERNORATE, UNIT),
    "weekdays": lambda: [(day, {"ar": WEEKDAY_NAMES[day], "en": day.capitalize()}) for day in _WEEK],
    "effects": lambda: _pairs(_EFFECTS), "tests": list, "joins": list, "questions": list}
