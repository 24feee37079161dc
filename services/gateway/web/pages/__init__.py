"""The pages: Arabic first, English beside it, server-rendered, usable without scripts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, g, redirect, render_template, request, url_for

from rules.refusal import Refusal
from services.gateway.web.caller import CITIZENS_PAGES
from services.gateway.web.pages import (
    apply,
    bindings,
    cashier,
    choices,
    counter,
    follow,
    intake,
    login,
    messages,
    public,
    rate,
    shown,
    staff,
    verify,
)

FOR_EVERYBODY = ("public.static", "public.favicon", "public.health", "public.root")


def register(app: Any) -> None:
    """Add the pages to the app."""
    app.url_value_preprocessor(_take_language)
    app.url_defaults(_add_language)
    app.jinja_options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}
    app.context_processor(shown.context)
    app.jinja_env.filters.update(shown.FILTERS)
    for module in (public, apply, follow, intake, rate, verify, login, staff, bindings, cashier, counter, messages,
                   choices):
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
    if code == "unauthenticated":
        query = urlencode({"next": request.full_path.rstrip("?")}) if request.method == "GET" else ""
        log_in = "citizens.show_login" if request.blueprint == CITIZENS_PAGES else "staff.show_login"
        return redirect(url_for(log_in, lang=g.language) + (f"?{query}" if query else ""), 303)  # type: ignore[return-value]
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
