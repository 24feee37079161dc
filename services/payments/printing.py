"""Receipts on paper: 80 mm thermal, A6 and A4, Arabic first. Every print is counted and recorded: the first is the
original, each later one says which copy it is and takes a reason, so that nothing is printed again in silence.

PDF where Pango is on the machine, else the same page as HTML with everything in it.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import text

from chassis.database import Statement
from chassis.offload import offload
from chassis.uow import UnitOfWork
from rules import arabic, places
from rules import counter as rules
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.payments import receipts, tables_counter
from services.payments.rails import RAILS

PRINT = "receipt.print"
PDF, HTML = "application/pdf", "text/html; charset=utf-8"
PAPERS: dict[str, dict[str, str]] = {
    "thermal": {"size": "80mm 200mm", "margin": "3mm 4mm", "text": "8.5pt", "width": "72mm"},
    "a6": {"size": "105mm 148mm", "margin": "6mm 7mm", "text": "7.5pt", "width": "91mm"},
    "a4": {"size": "A4", "margin": "18mm 30mm", "text": "11pt", "width": "150mm"},
}
_FOLDER = Path(__file__).parent / "templates"
_FONTS = tuple(f"cairo-{script}-{weight}.woff2" for weight in ("400", "700") for script in ("arabic", "latin"))
_FIELD = "payments.receipt.code"
_CODE_LETTERS = 16

_PRINTED = Statement(text("SELECT coalesce(max(copy), 0) FROM receipt_print WHERE receipt_number = :number"))
_PRINT = Statement.insert(tables_counter.receipt_print)
_COUNTER = Statement(text("SELECT code, name FROM counter WHERE code = :code"))
_GIVEN = Statement(text("SELECT r.number, r.amount, r.taken_at, r.unit, b.state, b.service_code, b.service_version "
                        "FROM receipt r JOIN bill b ON b.id = r.bill_id WHERE r.number = :number"))


def print_one(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Print the receipt of a bill: {copy, file_name, media_type, content(base64)}. Refuses forbidden, bill_unknown,
    bill_not_paid, receipt_absent, print_reason_required."""
    shown = receipts.show(work, {"bill_id": body["bill_id"]})
    work.require(PRINT, unit=shown["unit"])
    number = shown["receipt_number"]
    if number is None or shown["way"] is None:
        raise refuse("receipt_absent", "bill_id")
    copy = int(work.scalar(_PRINTED, number=number)) + 1
    reason = (body.get("reason") or "").strip() or None
    if copy > 1 and not rules.enough(reason):
        raise refuse("print_reason_required", "reason", copy=copy)
    paper, language = body["paper"], body["language"]
    content, media_type = offload(render, _facts(work, shown), copy, paper, language)
    work.write(_PRINT, receipt_number=number, copy=copy, paper=paper, reason=reason, printed_by=work.actor.id,
               printed_at=work.now)
    work.audit("receipt.printed", number, copy=copy, paper=paper, reason=reason)
    return {"copy": copy, "file_name": f"{number}-{copy}.{'pdf' if media_type == PDF else 'html'}",
            "media_type": media_type, "content": base64.b64encode(content).decode()}


def verify(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Whether a number and the code of its QR belong together, and what was acknowledged under it."""
    given = work.first(_GIVEN, number=body["number"].strip().upper())
    said = body["code"].strip().lower()
    if given is None or not any(hmac.compare_digest(kept.hex()[:_CODE_LETTERS], said)
                                for kept in work.privacy.lookups(_told(given.number, given.amount), _FIELD)):
        return {"genuine": False, "receipt_number": body["number"]}
    return {"genuine": True, "receipt_number": given.number, "amount": given.amount, "taken_at": given.taken_at,
            "unit": given.unit, "bill_state": given.state}


def code_of(work: UnitOfWork, number: str, amount: int) -> str:
    """The code that only this node can give to a receipt's number and amount."""
    return work.privacy.lookup(_told(number, amount), _FIELD).hex()[:_CODE_LETTERS]


def _told(number: str, amount: int) -> str:
    return f"{number}:{amount}"


def _facts(work: UnitOfWork, shown: Mapping[str, Any]) -> dict[str, Any]:
    number, book = shown["receipt_number"], shown["book"]
    counter = work.first(_COUNTER, code=book.rpartition("/")[0]) if book else None
    code = code_of(work, number, shown["total"])
    address = work.settings.env("PUBLIC_URL", default=None)
    unit = places.unit(shown["unit"])
    governorate = places.governorates()[unit.governorate if unit else work.settings.node]
    return {
        **shown, "code": code, "governorate_name": governorate.name,
        "unit_name": unit.name if unit else {"ar": shown["unit"], "en": shown["unit"]},
        "way_name": next((rail.label for rail in RAILS.offered(work.settings) if rail.name == shown["way"]),
                         {"ar": shown["way"], "en": shown["way"]}),
        "counter": counter.code if counter else None, "counter_name": counter.name if counter else None,
        "qr": f"{address.rstrip('/')}/ar/receipts/{number}?code={code}" if address else f"{number} {code}",
    }


def render(shown: Mapping[str, Any], copy: int, paper: str, language: str) -> tuple[bytes, str]:
    """The receipt on a paper, and its media type."""
    paid_at: datetime = shown["paid_at"].astimezone(receipts.CAIRO)
    page = _environment().get_template("receipt.html").render(
        receipt=shown, copy=copy, page=PAPERS[paper], lang=language, ar=language == "ar", code=shown["code"],
        qr=segno.make(shown["qr"], error="m", micro=False).svg_data_uri(scale=4, border=4, dark="#000", light="#fff"),
        paid_on=arabic.long_date(cairo_date(paid_at), language), paid_at=f"{paid_at:%H:%M}",
        money=lambda piastres: arabic.format_egp(piastres, language))
    if not rendering_available():
        return page.encode(), HTML
    import weasyprint

    # Everything is in the page: whatever is not a data address is neither fetched nor left out in silence.
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


@cache
def _environment() -> Environment:
    environment = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True)
    environment.globals["fonts"] = {
        name: "data:font/woff2;base64," + base64.b64encode((_FOLDER / "fonts" / name).read_bytes()).decode()
        for name in _FONTS}
    return environment
