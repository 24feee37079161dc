"""Staff pages of one subscription: how it does, a sample to try it, what one does with it, its dead letters."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules.refusal import Fault, Refusal, refuse
from services.gateway.agencies import agreements, dead_letters, registry, subscriptions, watching
from services.gateway.web import agencies as doing
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept, shown
from services.gateway.web.pages.agencies import run, said_here, services, words
from services.gateway.web.pages.agency_forms import day, listed, midnight, typed, whole
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("subscriptions", __name__)
_NEW = LANG + "/staff/agencies/<uuid:agency_id>/agreements/<uuid:agreement_id>/subscriptions/new"
_ONE = LANG + "/staff/subscriptions/<uuid:subscription_id>"
_LETTER = _ONE + "/dead-letters/<uuid:event_id>"
READ, MANAGE = registry.READ, registry.MANAGE
FILTERS = ("events", "services", "governorates")
Act = Callable[[Any], dict[str, Any]]


@door(blueprint, "GET", _NEW, permission=MANAGE)
def show_new(agency_id: UUID, agreement_id: UUID) -> str:
    return _new(agency_id, agreement_id, [], {
        "way": "", "mode": subscriptions.MODES[0], "signing": subscriptions.HMAC, "at_once": subscriptions.AT_ONCE,
        **{name: [] for name in FILTERS}})


@door(blueprint, "POST", _NEW, permission=MANAGE, media_types=FORM, csrf=True)
def make(agency_id: UUID, agreement_id: UUID) -> ResponseReturnValue:
    """Make a subscription and show its secret: this page cannot be opened again, and sent again it tells none."""
    given: dict[str, Any] = {**typed("name", "way", "endpoint", "mode", "signing", "at_once", "since"),
                             **{name: listed(name) for name in FILTERS}}
    faults: list[Fault] = []
    if given["way"] not in subscriptions.WAYS:
        faults.append(Fault("field_required", "way"))
    since = day(given["since"], "since", faults) if given["since"] else None
    body = {
        **{name: given[name] or None for name in (*FILTERS, "endpoint")}, "name": given["name"], "way": given["way"],
        "agreement_id": agreement_id, "at_once": whole(given["at_once"]) if given["at_once"] else None,
        "mode": given["mode"] if given["mode"] in subscriptions.MODES else None,
        "signing": given["signing"] if given["signing"] in subscriptions.SIGNINGS else None,
        "since": midnight(since) if since else None,
    }  # fmt: skip
    try:
        if faults:
            raise Refusal(faults)
        made, secret = doing.subscribe(agency_id, body, kept.once("subscription"))
    except Refusal as refusal:
        return _new(agency_id, agreement_id, said_here(refusal), given), 422
    there = url_for("subscriptions.show", subscription_id=made["subscription_id"])
    if made["way"] != subscriptions.WEBHOOK:
        return redirect(there, 303)
    return _secret(made["public_key"] or secret, there, given["name"], public=made["public_key"] is not None)


@door(blueprint, "GET", _ONE, permission=READ)
def show(subscription_id: UUID) -> str:
    """How one does; the figures ask for themselves again."""
    if shown.for_a_part("watch"):
        return render_template("staff/agencies/_watch.html", one=_watched(subscription_id), **words())
    return _one(subscription_id, [], {})


@door(blueprint, "POST", _ONE, permission=MANAGE, media_types=FORM, csrf=True)
def change(subscription_id: UUID) -> ResponseReturnValue:
    """Pause, resume, end, replay, or another receiver, as the form says."""
    given = typed("act", "pause_reason", "end_reason", "since", "name", "endpoint", "at_once")
    faults = list[Fault]()
    since = day(given["since"], "since", faults) if given["act"] == "replay" else None
    acts: dict[str, Act] = {
        "pause": lambda work: subscriptions.pause(work, subscription_id, given["pause_reason"]),
        "resume": lambda work: subscriptions.resume(work, subscription_id),
        "end": lambda work: subscriptions.end(work, subscription_id, given["end_reason"]),
        "replay": lambda work: subscriptions.replay(work, subscription_id, midnight(since)) if since else {},
        "change": lambda work: subscriptions.change(work, subscription_id, _changed(given)),
    }
    act = acts.get(given["act"])
    if act is None:
        raise refuse("form_expired")
    try:
        if faults:
            raise Refusal(faults)
        platform().once(kept.once(given["act"]), f"subscriptions.{given['act']}",
                        {"subscription_id": str(subscription_id), **given}, act, caller().actor)
    except Refusal as refusal:
        of = {"reason": f"{given['act']}_reason"}  # two forms of the page ask for a reason
        said = [Fault(fault.code, of.get(fault.field or "", fault.field), fault.params) for fault in said_here(refusal)]
        return _one(subscription_id, said, given), 422
    return redirect(url_for("subscriptions.show", subscription_id=subscription_id, done=given["act"]), 303)


@door(blueprint, "POST", _ONE + "/test", permission=MANAGE, media_types=FORM, csrf=True)
def test(subscription_id: UUID) -> ResponseReturnValue:
    """Send a sample to the receiver, or show what it would be, on the same page."""
    given = typed("type")
    try:
        found = doing.test(subscription_id, given["type"] or None, kept.once("test"))
    except Refusal as refusal:
        return _one(subscription_id, said_here(refusal), {"act": "test", **given}), 422
    written = json.dumps(found["event"], ensure_ascii=False, indent=2)
    return _one(subscription_id, [], {"act": "test", **given}, tested={**found, "written": written})


@door(blueprint, "POST", _ONE + "/secret", permission=MANAGE, media_types=FORM, csrf=True)
def rotate(subscription_id: UUID) -> ResponseReturnValue:
    """A new secret, shown this once; the former one signs beside it for a while."""
    given = typed("signing", "overlap_hours")
    signing = given["signing"] if given["signing"] in subscriptions.SIGNINGS else None
    hours = whole(given["overlap_hours"]) if given["overlap_hours"] not in ("0", "٠") else 0
    try:
        found = doing.rotate(subscription_id, {"signing": signing, "overlap_hours": hours}, kept.once("secret"))
    except Refusal as refusal:
        return _one(subscription_id, said_here(refusal), {"act": "rotate", **given}), 422
    there = url_for("subscriptions.show", subscription_id=subscription_id)
    return _secret(found["public_key"] or found["secret"], there, "", public=found["public_key"] is not None)


@door(blueprint, "POST", _LETTER, permission=MANAGE, media_types=FORM, csrf=True)
def settle(subscription_id: UUID, event_id: UUID) -> ResponseReturnValue:
    """Have a dead letter sent again, or let go of it with a reason."""
    given = typed("act", "reason")
    let_go = given["act"] == "let_go"
    told = {"subscription_id": str(subscription_id), "event_id": str(event_id), **given}

    def act(work: Any) -> dict[str, Any]:
        if let_go:
            return dead_letters.let_go(work, subscription_id, event_id, given["reason"])
        return dead_letters.replay(work, subscription_id, event_id)

    try:
        platform().once(kept.once("letter"), f"dead_letters.{'let_go' if let_go else 'replay'}", told, act,
                        caller().actor)  # fmt: skip
    except Refusal as refusal:
        faults = [Fault(fault.code, f"reason-{event_id}" if fault.field == "reason" else None, fault.params)
                  for fault in said_here(refusal)]
        return _one(subscription_id, faults, {**given, "of": str(event_id)}), 422
    return redirect(url_for("subscriptions.show", subscription_id=subscription_id, done=given["act"]), 303)


@door(blueprint, "POST", _ONE + "/dead-letters", permission=MANAGE, media_types=FORM, csrf=True)
def replay_all(subscription_id: UUID) -> ResponseReturnValue:
    """Have all dead letters sent again."""
    platform().once(kept.once("letters"), "dead_letters.replay_all", {"subscription_id": str(subscription_id)},
                    lambda work: dead_letters.replay(work, subscription_id), caller().actor)
    return redirect(url_for("subscriptions.show", subscription_id=subscription_id, done="replay_all"), 303)


def _changed(given: dict[str, str]) -> dict[str, Any]:
    return {"name": given["name"], **({"endpoint": given["endpoint"]} if given["endpoint"] else {}),
            **({"at_once": whole(given["at_once"])} if given["at_once"] else {})}  # fmt: skip


def _secret(secret: str | None, back: str, name: str, *, public: bool) -> str:
    title = shown.text("agencies.public_key" if public else "agencies.secret")
    return render_template("staff/agencies/secret.html", title=title, secret=secret, how="", missing=secret is None,
                           back=back, name=name, public=public)  # fmt: skip


def _new(agency_id: UUID, agreement_id: UUID, faults: list[Fault], given: dict[str, Any]) -> str:
    one = run(lambda work: registry.shown(work, agency_id))
    agreed = agreements.shown(run(lambda work: agreements.one(work, agency_id, agreement_id)))
    named = dict(services())
    return render_template(
        "staff/agencies/subscription_new.html", one=one, agreed=agreed, faults=faults, given=given,
        services=[(code, named.get(code, code)) for code in agreed["services"] or named],
        most_at_once=subscriptions.MOST_AT_ONCE, once=secrets.token_urlsafe(18), **words())  # fmt: skip


def _watched(subscription_id: UUID) -> dict[str, Any]:
    found: dict[str, Any] = run(lambda work: watching.watch(work, subscription_id))
    return found


def _one(subscription_id: UUID, faults: list[Fault], given: dict[str, Any],
         tested: dict[str, Any] | None = None) -> str:
    one = _watched(subscription_id)
    after = request.args.get("after", "")
    dead = run(lambda work: dead_letters.listed(work, subscription_id, int(after) if after.isdecimal() else 0))
    agreed = run(lambda work: agreements.one(work, UUID(one["agency_id"]), UUID(one["agreement_id"])))
    agency = run(lambda work: registry.shown(work, UUID(one["agency_id"])))
    return render_template(
        "staff/agencies/subscription.html", one=one, agency=agency["name"], dead=dead, faults=faults, given=given,
        tested=tested,
        types=sorted(one["events"] or agreed.events), named=dict(services()), done=request.args.get("done", ""),
        most_hours=subscriptions.MOST_OVERLAP_HOURS, most_at_once=subscriptions.MOST_AT_ONCE,
        once=lambda: secrets.token_urlsafe(18), **words())  # fmt: skip
