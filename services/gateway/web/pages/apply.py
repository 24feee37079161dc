"""Apply: fill the form, check the answers and the fee, send. Works without scripts: a question that depends on another
answer is asked on the next view of the form."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage

from rules import conditions, fees, forms
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal
from services.gateway.guide import Entry
from services.gateway.web import ask
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.idempotency import NAMESPACE
from services.gateway.web.pages import definition, drafts, kept, particulars
from services.gateway.web.pages.public import LANG, entry_of
from services.gateway.web.platform import platform
from services.gateway.web.uploads import DOCUMENT_BYTES, digest, take_upload

blueprint = Blueprint("apply", __name__)
FORM_BYTES = 6 * DOCUMENT_BYTES
APPLICANT = ("kind", *particulars.PERSON, *particulars.EVERY)
_PATH = LANG + "/services/<code>/apply"


@door(blueprint, "GET", _PATH, permission="request.submit")
def show_form(code: str) -> str:
    entry = entry_of(code)
    unit = caller().actor.unit or ""
    return _form(entry, {**kept.new_draft(code, unit), **_of_account(entry)})


@door(blueprint, "POST", _PATH, permission="request.submit", media_types=FORM, csrf=True, limit=FORM_BYTES)
def check(code: str) -> str | tuple[str, int]:
    """Check what was filled in. Nothing is lodged yet; documents that arrived are kept for the draft."""
    entry = entry_of(code)
    draft = kept.open_draft(request.form.get("draft", ""), code)
    if "edit" in request.form:
        return _form(entry, draft)
    faults = _read(entry, draft) + _account_lost(draft)
    if "save" in request.form:
        return drafts.save(code, draft)
    if faults:
        return _form(entry, draft, faults), 422
    if _asks_more(entry, draft):
        return _form(entry, draft, more=True)
    return _check_page(entry, draft)


@door(blueprint, "POST", _PATH + "/send", permission="request.submit", media_types=FORM, csrf=True)
def send(code: str) -> Response | tuple[str, int]:
    """Lodge the checked draft. Sending it twice lodges it once."""
    entry = entry_of(code)
    draft = kept.open_draft(request.form.get("draft", ""), code)
    if lost := _account_lost(draft):
        return _form(entry, draft, lost), 422
    applicant = particulars.nested(draft["applicant"], request.path[1:3])
    body = {
        "service_code": code,
        "unit": draft["unit"],
        "applicant": applicant,
        "answers": draft["answers"],
        "documents": [{"code": name, "document_id": one["document_id"]} for name, one in draft["documents"].items()],
    }
    try:
        lodged = platform().call(
            "requests.submit",
            ask.submission(body),
            caller().actor,
            command_id=uuid5(NAMESPACE, f"draft\n{draft['id']}"),
        )
    except Refusal as refusal:
        return _form(entry, draft, refusal.faults), 422
    drafts.forget(draft)
    number = lodged["tracking_number"]
    digits = western_digits(draft["applicant"]["phone"])[-4:]
    response = redirect(url_for("follow.received", tracking_number=number), 303)
    return kept.keep_followed(response, number, digits)  # type: ignore[arg-type]


def show_draft(entry: Entry, draft: dict[str, Any]) -> str:
    """The form of a draft that was resumed."""
    return _form(entry, {**kept.new_draft(entry.code, ""), **draft})


def _of_account(entry: Entry) -> dict[str, Any]:
    """What a draft begins with for a citizen who is logged in: whose it is, and what the account knows."""
    who = caller().citizen
    if who is None:
        return {}
    kind = "citizen" if who.card == "national_id" else "foreigner"
    known = {"kind": kind} if kind in definition.applicant_kinds(entry.document) else {}
    return {"account": who.actor.id, "applicant": {**known, who.card: who.number, "phone": who.phone}}


def _account_lost(draft: dict[str, Any]) -> list[Fault]:
    """A draft that was begun in an account is not lodged without it unnoticed: said once, then it goes as anybody's."""
    account = draft.get("account")
    if account is None or caller().actor.id == account:
        return []
    del draft["account"]
    return [Fault("citizen_session_over")]


# -- reading the form ------------------------------------------------------------------------------------------------


def _read(entry: Entry, draft: dict[str, Any]) -> list[Fault]:
    """Take the posted values into the draft; answers every fault found. Answers to questions that no longer apply are
    left out: somebody changed an earlier answer."""
    draft["unit"] = request.form.get("unit", "")
    draft["applicant"] = {
        name: request.form.get(f"applicant/{name}", "").strip()[: _longest(name)] for name in APPLICANT
    }
    faults = _applicant_faults(draft["applicant"])  # in the order of the page
    if platform().organisation.known().unit(draft["unit"], platform().today()) is None:
        faults.append(Fault("choose_one", "unit"))
    fields = definition.form(entry.document)
    given = {field["name"]: _value(field) for field in fields}
    draft["answers"], answer_faults = _clean(fields, given, _shown_before())
    faults += answer_faults
    faults += _take_documents(entry, draft)
    return faults


def _longest(name: str) -> int:
    return 12_000 if name == "heirs" else 300


def _value(field: forms.FormField) -> Any:
    name = f"answers/{field['name']}"
    if field["type"] == "multi_choice":
        return request.form.getlist(name)
    return request.form.get(name, "")


def _shown_before() -> set[str]:
    return set(request.form.getlist("shown"))


