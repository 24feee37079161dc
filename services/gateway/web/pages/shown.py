"""How values are shown on a page: names and texts in the page's language, money, Cairo dates, QR codes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import segno
from flask import g, request, url_for
from flask_babel import format_date, format_decimal, format_percent, get_locale
from markupsafe import Markup, escape

from chassis.config import Mode
from contracts.problems import describe
from rules import arabic, identity, places, roles
from rules.refusal import Fault
from services.gateway.web.caller import VISITOR, csrf_token
from services.gateway.web.pages import menu
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
    return format_date(_as_day(value), "d MMMM y", rebase=False) if value not in (None, "") else ""


def _as_day(value: Any) -> date:
    found = value if isinstance(value, date) else _parsed(str(value))
    return found.astimezone(CAIRO).date() if isinstance(found, datetime) else found


def language() -> str:
    """The page's language."""
    return str(g.language)


def weekday(value: Any) -> str:
    """A date as people keep it, such as `الثلاثاء 3 مارس`; with its year unless it is this one."""
    if value in (None, ""):
        return ""
    return arabic.weekday_date(_as_day(value), g.language, platform().today().year)


def moment(value: Any) -> str:
    """A moment in Cairo's time such as `21 نوفمبر 2026، 14:05`."""
    if value in (None, ""):
        return ""
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    local = found.astimezone(CAIRO)
    return f"{day(local.date())}{'،' if g.language == 'ar' else ','} {local:%H:%M}"


def _parsed(value: str) -> date:
    return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)


def hour(value: Any) -> str:
    """The time of day of a moment in Cairo, such as `14:05`."""
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return f"{found.astimezone(CAIRO):%H:%M}"


_COUNTED = {
    "minute": ({"one": "دقيقة واحدة", "two": "دقيقتين", "few": "{n} دقائق", "many": "{n} دقيقة", "other": "{n} دقيقة"},
               {"one": "1 minute", "other": "{n} minutes"}),
    "hour": ({"one": "ساعة واحدة", "two": "ساعتان", "few": "{n} ساعات", "many": "{n} ساعة", "other": "{n} ساعة"},
             {"one": "1 hour", "other": "{n} hours"}),
    "day": ({"one": "يوم واحد", "two": "يومان", "few": "{n} أيام", "many": "{n} يوماً", "other": "{n} يوم"},
            {"one": "1 day", "other": "{n} days"}),
    "working_day": ({"one": "يوم عمل واحد", "two": "يوما عمل", "few": "{n} أيام عمل", "many": "{n} يوم عمل",
                     "other": "{n} يوم عمل"}, {"one": "1 working day", "other": "{n} working days"}),
    "month": ({"one": "شهر واحد", "two": "شهران", "few": "{n} أشهر", "many": "{n} شهراً", "other": "{n} شهر"},
              {"one": "1 month", "other": "{n} months"}),
    "year": ({"one": "سنة واحدة", "two": "سنتان", "few": "{n} سنوات", "many": "{n} سنة", "other": "{n} سنة"},
             {"one": "1 year", "other": "{n} years"}),
}  # fmt: skip


def counted(number: int, what: str) -> str:
    """So many days, months or years, as the page's language counts them: `3 أيام`, `60 يوماً`, `100 يوم`."""
    forms = _COUNTED[what][0 if g.language == "ar" else 1]
    return forms.get(get_locale().plural_form(number), forms["other"]).format(n=number)  # type: ignore[union-attr]


def number(value: float) -> str:
    """A number as the page's language groups its digits: `12,345`."""
    return format_decimal(value)


def percent(share: float) -> str:
    """A share of one: `26%`."""
    return format_percent(share)


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


_ISOLATED = re.compile("\u2066(.*?)\u2069")


def whole(help_text: str) -> Markup:
    """A text in which what stands between isolates, a number as it is printed, is not broken at its hyphens."""
    return Markup(_ISOLATED.sub(r'<bdi dir="ltr" class="number">\1</bdi>', str(escape(help_text))))  # noqa: S704


def qr(content: str, scale: int = 4) -> Markup:
    """A QR code as inline SVG without style attributes, which the pages' security policy would not apply."""
    code = segno.make(content, error="m", micro=False)
    return Markup(  # noqa: S704  (drawn here from modules and numbers; no text of the content is in it)
        code.svg_inline(scale=scale, border=3, omitsize=True, svgclass="qr", lineclass=None)
    )


def dom_id(field: str) -> str:
    return field.replace("/", "-")


@cache
def version_of(name: str) -> str:
    """Changes with the content of a static file."""
    return hashlib.sha256((STATIC_FILES / name).read_bytes()).hexdigest()[:12]


def static_url(name: str) -> str:
    """The address of a static file; it changes with the content, so that browsers may keep it."""
    return url_for("public.static", name=name, v=version_of(name))


def for_a_part(name: str) -> bool:
    """Whether a script asks for this part of the page alone; `name` is the id of the element that it will fill."""
    return request.headers.get("HX-Target") == name


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
        "has_text": TEXTS.__contains__,
        "lang": g.language,
        "dir": "rtl" if g.language == "ar" else "ltr",
        "caller": who,
        "csrf_token": csrf_token,
        "static_url": static_url,
        "other_language_url": other_language_url,
        "may": who.actor.permits,
        "menu": menu.offered,
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
    "weekday": weekday,
    "hour": hour,
    "number": number,
    "percent": percent,
    "unit_name": unit_name,
    "fault_text": fault_text,
    "problem_text": lambda code: fault_text(Fault(code)),
    "qr": qr,
    "whole": whole,
    "counted": counted,
    "joined": joined,
    "dom_id": dom_id,
    "masked_phone": identity.mask_phone,
    "state_pair": lambda entry: (entry["state"], entry["state_name"]),
    "reason_pair": lambda reason: (reason["code"], named(reason["name"])),
}
