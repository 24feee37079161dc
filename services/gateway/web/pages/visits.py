"""Order a visit of the mobile district, one question a page, follow it, cancel it. What was answered so far lies sealed
in a cookie, so that going back, reloading and going on later within the half hour lose nothing."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules import identity
from rules import visits as rule
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal
from services.gateway.web import ask
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller, set_cookie
from services.gateway.web.pages import definition, kept, shown
from services.gateway.web.pages.follow import ONE, again, digits_of
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("visits", __name__)
_ALL = LANG + "/visits"
_ORDER = _ALL + "/order"
_STEP = _ORDER + "/<any(purpose,request,service,place,day,person):step>"
COOKIE = "shubbak_visit"
SECONDS = 30 * 60
CHANNEL = "mobile_district"
DAYS = 12  # working days that are offered
_NEW = ("purpose", "service", "place", "day", "person")
_FOR_REQUEST = ("purpose", "request", "place", "day")
_STEP_OF = {"purpose": "purpose", "tracking_number": "request", "phone_last4": "request", "service_code": "service",
            "unit": "place", "address": "place", "note": "place", "preferred_on": "day"}  # fmt: skip
_NOT_SHOWN = ("form_expired", "too_many_requests")

Draft = dict[str, Any]


@door(blueprint, "GET", _ALL, permission="visit.order")
def show_all() -> str:
    return render_template("public/visits.html", faults=[], number=request.args.get("number", "")[:40])


@door(blueprint, "POST", _ALL, permission="visit.order", media_types=FORM, csrf=True)
def inquire() -> ResponseReturnValue:
    """Open a visit by its number and the digits, which come in a form's body."""
    number, digits = request.form.get("number", "").strip()[:40], request.form.get("phone_last4", "").strip()[:10]
    faults = [Fault("field_required", name) for name, given in (("number", number), ("phone_last4", digits))
              if not given]  # fmt: skip
    if not faults:
        try:
            found = ask.visit("requests.visit", number, digits)
            return _open(found["visit_number"], western_digits(digits))
        except Refusal as refusal:
            if refusal.code != "visit_unknown":
                raise
            faults = [Fault(refusal.code, "number")]
    return render_template("public/visits.html", faults=faults, number=number), 422


# -- ordering --------------------------------------------------------------------------------------------------------


@door(blueprint, "GET", _ORDER, permission="visit.order")
def begin() -> Response:
    """A new order from its first question."""
    return _keep({}, "purpose")


@door(blueprint, "GET", ONE + "/visit", permission="visit.order")
def begin_for(tracking_number: str) -> Response:
    """The open visit of a request that this browser has opened; a new order where there is none."""
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    if visit := ask.inquire("requests.timeline", tracking_number, digits).get("visit"):
        return _open(visit["number"], digits)
    return _keep({"tracking_number": tracking_number, "known": True}, "purpose")


@door(blueprint, "GET", _STEP, permission="visit.order")
def show_step(step: str) -> ResponseReturnValue:
    draft = _draft()
    missing = _first_open(draft)
    if step not in steps(draft) or (missing in steps(draft)[: steps(draft).index(step)]):
        return redirect(url_for("visits.show_step", step=missing or "purpose"), 303)
    return _step_page(step, draft, [])


@door(blueprint, "POST", _STEP, permission="visit.order", media_types=FORM, csrf=True)
def answer_step(step: str) -> ResponseReturnValue:
    """Take one answer and go on to the next question that is open, or to the check."""
    draft = _draft()
    draft.update({name: request.form.get(name, "").strip()[:most] for name, most in _ASKED[step]})
    if step == "request":
        draft.pop("known", None)
    faults = _CHECKS[step](draft)
    if faults:
        return _step_page(step, draft, faults), 422
    if step == "purpose":
        dropped = ("service_code", "unit") if draft["purpose"] != "intake" else ("tracking_number",)
        draft = {name: value for name, value in draft.items() if name not in dropped}
    draft.pop("phone_last4", None)
    response = _keep(draft, _first_open(draft))
    if step == "request" and (digits := request.form.get("phone_last4")):
        kept.keep_followed(response, draft["tracking_number"], western_digits(digits).strip())
    return response


@door(blueprint, "GET", _ORDER + "/check", permission="visit.order")
def show_check() -> ResponseReturnValue:
    draft = _draft()
    if missing := _first_open(draft):
        return redirect(url_for("visits.show_step", step=missing), 303)
    return _check_page(draft)


@door(blueprint, "POST", _ORDER + "/check", permission="visit.order", media_types=FORM, csrf=True)
def order(**_: Any) -> ResponseReturnValue:
    """Order the visit as it was checked. What is refused is shown at its own question."""
    draft = _draft()
    if missing := _first_open(draft):
        return redirect(url_for("visits.show_step", step=missing), 303)
    number = draft.get("tracking_number")
    digits = digits_of(number) if number else identity.parse_mobile(draft["phone"])[-4:]
    if digits is None:
        return again(number or "")
    try:
        made = platform().call("requests.order_visit", _body(draft, digits), caller().actor,
                               command_id=kept.once("visit"))  # fmt: skip
    except Refusal as refusal:
        if refusal.code in _NOT_SHOWN:
            raise
        faults = [Fault(fault.code, (fault.field or "purpose").removeprefix("person/"), fault.params)
                  for fault in refusal.faults]  # fmt: skip
        first = _STEP_OF.get(faults[0].field or "", "person")
        return _step_page(first if first in steps(draft) else "purpose", draft, faults), 422
    response = _open(made["visit_number"], digits, new=1)
    response.delete_cookie(COOKIE)
    return response


