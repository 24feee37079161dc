"""The licence as a document: Arabic first, on one A4 page, with a QR that anybody can check.

WeasyPrint shapes Arabic correctly and needs Pango on the machine. Where that is missing the same page goes out as one
HTML file with everything in it, so a citizen is never left without a licence; `make test` and the container have Pango.
Text extracted from an Arabic PDF is unreliable, so a licence is verified by its QR, never by its text.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rules import arabic

PDF, HTML = "application/pdf", "text/html; charset=utf-8"
_FOLDER = Path(__file__).parent / "templates"
_FONTS = tuple(f"cairo-{script}-{weight}.woff2" for weight in ("400", "700") for script in ("arabic", "latin"))


def render(licence: Mapping[str, Any], output: Mapping[str, Any]) -> tuple[bytes, str]:
    """The licence and its media type: a PDF, or HTML where this machine cannot make a PDF. `licence` is what
    services.requests.licences shows of it, `output` the definition's output."""
    if rendering_available():
        return render_licence(licence, output), PDF
    return _page(licence, output, "ar").encode(), HTML


def render_licence(licence: Mapping[str, Any], output: Mapping[str, Any], language: str = "ar") -> bytes:
    """The licence as a PDF. The same licence gives the same page; what is drawn does not depend on the machine's own
    fonts."""
    import weasyprint

    # Everything a licence needs is in it: whatever is not a data address is neither fetched nor left out in silence.
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols=("data",), fail_on_errors=True)
    pdf: bytes = weasyprint.HTML(string=_page(licence, output, language), url_fetcher=fetcher).write_pdf()
    return pdf


def render_page(template: str, qr: str, values: Mapping[str, Any], language: str = "ar") -> tuple[bytes, str]:
    """Another page of ours with a QR, and its media type, as `render` gives them."""
    page = _environment().get_template(template).render(
        **values, lang=language, dir="rtl" if language == "ar" else "ltr", other="en" if language == "ar" else "ar",
        qr=_qr(qr), day=_day)
    if not rendering_available():
        return page.encode(), HTML
    import weasyprint

    fetcher = weasyprint.urls.URLFetcher(allowed_protocols=("data",), fail_on_errors=True)
    pdf: bytes = weasyprint.HTML(string=page, url_fetcher=fetcher).write_pdf()
    return pdf, PDF


@cache
def rendering_available() -> bool:
    """Whether Pango, which WeasyPrint draws with, can be loaded here."""
    try:
        import weasyprint  # noqa: F401
    except OSError:
        return False
    return True


def _page(licence: Mapping[str, Any], output: Mapping[str, Any], language: str) -> str:
    return str(
        _environment()
        .get_template("licence.html")
        .render(
            licence=licence,
            output=output,
            lang=language,
            dir="rtl" if language == "ar" else "ltr",
            other="en" if language == "ar" else "ar",
            qr=_qr(licence.get("link") or licence["qr"]),
            day=_day,
        )
    )


def _qr(text: str) -> str:
    """The QR as an SVG in a data address; at 44 mm a telephone reads it from paper."""
    return str(segno.make(text, error="m", micro=False).svg_data_uri(scale=4, border=4, dark="#000", light="#fff"))


def _day(value: str | None, language: str) -> str:
    if value is None:
        return "بلا نهاية" if language == "ar" else "without end"
    day = date.fromisoformat(value)
    return arabic.long_date(day, language)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["fonts"] = {name: _font(name) for name in _FONTS}
    return environment


def _font(name: str) -> str:
    """A font in the document itself, so that the page looks the same everywhere."""
    return "data:font/woff2;base64," + base64.b64encode((_FOLDER / "fonts" / name).read_bytes()).decode()
