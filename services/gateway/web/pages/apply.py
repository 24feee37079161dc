"""Apply: a task list, one question or small group a page, check the answers and the fee, send. Everything typed is kept
after each page; it works without scripts. What is asked and what is wrong with it, `applying` knows; which pages there
are, `apply_steps`; where a draft lies, `drafts`."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID, uuid5

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from rules import applicants
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal
from services.gateway.guide import Entry
from services.gateway.web import ask, nationwide
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.idempotency import NAMESPACE
from services.gateway.web.pages import apply_steps as steps
from services.gateway.web.pages import applying, definition, drafts, kept, particulars, shown
from services.gateway.web.pages.apply_steps import Step
from services.gateway.web.pages.applying import Draft, Reading
from services.gateway.web.pages.public import LANG, entry_of
from services.gateway.web.platform import platform
from services.gateway.web.uploads import DOCUMENT_BYTES, digest, take_upload

blueprint = Blueprint("apply", __name__)
FORM_BYTES = 6 * DOCUMENT_BYTES
CHECK, HEIRS = "check", "heirs"
_EMPTY_ROWS = 2  # of heirs, beyond those that were named
_LOOKS = {steps.DONE: "good", steps.STARTED: "warn", steps.WRONG: "bad"}
_CHECKED_BYTES = 128 * 1024  # a sealed draft, the largest that is kept
_PATH = LANG + "/services/<code>/apply"
_STEP = _PATH + "/<step>"


# -- the task list -----------------------------------------------------------------------------------------------------


@door(blueprint, "GET", _PATH, permission="request.submit")
def show_form(code: str) -> ResponseReturnValue:
    entry = entry_of(code)
    draft = _begun(entry)
    if _of_another(draft):
        return _locked(entry, draft)
    found = applying.read(entry.document, draft, platform().today())
    way = steps.of(entry.document, draft, found)
    left = steps.unfinished(way, draft, found)
    return render_template(
        "public/apply.html", entry=entry, draft=draft, tasks=_sections(entry, way, draft, found), left=left,
        ready=steps.ready(way, draft, found))  # fmt: skip


@door(blueprint, "POST", _PATH + "/anew", permission="request.submit", media_types=FORM, csrf=True)
def begin_anew(code: str) -> ResponseReturnValue:
    """Throw what was filled in away."""
    entry_of(code)
    draft = drafts.of_browser(code)
    if draft is not None and not _of_another(draft):
        drafts.forget(draft)
    response: Any = redirect(url_for("apply.show_form", code=code), 303)
    return drafts.let_go(response, code)


@door(blueprint, "GET", _PATH + "/saved", permission="request.submit")
def show_saved(code: str) -> ResponseReturnValue:
    """Where and how long the draft can be gone on with."""
    entry = entry_of(code)
    draft = drafts.of_browser(code)
    if draft is None:
        return redirect(url_for("apply.show_form", code=code), 303)
    if _of_another(draft):
        return _locked(entry, draft)
    return render_template("public/draft.html", saved=draft, entry=entry)


def _sections(entry: Entry, way: list[Step], draft: Draft, found: Reading) -> list[tuple[str, list[dict[str, Any]]]]:
    sections: dict[str, list[dict[str, Any]]] = {}
    for task in steps.tasks(way, draft, found):
        sections.setdefault(task.section, []).append({
            "text": task.title, "url": url_for("apply.show_step", code=entry.code, step=task.step),
            "tag": shown.text(f"apply.state.{task.state}"), "kind": _LOOKS.get(task.state, "quiet")})  # fmt: skip
    return list(sections.items())


# -- one page ----------------------------------------------------------------------------------------------------------


@door(blueprint, "GET", _STEP, permission="request.submit")
def show_step(code: str, step: str) -> ResponseReturnValue:
    entry = entry_of(code)
    draft = _begun(entry)
    if _of_another(draft):
        return _locked(entry, draft)
    found = applying.read(entry.document, draft, platform().today())
    way = steps.of(entry.document, draft, found)
    one = steps.step(way, step)
    if one is None:  # an answer has changed, and it is not asked any more
        return redirect(url_for("apply.show_form", code=code), 303)
    return _page(entry, draft, found, way, one)


@door(blueprint, "POST", _STEP, permission="request.submit", media_types=FORM, csrf=True, limit=FORM_BYTES)
def take_step(code: str, step: str) -> ResponseReturnValue:
    """Keep what was typed, sound or not, and go on when it is sound: to the next page, or back to the check."""
    entry = entry_of(code)
    draft = _begun(entry)
    today = platform().today()
    way = steps.of(entry.document, draft, applying.read(entry.document, draft, today))
    one = steps.step(way, step)
    if one is None:
        return redirect(url_for("apply.show_form", code=code), 303)
    faults = _session_over(draft) + _take(one, draft)
    found = applying.read(entry.document, draft, today)
    later = not {"save", "remove", "more"}.isdisjoint(request.form)
    faults = faults or ([] if later else found.faults_of(one.names))
    if faults and one.code == HEIRS:
        faults = applying.heirs_faults(entry.document, draft["applicant"], today)
    if not faults and not later and one.code not in draft["seen"]:
        draft["seen"].append(one.code)
    try:
        drafts.save(draft)
    except Refusal as refusal:
        if refusal.code == "draft_unknown":  # its time ended while the page was open
            raise Refusal(Fault("form_expired")) from refusal
        return _page(entry, draft, found, way, one, refusal.faults), 422
    if _of_another(draft):
        return _locked(entry, draft)
    way = steps.of(entry.document, draft, found)
    if faults:
        return drafts.keep(Response(_page(entry, draft, found, way, one, faults), 422), draft)
    return drafts.keep(redirect(_onward(entry, draft, found, way, one), 303), draft)  # type: ignore[arg-type]


def _session_over(draft: Draft) -> list[Fault]:
    """The page was opened by somebody who was logged in, and begins a draft that would be nobody's: said once."""
    over = request.form.get("account", "") and not draft.get("token") and _account() is None
    return [Fault("citizen_session_over")] if over else []


