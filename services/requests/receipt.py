"""The receipt of a request, printed at the window or at home: one A5 page with the tracking number and its QR, what was
brought, what it costs and how to follow. PDF by the renderer of licences; where Pango is missing, the same page as
HTML."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from chassis.offload import offload
from chassis.uow import UnitOfWork
from rules import applicants, arabic, places
from rules.calendar import cairo_date
from services.requests import answers, document, documents, inquiry, quoting
from services.requests.intake import PARTICULARS
from services.requests.licences import NAME
from services.requests.life import Case

CAIRO = ZoneInfo("Africa/Cairo")


def printed(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The receipt of whoever knows both numbers: {file_name, media_type, content(base64)}. That it was printed is
    recorded."""
    case = inquiry.admitted(work, body)
    shown = facts(work, case)
    content, media_type = offload(render, shown, body["language"] or case.row.language)
    work.audit("request.receipt", str(case.id))
    extension = "pdf" if media_type == document.PDF else "html"
    return {
        "file_name": f"{case.row.tracking_number}.{extension}",
        "media_type": media_type,
        "content": base64.b64encode(content).decode(),
    }


def facts(work: UnitOfWork, case: Case) -> dict[str, Any]:
    """What the receipt says. That it was drawn is recorded: it names the applicant."""
    row, definition = case.row, case.definition
    work.audit_read("receipt.read", str(case.id))
    known = case.organisation
    unit = known.unit_ever(row.unit)
    name = work.privacy.open(row.name, field=NAME)
    particulars = orjson.loads(work.privacy.open(row.particulars, field=PARTICULARS)) if row.particulars else None
    holder = applicants.holder(name, particulars)
    stages = quoting.of(definition, answers.opened(work, definition, row.answers))
    address = work.settings.env("PUBLIC_URL", default=None)
    number = row.tracking_number
    return {
        "tracking_number": number,
        "qr": f"{address.rstrip('/')}/{row.language}/follow?number={number}" if address else number,
        "service_name": definition.name,
        "governorate_name": places.governorates()[unit.governorate if unit else work.settings.node].name,
        "unit_name": known.unit_name(row.unit, cairo_date(row.lodged_at)),
        "channel": row.channel,
        "lodged_on": cairo_date(row.lodged_at).isoformat(),
        "lodged_at": f"{row.lodged_at.astimezone(CAIRO):%H:%M}",
        "name": name,
        "holder": holder if holder != name else None,
        "kind": row.applicant_kind,
        "documents": [one["name"] for one in documents.of_request(work, case.id, definition.body["documents"])],
        "stages": stages,
        "total": sum(stage["total"] or 0 for stage in stages),
        "uncertain": any(stage["total"] is None for stage in stages),
        "due_on": row.due_on.isoformat() if row.due_on else None,
    }


def render(shown: Mapping[str, Any], language: str) -> tuple[bytes, str]:
    """The receipt and its media type."""
    values = {"receipt": shown, "money": lambda piastres: arabic.format_egp(piastres, language)}
    return document.render_page("receipt.html", shown["qr"], values, language)
