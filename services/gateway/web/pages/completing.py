"""Complete a request: what was asked for, one document a page, by camera or file, then send. What was added lies sealed
in a cookie until it is sent; the files themselves are with the service of requests."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4, uuid5

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules import forms
from rules.refusal import Fault, Refusal, refuse
from services.gateway.web import ask
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import set_cookie
from services.gateway.web.pages import definition, kept
from services.gateway.web.pages.follow import ONE, again, digits_of
from services.gateway.web.platform import platform
from services.gateway.web.uploads import DOCUMENT_BYTES, digest, take_upload

blueprint = Blueprint("completing", __name__)
_ALL = ONE + "/complete"
_ANSWERS = _ALL + "/answers"
_DOCUMENT = _ALL + "/documents/<code>"
COOKIE = "shubbak_completing"
SECONDS = 3 * 60 * 60
LONGEST = 2000  # letters of an answer
NAME = 40  # letters of a file's name that are shown again
_NOT_SHOWN = ("tracking_unknown", "form_expired")


@door(blueprint, "GET", _ALL, permission="request.complete")
def show(tracking_number: str) -> ResponseReturnValue:
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    return _page(ask.inquire("requests.timeline", tracking_number, digits), [])


@door(blueprint, "POST", _ALL, permission="request.complete", media_types=FORM, csrf=True)
def send(tracking_number: str) -> ResponseReturnValue:
    """Send what was added back to the department; or take another way that the service offers, such as to withdraw."""
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    found = ask.inquire("requests.timeline", tracking_number, digits)
    added = _added(tracking_number)
    action = request.form.get("action", "")[:60]
    reason = request.form.get("reason", "").strip()[:2000]
    if not action and not (added["documents"] or added["answers"]):
        return _page(found, [Fault("nothing_added", "documents")]), 422
    documents = [{"code": code, "document_id": one["document_id"]} for code, one in added["documents"].items()]
    try:
        if action:
            ask.inquire("requests.resubmit", tracking_number, digits, command_id=kept.once("act"),
                        action=action, reason=reason or None)  # fmt: skip
        elif found["state_kind"] == "applicant":
            ask.inquire("requests.resubmit", tracking_number, digits, command_id=kept.once("complete"),
                        documents=documents, answers=added["answers"])  # fmt: skip
        else:
            ask.inquire("requests.replace_documents", tracking_number, digits, command_id=kept.once("replace"),
                        documents=documents)  # fmt: skip
    except Refusal as refusal:
        if refusal.code in _NOT_SHOWN:
            raise
        return _page(found, refusal.faults, reason), 422
    response: Response = redirect(url_for("follow.show", tracking_number=tracking_number), 303)  # type: ignore[assignment]
    response.delete_cookie(COOKIE)
    return response


@door(blueprint, "GET", _ANSWERS, permission="request.complete")
def show_answers(tracking_number: str) -> ResponseReturnValue:
    """The questions that are to be answered again."""
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    found = ask.inquire("requests.timeline", tracking_number, digits)
    return _answers_page(found, _added(tracking_number)["answers"], [])


@door(blueprint, "POST", _ANSWERS, permission="request.complete", media_types=FORM, csrf=True)
def add_answers(tracking_number: str) -> ResponseReturnValue:
    """Take the corrected answers. What is left empty stays as it was."""
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    found = ask.inquire("requests.timeline", tracking_number, digits)
    given: dict[str, Any] = {}
    taken: dict[str, Any] = {}
    faults: list[Fault] = []
    for field in _questions(found):
        name = f"answers/{field['name']}"
        many = field["type"] == "multi_choice"
        value: Any = request.form.getlist(name) if many else request.form.get(name, "").strip()[:LONGEST]
        if not value:
            continue
        given[field["name"]] = value
        try:
            taken |= forms.validate([{**field, "when": None}], {field["name"]: value})
        except Refusal as refusal:
            faults += refusal.faults
    if faults:
        return _answers_page(found, given, faults), 422
    added = _added(tracking_number)
    return _keep({**added, "answers": {name: _plain(value) for name, value in taken.items()}})


def _plain(value: Any) -> Any:
    """As JSON has it: days and amounts are written out."""
    return value if isinstance(value, (str, int, bool, list)) else str(value)


@door(blueprint, "GET", _DOCUMENT, permission="request.complete")
def show_document(tracking_number: str, code: str) -> ResponseReturnValue:
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    found = ask.inquire("requests.timeline", tracking_number, digits)
    return _document_page(found, _document(found, code), [])


@door(blueprint, "POST", _DOCUMENT, permission="request.complete", media_types=FORM, csrf=True,
      limit=2 * DOCUMENT_BYTES)
def add_document(tracking_number: str, code: str) -> ResponseReturnValue:
    """Take the photo or the file of one document, or take it out again."""
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    found = ask.inquire("requests.timeline", tracking_number, digits)
    document, added = _document(found, code), _added(tracking_number)
    if "remove" in request.form:
        added["documents"].pop(code, None)
        return _keep(added)
    file = next((one for name in ("photo", "file") if (one := request.files.get(name)) and one.filename), None)
    if file is None:
        return _document_page(found, document, [Fault("document_empty", "file")]), 422
    try:
        name, stored = take_upload(file, "file", uuid5(UUID(added["id"]), code + digest(file)))
    except Refusal as refusal:
        faults = [Fault(fault.code, "file", fault.params) for fault in refusal.faults]
        return _document_page(found, document, faults), 422
    added["documents"][code] = {"document_id": str(stored["document_id"]), "name": name[-NAME:]}
    return _keep(added)


def _added(tracking_number: str) -> dict[str, Any]:
    """{id, number, documents: {code: {document_id, name}}, answers} of this request; empty where the cookie
    holds another's."""
    held = kept.unseal(request.cookies.get(COOKIE, ""), "completing")
    if isinstance(held, dict) and held.get("number") == tracking_number:
        return held
    return {"id": str(uuid4()), "number": tracking_number, "documents": {}, "answers": {}}


