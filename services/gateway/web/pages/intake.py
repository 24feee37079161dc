"""Around an application: a draft saved and resumed, the receipt, documents that were not accepted, withdrawal."""

from __future__ import annotations

from typing import Any
from uuid import uuid5

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules.refusal import Fault, Refusal
from services.gateway.web import ask
from services.gateway.web.access import FORM, door
from services.gateway.web.api.licences import pdf
from services.gateway.web.pages import apply, drafts, kept
from services.gateway.web.pages.follow import _again, _digits
from services.gateway.web.pages.public import LANG, entry_of
from services.gateway.web.platform import UPLOAD_SECONDS

blueprint = Blueprint("intake", __name__)
_DRAFTS = LANG + "/drafts"
_ONE = LANG + "/follow/<tracking_number>"


# -- drafts ----------------------------------------------------------------------------------------------------------


@door(blueprint, "GET", _DRAFTS, permission="request.submit")
def show_drafts() -> str:
    return render_template("public/drafts.html", faults=[], token="")


@door(blueprint, "POST", _DRAFTS, permission="request.submit", media_types=FORM, csrf=True)
def resume() -> ResponseReturnValue:
    """Open a draft by its code, which comes in a form's body, never in an address. Whoever has the code has the draft:
    from now on it is this browser's, in whichever account it was begun."""
    token = request.form.get("token", "").strip()[:40]
    try:
        draft = drafts.opened(token)
        entry_of(draft["code"])
        draft["account"] = None
        drafts.save(draft)
    except Refusal as refusal:
        faults = [Fault(fault.code, "token", fault.params) for fault in refusal.faults]
        return render_template("public/drafts.html", faults=faults, token=token), 422
    return drafts.keep(redirect(url_for("apply.show_form", code=draft["code"]), 303), draft)  # type: ignore[arg-type]


# -- after it was lodged ---------------------------------------------------------------------------------------------


@door(blueprint, "GET", _ONE + "/request-receipt", permission="request.inquire")
def receipt(tracking_number: str) -> Response:
    digits = _digits(tracking_number)
    if digits is None:
        return _again(tracking_number)
    return pdf(ask.inquire(
        "requests.receipt", tracking_number, digits, language=g.language, timeout=UPLOAD_SECONDS))


@door(blueprint, "POST", _ONE + "/withdraw", permission="request.complete", media_types=FORM, csrf=True)
def withdraw(tracking_number: str) -> Response:
    digits = _digits(tracking_number)
    if digits is None:
        return _again(tracking_number)
    reason = request.form.get("reason", "").strip()[:2000] or None
    ask.inquire("requests.withdraw", tracking_number, digits, command_id=kept.once("withdraw"), reason=reason)
    return redirect(url_for("follow.show", tracking_number=tracking_number), 303)  # type: ignore[return-value]


@door(
    blueprint,
    "POST",
    _ONE + "/documents",
    permission="request.complete",
    media_types=FORM,
    csrf=True,
    limit=apply.FORM_BYTES,
)
def replace_documents(tracking_number: str) -> Response:
    """Bring others for documents that were not accepted."""
    digits = _digits(tracking_number)
    if digits is None:
        return _again(tracking_number)
    found = ask.inquire("requests.timeline", tracking_number, digits)
    command = kept.once("documents")
    documents: dict[str, Any] = {}
    faults: list[Fault] = []
    for one in found["documents_refused"]:
        file = request.files.get(f"documents/{one['code']}")
        if file is not None and file.filename:
            faults += apply.take_document(str(command), documents, one["code"], file)
    if faults:
        raise Refusal(faults)
    if documents:
        given = [{"code": code, "document_id": one["document_id"]} for code, one in documents.items()]
        ask.inquire(
            "requests.replace_documents", tracking_number, digits, command_id=uuid5(command, "replace"),
            documents=given)  # fmt: skip
    return redirect(url_for("follow.show", tracking_number=tracking_number), 303)  # type: ignore[return-value]
