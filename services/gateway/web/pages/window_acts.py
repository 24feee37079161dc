"""What else is done at the window: find a request, open it with the citizen's digits, put a typing error right, hand a
licence over. Completing papers, the receipt and a complaint are the citizen's own pages, opened for who stands
there."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from contracts.requests_afterwards import RECEIVERS
from rules import numbering
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal
from rules.turns import parse_label
from services.gateway.web import ask
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import applying, definition, kept, shown, turn_bar
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("window_acts", __name__)
_ALL = LANG + "/staff/window/requests"
_ONE = _ALL + "/<tracking_number>"
CORRECTED = ("name", "national_id", "passport", "phone", "email")
IDENTITY = ("national_id", "passport", "power_of_attorney")
_NATIONAL_ID = re.compile(r"[\d\s-]{14,20}")


@door(blueprint, "GET", _ALL, permission="request.find_person", staff=True)
def find() -> str:
    return _found("", [], None)


@door(blueprint, "POST", _ALL, permission="request.find_person", staff=True, media_types=FORM, csrf=True)
def found() -> ResponseReturnValue:
    """By whatever the citizen brings: the request's number, the ticket of today, a card, a name. What was looked for
    stands in no address; that people were looked for is recorded."""
    wanted = request.form.get("wanted", "").strip()[:100]
    try:
        number = numbering.parse_tracking(wanted)
        return redirect(url_for("window_acts.show", tracking_number=number), 303)
    except Refusal:
        pass
    try:
        listed = _search(wanted)
    except Refusal as refusal:
        if refusal.code in ("forbidden", "unauthenticated"):
            raise
        return _found(wanted, [Fault(one.code, "wanted", one.params) for one in refusal.faults], None), 422
    return _found(wanted, [], listed)


def _search(wanted: str) -> list[dict[str, Any]]:
    if parse_label(wanted) is not None:
        about = platform().call("requests.turn_of_label", {"label": wanted}, caller().actor)["requests"]
        found = (_by({"tracking_number": one["tracking_number"]}) for one in about)
        return [one for listed in found for one in listed]
    if _NATIONAL_ID.fullmatch(western_digits(wanted)):
        return _by({"national_id": wanted})
    if wanted.isascii() and any(letter.isdigit() for letter in wanted):
        return _by({"passport": wanted})
    return _by({"name": wanted})


def _by(criteria: dict[str, str]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = platform().call("requests.find", criteria, caller().actor)["requests"]
    return listed


def _found(wanted: str, faults: list[Fault], listed: list[dict[str, Any]] | None) -> str:
    return render_template("staff/window/requests.html", wanted=wanted, faults=faults, listed=listed)


@door(blueprint, "GET", _ONE, permission="request.find_person", staff=True)
def show(tracking_number: str) -> ResponseReturnValue:
    return _one(tracking_number, [])


@door(blueprint, "POST", _ONE, permission="request.find_person", staff=True, media_types=FORM, csrf=True)
def open_with_digits(tracking_number: str) -> ResponseReturnValue:
    """Open a request for the person who stands there and says the phone's last four digits; the turn at the window is
    about this request from now on."""
    digits = request.form.get("phone_last4", "")[:10]
    try:
        status = ask.inquire("requests.status", tracking_number, digits)
    except Refusal as refusal:
        if refusal.code not in ("tracking_unknown", "field_required", "too_many_requests"):
            raise
        faults = [Fault(refusal.code, "phone_last4", refusal.faults[0].params)]
        return _one(tracking_number, faults), 429 if refusal.code == "too_many_requests" else 422
    number = status["tracking_number"]
    visit = about(number)
    back: Any = redirect(url_for("window_acts.show", tracking_number=number, visit=visit), 303)
    return kept.keep_followed(back, number, western_digits(digits).strip())


def about(number: str) -> int | None:
    """Note at the turn that stands at the window what its holder came about; which visit of it this is."""
    bar = turn_bar.desk() if caller().actor.permits("queue.call") else {"desk": None}
    turn = bar["desk"] and bar["desk"]["turn"]
    if not turn:
        return None
    payload = {"turn_id": turn["turn_id"], "window": bar["window"], "tracking_number": number}
    try:
        return int(platform().call("requests.link_turn", payload, caller().actor,
                                   command_id=kept.once("link"))["visit"])  # fmt: skip
    except Refusal as refusal:
        if refusal.code in ("forbidden", "form_expired"):
            raise
        return None


def _one(tracking_number: str, faults: list[Fault]) -> str:
    listed = _by({"tracking_number": tracking_number})
    digits = kept.followed().get(tracking_number)
    status = ask.inquire("requests.status", tracking_number, digits) if digits else None
    return render_template("staff/window/request.html", number=tracking_number, faults=faults, status=status,
                           found=next(iter(listed), None), once=secrets.token_urlsafe(18),
                           visit=request.args.get("visit", "")[:3])  # fmt: skip


# -- typing errors ---------------------------------------------------------------------------------------------------


@door(blueprint, "GET", _ONE + "/correction", permission="request.correct")
def show_correction(tracking_number: str) -> str:
    return _correction(tracking_number, {}, [])


@door(blueprint, "POST", _ONE + "/correction", permission="request.correct", media_types=FORM, csrf=True)
def correct(tracking_number: str) -> ResponseReturnValue:
    """Send what differs from what was shown, with the reason; both values are kept."""
    seen = kept.unseal(request.form.get("shown", ""), "correction")
    given = {name: value for name, value in request.form.items() if "/" in name or name == "reason"}
    if not isinstance(seen, dict) or seen.get("number") != tracking_number:
        return _correction(tracking_number, given, [Fault("form_expired")]), 422
    before = seen["values"]
    changed = {name: value.strip()[:2000] for name, value in given.items()
               if name in before and value.strip() != (before[name] or "")}  # fmt: skip
    body = {
        "tracking_number": tracking_number, "corrected": seen["corrected"], "reason": given.get("reason", "").strip(),
        "applicant": {name.partition("/")[2]: value or None for name, value in changed.items()
                      if name.startswith("applicant/")},
        "answers": {name.partition("/")[2]: value for name, value in changed.items() if name.startswith("answers/")},
    }  # fmt: skip
    try:
        platform().call("requests.correct", body, caller().actor, command_id=kept.once("correct"))
    except Refusal as refusal:
        if refusal.code in ("forbidden", "tracking_unknown"):
            raise
        return _correction(tracking_number, given, refusal.faults), 422
    return redirect(url_for("window_acts.show_correction", tracking_number=tracking_number, done=1), 303)


def _correction(number: str, given: Mapping[str, str], faults: list[Fault]) -> str:
    """What may be corrected, as it stands. Reading it is recorded."""
    found = platform().call("requests.corrections", {"tracking_number": number}, caller().actor)
    entry = _entry_of(number)
    may = found["may_correct"]
    asked = applying.clean(definition.form(entry.document), found["answers"])[0] if entry else []
    open_ = [field for field in asked
             if field["name"] in may["answers"] and not isinstance(found["answers"].get(field["name"]), list)]
    labels = definition.labels(entry.document) if entry else {}
    labels |= {f"applicant/{name}": applying.applicant_label(name) for name in CORRECTED}
    names = [name for name in CORRECTED if may["applicant"] and (found["applicant"].get(name) or name == "email")]
    values = {f"applicant/{name}": found["applicant"].get(name) for name in names}
    values |= {f"answers/{field['name']}": _typed(found["answers"].get(field["name"])) for field in open_}
    sealed = kept.seal({"number": number, "corrected": found["corrected"], "values": values}, "correction", 30 * 60)
    return render_template("staff/window/correction.html", number=number, found=found, names=names, fields=open_,
                           values={**values, **given}, sealed=sealed, faults=faults, reason=given.get("reason", ""),
                           labels=labels | {"reason": shown.text("window.correct_reason")},
                           done=request.args.get("done"),
                           once=secrets.token_urlsafe(18))  # fmt: skip


def _typed(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _entry_of(number: str) -> Any:
    listed = _by({"tracking_number": number})
    return platform().guide.get(listed[0]["service_code"]) if listed else None


# -- handing over ----------------------------------------------------------------------------------------------------


@door(blueprint, "GET", LANG + "/staff/window/delivery", permission="licence.deliver", staff=True)
def show_delivery() -> str:
    serial = request.args.get("serial", "")[:40]
    return _delivery({"serial": serial, "receiver": "holder", "identity": "national_id"}, [])


@door(blueprint, "POST", LANG + "/staff/window/delivery", permission="licence.deliver", staff=True, media_types=FORM,
      csrf=True)  # fmt: skip
def deliver() -> ResponseReturnValue:
    """Record to whom the print of a licence was handed over and which identity was looked at."""
    names = ("serial", "receiver", "receiver_name", "identity")
    given = {name: request.form.get(name, "").strip()[:200] for name in names}
    faults = [Fault("field_required", name) for name in ("serial", "receiver", "identity") if not given[name]]
    if given["receiver"] == "representative":
        given["identity"] = "power_of_attorney"
        if not given["receiver_name"]:
            faults.append(Fault("field_required", "receiver_name"))
    if faults:
        return _delivery(given, faults), 422
    body = {**given, "serial": given["serial"].upper(), "receiver_name": given["receiver_name"] or None}
    try:
        done = platform().call("requests.deliver", body, caller().actor, command_id=kept.once("deliver"))
    except Refusal as refusal:
        if refusal.code == "forbidden":
            raise
        told = [Fault(one.code, one.field or "serial", one.params) for one in refusal.faults]
        return _delivery(given, told), 422
    return redirect(url_for("window_acts.show_delivery", done=done["serial"]), 303)


def _delivery(given: dict[str, str], faults: list[Fault]) -> str:
    return render_template("staff/window/delivery.html", given=given, faults=faults, receivers=RECEIVERS,
                           identity=IDENTITY, done=request.args.get("done", "")[:40],
                           once=secrets.token_urlsafe(18))  # fmt: skip