def steps(draft: Mapping[str, Any]) -> tuple[str, ...]:
    """The questions of this order, in turn. Nothing is asked that is known."""
    if draft.get("purpose") == "intake":
        return _NEW
    return _FOR_REQUEST


def _first_open(draft: Draft) -> str | None:
    return next((step for step in steps(draft) if _CHECKS[step](draft)), None)


def _draft() -> Draft:
    held = kept.unseal(request.cookies.get(COOKIE, ""), "visit")
    return held if isinstance(held, dict) else {}


def _keep(draft: Draft, step: str | None) -> Response:
    target = url_for("visits.show_step", step=step) if step else url_for("visits.show_check")
    response: Response = redirect(target, 303)  # type: ignore[assignment]
    set_cookie(response, COOKIE, kept.seal(draft, "visit", SECONDS), seconds=SECONDS)
    return response


def _body(draft: Draft, digits: str) -> dict[str, Any]:
    body = {"purpose": draft["purpose"], "address": draft["address"], "note": draft.get("note") or None,
            "preferred_on": draft.get("preferred_on") or None, "language": g.language}  # fmt: skip
    if number := draft.get("tracking_number"):
        return {**body, "tracking_number": number, "phone_last4": digits}
    person = {"name": draft["name"], "phone": draft["phone"], "email": draft.get("email") or None}
    return {**body, "service_code": draft["service_code"], "unit": draft["unit"], "person": person}


# -- each question ---------------------------------------------------------------------------------------------------


_ASKED: Mapping[str, tuple[tuple[str, int], ...]] = {
    "purpose": (("purpose", 20),),
    "request": (("tracking_number", 40), ("phone_last4", 10)),
    "service": (("service_code", 60),),
    "place": (("unit", 60), ("address", 500), ("note", 500)),
    "day": (("preferred_on", 10),),
    "person": (("name", 200), ("phone", 40), ("email", 254)),
}


def _check_purpose(draft: Draft) -> list[Fault]:
    return [] if draft.get("purpose") in rule.PURPOSES else [Fault("choose_one", "purpose")]


def _check_request(draft: Draft) -> list[Fault]:
    """That the request is one that the visitor holds, and that such a visit fits it. Refuses too_many_requests."""
    number = draft.get("tracking_number") or ""
    digits = draft.get("phone_last4") or digits_of(number)
    faults = [Fault("field_required", name) for name, given in (("tracking_number", number), ("phone_last4", digits))
              if not given]  # fmt: skip
    if faults:
        return faults
    try:
        found = ask.inquire("requests.status", number, digits)
    except Refusal as refusal:
        if refusal.code != "tracking_unknown":
            raise
        return [Fault(refusal.code, "tracking_number")]
    draft["tracking_number"] = found["tracking_number"]
    faults = _fits(found, draft["purpose"])
    return [Fault(fault.code, "tracking_number", fault.params) for fault in faults]


def _fits(found: Mapping[str, Any], purpose: str) -> list[Fault]:
    entry = platform().guide.version(found["service_code"], found["service_version"])
    return rule.fits(purpose, state_kind=found["state_kind"], outcome=found["outcome"],
                     licensed=bool(found["licence_serial"]),
                     renewal=entry is not None and rule.renews(entry.document))  # fmt: skip


def _check_service(draft: Draft) -> list[Fault]:
    offered = {code for code, _ in _services()}
    return [] if draft.get("service_code") in offered else [Fault("choose_one", "service_code")]


def _check_place(draft: Draft) -> list[Fault]:
    faults = []
    if draft.get("purpose") == "intake" and draft.get("unit") not in {code for code, _ in _units(draft)}:
        faults.append(Fault("choose_one", "unit"))
    if len(draft.get("address") or "") < 5:
        faults.append(Fault("text_too_short" if draft.get("address") else "field_required", "address", {"least": 5}))
    return faults


def _check_day(draft: Draft) -> list[Fault]:
    chosen = draft.get("preferred_on")
    if chosen is None:
        return [Fault("choose_one", "preferred_on")]  # not asked yet; the first free day is an answer: the empty one
    return [] if chosen == "" or chosen in {code for code, _ in _days(draft)} else [Fault("choose_one", "preferred_on")]


def _check_person(draft: Draft) -> list[Fault]:
    faults = []
    if len(draft.get("name") or "") < 3:
        faults.append(Fault("text_too_short" if draft.get("name") else "field_required", "name", {"least": 3}))
    for name, parse in (("phone", identity.parse_mobile), ("email", identity.parse_email)):
        if name == "email" and not draft.get(name):
            continue
        try:
            parse(draft.get(name) or "", name)
        except Refusal as refusal:
            faults += refusal.faults
    return faults


