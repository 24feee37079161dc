"""Taking an application in at the window: one dense form for the keyboard, fee beside it, papers from the scanner.

Every post keeps what was typed at the node first, whatever is wrong with it. The button says what else: `look` shows
what the answers call for now, `attach` takes files, `lodge` sends. Sending the same draft twice lodges it once, and a
draft that was killed on its way is opened again from the desk.
"""

from __future__ import annotations

import base64
import secrets
from typing import Any
from uuid import UUID, uuid5

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules import fees
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal, refuse
from services.gateway import bills
from services.gateway.guide import Entry
from services.gateway.web import ask
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.idempotency import NAMESPACE
from services.gateway.web.pages import applying, definition, drafts, kept, particulars, turn_bar, window_drafts
from services.gateway.web.pages.applying import Draft, Reading
from services.gateway.web.pages.public import LANG, entry_of
from services.gateway.web.pages.window import channel, offline_url
from services.gateway.web.platform import platform
from services.gateway.web.uploads import DOCUMENT_BYTES, digest, take_upload

blueprint = Blueprint("window_intake", __name__)
_ONE = LANG + "/staff/window/intake/<uuid:draft_id>"
FILES = 8  # at once
FORM_BYTES = FILES * DOCUMENT_BYTES + 256 * 1024
LANGUAGES = ("ar", "en")


@door(blueprint, "GET", _ONE, permission="request.submit", staff=True)
def show(draft_id: Any) -> ResponseReturnValue:
    draft = window_drafts.opened(str(draft_id))
    if draft is None:
        return redirect(url_for("window.show"), 303)
    entry = entry_of(draft["code"])
    return _form(entry, draft, applying.read(entry.document, draft, platform().today()), [])


@door(blueprint, "POST", _ONE, permission="request.submit", staff=True, media_types=FORM, csrf=True, limit=FORM_BYTES)
def take(draft_id: Any) -> ResponseReturnValue:
    """Keep what was typed and do what the button says."""
    draft = window_drafts.opened(str(draft_id))
    if draft is None:
        raise refuse("form_expired")
    if "drop" in request.form:
        drafts.forget(draft)
        gone: Any = redirect(url_for("window.show"), 303)
        return window_drafts.let_go(gone, draft["id"])
    entry = entry_of(draft["code"])
    _read(entry, draft)
    faults = _attach(entry, draft)
    drafts.save(draft)
    found = applying.read(entry.document, draft, platform().today())
    if faults:
        return _form(entry, draft, found, faults), 422
    if "lodge" not in request.form:
        return _form(entry, draft, found, [])
    return _lodge(entry, draft, found)


@door(blueprint, "GET", LANG + "/staff/window/lodged/<tracking_number>", permission="request.submit", staff=True)
def lodged(tracking_number: str) -> ResponseReturnValue:
    """The application is lodged: its number, its receipt, what is due, and where the person goes now."""
    digits = kept.followed().get(tracking_number)
    if digits is None:
        return redirect(url_for("window_acts.show", tracking_number=tracking_number), 303)
    found = ask.inquire("requests.status", tracking_number, digits)
    due = platform().run(lambda work: bills.find(work, tracking_number), caller().actor)
    total = request.args.get("due", "")
    return render_template(
        "staff/window/lodged.html", found=found, bills=due, bar=turn_bar.desk(), channel=channel(),
        due=int(total) if total.isdecimal() and len(total) < 13 else None, digits=digits,
        visit=request.args.get("visit", "")[:3],
    )  # fmt: skip


# -- what was typed --------------------------------------------------------------------------------------------------


def _read(entry: Entry, draft: Draft) -> None:
    """Put what the form held into the draft; what it did not ask stays as it was."""
    asked = set(request.form.getlist("shown"))
    for name in applying.APPLICANT:
        if f"applicant/{name}" in request.form:
            longest = applying.LONGEST_OF_HEIRS if name == "heirs" else applying.LONGEST
            draft["applicant"][name] = request.form[f"applicant/{name}"].strip()[:longest]
    for field in definition.form(entry.document):
        name = f"answers/{field['name']}"
        if name in asked:
            many = field["type"] == "multi_choice"
            draft["answers"][field["name"]] = request.form.getlist(name) if many else request.form.get(name, "")
    if "unit" in request.form:
        draft["unit"] = request.form["unit"][:20]
    if request.form.get("language") in LANGUAGES:
        draft["language"] = request.form["language"]
    _assign(draft)


def _assign(draft: Draft) -> None:
    """Every file goes to the kind of document that was chosen for it; one whose kind another took, or none was chosen,
    waits for a choice; `-` lets it go."""
    files = [*({**one, "code": code} for code, one in draft["documents"].items()),
             *({**one, "code": ""} for one in draft["scans"])]
    draft["documents"], draft["scans"] = {}, []
    for one in files:
        code = request.form.get(f"scan/{one['document_id']}", one.pop("code"))[:60]
        if code == "-":
            continue
        if code and code not in draft["documents"]:
            draft["documents"][code] = one
        else:
            draft["scans"].append(one)


