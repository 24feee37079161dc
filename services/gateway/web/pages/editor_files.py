"""The guide out of a file and into one: exports to work on, and an import that proposes what a file changes and tells
what it refused and where."""

from __future__ import annotations

from datetime import date
from pathlib import PurePath
from typing import Any

from flask import Blueprint, request

from contracts.exchange import MAX_BYTES, importing
from rules.refusal import Fault, Refusal
from services.gateway.web.access import FORM, door
from services.gateway.web.api import guide
from services.gateway.web.pages import editor_base as base
from services.gateway.web.pages import kept
from services.gateway.web.pages.editor_base import GUIDE, Answer

blueprint = Blueprint("editor_files", __name__)
_FILES = GUIDE + "/files"
FORMS = ("xlsx", "yaml", "json", "jsonld")
_KEEP = ("forbidden", "unauthenticated", "form_expired")


@door(blueprint, "GET", _FILES, permission="guide.edit")
def show() -> Answer:
    return _page(None, [], "")


@door(blueprint, "POST", _FILES, permission="guide.edit", media_types=FORM, csrf=True, limit=MAX_BYTES + 64 * 1024)
def take() -> Answer:
    """Propose what the file changes, one draft a service; nothing is published."""
    day = request.form.get("effective_from", "").strip()[:10]
    try:
        chosen = base.day_of(day)
        file = request.files.get("file")
        kind = importing.SUFFIXES.get(PurePath(file.filename).suffix.lower()) if file and file.filename else None
        if file is None or not file.filename:
            raise Refusal(Fault("field_required", "file"))
        if kind is None:
            raise Refusal(Fault("import_not_a_guide", "file"))
        report = guide.take(kind, file.stream.read(), date.fromisoformat(chosen) if chosen else None, kept.once("file"))
    except Refusal as refusal:
        if refusal.code in _KEEP:
            raise
        return _page(None, [Fault(one.code, one.field if one.field == "effective_from" else "file", one.params)
                            for one in refusal.faults], day), 422
    return _page(report, [], day)


def _page(report: dict[str, Any] | None, faults: list[Fault], day: str) -> str:
    return base.draw("files", report=report, faults=faults, day=day, forms=FORMS)
