"""What was sent to citizens: counted for those who answer for it, one citizen's for staff, one figure for anybody."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, render_template, request

from rules import numbering
from rules.arabic import western_digits
from rules.calendar import cairo_date
from rules.refusal import Fault, Refusal
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import shown
from services.gateway.web.pages import wordings as wordings_pages
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("messages", __name__)
_DASHBOARD = LANG + "/staff/messages"
_FIND = LANG + "/staff/messages/search"
_WORDINGS = LANG + "/staff/messages/wordings"
_OPEN = ("draft", "proposed", "returned")
DAYS = 30
Answer = str | tuple[str, int]


@door(blueprint, "GET", _DASHBOARD, permission="message.dashboard")
def dashboard() -> Answer:
    """Counts, times and cost of a period: the last thirty days unless asked otherwise."""
    today = cairo_date(platform().now())
    period, faults = _period(today)
    try:
        found = {} if faults else {by: _counts(by, *period) for by in ("provider", "lane", "template", "unit")}
    except Refusal as refusal:
        faults, found = refusal.faults, {}
    # A message is made before anybody is chosen to take it: beside providers stand those that ended without one.
    handed = [row for row in found.get("provider", ()) if row["key"] or row["failed"] or row["expired"]]
    found.get("template", []).sort(key=lambda row: -row["created"])
    page = render_template("staff/messages.html", found=found, handed=handed, faults=faults, since=period[0],
                           until=period[1])
    return (page, 422) if faults else page


@door(blueprint, "GET", _FIND, permission="message.read")
def show_search() -> str:
    return render_template("staff/messages_of.html", found=None, faults=[], wanted="")


@door(blueprint, "POST", _FIND, permission="message.read", media_types=FORM, csrf=True)
def search() -> Answer:
    """By tracking number, phone or e-mail; what was asked for stands in no address."""
    wanted = request.form.get("wanted", "").strip()[:254]
    try:
        found = _sent_to(wanted)
    except Refusal as refusal:
        if refusal.code == "forbidden":
            raise
        faults = [Fault(fault.code, "wanted", fault.params) for fault in refusal.faults]
        return render_template("staff/messages_of.html", found=None, faults=faults, wanted=wanted), 422
    return render_template("staff/messages_of.html", found=found, faults=[], wanted=wanted)


@door(blueprint, "GET", _WORDINGS, permission="template.read")
def wordings() -> str:
    """Every kind of message by its name, and what is being written of it."""
    found = platform().call("notifications.templates", {}, caller().actor)["templates"]
    return render_template("staff/wordings.html", found=found)


@door(blueprint, "GET", _WORDINGS + "/<string:code>", permission="template.read")
def wording(code: str) -> str:
    """What one kind says, in force and as it is being written, in both languages with sample values."""
    done = request.args.get("done", "")
    return show(code, [], "", done if done in ("written", *wordings_pages.MOVES) else "")


def show(code: str, faults: list[Fault], remark: str, done: str = "") -> str:
    """The page of one kind, with what could not be done."""
    one = platform().call("notifications.template", {"code": code}, caller().actor)
    opened = [each["version"] for each in one["versions"] if each["state"] in _OPEN]
    seen = [(version, language, _preview(code, version, language))
            for version in (one["version"], *opened) for language in ("ar", "en")]
    return render_template("staff/wording.html", one=one, seen=seen, faults=faults, remark=remark, done=done,
                           **wordings_pages.acts(one))


@door(blueprint, "GET", LANG + "/performance", permission="message.performance")
def performance() -> str:
    found = platform().call("notifications.performance", {}, caller().actor)
    return render_template("public/performance.html", found=found)


def as_time(value: float | None) -> str:
    """A length of time as people say it."""
    if value is None:
        return shown.text("seconds.none")
    if value < 90:
        return shown.text("seconds.seconds", count=f"{value:.1f}" if value < 10 else f"{value:.0f}")
    if value < 5400:
        return shown.text("seconds.minutes", count=f"{value / 60:.0f}")
    return shown.text("seconds.hours", count=f"{value / 3600:.0f}")


def as_cost(value: int) -> str:
    """Thousandths of a pound as money: the half piastre is rounded up."""
    return shown.money((value + 5) // 10)


@blueprint.app_context_processor
def _filters() -> dict[str, Any]:
    return {"as_time": as_time, "as_cost": as_cost}


def _period(today: date) -> tuple[tuple[date, date], list[Fault]]:
    days, faults = [today - timedelta(days=DAYS - 1), today], []
    for place, name in enumerate(("since", "until")):
        typed = western_digits(request.args.get(name, "")).strip()
        if not typed:
            continue
        try:
            days[place] = date.fromisoformat(typed)
        except ValueError:
            faults.append(Fault("counts_day_malformed", name))
    return (days[0], days[1]), faults


def _counts(by: str, since: date, until: date) -> list[dict[str, Any]]:
    asked = {"since": since.isoformat(), "until": until.isoformat(), "by": by}
    rows: list[dict[str, Any]] = platform().call("notifications.counts", asked, caller().actor)["rows"]
    return rows


def _preview(code: str, version: int, language: str) -> dict[str, Any]:
    asked = {"code": code, "version": version, "language": language}
    return platform().call("notifications.preview_template", asked, caller().actor)


def _sent_to(wanted: str) -> list[dict[str, Any]]:
    """A tracking number is known by its check character; whatever is none is taken for an address."""
    asked: dict[str, Any]
    try:
        method, asked = "notifications.messages", {"tracking_number": numbering.parse_tracking(wanted)}
    except Refusal:
        method, asked = "notifications.of_address", {"address": wanted, "limit": 100}
    found: list[dict[str, Any]] = platform().call(method, asked, caller().actor)["messages"]
    return found