_CHECKS: Mapping[str, Callable[[Draft], list[Fault]]] = {
    "purpose": _check_purpose, "request": _check_request, "service": _check_service, "place": _check_place,
    "day": _check_day, "person": _check_person}  # fmt: skip


def _purposes(draft: Draft) -> list[tuple[str, str]]:
    """What a visit may be for; for a request only what fits where it stands."""
    number = draft.get("tracking_number")
    if not number or (digits := digits_of(number)) is None:
        return [(code, shown.text(f"visit.purpose.{code}")) for code in rule.PURPOSES]
    found = ask.inquire("requests.status", number, digits)
    return [(code, shown.text(f"visit.purpose.{code}")) for code in rule.PURPOSES if not _fits(found, code)]


def _services() -> list[tuple[str, str]]:
    return [(entry.code, shown.named(entry.document["name"])) for entry in platform().guide.in_force()
            if CHANNEL in entry.document["channels"]]  # fmt: skip


def _units(draft: Draft) -> list[tuple[str, str]]:
    entry = platform().guide.get(draft.get("service_code") or "")
    return [(unit.code, shown.named(unit.name)) for unit in definition.units(entry.document)] if entry else []


def _days(draft: Draft) -> list[tuple[str, str]]:
    """The next days on which somebody may come, as the unit's calendar has them."""
    held, today = platform(), platform().today()
    calendar = held.organisation.known().calendar(draft.get("unit") or held.settings.node)
    found: list[date] = []
    day = today
    while len(found) < DAYS and day < today + rule.FURTHEST:
        day += timedelta(days=1)
        if not rule.day_faults(day, today, calendar):
            found.append(day)
    return [(one.isoformat(), shown.weekday(one)) for one in found]


def _step_page(step: str, draft: Draft, faults: list[Fault]) -> str:
    # The way to a request that the visitor came from has no question about it, and none is counted.
    asked = [one for one in steps(draft) if one == step or one != "request" or "known" not in draft]
    options: dict[str, Callable[[], list[tuple[str, str]]]] = {
        "purpose": lambda: _purposes(draft), "service": _services, "place": lambda: _units(draft),
        "day": lambda: _days(draft)}  # fmt: skip
    at = asked.index(step)
    before = url_for("visits.show_step", step=asked[at - 1]) if at else url_for("visits.show_all")
    given = {"phone": _own_phone(), **draft}
    return render_template("public/visit_step.html", step=step, given=given, faults=faults, back=before, at=at + 1,
                           count=len(asked) + 1, options=options[step]() if step in options else [])  # fmt: skip


def _own_phone() -> str:
    citizen = caller().citizen
    return citizen.phone if citizen else ""


def _check_page(draft: Draft) -> str:
    def row(label: str, value: str, step: str) -> dict[str, str]:
        return {"label": shown.text(label), "value": value, "url": url_for("visits.show_step", step=step)}

    day = draft.get("preferred_on")
    rows = [row("visit.step.purpose", shown.text(f"visit.purpose.{draft['purpose']}"), "purpose")]
    if draft.get("tracking_number"):
        rows.append(row("visit.request", draft["tracking_number"], "request"))
    else:
        rows += [row("visit.service", dict(_services()).get(draft["service_code"], ""), "service"),
                 row("visit.unit", dict(_units(draft)).get(draft["unit"], ""), "place")]  # fmt: skip
    rows.append(row("visit.address", draft["address"], "place"))
    if draft.get("note"):
        rows.append(row("visit.note", draft["note"], "place"))
    rows.append(row("visit.day", shown.weekday(day) if day else shown.text("visit.any_day"), "day"))
    if not draft.get("tracking_number"):
        rows += [row("visit.name", draft["name"], "person"), row("visit.phone", draft["phone"], "person")]
    return render_template("public/visit_check.html", rows=rows, once=secrets.token_urlsafe(18),
                           back=url_for("visits.show_step", step=steps(draft)[-1]))  # fmt: skip


# -- following -------------------------------------------------------------------------------------------------------


@door(blueprint, "GET", _ALL + "/<number>", permission="visit.order")
def show(number: str) -> ResponseReturnValue:
    digits = digits_of(number)
    if digits is None:
        return redirect(url_for("visits.show_all", number=number), 303)
    found = ask.visit("requests.visit", number, digits)
    return render_template("public/visit.html", found=found, new="new" in request.args,
                           once=secrets.token_urlsafe(18))  # fmt: skip


@door(blueprint, "POST", _ALL + "/<number>", permission="visit.order", media_types=FORM, csrf=True)
def cancel(number: str) -> ResponseReturnValue:
    digits = digits_of(number)
    if digits is None:
        return redirect(url_for("visits.show_all", number=number), 303)
    ask.visit("requests.cancel_visit", number, digits, command_id=kept.once("cancel"))
    return redirect(url_for("visits.show", number=number), 303)


def _open(number: str, digits: str, **more: Any) -> Response:
    response: Response = redirect(url_for("visits.show", number=number, **more), 303)  # type: ignore[assignment]
    return kept.keep_followed(response, number, digits)
