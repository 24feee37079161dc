"""The window clerk's page: call the next turn, find who came, choose the service; the form follows (window_intake)."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid5

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules import identity
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal
from rules.search import ANYTHING
from services.gateway.guide import Entry
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import definition, drafts, kept, turn_bar, window_drafts
from services.gateway.web.pages.applying import Draft
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("window", __name__)
WINDOW = LANG + "/staff/window"
MOST_SERVICES = 7  # shown of those that the letters fit
_DIGITS = re.compile(r"[\d\s-]+")
_SHOWN = ("tracking_number", "service_code", "service_name", "state_name", "outcome", "lodged_at")


@door(blueprint, "GET", WINDOW, permission="request.submit", staff=True)
def show() -> str:
    return _page({}, turn_bar.told())


@door(blueprint, "GET", WINDOW + "/services", permission="request.submit", staff=True)
def suggest() -> str:
    """The services that what was typed fits, to be put under the field while somebody types."""
    typed = request.args.get("q", "")[:100].strip()
    return render_template("staff/window/_services.html", matches=matches(typed), chosen="")


@door(blueprint, "POST", WINDOW + "/person", permission="request.submit", staff=True, media_types=FORM, csrf=True)
def begin() -> ResponseReturnValue:
    """Who stands there, and for what: an application begins and is kept at the node. Whoever was called is being served
    from now on. What the person has lodged before is looked up, and that it was is recorded."""
    given = {name: request.form.get(name, "").strip()[:100] for name in ("card", "service", "service_code")}
    card, faults = _card(given["card"])
    entry, found = _service(given)
    if entry is None:
        faults.append(Fault("window_service_open" if found else "window_service_unknown", "service"))
    elif channel() not in entry.document["channels"]:
        faults.append(Fault("channel_not_offered", "service"))
    if faults or entry is None:
        return _page(given, faults, found if entry is None else []), 422
    once = kept.once("turn")
    draft = _new(entry, card, once)
    draft["window"] = _served(once)
    draft["known"] = _known(card)
    drafts.save(draft)
    response: Any = redirect(url_for("window_intake.show", draft_id=draft["id"]), 303)
    return window_drafts.keep(response, draft)


def channel() -> str:
    """Through which channel this person takes applications in: the centre's window, or a post office's counter."""
    return caller().actor.channel or "centre"


def matches(typed: str) -> list[Entry]:
    """Services of the guide that these letters or this code fit and that are offered through the own channel; the one
    whose code it is stands first."""
    if not typed:
        return []
    folded = western_digits(typed).lower()
    edition = platform().guide.edition()
    by_code = [entry for entry in platform().guide.in_force() if entry.code.startswith(folded)]
    by_code.sort(key=lambda entry: (entry.code != folded, entry.code))
    found = [*by_code, *edition.find(typed, ANYTHING, limit=MOST_SERVICES * 3).entries]
    offered = {entry.code: entry for entry in found if channel() in entry.document["channels"]}
    return list(offered.values())[:MOST_SERVICES]


def _service(given: dict[str, str]) -> tuple[Entry | None, list[Entry]]:
    """The service that was meant: the one picked from the list, the one of the code, or the only one that fits; and
    what else fits."""
    found = matches(given["service"])
    picked = next((entry for entry in found if entry.code == given["service_code"]), None)
    exact = platform().guide.get(western_digits(given["service"]).lower()) if given["service"] else None
    return picked or exact or (found[0] if len(found) == 1 else None), found


def _card(text: str) -> tuple[dict[str, str], list[Fault]]:
    """{national_id} or {passport} as it was typed, and what is wrong with it."""
    if not text:
        return {}, [Fault("field_required", "card")]
    try:
        if _DIGITS.fullmatch(western_digits(text)):
            return {"national_id": identity.parse_national_id(text, "card").digits}, []
        return {"passport": identity.parse_passport(text, "card")}, []
    except Refusal as refusal:
        return {}, refusal.faults


def _new(entry: Entry, card: dict[str, str], once: Any) -> Draft:
    kinds = definition.applicant_kinds(entry.document)
    wanted = "citizen" if "national_id" in card else "foreigner"
    draft = kept.new_draft(entry.code, caller().actor.unit or "")
    applicant = {**card, "kind": wanted if wanted in kinds else next(iter(kinds), "")}
    return {**draft, "id": str(uuid5(once, "draft")), "seen": [], "account": window_drafts.account(),
            "applicant": applicant, "scans": [], "language": g.language}  # fmt: skip


def _served(once: Any) -> dict[str, Any]:
    """The turn that stands at the window, being served from now on: {turn_id, label}, or nothing without one."""
    window, turn_id = turn_bar.number(), request.form.get("turn_id", "")
    if window is None or not turn_id:
        return {}
    try:
        turn = platform().call("requests.serve_turn", {"turn_id": turn_id, "window": window}, caller().actor,
                               command_id=uuid5(once, "serve"))["turn"]  # fmt: skip
    except Refusal as refusal:  # it was ended meanwhile: the application goes on without a number
        if refusal.code in ("forbidden", "unauthenticated"):
            raise
        return {}
    return {"turn_id": turn["turn_id"], "label": turn["label"], "window": window}


def _known(card: dict[str, str]) -> list[dict[str, Any]]:
    """What this person has lodged in the unit, the newest first; without a name."""
    if not caller().actor.permits("request.find_person"):
        return []
    found = platform().call("requests.find", {**card, "limit": 10}, caller().actor)["requests"]
    return [{name: one[name] for name in _SHOWN} for one in found]


def offline_url() -> str | None:
    """The field app, which takes applications in while the line to the node is down; None for who may not use it."""
    return url_for("field.app") if caller().actor.permits("offline.intake") else None


def _page(given: dict[str, str], faults: list[Fault], found: list[Entry] | None = None) -> str:
    return render_template(
        "staff/window/desk.html",
        bar=turn_bar.desk(),
        given=given,
        faults=faults,
        matches=found or [],
        unfinished=[(draft, platform().guide.get(draft["code"])) for draft in window_drafts.unfinished()],
        channel=channel(),
        offline=offline_url(),
    )
