"""The front of the house: home, the guide, one service, and the files every page needs."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, send_from_directory, url_for

from chassis import admin_http
from rules.refusal import Fault, Refusal
from services.gateway.guide import Entry
from services.gateway.web.access import door
from services.gateway.web.pages import search as search_page
from services.gateway.web.pages import service as service_page
from services.gateway.web.pages import shown
from services.gateway.web.platform import platform

blueprint = Blueprint("public", __name__)
LANG = "/<any(ar,en):lang>"


def entry_of(code: str) -> Entry:
    """The service in force today. Refuses service_unknown."""
    entry = platform().guide.get(code)
    if entry is None:
        raise Refusal(Fault("service_unknown", "code", {"code": code}))
    return entry


@door(blueprint, "GET", "/static/<path:name>", permission="guide.read")
def static(name: str) -> Response:
    response = send_from_directory(shown.STATIC_FILES, name, max_age=86400)
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


@door(blueprint, "GET", "/health/<any(live,ready):question>", permission="guide.read")
def health(question: str) -> Response:
    """What a load balancer asks; it tells the truth, as the admin port does."""
    status, body = admin_http.health(platform().live if question == "live" else platform().ready, question)
    return Response(body, status, content_type="application/json")


@door(blueprint, "GET", "/favicon.ico", permission="guide.read")
def favicon() -> Response:
    return send_from_directory(shown.STATIC_FILES, "mark.svg", max_age=86400)


@door(blueprint, "GET", "/", permission="guide.read")
def root() -> Response:
    """Arabic first; the other language is one press away on every page."""
    return redirect(url_for("public.home", lang="ar"), 302)  # type: ignore[return-value]


@door(blueprint, "GET", LANG + "/", permission="guide.read")
def home() -> str:
    return render_template("public/home.html", entries=platform().guide.in_force()[:6])


@door(blueprint, "GET", LANG + "/services", permission="guide.read")
def search() -> str:
    return search_page.page(request.args)


@door(blueprint, "GET", LANG + "/services/<code>", permission="guide.read")
def service(code: str) -> str:
    entry = entry_of(code)
    return render_template("public/service.html", entry=entry, about=service_page.about(entry.document))
