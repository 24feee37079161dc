"""The field app: the shell that it starts from, its texts, its manifest and its service worker. All of it is the same
for everybody: who somebody is, the app tells the API alone. What it does is in static/field/."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import orjson
from babel import Locale
from flask import Blueprint, Response, g, render_template, request, url_for

from contracts import problems
from rules import applicants
from services.gateway.web.access import door
from services.gateway.web.pages import portal, shown
from services.gateway.web.pages.public import LANG
from services.gateway.web.pages.texts import TEXTS
from services.gateway.web.platform import platform

blueprint = Blueprint("field", __name__)
FOR_EVERYBODY = ("field.app", "field.words", "field.manifest", "field.worker")

# What the app finds by itself without a line (static/field/checks.js), and why a bundle has no ticket.
CODES = (
    "field_required", "answer_not_text", "answer_too_long", "answer_pattern", "answer_not_integer", "answer_below",
    "answer_above", "answer_not_decimal", "answer_not_choice", "answer_not_date", "answer_not_boolean",
    "document_missing", "national_id_malformed", "national_id_length", "national_id_century", "national_id_date",
    "national_id_governorate", "phone_invalid", "email_invalid", "passport_invalid", "tax_number_invalid",
    "commercial_register_invalid", "deed_number_invalid", "deed_year_impossible", "date_in_future",
    "nationality_unknown", "too_many_heirs", "principal_not_identified", "slip_field_invalid",
    "request_not_decided", "request_of_another_unit", "release_apart", "ticket_elsewhere", "ticket_used",
    "ticket_unreported", "item_differs", "item_not_genuine", "item_too_large", "document_type_refused",
    "document_too_large",
)  # fmt: skip
_KEPT_BESIDE = ("style.css", "field.css", "mark.svg", "vendor/idb.js", "vendor/uqr.js",
                *(f"fonts/cairo-{script}-{weight}.woff2" for script in ("arabic", "latin") for weight in (400, 700)))
_KINDS = tuple(f"kind.{kind}" for kind in applicants.KINDS)


@door(blueprint, "GET", LANG + "/field", permission="guide.read")
def app() -> str:
    """The app's one page. The service worker keeps it: nothing of who asked for it stands in it."""
    return render_template("field/app.html")


@door(blueprint, "GET", LANG + "/field/words.json", permission="guide.read")
def words() -> Response:
    """The app's texts in one language: its own, what faults that it finds itself say, the governorate's units, and the
    countries of passports."""
    body = _words()
    return _kept(Response(body, content_type="application/json"), _digest(body))


@door(blueprint, "GET", LANG + "/field/manifest.webmanifest", permission="guide.read")
def manifest() -> Response:
    """The app as a browser installs it, apart from the portal's."""
    body = orjson.dumps({
        "id": url_for("field.app"),
        "name": shown.text("field.app"),
        "short_name": shown.text("field.app_short"),
        "description": shown.text("field.app_description"),
        "lang": g.language,
        "dir": "rtl" if g.language == "ar" else "ltr",
        "start_url": url_for("field.app"),
        "scope": url_for("field.app"),
        "display": "standalone",
        "theme_color": "#073941",
        "background_color": portal.GROUND,
        "icons": [{"src": shown.static_url(f"icons/{file}"), "sizes": sizes, "type": "image/png", "purpose": purpose}
                  for file, sizes, purpose in portal.ICONS],
    })  # fmt: skip
    return _kept(Response(body, content_type="application/manifest+json"), _digest(body))


@door(blueprint, "GET", LANG + "/field/sw.js", permission="guide.read")
def worker() -> Response:
    """The service worker with the files that it keeps. Its text changes with any of them, so that browsers take it."""
    page = url_for("field.app")
    files = [*(url_for("public.static", name=name) for name in _files()), portal.brand_url(), url_for("field.words"),
             url_for("field.manifest")]  # fmt: skip
    versions = [shown.version_of(name) for name in _files()]
    version = _digest(orjson.dumps([versions, files]) + _words() + render_template("field/app.html").encode())
    told = "".join(f"const {name} = {orjson.dumps(value).decode()};\n"
                   for name, value in (("VERSION", version), ("PAGE", page), ("FILES", files)))
    response = Response(told.encode() + (_app_files() / "sw.js").read_bytes(),
                        content_type="text/javascript; charset=utf-8")
    response.headers["Service-Worker-Allowed"] = page  # the worker's own address lies below the page
    return _kept(response, version)


def _app_files() -> Path:
    return shown.STATIC_FILES / "field"


@cache
def _files() -> tuple[str, ...]:
    """All that the app loads, by its name under /static/."""
    own = sorted(path.name for path in _app_files().glob("*.js") if path.name != "sw.js")
    return (*_KEPT_BESIDE, *(f"field/{name}" for name in own))


def _words() -> bytes:
    at = 0 if g.language == "ar" else 1
    known = problems.catalogue()
    organisation = platform().organisation.known()
    territories = Locale.parse(g.language).territories
    names = {code: territories[code] for code in applicants.NATIONALITIES if code in territories}
    units = [unit for unit in organisation.units(platform().today())
             if unit.governorate == platform().settings.node and unit.status == "open"]  # fmt: skip
    return orjson.dumps({
        "texts": {key: pair[at] for key, pair in TEXTS.items() if key.startswith("field.") or key in _KINDS},
        "problems": {code: (known[code].ar, known[code].en)[at] for code in CODES},
        "units": [(unit.code, shown.named(unit.name)) for unit in units],
        "countries": sorted(names.items(), key=lambda pair: pair[1]),
    })  # fmt: skip


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _kept(response: Response, tag: str) -> Response:
    """For everybody, asked for again by its tag."""
    response.headers["Cache-Control"] = "no-cache"
    response.set_etag(tag)
    response.make_conditional(request)
    return response
