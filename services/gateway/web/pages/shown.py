"""How values are shown on a page: names and texts in the page's language, money, Cairo dates, QR codes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import segno
from flask import g, request, url_for
from markupsafe import Markup

from chassis.config import Mode
from contracts.problems import describe
from rules import arabic, identity, places, roles
from rules.refusal import Fault
from services.gateway.web.caller import VISITOR, csrf_token
from services.gateway.web.pages.texts import TEXTS
from services.gateway.web.platform import platform

CAIRO = ZoneInfo("Africa/Cairo")
STATIC_FILES = Path(__file__).parent.parent / "static"


def text(key: str, **params: Any) -> str:
    """A text of the interface in the page's language. An unknown key is an error of ours."""
    chosen = TEXTS[key][0 if g.language == "ar" else 1]
    return chosen.format(**params) if params else chosen


def named(value: Any) -> str:
    """The text of a {ar, en} pair in the page's language; another value as it is; nothing for None."""
    if isinstance(value, Mapping):
        return str(value.get(g.language) or value.get("ar") or value.get("en") or "")
    return "" if value is None else str(value)


def money(piastres: int) -> str:
    return arabic.format_egp(int(piastres), g.language)


def day(value: Any) -> str:
    """A date such as `21 نوفمبر 2026`; a moment is shown as its Cairo date."""
    if value in (None, ""):
        return ""
    found = value if isinstance(value, date) else _parsed(str(value))
    if isinstance(found, datetime):
        found = found.astimezone(CAIRO).date()
    return arabic.long_date(found, g.language)


def moment(value: Any) -> str:
    """A moment in Cairo's time such as `21 نوفمبر 2026، 14:05`."""
    if value in (None, ""):
        return ""
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    local = found.astimezone(CAIRO)
    return f"{day(local.date())}{'،' if g.language == 'ar' else ','} {local:%H:%M}"


def _parsed(value: str) -> date:
    return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)


_COUNTED = {
    "day": (("يوم واحد", "يومان", "أيام", "يوماً", "يوم"), "day"),
    "month": (("شهر واحد", "شهران", "أشهر", "شهراً", "شهر"), "month"),
    "year": (("سنة واحدة", "سنتان", "سنوات", "سنة", "سنة"), "year"),
}


def counted(number: int, what: str) -> str:
    """So many days, months or years, as the page's language counts them: `3 أيام`, `60 يوماً`, `100 يوم`."""
    (one, two, few, many, hundreds), english = _COUNTED[what]
    if g.language != "ar":
        return f"{number} {english}" + ("" if number == 1 else "s")
    if number in (1, 2):
        return one if number == 1 else two
    last = number % 100
    word = few if 3 <= last <= 10 else many if 11 <= last <= 99 else hundreds
    return f"{number} {word}"


def joined(parts: Iterable[str]) -> str:
    """Several things in a row, with the comma of the page's language."""
    return ("، " if g.language == "ar" else ", ").join(parts)


def unit_name(code: str | None) -> str:
    """`الزيتون، القاهرة`; the code itself when the unit is not in the list."""
    known = platform().organisation.known()
    unit = known.unit(code or "", platform().today()) or known.unit_ever(code or "")
    if unit is None:
        return code or ""
    governorate = places.governorate(unit.governorate)
    comma = "، " if g.language == "ar" else ", "
    return named(unit.name) + (comma + named(governorate.name) if governorate else "")


def fault_text(fault: Fault) -> str:
    return describe(fault, g.language)


def qr(content: str, scale: int = 4) -> Markup:
    """A QR code as inline SVG without style attributes, which the pages' security policy would not apply."""
    code = segno.make(content, error="m", micro=False)
    return Markup(  # noqa: S704  (drawn here from modules and numbers; no text of the content is in it)
        code.svg_inline(scale=scale, border=3, omitsize=True, svgclass="qr", lineclass=None)
    )


def dom_id(field: str) -> str:
    return field.replace("/", "-")


@cache
def _version(name: str) -> str:
    return hashlib.sha256((STATIC_FILES / name).read_bytes()).hexdigest()[:12]


def static_url(name: str) -> str:
    """The address of a static file; it changes with the content, so that browsers may keep it."""
    return url_for("public.static", name=name, v=_version(name))


def other_language_url() -> str:
    """This page in the other language."""
    other = "en" if g.language == "ar" else "ar"
    path = request.full_path.rstrip("?")
    for prefix in ("/ar", "/en"):
        if path == prefix or path.startswith((prefix + "/", prefix + "?")):
            return f"/{other}{path[3:]}"
    return f"/{other}/"


def context() -> dict[str, Any]:
    """What every template sees."""
    who = g.get("caller") or VISITOR
    return {
        "t": text,
        "lang": g.language,
        "dir": "rtl" if g.language == "ar" else "ltr",
        "caller": who,
        "csrf_token": csrf_token,
        "static_url": static_url,
        "other_language_url": other_language_url,
        "may": who.actor.permits,
        "practice": platform().settings.mode is not Mode.PRODUCTION,
        "role_name": lambda code: roles.role_name(code, g.language),
        "department_name": lambda code: roles.department_name(code, g.language),
        "correlation_id": g.get("correlation_id", ""),
        "field_options": lambda field: [(one["value"], named(one["label"])) for one in field.get("options") or ()],
        "kind_options": lambda kinds: [(kind, text(f"kind.{kind}")) for kind in kinds],
        "unit_options": lambda units: [(unit.code, named(unit.name)) for unit in units],
    }


FILTERS = {
    "named": named,
    "money": money,
    "day": day,
    "moment": moment,
    "unit_name": unit_name,
    "fault_text": fault_text,
    "problem_text": lambda code: fault_text(Fault(code)),
    "qr": qr,
    "counted": counted,
    "joined": joined,
    "dom_id": dom_id,
    "masked_phone": identity.mask_phone,
    "state_pair": lambda entry: (entry["state"], entry["state_name"]),
    "reason_pair": lambda reason: (reason["code"], named(reason["name"])),
}