def _keep(added: dict[str, Any]) -> Response:
    response: Response = redirect(url_for("completing.show", tracking_number=added["number"]), 303)  # type: ignore[assignment]
    set_cookie(response, COOKIE, kept.seal(added, "completing", SECONDS), seconds=SECONDS)
    return response


def _missing(found: Mapping[str, Any]) -> Mapping[str, list[str]]:
    """What was listed as missing when the file was sent back: {documents, answers}."""
    last: Mapping[str, Any] = found["entries"][-1] if found["entries"] else {}
    return last.get("missing") or {}


def _questions(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The questions whose answers were found wanting."""
    entry = platform().guide.version(found["service_code"], found["service_version"])
    asked = _missing(found).get("answers") or ()
    if entry is None or found["state_kind"] != "applicant":
        return []
    return [field for field in definition.form(entry.document) if field["name"] in asked]


def _documents(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What may be brought: the documents of the version it was lodged under while it waits for its applicant,
    otherwise those that were not taken. What was not taken comes first, with why, then what was asked for
    (`asked`)."""
    asked = _missing(found).get("documents") or ()
    refused = {one["code"]: one for one in found.get("documents_refused") or ()}
    entry = platform().guide.version(found["service_code"], found["service_version"])
    known = {one["code"]: one for one in definition.documents(entry.document)} if entry else {}
    listed = list(refused)
    if found["state_kind"] == "applicant":
        listed += [code for code in known if code in asked and code not in refused]
        listed += [code for code in known if code not in listed]
    return [
        {"accepts": ("application/pdf", "image/jpeg", "image/png"), "presented": "copy", **known.get(code, {}),
         "code": code, "name": (known.get(code) or refused[code])["name"],
         "reason": refused[code]["reason"] if code in refused else None,
         "asked": code in refused or code in asked}
        for code in listed
    ]  # fmt: skip


def _document(found: Mapping[str, Any], code: str) -> dict[str, Any]:
    """Refuses not_found for what may not be brought."""
    document = next((one for one in _documents(found) if one["code"] == code), None)
    if document is None:
        raise refuse("not_found")
    return document


def _page(found: Mapping[str, Any], faults: list[Fault], reason: str = "") -> str:
    added = _added(found["tracking_number"])
    return render_template(
        "public/complete.html",
        found=found,
        documents=_documents(found),
        questions=[definition.label(field) for field in _questions(found)],
        added=added["documents"],
        answered=bool(added["answers"]),
        note=(found["entries"][-1] if found["entries"] else {}).get("note"),
        faults=faults,
        reason=reason,
        once=secrets.token_urlsafe(18),
    )


def _answers_page(found: Mapping[str, Any], given: Mapping[str, Any], faults: list[Fault]) -> str:
    fields = _questions(found)
    if not fields:
        raise refuse("not_found")
    labels = {f"answers/{field['name']}": definition.label(field) for field in fields}
    return render_template("public/complete_answers.html", found=found, fields=fields, given=given, faults=faults,
                           labels=labels)  # fmt: skip


def _document_page(found: Mapping[str, Any], document: dict[str, Any], faults: list[Fault]) -> str:
    added = _added(found["tracking_number"])["documents"].get(document["code"])
    return render_template("public/complete_document.html", found=found, document=document, added=added, faults=faults,
                           limit=DOCUMENT_BYTES)  # fmt: skip
