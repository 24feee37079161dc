"""The front of the house: home, the guide, one service, and the files every page needs."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, send_from_directory, url_for

from chassis import admin_http
from rules.refusal import Fault, Refusal
from services.gateway.guide import Entry
from services.gateway.web import compressing
from services.gateway.web.access import door
from services.gateway.web.pages import calculator, definition, form_page, front, shown
from services.gateway.web.pages import search as search_page
from services.gateway.web.pages import service as service_page
from services.gateway.web.platform import platform

blueprint = Blueprint("public", __name__)
LANG = "/<any(ar,en):lang>"
COMPRESSED = (".css", ".js", ".svg", ".txt", ".json", ".webmanifest")


def entry_of(code: str) -> Entry:
    """The service in force today. Refuses service_unknown."""
    entry = platform().offer(code)
    if entry is None:
        raise Refusal(Fault("service_unknown", "code", {"code": code}))
    return entry


@door(blueprint, "GET", "/static/<path:name>", permission="guide.read")
def static(name: str) -> Response:
    """A file, compressed where it is text. Under its version (`v`) it never changes, and is asked for once."""
    response = send_from_directory(shown.STATIC_FILES, name)
    of_this_version = request.args.get("v") == shown.version_of(name)
    kept = "public, max-age=31536000, immutable" if of_this_version else "public, max-age=300"
    if response.status_code == 200 and name.endswith(COMPRESSED):
        response.headers.add("Vary", "Accept-Encoding")
        if compressing.takes_gzip():
            response = _compressed(name, response)
    response.headers["Cache-Control"] = kept
    return response


def _compressed(name: str, whole: Response) -> Response:
    path = shown.STATIC_FILES / name
    response = Response(compressing.compressed_file(path, path.stat().st_mtime_ns), content_type=whole.content_type)
    response.headers["Content-Encoding"] = "gzip"
    response.headers.add("Vary", "Accept-Encoding")
    response.set_etag(f"{shown.version_of(name)}-gzip")
    response.make_conditional(request)
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
    return front.page()


@door(blueprint, "GET", LANG + "/services", permission="guide.read")
def search() -> str:
    return search_page.page(request.args)


@door(blueprint, "GET", LANG + "/services/<code>", permission="guide.read")
def service(code: str) -> str:
    """One service, and what it would cost with the answers in the address; a script asks for the latter alone."""
    entry = entry_of(code)
    fees = calculator.page(entry.document, request.args)
    if shown.for_a_part("fees"):
        return render_template("public/_calculator.html", entry=entry, fees=fees)
    return render_template("public/service.html", entry=entry, about=service_page.about(entry.document), fees=fees,
                           units=definition.units(entry.document))  # fmt: skip


@door(blueprint, "GET", LANG + "/services/<code>/form", permission="guide.read")
def form(code: str) -> str:
    """The form as it will be asked, to be read and prepared for, or printed."""
    entry = entry_of(code)
    return render_template("public/form.html", entry=entry, asked=form_page.asked(entry.document))