def _onward(entry: Entry, draft: Draft, found: Reading, way: list[Step], one: Step) -> str:
    """Where a page leads that was filled in."""
    if "save" in request.form:
        return url_for("apply.show_saved", code=entry.code)
    if "remove" in request.form or "more" in request.form:
        return _address(entry, one, checking=_from_check())
    left = steps.unfinished(way, draft, found)
    following = steps.after(way, one)
    if left is not None and (following is None or _from_check()):
        following = left
    if following is None or (left is None and _from_check()):
        return url_for("apply.show_check", code=entry.code)
    return _address(entry, following, checking=_from_check())


def _from_check() -> bool:
    return request.values.get("from") == CHECK


def _address(entry: Entry, one: Step, *, checking: bool) -> str:
    """Where a page is; `checking`: it leads back to the check."""
    query = "?from=" + CHECK if checking else ""
    return url_for("apply.show_step", code=entry.code, step=one.code) + query


def _take(one: Step, draft: Draft) -> list[Fault]:
    """Put what was posted into the draft; answers what is wrong with a file that came along."""
    if one.document is not None:
        return _take_file(draft, one.document["code"])
    if one.code == HEIRS:
        places = [f"applicant/heirs/{row}" for row in range(applicants.MOST_HEIRS + 1)]
        rows = ((request.form.get(f"{place}/name", ""), request.form.get(f"{place}/national_id", ""))
                for place in places)  # fmt: skip
        draft["applicant"]["heirs"] = particulars.heirs_text(rows)[: applying.LONGEST_OF_HEIRS]
        return []
    multiple = {f"answers/{field['name']}" for field in one.questions if field["type"] == "multi_choice"}
    for name in one.names:
        group, _, rest = name.partition("/")
        if name in multiple:
            draft[group][rest] = request.form.getlist(name)
            continue
        text = request.form.get(name, "")
        if group == "unit":
            draft["unit"] = text[:20]
        elif group == "applicant":
            draft["applicant"][rest] = text.strip()[: applying.LONGEST]
        else:
            draft["answers"][rest] = text
    return []