def _attach(entry: Entry, draft: Draft) -> list[Fault]:
    """Hand the posted files to requests, each under a command of its content, and give each the kind that its name
    says, or the next one that is missing."""
    faults: list[Fault] = []
    for file in [one for one in request.files.getlist("scans") if one.filename][:FILES]:
        try:
            name, stored = take_upload(file, "scans", uuid5(UUID(draft["id"]), "scan" + digest(file)))
        except Refusal as refusal:
            faults += [Fault(fault.code, "scans", fault.params) for fault in refusal.faults]
            continue
        one = {"document_id": stored["document_id"], "file_name": name, "size": stored["size"]}
        if any(held["document_id"] == one["document_id"] for held in [*draft["documents"].values(), *draft["scans"]]):
            continue  # the same file once more
        found = applying.read(entry.document, draft, platform().today())
        open_ = [document["code"] for document in found.documents if document["code"] not in draft["documents"]]
        needed = [fault.field.removeprefix("documents/") for fault in found.faults if fault.code == "document_missing"
                  and fault.field]
        named = [code for code in open_ if code.replace("_", "") in name.lower().replace("_", "").replace("-", "")]
        code = next(iter([*named, *needed]), None)
        if code is None:
            draft["scans"].append(one)
        else:
            draft["documents"][code] = one
    return faults


# -- sending ---------------------------------------------------------------------------------------------------------


def _lodge(entry: Entry, draft: Draft, found: Reading) -> ResponseReturnValue:
    asked = {*request.form.getlist("shown"), *request.form, "unit", None}
    faults = [fault for fault in found.faults if fault.field in asked]
    if draft["scans"]:
        faults.append(Fault("window_scan_open", f"scan/{draft['scans'][0]['document_id']}"))
    if faults:
        return _form(entry, draft, found, faults), 422
    if found.faults:  # the answers bring up what the form had not asked yet
        return _form(entry, draft, found, [], more=found.faults[0].field)
    body = applying.submission(entry.document, draft, found, draft.get("language", "ar"))
    try:
        answer = platform().call("requests.submit", ask.submission(body), caller().actor,
                                 command_id=uuid5(NAMESPACE, f"draft\n{draft['id']}"))  # fmt: skip
    except Refusal as refusal:
        codes = {"idempotency_key_reused": "window_lodged_before"}
        told = [Fault(codes.get(one.code, one.code), one.field, one.params) for one in refusal.faults]
        return _form(entry, draft, found, told), 422
    number = answer["tracking_number"]
    visit = link(draft, number)
    drafts.forget(draft)
    stages, _ = definition.fees_by_stage(entry.document, found.answers)
    due = fees.total(stages[0][1]) if stages else 0
    response: Any = redirect(url_for("window_intake.lodged", tracking_number=number, due=due, visit=visit), 303)
    kept.keep_followed(response, number, western_digits(draft["applicant"]["phone"])[-4:])
    return window_drafts.let_go(response, draft["id"])


def link(draft: Draft, number: str) -> int | None:
    """Note at the turn what its holder came about: which visit of the request this is. None without a turn, or where
    it is over by now."""
    turn = draft.get("window") or {}
    if not turn:
        return None
    payload = {"turn_id": turn["turn_id"], "window": turn["window"], "tracking_number": number}
    try:
        linked = platform().call("requests.link_turn", payload, caller().actor,
                                 command_id=uuid5(UUID(draft["id"]), "link"))  # fmt: skip
    except Refusal:  # the application stands, with or without its turn
        return None
    return int(linked["visit"])


# -- showing it ------------------------------------------------------------------------------------------------------


def _form(entry: Entry, draft: Draft, found: Reading, faults: list[Fault], *, more: str | None = None) -> str:
    document = entry.document
    stages, unknown = definition.fees_by_stage(document, found.answers)
    kinds = definition.applicant_kinds(document)
    kind = applying.kind_of(document, draft["applicant"]) or next(iter(kinds), "")
    asked = ("name", "phone", *particulars.ASKED.get(kind, ()))
    beside = ("passport" if kind == "foreigner" else "national_id", "email")  # known from the card, or optional
    units = definition.units(document)
    mine = [unit for unit in units if unit.code == caller().actor.unit]
    labels = definition.labels(document) | {"unit": "", "scans": ""}
    labels |= {f"applicant/{name}": applying.applicant_label(name) for name in ("kind", *asked, *beside)}
    return render_template(
        "staff/window/intake.html",
        entry=entry, draft=draft, faults=faults, more=more, kinds=kinds, kind=kind, applicant=asked, beside=beside,
        groups=definition.grouped(found.fields), documents=found.documents, required=[
            one["code"] for one in found.documents if one.get("required")],
        missing=[fault.field for fault in found.faults if fault.code == "document_missing"],
        files=[*((code, one) for code, one in draft["documents"].items()), *(("", one) for one in draft["scans"])],
        shown=[*(f"answers/{field['name']}" for field in found.fields),
               *(f"documents/{one['code']}" for one in found.documents)],
        stages=stages, unknown=unknown, total=sum(fees.total(charges) for _, charges in stages),
        open=bool({fault.field for fault in faults} & {f"applicant/{name}" for name in beside}),
        units=mine or units, optional=particulars.OPTIONAL, labels=labels, known=draft.get("known", []),
        same=[one for one in draft.get("known", []) if one["service_code"] == entry.code and not one["outcome"]],
        once=secrets.token_urlsafe(18), key=_local_key(), offline=offline_url(), limit=DOCUMENT_BYTES, most=FILES,
    )  # fmt: skip


def _local_key() -> str:
    """The key under which this browser keeps what was typed and not answered yet: the account's own, so that nobody
    else who sits down at this screen reads it."""
    made = platform().privacy.lookup(window_drafts.account(), "gateway.window")
    return base64.b64encode(made[:32]).decode()
