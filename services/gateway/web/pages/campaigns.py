"""Messages to many citizens for the staff: written, said whom they are for, submitted, approved by another person,
followed, paused and stopped. The same commands as the API's (services.gateway.web.api.campaigns)."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from contracts.notifications_campaigns import LIST_BYTES, OUTCOMES, STATES
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal
from services.gateway.web import campaign_lists
from services.gateway.web.access import BODY_BYTES, FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import finance_forms as forms
from services.gateway.web.pages import kept, shown
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("campaigns", __name__)
_ALL = LANG + "/staff/messages/campaigns"
_ONE = _ALL + "/<uuid:campaign_id>"
WRITE, APPROVE, RUN = "campaign.write", "campaign.approve", "campaign.run"
ACTS = {"submit": WRITE, "approve": APPROVE, "refuse": APPROVE, "pause": RUN, "resume": RUN, "cancel": RUN}
DONE = ("written", "chosen", "accepted", "scheduled", *ACTS)
_CAIRO = ZoneInfo("Africa/Cairo")
_TIMES = ("not_before", "hours_from", "hours_until", "per_minute")
_TEXTS = ("sms/ar", "sms/en", "email/ar/subject", "email/ar/body", "email/en/subject", "email/en/body")
_FIELDS = ("name", *_TEXTS, *_TIMES, "pause_at_percent")
_PARAGRAPH = re.compile(r"(email/(?:ar|en)/body)/[0-9]+\Z")
_MOST, _SHOWN_FAULTS = 50_000, 50
_NOT_SHOWN = ("unauthenticated", "forbidden", "form_expired", "campaign_unknown")


@door(blueprint, "GET", _ALL, permission=RUN)
def show_all() -> str:
    """Campaigns of the own unit, the newest first."""
    state = request.args.get("state", "")
    asked = {"state": state if state in STATES else None, "after": request.args.get("after") or None}
    found = forms.ask("notifications.campaigns", asked)
    return forms.render("staff/campaigns.html", found=found, states=STATES, state=asked["state"] or "")


@door(blueprint, "GET", _ALL + "/new", permission=WRITE)
def begin() -> str:
    return _writing(None, {"hours_from": "09:00", "hours_until": "20:00", "per_minute": "600",
                           "pause_at_percent": "20"}, [])  # fmt: skip


@door(blueprint, "POST", _ALL + "/new", permission=WRITE, media_types=FORM, csrf=True)
def write() -> ResponseReturnValue:
    """A new campaign, a draft."""
    return _write(None)


@door(blueprint, "GET", _ONE + "/writing", permission=WRITE)
def show_writing(campaign_id: Any) -> str:
    """A draft, or what was refused, to be written on."""
    found = _campaign(campaign_id)
    return _writing(found, _as_typed(found), [])


@door(blueprint, "POST", _ONE + "/writing", permission=WRITE, media_types=FORM, csrf=True)
def rewrite(campaign_id: Any) -> ResponseReturnValue:
    return _write(_campaign(campaign_id))


@door(blueprint, "GET", _ONE, permission=RUN)
def show(campaign_id: Any) -> str:
    """One campaign: its words, whom it is for, what it will cost, how far it came, and what may be done now. The part
    that tells how far it is is asked for again by itself while something goes on."""
    found = _campaign(campaign_id)
    if request.headers.get("HX-Request"):
        return forms.render("staff/_campaign_now.html", one=found, going=_going(found))
    return _page(campaign_id)([], {})


@door(blueprint, "POST", _ONE + "/applicants", permission=WRITE, media_types=FORM, csrf=True)
def choose(campaign_id: Any) -> ResponseReturnValue:
    """Whom it is for: whoever lodged requests like these."""
    given = request.form
    payload = {"campaign_id": str(campaign_id), "services": given.getlist("services")[:300],
               "units": given.getlist("units")[:400],
               "outcomes": [one for one in given.getlist("outcomes") if one in OUTCOMES],
               "since": _day("since"), "until": _day("until")}  # fmt: skip
    return _send("choose_applicants", payload, campaign_id, "chosen", ("since", "until", "services", "units"))


@door(blueprint, "POST", _ONE + "/list", permission=WRITE, media_types=FORM, csrf=True, limit=LIST_BYTES + BODY_BYTES)
def send_list(campaign_id: Any) -> ResponseReturnValue:
    """Whom it is for: a list of telephones and mailboxes, read once it is here."""
    file = request.files.get("file")
    page = _page(campaign_id)
    if file is None or not file.filename:
        return forms.refused(page, [Fault("document_empty", "file")])
    kind = file.filename.rpartition(".")[2].lower()
    if kind not in ("csv", "xlsx"):
        return forms.refused(page, [Fault("list_unreadable", "file")])
    size = file.stream.seek(0, os.SEEK_END)
    file.stream.seek(0)
    try:
        campaign_lists.hand_on(campaign_id, file.filename[:200], kind, file.stream, size, kept.once("list"))
    except Refusal as refusal:
        if refusal.code in _NOT_SHOWN:
            raise
        return forms.refused(page, [Fault(one.code, "file", one.params) for one in refusal.faults])
    return _to(campaign_id, "chosen")


@door(blueprint, "POST", _ONE + "/acceptance", permission=WRITE, media_types=FORM, csrf=True)
def accept(campaign_id: Any) -> ResponseReturnValue:
    """Go on without the broken lines of the list, as many as were seen."""
    payload = {"campaign_id": str(campaign_id), "broken": _number("broken") or 0}
    return _send("accept_audience", payload, campaign_id, "accepted", ("broken",))


@door(blueprint, "POST", _ONE + "/schedule", permission=RUN, media_types=FORM, csrf=True)
def schedule(campaign_id: Any) -> ResponseReturnValue:
    """Other times, another speed."""
    return _send("schedule_campaign", {"campaign_id": str(campaign_id), **_times()}, campaign_id, "scheduled", _TIMES)


@door(blueprint, "POST", _ONE + "/<any(submit,approve,refuse,pause,resume,cancel):doing>",
      permission=f"{WRITE}|{APPROVE}|{RUN}", media_types=FORM, csrf=True)  # fmt: skip
def act(campaign_id: Any, doing: str) -> ResponseReturnValue:
    """Submit, approve, refuse, pause, resume, cancel; the service knows who may. The version says what was read."""
    named: dict[str, Any] = {"campaign_id": str(campaign_id)}
    if doing == "submit":
        return _send("submit_campaign", {**named, "version": _number("version") or 1}, campaign_id, doing, ("submit",))
    if doing in ("approve", "refuse"):
        body = {**named, "version": _number("version") or 1, "approve": doing == "approve",
                "reason": forms.reason() or None}
        at = "reason-refuse" if doing == "refuse" else "approve"
        return _send("decide_campaign", body, campaign_id, doing, (at,))
    if not forms.reason():
        return forms.refused(_page(campaign_id), [Fault("campaign_reason_required", f"reason-{doing}")])
    return _send(f"{doing}_campaign", {**named, "reason": forms.reason()}, campaign_id, doing, (f"reason-{doing}",))


def _send(method: str, payload: Mapping[str, Any], campaign_id: Any, done: str, fields: tuple[str, ...]
          ) -> ResponseReturnValue:
    return forms.send(f"notifications.{method}", payload, _page(campaign_id),
                      lambda _: url_for("campaigns.show", campaign_id=campaign_id, done=done), fields=fields)


def _to(campaign_id: Any, done: str) -> ResponseReturnValue:
    return redirect(url_for("campaigns.show", campaign_id=campaign_id, done=done), 303)


def _campaign(campaign_id: Any) -> dict[str, Any]:
    return forms.ask("notifications.campaign", {"campaign_id": str(campaign_id)})


def _page(campaign_id: Any) -> forms.Page:
    def page(faults: list[Fault], given: Mapping[str, Any]) -> str:
        found = _campaign(campaign_id)
        audience, done = found["audience"], request.args.get("done", "")
        broken, preview, named = [], None, {"campaign_id": str(campaign_id)}
        if audience is not None and audience["state"] == "faulty":
            broken = [(one["line"], Fault(one["code"], one["field"], one["params"]))
                      for one in forms.ask("notifications.audience_faults", named)["faults"][:_SHOWN_FAULTS]]
        if audience is not None and audience["state"] == "ready":
            preview = forms.ask("notifications.preview_campaign", named)
        return forms.render(
            "staff/campaign.html", one=found, faults=faults, given=given, done=done if done in DONE else "",
            may_act=_may(found), broken=broken, preview=preview, going=_going(found), outcomes=OUTCOMES,
            services=[(one.code, shown.named(one.document["name"])) for one in platform().guide.in_force()],
            people=forms.names([found["written_by"], found["submitted_by"], found["approved_by"]]),
            times=given if "hours_from" in given else _as_typed(found), once=forms.once)

    return page


def _may(found: Mapping[str, Any]) -> list[str]:
    """What the caller may do now. Who had a hand in it does not approve it: the command holds that, the page says it
    beforehand of whoever wrote or submitted it."""
    who = caller().actor
    own = who.id in (found["written_by"], found["submitted_by"])
    possible = set(found["possible"])
    may = [name for name, permission in ACTS.items() if name in possible and who.permits(permission)
           and not (own and permission == APPROVE)]  # fmt: skip
    may += [name for name in ("write", "choose_audience") if name in possible and who.permits(WRITE)]
    return [*may, "schedule"] if "schedule" in possible and who.permits(RUN) else may


def _going(found: Mapping[str, Any]) -> bool:
    """Whether what the page tells changes by itself: a list is read, a price worked out, messages are sent."""
    audience, estimate = found["audience"], found["estimate"]
    if found["state"] in ("approved", "running"):
        return True
    return found["state"] == "draft" and audience is not None and (
        audience["state"] in ("receiving", "reading")
        or (audience["state"] == "ready" and not (estimate and estimate["done"])))


# -- writing -----------------------------------------------------------------------------------------------------------


def _write(found: dict[str, Any] | None) -> ResponseReturnValue:
    given = {name: request.form.get(name, "").replace("\r\n", "\n").strip()[:_MOST] for name in _FIELDS}
    body: dict[str, Any] = {"name": given["name"], "wording": _wording(given), **_times(),
                            "pause_at_percent": _number("pause_at_percent") or 0, "unit": caller().actor.unit}
    if found is not None:
        body |= {"campaign_id": found["campaign_id"], "version": _number("version") or 1, "unit": found["unit"]}
    try:
        made = platform().call("notifications.write_campaign", body, caller().actor, command_id=kept.once("write"))
    except Refusal as refusal:
        if refusal.code in _NOT_SHOWN:
            raise
        return _writing(found, given, [Fault(one.code, _field(one.field), one.params) for one in refusal.faults]), 422
    return _to(made["campaign_id"], "written")


def _wording(given: Mapping[str, str]) -> dict[str, Any]:
    """The channels of which something was written, both languages of each."""
    wording: dict[str, Any] = {}
    if given["sms/ar"] or given["sms/en"]:
        wording["sms"] = {name: text for name in ("ar", "en") if (text := given[f"sms/{name}"])}
    if any(given[name] for name in _TEXTS if name.startswith("email/")):
        wording["email"] = {language: {
            "subject": given[f"email/{language}/subject"],
            "body": [one.strip() for one in re.split(r"\n\s*\n", given[f"email/{language}/body"]) if one.strip()],
        } for language in ("ar", "en")}
    return wording


def _field(path: str | None) -> str | None:
    """Where on the form a fault of the command belongs."""
    place = (path or "").removeprefix("wording/")
    if place in ("wording", "sms", "email", ""):
        return {"email": "email/ar/subject"}.get(place, "sms/ar") if path else None
    place = _PARAGRAPH.sub(r"\1", place)
    return place if place in _FIELDS else None


def _as_typed(found: Mapping[str, Any]) -> dict[str, str]:
    """A campaign as its form has it."""
    wording = found["wording"]
    given = dict.fromkeys(_TEXTS, "")
    for language in ("ar", "en"):
        given[f"sms/{language}"] = wording.get("sms", {}).get(language, "")
        email = wording.get("email", {}).get(language)
        if email:
            given |= {f"email/{language}/subject": email["subject"],
                      f"email/{language}/body": "\n\n".join(email["body"])}  # fmt: skip
    begins = found["not_before"]
    if begins:
        given["not_before"] = datetime.fromisoformat(begins).astimezone(_CAIRO).strftime("%Y-%m-%dT%H:%M")
    return {**given, "name": found["name"], "version": str(found["version"]), "hours_from": found["hours_from"],
            "hours_until": found["hours_until"], "per_minute": str(found["per_minute"]),
            "pause_at_percent": str(found["pause_at_percent"])}  # fmt: skip


def _times() -> dict[str, Any]:
    """When and how fast, of the form. What is no moment or number is sent as it was typed and refused at its field."""
    begins = western_digits(request.form.get("not_before", "")).strip()[:40]
    if begins:
        with contextlib.suppress(ValueError):
            begins = datetime.fromisoformat(begins).replace(tzinfo=_CAIRO).isoformat()
    hours = {name: western_digits(request.form.get(name, "")).strip()[:5] for name in ("hours_from", "hours_until")}
    return {"not_before": begins or None, **hours, "per_minute": _number("per_minute") or 0}


def _day(name: str) -> str | None:
    return western_digits(request.form.get(name, "")).strip()[:20] or None


def _number(name: str) -> int | None:
    given = western_digits(request.form.get(name, "")).strip()
    return int(given) if given.isdecimal() and len(given) < 8 else None


def _writing(found: dict[str, Any] | None, given: Mapping[str, Any], faults: list[Fault]) -> str:
    version: Callable[[], str] = lambda: request.form.get("version") or str(found["version"] if found else "")  # noqa: E731
    return forms.render("staff/campaign_writing.html", one=found, given=given, faults=faults, version=version(),
                        once=forms.once(), back=url_for("campaigns.show", campaign_id=found["campaign_id"])
                        if found else url_for("campaigns.show_all"))  # fmt: skip
