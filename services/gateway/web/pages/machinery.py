"""The administrator's view of the machinery: the audit is searched, parked events are tried again or given up."""

from __future__ import annotations

import secrets
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template, request, url_for

from chassis.errors import Unavailable
from rules.calendar import cairo_date
from rules.refusal import Fault, Refusal
from services.gateway import colleagues
from services.gateway.web import tended
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept, shown
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("machinery", __name__)
_AUDIT = LANG + "/staff/audit"
_PARKED = LANG + "/staff/parked"
_ONE = _PARKED + "/<any(catalog,requests,payments,notifications,gateway):service>/<subscription>/<uuid:event_id>"
WORDS = ("subject", "actor_id", "action", "correlation_id")
DAYS = 7
Answer = Response | str | tuple[str, int]


@door(blueprint, "GET", _AUDIT, permission="audit.read")
def audit() -> Answer:
    """Search the audit of one service. Nothing is looked for until something was asked."""
    today = cairo_date(platform().now())
    given = {name: request.args.get(name, "").strip()[:200] for name in (*WORDS, "since", "until", "service", "before")}
    given["service"] = given["service"] if given["service"] in tended.SERVICES else "requests"
    asked = bool(request.args)
    if not asked:
        given |= {"since": (today - timedelta(days=DAYS)).isoformat(), "until": today.isoformat()}
    found, faults = _search(given) if asked else (None, [])
    further = {**{name: text for name, text in given.items() if text}, "before": found["next"]} if found else {}
    names = platform().run(lambda work: colleagues.names(work, [row["actor_id"] for row in found["rows"]]),
                           caller().actor) if found else {}  # fmt: skip
    onward = f"?{urlencode(further)}" if further.get("before") else None
    page = render_template("staff/audit.html", given=given, names=names, found=found, faults=faults,
                           services=tended.SERVICES, further=onward)  # fmt: skip
    return (page, 422) if faults else page


def _search(given: dict[str, str]) -> tuple[dict[str, Any] | None, list[Fault]]:
    body: dict[str, Any] = {name: given[name] for name in WORDS if given[name]}
    faults = []
    for name, days in (("since", 0), ("until", 1)):
        try:
            if given[name]:
                body[name] = _midnight(date.fromisoformat(given[name]) + timedelta(days=days)).isoformat()
        except (ValueError, OverflowError):
            faults.append(Fault("organisation_date_malformed", name))
    if given["before"].isdecimal():
        body["before"] = int(given["before"])
    if faults:
        return None, faults
    try:
        return tended.ask(given["service"], "audit", body), []
    except Refusal as refusal:
        if refusal.code == "forbidden":
            raise
        return None, refusal.faults


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), shown.CAIRO)


@door(blueprint, "GET", _PARKED, permission="parked.manage")
def parked() -> str:
    """How much each service owes, and the list of one."""
    return _parked(request.args.get("service", ""), [], {})


@door(blueprint, "POST", _ONE + "/replay", permission="parked.manage", media_types=FORM, csrf=True)
def replay(service: str, subscription: str, event_id: Any) -> Answer:
    return _settle(service, "replay_parked", {"subscription": subscription, "event_id": str(event_id)})


@door(blueprint, "POST", _ONE + "/skip", permission="parked.manage", media_types=FORM, csrf=True)
def skip(service: str, subscription: str, event_id: Any) -> Answer:
    reason = request.form.get("reason", "").strip()[:500]
    return _settle(service, "skip_parked", {"subscription": subscription, "event_id": str(event_id), "reason": reason})


def _settle(service: str, what: str, body: dict[str, Any]) -> Answer:
    try:
        tended.do(service, what, body, kept.once(what))
    except Refusal as refusal:
        if refusal.code not in ("event_not_parked", "skip_reason_required"):
            raise
        field = f"reason-{body['event_id']}" if refusal.code == "skip_reason_required" else None
        return _parked(service, [Fault(refusal.code, field)], {"of": body["event_id"], **body}), 422
    return redirect(url_for("machinery.parked", service=service), 303)  # type: ignore[return-value]


def _parked(service: str, faults: list[Fault], given: dict[str, Any]) -> str:
    counts: dict[str, Any] = {}
    for name in tended.SERVICES:
        try:
            counts[name] = tended.ask(name, "owed", {"limit": 1})
        except Unavailable:
            counts[name] = None  # it is down, which the page says
    chosen = service if service in tended.SERVICES else next(
        (name for name, one in counts.items() if one and one["parked"]), "requests")
    found = None
    if counts[chosen] is not None:
        after = request.args.get("after") or None
        found = tended.ask(chosen, "owed", {"after": after, "parked_only": request.args.get("all") is None})
    return render_template("staff/parked.html", counts=counts, chosen=chosen, found=found, faults=faults, given=given,
                           once=lambda: secrets.token_urlsafe(18))  # fmt: skip