def _take_file(draft: Draft, code: str) -> list[Fault]:
    if "remove" in request.form:
        draft["documents"].pop(code, None)
        return []
    files = (request.files.get(f"documents/{code}"), request.files.get("photo"))
    file = next((one for one in files if one is not None and one.filename), None)
    return take_document(draft["id"], draft["documents"], code, file) if file is not None else []


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


def _page(
    entry: Entry, draft: Draft, found: Reading, way: list[Step], one: Step, faults: list[Fault] | None = None
) -> str:
    earlier = steps.before(way, one)
    if _from_check():
        back = url_for("apply.show_check", code=entry.code)
    elif earlier is None:
        back = url_for("apply.show_form", code=entry.code)
    else:
        back = url_for("apply.show_step", code=entry.code, step=earlier.code)
    named = particulars.heirs(draft["applicant"].get("heirs") or "")
    return render_template(
        "public/apply_step.html", entry=entry, draft=draft, step=one, faults=faults or [], back=back,
        heirs=[*named, *({} for _ in range(_EMPTY_ROWS))],
        number=[other.code for other in way].index(one.code) + 1 if one in way else 0, pages=len(way),
        labels=definition.labels(entry.document) | _labels(one), kinds=definition.applicant_kinds(entry.document),
        kind=applying.kind_of(entry.document, draft["applicant"]), optional=particulars.OPTIONAL,
        units=definition.units(entry.document), came_from=CHECK if _from_check() else "",
        kept=draft["documents"].get(one.document["code"]) if one.document else None, once=secrets.token_urlsafe(18),
        limit=DOCUMENT_BYTES)  # fmt: skip


def _labels(one: Step) -> dict[str, str]:
    """What the fields of this page are called, for the summary of faults."""
    named = {name: applying.applicant_label(name.removeprefix("applicant/"))
             for name in one.names if name.startswith("applicant/")}  # fmt: skip
    for row in range(applicants.MOST_HEIRS + 1) if one.code == HEIRS else ():
        heir = shown.text("apply.heir", number=row + 1)
        named |= {f"applicant/heirs/{row}/{name}": f"{heir}: {applying.applicant_label(name)}"
                  for name in ("name", "national_id")}  # fmt: skip
    return named | {"unit": shown.text("apply.unit")}


# -- check and send ----------------------------------------------------------------------------------------------------


@door(blueprint, "GET", _PATH + "/check", permission="request.submit")
def show_check(code: str) -> ResponseReturnValue:
    entry = entry_of(code)
    draft = _begun(entry)
    if _of_another(draft):
        return _locked(entry, draft)
    return _check(entry, draft)


@door(blueprint, "POST", _PATH + "/send", permission="request.submit", media_types=FORM, csrf=True,
      limit=_CHECKED_BYTES)  # fmt: skip
def send(code: str) -> ResponseReturnValue:
    """Lodge exactly what was checked. Sending it twice lodges it once."""
    entry = entry_of(code)
    draft = kept.unseal(request.form.get("draft", ""), "draft")
    if not isinstance(draft, dict) or draft.get("code") != code:  # it is still kept: check it once more
        return redirect(url_for("apply.show_check", code=code), 303)
    if _of_another(draft):
        return _locked(entry, draft)
    found = applying.read(entry.document, draft, platform().today())
    body = applying.submission(entry.document, draft, found, g.language)
    try:
        lodged = platform().call(
            "requests.submit",
            ask.submission(body),
            caller().actor,
            command_id=uuid5(NAMESPACE, f"draft\n{draft['id']}"),
        )
    except Refusal as refusal:
        return _check(entry, draft, refusal.faults)
    drafts.forget(draft)
    number = lodged["tracking_number"]
    digits = western_digits(draft["applicant"]["phone"])[-4:]
    response: Any = drafts.let_go(redirect(url_for("follow.received", tracking_number=number), 303), code)  # type: ignore[arg-type]
    return kept.keep_followed(response, number, digits)


