"""What each kind of applicant is asked on the page, flat as a form has it, and the same as the API takes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from rules import applicants
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal

PERSON = ("name", "national_id", "passport", "phone", "email")
ASKED: dict[str, tuple[str, ...]] = {
    "citizen": (),
    "company": ("company/name", "company/commercial_register", "company/tax_number"),
    "attorney": (
        "power_of_attorney/number", "power_of_attorney/office", "power_of_attorney/year",
        "principal/name", "principal/national_id", "principal/passport", "principal/commercial_register",
    ),
    "heirs": (
        "deceased/name", "deceased/died_on", "inheritance/number", "inheritance/court", "inheritance/year", "heirs",
    ),
    "foreigner": ("nationality",),
}  # fmt: skip
OPTIONAL = frozenset(("principal/national_id", "principal/passport", "principal/commercial_register",
                      "deceased/died_on"))
EVERY = tuple(name for names in ASKED.values() for name in names)
_BETWEEN = re.compile(r"[,،;؛|\t]")
_IMPOSSIBLE_YEAR = -1


def mark(kind: str) -> str:
    """What stands among the `shown` of a form that asked the particulars of this kind."""
    return f"particulars:{kind}"


def nested(flat: Mapping[str, str], language: str) -> dict[str, Any]:
    """The applicant as `requests.submit` takes one, from a form's values. Only what this kind is asked goes along."""
    kind = flat["kind"]
    unasked = "national_id" if kind == "foreigner" else "passport"
    found: dict[str, Any] = {"kind": kind, "language": language}
    found |= {name: flat[name] for name in PERSON if flat.get(name) and name != unasked}
    for path in ASKED.get(kind, ()):
        value = _value(path, flat.get(path, ""))
        group, _, name = path.partition("/")
        if name:
            found.setdefault(group, {})[name] = value
        elif value:
            found[group] = value
    return found


def faults(flat: Mapping[str, str], today: date, *, each_heir: bool = False) -> list[Fault]:
    """Everything that is wrong with the applicant, each at the field of the page that is to be changed: all heirs are
    one field, or with `each_heir` each has its own (`applicant/heirs/0/name`)."""
    if flat["kind"] not in applicants.KINDS:
        return [Fault("choose_one", "applicant/kind")]
    given = nested(flat, "ar")
    told: list[Fault] = []
    if deceased := given.get("deceased"):
        try:
            deceased["died_on"] = date.fromisoformat(deceased["died_on"]) if deceased["died_on"] else None
        except ValueError:
            deceased["died_on"] = None
            told.append(Fault("answer_not_date", "applicant/deceased/died_on"))
    try:
        found = applicants.read(given, today)[1]
    except Refusal as refusal:
        found = refusal.faults
    placed = found if each_heir else [Fault(fault.code, _place(fault.field), fault.params) for fault in found]
    return [*placed, *told]


def heirs(text: str) -> list[dict[str, str | None]]:
    """The heirs as they were typed, one a line: {name, national_id}, each None where it was left out."""
    return [_heir(line) for line in text.splitlines() if line.strip()]


def heirs_text(rows: Iterable[tuple[str, str]]) -> str:
    """The same as text, from pairs of name and national ID; empty pairs are left out."""
    lines = (f"{' '.join(_BETWEEN.sub(' ', name).split())}، {' '.join(number.split())}".rstrip("، ")
             for name, number in rows if name.strip() or number.strip())  # fmt: skip
    return "\n".join(lines)


def _place(field: str | None) -> str | None:
    return "applicant/heirs" if field and field.startswith("applicant/heirs/") else field


def _value(path: str, text: str) -> Any:
    text = text.strip()
    if path == "heirs":
        return heirs(text)
    if path.endswith("/year") and text:
        digits = western_digits(text)
        return int(digits) if re.fullmatch(r"[0-9]{4}", digits) else _IMPOSSIBLE_YEAR
    return text or None


def _heir(line: str) -> dict[str, str | None]:
    """One heir a line: the name, and after a comma the national ID."""
    name, *rest = (part.strip() for part in _BETWEEN.split(line))
    return {"name": name or None, "national_id": (rest[0] if rest else "") or None}
