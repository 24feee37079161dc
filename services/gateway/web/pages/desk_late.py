"""What is late, whose it is and why; warnings; making a period longer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, g, render_template

from rules import lateness
from rules.refusal import Fault, Refusal
from rules.waiting import APPLICANT
from services.gateway.web.access import FORM, door
from services.gateway.web.pages import kept
from services.gateway.web.pages.desk import STAFF, ask, asked, done, names, next_page, said_here, token, written
from services.gateway.web.platform import platform

blueprint = Blueprint("desk_late", __name__)
COUNTED_DAYS = 30  # of causes, where nobody asks for other days


@door(blueprint, "GET", STAFF + "/late", permission="late.read")
def list_late() -> str:
    """Late files, the longest late first; and of what causes there were lately."""
    found = ask("requests.late", {"after": asked("after", 100)})
    today = platform().today()
    counted = ask("requests.late_causes", {"since": (today - timedelta(days=COUNTED_DAYS - 1)).isoformat(),
                                           "until": today.isoformat()})["causes"]
    people = names([one["holder"] for one in found["files"]]
                   + [one["cause"]["by"] for one in found["files"] if one["cause"]])
    totals: dict[str, int] = {}
    for one in counted:
        totals[one["cause"]] = totals.get(one["cause"], 0) + one["requests"]
    return render_template(
        "staff/late.html", files=found["files"], people=people, done=asked("done"), days=COUNTED_DAYS,
        totals=sorted(totals.items(), key=lambda one: -one[1]), causes=_worded(lateness.CAUSES),
        measures=_worded(lateness.MEASURES), next=next_page("desk_late.list_late", found["next"]))


@door(blueprint, "GET", STAFF + "/late/<tracking_number>", permission="late.explain")
def show_cause(tracking_number: str) -> str:
    return _cause(tracking_number, [], {})


@door(blueprint, "POST", STAFF + "/late/<tracking_number>", permission="late.explain", media_types=FORM, csrf=True)
def record_cause(tracking_number: str) -> Response | tuple[str, int]:
    """Say why it is late and what was done."""
    given = {"cause": written("cause", 40), "measure": written("measure", 40), "words": written("words")}
    faults = [Fault("field_required", name) for name, value in given.items() if not value]
    try:
        if faults:
            raise Refusal(faults)
        ask("requests.record_late_cause", {"tracking_number": tracking_number, **given},
            command_id=kept.once("late-cause"))
    except Refusal as refusal:
        return _cause(tracking_number, said_here(refusal), given), 422
    return done("desk_late.list_late", "cause")


def _cause(tracking_number: str, faults: list[Fault], given: dict[str, str]) -> str:
    return render_template("staff/late_cause.html", tracking_number=tracking_number, faults=faults, given=given,
                           once=token(), causes=_worded(lateness.CAUSES), measures=_worded(lateness.MEASURES))


def _worded(table: Any) -> dict[str, str]:
    """A list of rules.lateness in the page's language."""
    return {code: names_[0 if g.language == "ar" else 1] for code, names_ in table.items()}


@door(blueprint, "GET", STAFF + "/warnings", permission="warning.list")
def list_warnings() -> str:
    """What my role is to look at, the newest first."""
    found = ask("requests.warnings", {"before": asked("before")})
    return render_template("staff/warnings.html", warnings=found["warnings"],
                           next=next_page("desk_late.list_warnings", found["next"], "before"))


@door(blueprint, "GET", STAFF + "/extensions", permission="request.extend")
def show_extension() -> str:
    given = {"tracking_number": asked("number") or "", "period": asked("period") or "whole"}
    return _extension([], given)


@door(blueprint, "POST", STAFF + "/extensions", permission="request.extend", media_types=FORM, csrf=True)
def extend() -> Response | str | tuple[str, int]:
    """Make a period longer, as far as the service's definition allows."""
    given = {name: written(name, most) for name, most in (
        ("tracking_number", 60), ("period", 60), ("days", 5), ("reason", 2000))}
    faults = [Fault("field_required", name) for name, value in given.items() if not value]
    if given["days"] and not given["days"].isdecimal():
        faults.append(Fault("field_invalid", "days", {"reason": "Not a valid integer."}))
    try:
        if faults:
            raise Refusal(faults)
        extended = ask("requests.extend", {**given, "days": int(given["days"])}, command_id=kept.once("extend"))
    except Refusal as refusal:
        return _extension(said_here(refusal), given), 422
    return render_template("staff/extension.html", faults=[], given={}, once=token(), extended=extended,
                           periods=_periods("whole"))


def _extension(faults: list[Fault], given: dict[str, str]) -> str:
    return render_template("staff/extension.html", faults=faults, given=given, once=token(), extended=None,
                           periods=_periods(given.get("period") or "whole"))


def _periods(chosen: str) -> list[str]:
    """Codes of periods to choose from: the whole, the applicant's own time, and the part one came for."""
    return list(dict.fromkeys(("whole", APPLICANT, chosen)))