def _clean(fields: list[forms.FormField], given: dict[str, Any], shown: set[str]) -> tuple[dict[str, Any], list[Fault]]:
    """Clean the answers one by one, so that one fault hides no other. A question that newly applies is not a fault yet:
    it has not been asked."""
    cleaned: dict[str, Any] = {}
    faults: list[Fault] = []
    for field in fields:
        name = field["name"]
        if not conditions.holds(field.get("when"), cleaned):
            continue
        if name not in shown:
            continue
        try:
            cleaned.update(forms.validate([{**field, "when": None}], {name: given[name]}))
        except Refusal as refusal:
            faults += refusal.faults
            if given[name]:
                cleaned[name] = given[name]
    return cleaned, faults


def _asks_more(entry: Entry, draft: dict[str, Any]) -> bool:
    """Whether the answers given bring up a question or a document that was not on the form yet."""
    shown = _shown_before()
    fields = [
        field["name"]
        for field in definition.form(entry.document)
        if conditions.holds(field.get("when"), draft["answers"])
    ]
    documents = [
        f"document:{one['code']}"
        for one in forms.accepted_documents(definition.documents(entry.document), draft["answers"])
    ]
    kind = draft["applicant"]["kind"]
    about = [particulars.mark(kind)] if particulars.ASKED.get(kind) else []
    return not set(fields + documents + about) <= shown


def _applicant_faults(applicant: dict[str, str]) -> list[Fault]:
    """What is wrong with the applicant, in the order of the page. Particulars of a kind that was only now chosen have
    not been asked yet, and are no fault."""
    applicant["national_id" if applicant["kind"] == "foreigner" else "passport"] = ""
    found = particulars.faults(applicant, platform().today())
    if particulars.mark(applicant["kind"]) not in _shown_before():
        later = {f"applicant/{name}" for name in particulars.ASKED.get(applicant["kind"], ())}
        found = [fault for fault in found if fault.field not in later]
    order = [f"applicant/{name}" for name in APPLICANT]
    return sorted(found, key=lambda fault: order.index(fault.field or "") if fault.field in order else len(order))


def _take_documents(entry: Entry, draft: dict[str, Any]) -> list[Fault]:
    """Upload what came with the form and say what is still missing among the documents that were asked for."""
    faults: list[Fault] = []
    documents = definition.documents(entry.document)
    accepted = {one["code"] for one in forms.accepted_documents(documents, draft["answers"])}
    for code in accepted:
        file = request.files.get(f"documents/{code}")
        if file is not None and file.filename:
            faults += take_document(draft["id"], draft["documents"], code, file)
    draft["documents"] = {code: one for code, one in draft["documents"].items() if code in accepted}
    wrong = {fault.field for fault in faults}
    shown = _shown_before()
    faults += [
        Fault(
            "document_missing", f"documents/{one['code']}", {"name_ar": one["name"]["ar"], "name_en": one["name"]["en"]}
        )
        for one in forms.required_documents(documents, draft["answers"])
        if one["code"] not in draft["documents"]
        and f"documents/{one['code']}" not in wrong
        and f"document:{one['code']}" in shown
    ]
    return faults


def take_document(draft_id: str, documents: dict[str, Any], code: str, file: FileStorage) -> list[Fault]:
    """Hand one posted file to requests under a command id of its content; note it among the draft's documents."""
    field = f"documents/{code}"
    try:
        command = uuid5(UUID(draft_id), code + digest(file))
        name, stored = take_upload(file, field, command)
    except Refusal as refusal:
        return [Fault(fault.code, field, fault.params) for fault in refusal.faults]
    documents[code] = {"document_id": stored["document_id"], "file_name": name, "size": stored["size"]}
    return []


# -- showing it ------------------------------------------------------------------------------------------------------


def _form(entry: Entry, draft: dict[str, Any], faults: list[Fault] | None = None, *, more: bool = False) -> str:
    fields = [
        field for field in definition.form(entry.document) if conditions.holds(field.get("when"), draft["answers"])
    ]
    documents = forms.accepted_documents(definition.documents(entry.document), draft["answers"])
    kinds = definition.applicant_kinds(entry.document)
    kind = draft["applicant"].get("kind") or next(iter(kinds), "")
    asked = particulars.ASKED.get(kind, ())
    return render_template(
        "public/apply.html",
        entry=entry,
        draft=draft,
        sealed=kept.seal_draft(draft),
        groups=definition.grouped(fields),
        documents=documents,
        faults=faults or [],
        more=more,
        units=definition.units(entry.document),
        kinds=kinds,
        labels=definition.labels(entry.document),
        asked=asked,
        optional=particulars.OPTIONAL,
        shown=[
            *(field["name"] for field in fields),
            *(f"document:{one['code']}" for one in documents),
            *([particulars.mark(kind)] if asked else []),
        ],
    )


def _check_page(entry: Entry, draft: dict[str, Any]) -> str:
    stages, unknown = definition.fees_by_stage(entry.document, draft["answers"])
    return render_template(
        "public/check.html",
        entry=entry,
        draft=draft,
        sealed=kept.seal_draft(draft),
        stages=stages,
        unknown=unknown,
        total=sum(fees.total(charges) for _, charges in stages),
        asked=particulars.ASKED[draft["applicant"]["kind"]],
        answers=definition.shown_answers(entry.document, draft["answers"]),
        documents=[one for one in definition.documents(entry.document) if one["code"] in draft["documents"]],
    )
