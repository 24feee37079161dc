"""The pages on which a citizen chooses what messages come: behind the link of a message, beside a followed request, and
at the window. Without scripts."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chassis.ids import uuid7
from rules.refusal import Fault, Refusal, refuse
from services.gateway.web import choices
from services.gateway.web.access import FORM, door
from services.gateway.web.pages import kept
from services.gateway.web.pages.public import LANG

blueprint = Blueprint("choices", __name__)
_LINK = LANG + "/messages/<token>"
_FOLLOWED = LANG + "/follow/<tracking_number>/messages"
_WINDOW = LANG + "/staff/preferences"
OF_REQUEST = "request"  # the language of each request
_LANGUAGES = {"ar": "ar", "en": "en", OF_REQUEST: None}


# -- by the link of a message ----------------------------------------------------------------------------------------


@door(blueprint, "GET", _LINK, permission="preference.own")
def show(token: str) -> str:
    return _page(choices.of_link(token), token=token)


@door(blueprint, "POST", _LINK, permission="preference.own", media_types=FORM, csrf=True)
def choose(token: str) -> str:
    return _page(choices.choose_by_link(token, _chosen(), kept.once("choose")), token=token, saved=True)


@door(blueprint, "GET", _LINK + "/stop", permission="preference.own")
def show_instead(token: str) -> Response:
    """A person who follows a mailbox's address stops nothing by looking: the page asks."""
    return redirect(url_for("choices.show", token=token), 303)  # type: ignore[return-value]


@door(blueprint, "POST", _LINK + "/stop", permission="preference.own", media_types=FORM)
def stop(token: str) -> Response:
    """One click of a mailbox (RFC 8058, 3.2), which has no page of ours and so no token of a form; the token in the
    address is the proof. The same click again changes nothing."""
    if request.form.get("List-Unsubscribe") != "One-Click":
        raise refuse("field_required", "List-Unsubscribe")
    choices.stop(token, uuid7())
    return Response("", 200, content_type="text/plain; charset=utf-8")


# -- beside a followed request ---------------------------------------------------------------------------------------


@door(blueprint, "GET", _FOLLOWED, permission="preference.own")
def show_of_request(tracking_number: str) -> Response | str:
    digits = kept.followed().get(tracking_number)
    if digits is None:
        return redirect(url_for("follow.show_inquiry", number=tracking_number), 303)  # type: ignore[return-value]
    return _page(choices.of_request(tracking_number, digits), tracking_number=tracking_number)


@door(blueprint, "POST", _FOLLOWED, permission="preference.own", media_types=FORM, csrf=True)
def choose_of_request(tracking_number: str) -> Response | str:
    digits = kept.followed().get(tracking_number)
    if digits is None:
        return redirect(url_for("follow.show_inquiry", number=tracking_number), 303)  # type: ignore[return-value]
    found = choices.choose_for_request(tracking_number, digits, _chosen(), kept.once("choose"))
    return _page(found, tracking_number=tracking_number, saved=True)


def _chosen() -> list[dict[str, Any]]:
    """What the form says, by channel. A channel that it does not name stays as it is. Refuses field_invalid for what no
    form of ours sends."""
    found = []
    for channel in ("sms", "email"):
        receive = request.form.get(f"{channel}/receive")
        if receive is None:
            continue
        language = request.form.get(f"{channel}/language", OF_REQUEST)
        if receive not in ("true", "false") or language not in _LANGUAGES:
            raise refuse("field_invalid", channel, reason="receive, language")
        found.append({"channel": channel, "receive": receive == "true", "language": _LANGUAGES[language]})
    if not found:
        raise refuse("field_required", "receive")
    return found


def _page(found: dict[str, Any], *, token: str | None = None, tracking_number: str | None = None,
          saved: bool = False) -> str:
    action = url_for("choices.choose", token=token) if token else url_for(
        "choices.choose_of_request", tracking_number=tracking_number)
    return render_template("public/choices.html", found=found, action=action, saved=saved, of_request=OF_REQUEST,
                           tracking_number=tracking_number, once=secrets.token_urlsafe(18))  # fmt: skip


# -- at the window ---------------------------------------------------------------------------------------------------


@door(blueprint, "GET", _WINDOW, permission="preference.set")
def show_at_window() -> str:
    return _window({}, [])


@door(blueprint, "POST", _WINDOW, permission="preference.set", media_types=FORM, csrf=True)
def at_window() -> ResponseReturnValue:
    """Look up an address, and with `receive` set what its citizen wishes."""
    given = {name: request.form.get(name, "").strip()[:254] for name in ("phone", "email")}
    address = {name: value or None for name, value in given.items()}
    receive, language = request.form.get("receive"), request.form.get("language", OF_REQUEST)
    try:
        if receive in ("true", "false") and language in _LANGUAGES:
            choices.set_for(address, receive == "true", _LANGUAGES[language], kept.once("set"))
        found = choices.of_address(address)
    except Refusal as refusal:
        if refusal.code not in ("field_required", "field_invalid", "phone_invalid", "phone_landline", "phone_foreign",
                                "email_invalid"):
            raise
        return _window(given, list(refusal.faults)), 422
    return _window(given, [], found, saved=receive is not None)


def _window(given: dict[str, Any], faults: list[Fault], found: dict[str, Any] | None = None, *,
            saved: bool = False) -> str:
    return render_template("staff/choices.html", given=given, faults=faults, found=found, saved=saved,
                           of_request=OF_REQUEST, once=secrets.token_urlsafe(18))  # fmt: skip
