"""The portal as an app of its own governorate: its name and colours, its manifest, its service worker, and the page
that is shown without a line. All of it is the same for everybody."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import orjson
from flask import Blueprint, Response, g, render_template, request, url_for

from rules import places
from services.gateway import brand
from services.gateway.web.access import door
from services.gateway.web.pages import shown
from services.gateway.web.pages.public import LANG
from services.gateway.web.pages.texts import TEXTS
from services.gateway.web.platform import platform

blueprint = Blueprint("portal", __name__)
FOR_EVERYBODY = ("portal.brand_css", "portal.manifest", "portal.worker", "portal.offline")
ICONS = (("icon-192.png", "192x192", "any"), ("icon-512.png", "512x512", "any"),
         ("maskable-192.png", "192x192", "maskable"), ("maskable-512.png", "512x512", "maskable"))  # fmt: skip
GROUND = "#f5f2ea"  # style.css's --ground, behind the icon while the app starts
SHELL = ("style.css", "mark.svg", "js/device.js")
FONTS = tuple(f"fonts/cairo-{script}-{weight}.woff2" for script in ("arabic", "latin") for weight in (400, 700))
HOUR = 3600


def governorate_name() -> str:
    """The governorate of this node in the page's language; nothing where the node is of none."""
    known = places.governorate(platform().settings.node)
    return shown.named(known.name) if known else ""


def name() -> str:
    """What the portal calls itself: with the governorate's own name."""
    own = governorate_name()
    if own:
        return shown.text("portal.name", governorate=own)
    return shown.text("national.name" if platform().at_centre else "app.name")


def brand_url() -> str:
    """The address of the portal's colours; it changes with them."""
    return url_for("portal.brand_css", v=brand.stylesheet(platform().settings.node)[1])


def context() -> dict[str, Any]:
    """What every template sees of the portal."""
    own = governorate_name()
    return {"portal_name": name, "portal_of": shown.text("portal.of", governorate=own) if own else "",
            "brand_url": brand_url, "theme_colour": _theme(), "at_centre": platform().at_centre}  # fmt: skip


def _theme() -> str:
    return brand.colours().get(platform().settings.node, "#0b4f5c")


@door(blueprint, "GET", "/brand.css", permission="guide.read")
def brand_css() -> Response:
    css, digest = brand.stylesheet(platform().settings.node)
    return _kept(Response(css, content_type="text/css; charset=utf-8"), digest, seconds=24 * HOUR)


@door(blueprint, "GET", LANG + "/manifest.webmanifest", permission="guide.read")
def manifest() -> Response:
    """The app as a browser installs it, in the language in which it was found."""
    own = governorate_name()
    told = {
        "id": url_for("public.home"),
        "name": name(),
        "short_name": shown.text("app.name"),
        "description": shown.text("portal.description", governorate=own),
        "lang": g.language,
        "dir": "rtl" if g.language == "ar" else "ltr",
        "start_url": url_for("public.home"),
        "scope": "/",
        "display": "standalone",
        "theme_color": _theme(),
        "background_color": GROUND,
        "icons": [{"src": shown.static_url(f"icons/{file}"), "sizes": sizes, "type": "image/png", "purpose": purpose}
                  for file, sizes, purpose in ICONS],
        "shortcuts": [{"name": shown.text(key), "url": url_for(endpoint)} for key, endpoint in (
            ("nav.follow", "follow.show_inquiry"), ("nav.services", "public.search"),
            ("nav.verify", "verify.show_form"))],
    }  # fmt: skip
    body = orjson.dumps(told)
    return _kept(Response(body, content_type="application/manifest+json"), _digest(body), seconds=HOUR)


@door(blueprint, "GET", "/sw.js", permission="guide.read")
def worker() -> Response:
    """The service worker with the shell that it keeps. Its text changes with the shell, so that browsers take it."""
    shell = [*(shown.static_url(file) for file in SHELL), *(url_for("public.static", name=file) for file in FONTS),
             brand_url(), *(url_for("portal.offline", lang=lang) for lang in ("ar", "en"))]  # fmt: skip
    digest = _digest(orjson.dumps(shell) + _offline_digest().encode() + _script())
    head = f"const VERSION = {orjson.dumps(digest).decode()};\nconst SHELL = {orjson.dumps(shell).decode()};\n"
    return _kept(Response(head.encode() + _script(), content_type="text/javascript; charset=utf-8"), digest, seconds=0)


@door(blueprint, "GET", LANG + "/offline", permission="guide.read")
def offline() -> str:
    """What is shown without a line: it is kept on the device, and the device adds what it last saw."""
    return render_template("public/offline.html")


@cache
def _script() -> bytes:
    return (shown.STATIC_FILES / "js" / "sw.js").read_bytes()


def _offline_digest() -> str:
    """The worker must come anew when the page that it keeps does: its template and texts."""
    texts = [text for key, text in TEXTS.items() if key.startswith(("offline.", "device.", "nav.", "app."))]
    template = (shown.STATIC_FILES.parent / "templates" / "public" / "offline.html").read_bytes()
    return _digest(orjson.dumps(texts) + template)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _kept(response: Response, tag: str, *, seconds: int) -> Response:
    """For everybody, so many seconds; afterwards asked for again by its tag."""
    response.headers["Cache-Control"] = f"public, max-age={seconds}" if seconds else "no-cache"
    response.set_etag(tag)
    return response.make_conditional(request)  # type: ignore[return-value]  # the same response, made shorter
