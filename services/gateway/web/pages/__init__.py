"""The pages: Arabic first, English beside it, server-rendered, usable without scripts."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, redirect, render_template, request, url_for
from flask_babel import Babel

from rules.refusal import Refusal
from services.gateway.web.caller import CITIZENS_PAGES
from services.gateway.web.pages import (
    account,
    agencies,
    api_docs,
    apply,
    bills,
    bindings,
    boards,
    campaigns,
    cashier,
    choices,
    complaints,
    completing,
    components,
    counter,
    desk_answers,
    desk_late,
    desk_oversight,
    desk_people,
    desk_register,
    desk_visits,
    device_entry,
    devices,
    editor,
    editor_draft,
    editor_files,
    editor_look,
    editor_offers,
    editor_organisation,
    editor_review,
    event_docs,
    field,
    finance,
    finance_charges,
    finance_collections,
    finance_statements,
    finance_waiting,
    follow,
    intake,
    keys,
    letter_answers,
    link_commands,
    links,
    login,
    machinery,
    messages,
    national,
    people,
    portal,
    portal_review,
    providers,
    public,
    queue,
    rate,
    reads,
    shown,
    staff,
    staff_login,
    subscriptions,
    turn_bar,
    units,
    verify,
    visits,
    window,
    window_acts,
    window_intake,
    wordings,
)

FOR_EVERYBODY = ("public.static", "public.favicon", "public.health", "public.root", *portal.FOR_EVERYBODY,
                 *field.FOR_EVERYBODY)
_PATH = re.compile(r"https?://[^/?#]+(/[^?#]*)")


def register(app: Any) -> None:
    """Add the pages to the app."""
    Babel(app, locale_selector=lambda: "ar_EG" if g.language == "ar" else "en_GB")
    app.url_value_preprocessor(_take_language)
    app.url_defaults(_add_language)
    app.jinja_options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}
    app.context_processor(shown.context)
    app.context_processor(portal.context)
    app.jinja_env.filters.update(shown.FILTERS)
    for module in (
        editor, editor_draft, editor_files, editor_review, editor_look, editor_offers, editor_organisation,
        public, apply, follow, intake, rate, verify, login, staff, staff_login, account, api_docs, bindings,
        cashier, counter, messages, choices, components, machinery, people, bills, completing, complaints,
        reads, visits, portal, field, boards, finance, finance_waiting, finance_statements,
        finance_collections, finance_charges, window, window_intake, window_acts, turn_bar, queue, desk_answers,
        desk_late, desk_oversight, desk_people, desk_register, desk_visits, devices,
        device_entry, keys, units, wordings, providers, campaigns, national, portal_review, links, event_docs, agencies,
        subscriptions, letter_answers, link_commands,
    ):
        app.register_blueprint(module.blueprint)


def language_of_request() -> str:
    """The language in the address; Arabic where it has none."""
    return "en" if request.path.startswith("/en/") or request.path == "/en" else "ar"


def needs_nobody() -> bool:
    """Whether the request is for a file that is the same for everybody: no session is looked up for it."""
    return request.endpoint in FOR_EVERYBODY


def answer_failure(refusal: Refusal, status: int) -> Response:
    """A page that says what went wrong and what to do now. Who must log in is led to the log-in."""
    code = refusal.code
    if code in ("authenticator_required", "password_to_change"):
        return redirect(url_for("account.home", lang=g.language), 303)  # type: ignore[return-value]
    if code == "unauthenticated":
        part = "HX-Request" in request.headers
        seen = _PATH.match(request.headers.get("HX-Current-URL", ""))
        page = (seen[1] if seen else "") if part else request.full_path.rstrip("?")
        query = urlencode({"next": page}) if part or request.method == "GET" else ""
        log_in = "citizens.show_login" if request.blueprint == CITIZENS_PAGES else "staff.show_login"
        address = url_for(log_in, lang=g.language) + (f"?{query}" if query else "")
        if part:  # a page that is open asked for a part of itself: it goes to the log-in whole
            return Response(status=status, headers={"HX-Redirect": address})
        return redirect(address, 303)  # type: ignore[return-value]
    g.setdefault("caller", None)
    body = render_template("problem.html", refusal=refusal, status=status, code=code)
    return Response(body, status, content_type="text/html; charset=utf-8")


def _take_language(endpoint: str | None, values: dict[str, Any] | None) -> None:
    if values:
        values.pop("lang", None)


def _add_language(endpoint: str, values: dict[str, Any]) -> None:
    from flask import current_app

    if "lang" not in values and current_app.url_map.is_endpoint_expecting(endpoint, "lang"):
        values["lang"] = g.language