def _check(entry: Entry, draft: Draft, faults: list[Fault] | None = None) -> ResponseReturnValue:
    """Everything that was given, each with a way back to it, and what it will cost."""
    document = entry.document
    found = applying.read(document, draft, platform().today())
    way = steps.of(document, draft, found)
    if not faults and not steps.ready(way, draft, found):
        return redirect(url_for("apply.show_form", code=entry.code), 303)
    try:
        stages, unknown = _fees(entry, found)
        refused = []
    except Refusal as refusal:
        stages, unknown, refused = [], True, refusal.faults
    page = render_template(
        "public/check.html",
        entry=entry,
        draft=draft,
        sealed="" if refused else kept.seal_draft(draft),
        sections=[(name, [_row(entry, way, line) for line in lines])
                  for name, lines in applying.told(document, draft, found) if lines],
        stages=stages,
        unknown=unknown,
        total=sum(charge["amount"] for _, charges in stages for charge in charges),
        faults=faults or refused,
        labels=definition.labels(document),
    )  # fmt: skip
    return page, 422 if faults else 200


def _fees(entry: Entry, found: Reading) -> tuple[list[tuple[str, list[dict[str, Any]]]], bool]:
    """The charges of each stage, and whether some hang on what the departments will find. Of what takes the place of a
    licence the register knows more than the applicant, so it is asked; it refuses a licence that cannot be renewed,
    altered or transferred so, with faults at the answers."""
    if not entry.document.get("supersedes"):
        stages, unknown = definition.fees_by_stage(entry.document, found.answers)
        return [(name, [charge.as_dict() for charge in charges]) for name, charges in stages], unknown
    asked = {"service_code": entry.code, "answers": found.answers}
    quoted = platform().call("requests.quote", asked, caller().actor)
    known = [one for one in quoted["stages"] if one["charges"]]
    return [(shown.named(one["name"]), one["charges"]) for one in known], not quoted["complete"]


def _row(entry: Entry, way: list[Step], line: applying.Line) -> dict[str, Any]:
    one = steps.of_field(way, line.field)
    url = _address(entry, one, checking=True) if one else None
    return {"label": line.label, "value": line.value, "url": url, "id": shown.dom_id(line.field)}


# -- whose draft it is -------------------------------------------------------------------------------------------------


def _begun(entry: Entry) -> Draft:
    """The draft of this browser, or one that begins now with what the account knows."""
    draft = drafts.of_browser(entry.code)
    if draft is not None:
        return draft
    who = caller()
    unit = who.actor.unit or nationwide.unit_asked(entry.code)
    begun = {**kept.new_draft(entry.code, unit), "seen": [], "account": _account()}
    if who.citizen is None:
        return begun
    kind = "citizen" if who.citizen.card == "national_id" else "foreigner"
    known = {"kind": kind} if kind in definition.applicant_kinds(entry.document) else {}
    applicant = {**known, who.citizen.card: who.citizen.number, "phone": who.citizen.phone}
    return {**begun, "applicant": applicant}


def _account() -> str | None:
    """Who is logged in here, as a draft names it; nobody."""
    who = caller()
    return f"{who.actor.kind}:{who.actor.id}" if who.is_staff or who.citizen else None


def _of_another(draft: Draft) -> bool:
    """Whether the draft was begun in an account that is not logged in here: it is neither shown nor sent then, and what
    was typed stays with it."""
    return draft.get("account") not in (None, _account())


def _locked(entry: Entry, draft: Draft) -> ResponseReturnValue:
    here = url_for("apply.show_form", code=entry.code)
    staff = str(draft["account"]).startswith("staff:")
    log_in = url_for("staff.show_login" if staff else "citizens.show_login", next=here)
    return render_template("public/apply_locked.html", entry=entry, log_in=log_in), 401
