"""The staff's workspace: what waits for somebody, the tasks in their hands, one file and what may be done with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules.refusal import Fault, Refusal
from services.gateway import accounts
from services.gateway.web.access import FORM, door
from services.gateway.web.api.tasks import document_of
from services.gateway.web.caller import STAFF_COOKIE, caller, renew_visitor
from services.gateway.web.pages import completing, definition, kept, shown, staff_login, visits
from services.gateway.web.pages.desk import STAFF, ask, day_of, fetch, pdf, token, written
from services.gateway.web.pages.staff_login import local as local
from services.gateway.web.platform import platform
from services.gateway.web.uploads import take_upload

blueprint = Blueprint("staff", __name__)

FORM_BYTES = 64 * 1024 * 1024
MOST_PICTURES = 20
GROUPS = ("late", "now", "week", "later", "waiting")
_WEEK = timedelta(days=6)
_BEYOND = ("task_unknown", "task_done", "unauthenticated", "forbidden")  # no form can mend these


@door(blueprint, "GET", STAFF + "/login", permission="guide.read")
def show_login() -> str:
    return staff_login.show(local(request.args.get("next", "")))


@door(blueprint, "POST", STAFF + "/login", permission="guide.read", media_types=FORM, csrf=True)
def log_in() -> ResponseReturnValue:
    return staff_login.log_in(request.form.get("username", "")[:64], request.form.get("password", "")[:200],
                              local(request.form.get("next", "")))


@door(blueprint, "POST", STAFF + "/logout", permission="guide.read", media_types=FORM, csrf=True, staff=True)
def log_out() -> Response:
    held = caller().token or ""
    platform().run(lambda work: accounts.close_session(work, held), caller().actor)
    renew_visitor()
    response = redirect(url_for("staff.show_login"), 303)
    response.delete_cookie(STAFF_COOKIE)
    for cookie in (kept.FOLLOW_COOKIE, kept.DRAFTS_COOKIE, completing.COOKIE, visits.COOKIE):
        # what was opened for who stood at the window is not the next person's to see
        response.delete_cookie(cookie)
    return response  # type: ignore[return-value]


# Where somebody sits who has no tasks: at the cash drawer or at a window.
_MOST_COUNTED = 200
SEATS = (("bill.take_cash", "cashier.find"), ("citizen.bind", "window.show"))


@door(blueprint, "GET", STAFF, permission="guide.read", staff=True)
def home() -> Response | str:
    """Where this person's work lies."""
    who = caller().actor
    if not who.permits("task.list"):
        page = next((page for permission, page in SEATS if who.permits(permission)), None)
        if page is not None:
            return redirect(url_for(page), 303)  # type: ignore[return-value]
    counts = ask("requests.work_waiting", {})["counts"] if who.permits("warning.list") else {}
    if who.permits("proposal.decide"):
        waiting = ask("catalog.proposals", {"to_decide": True, "limit": _MOST_COUNTED})["proposals"]
        counts = {**counts, "proposals": len(waiting)}
    tasks = ask("requests.tasks", {})["tasks"] if who.permits("task.list") else None
    return render_template(
        "staff/home.html", counts=counts, tasks=tasks, groups=grouped(tasks or (), platform().today()), once=token(),
        none_left=request.args.get("none", ""), acted=request.args.get("acted", ""))


def grouped(tasks: Iterable[Mapping[str, Any]], today: date) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """The tasks by urgency, in the order of GROUPS, groups without any left out. What waits for an outside body to
    answer stands apart until it is overdue."""
    found: dict[str, list[Mapping[str, Any]]] = {group: [] for group in GROUPS}
    for task in tasks:
        due = date.fromisoformat(task["due_on"]) if task["due_on"] else None
        sent = (task.get("letter") or {}).get("status") == "sent"
        if due is not None and due < today:
            found["late"].append(task)
        elif sent:
            found["waiting"].append(task)
        elif due == today:
            found["now"].append(task)
        else:
            found["week" if due is not None and due <= today + _WEEK else "later"].append(task)
    return [(group, members) for group, members in found.items() if members]


@door(blueprint, "POST", STAFF + "/next", permission="task.next", media_types=FORM, csrf=True)
def next_file() -> Response:
    given = ask("requests.next_task", {}, command_id=kept.once("next"))
    task = given["task"]
    if task is None:
        return redirect(url_for("staff.home", none=given.get("because") or 1), 303)  # type: ignore[return-value]
    return redirect(url_for("staff.show_task", task_id=task["task_id"]), 303)  # type: ignore[return-value]


@door(blueprint, "GET", STAFF + "/tasks/<uuid:task_id>", permission="task.read")
def show_task(task_id: Any) -> str:
    return _file(task_id, [], {})


@door(blueprint, "GET", STAFF + "/tasks/<uuid:task_id>/graph.svg", permission="task.read")
def draw_task(task_id: Any) -> Response:
    drawn = ask("requests.task_graph", {"task_id": str(task_id), "language": g.language})
    return Response(drawn["svg"], content_type="image/svg+xml")


@door(blueprint, "GET", STAFF + "/tasks/<uuid:task_id>/documents/<uuid:document_id>", permission="task.read")
def show_document(task_id: Any, document_id: Any) -> Response:
    return document_of(task_id, document_id)


@door(blueprint, "GET", STAFF + "/tasks/<uuid:task_id>/applicant", permission="task.read")
def show_applicant(task_id: Any) -> str:
    """Who applied, where this step cannot do without. Each look is recorded."""
    found = ask("requests.task_applicant", {"task_id": str(task_id)})
    return render_template("staff/applicant.html", found=found, task_id=task_id)


@door(blueprint, "POST", STAFF + "/tasks/<uuid:task_id>/photos", permission="task.act", media_types=FORM, csrf=True,
      limit=8 * 1024 * 1024)
def add_photo(task_id: Any) -> tuple[dict[str, str], int] | Response:
    """One picture for a page with scripts: its document, to be sent along with the report. Whose task it is, is
    asked when it goes with the report; until then the picture is nobody's and is thrown away after a day."""
    try:
        name, taken = take_upload(request.files.get("photos"), "photos", kept.once("photo"))
    except Refusal as refusal:
        return {"wrong": shown.fault_text(refusal.faults[0])}, 422
    return {"document_id": taken["document_id"], "name": name}, 201


@door(blueprint, "POST", STAFF + "/tasks/<uuid:task_id>", permission="task.act", media_types=FORM, csrf=True,
      limit=FORM_BYTES)
def act(task_id: Any) -> Response | tuple[str, int]:
    """Act on the file. The button `attach` only uploads pictures, which must be checked before they go with a report;
    the page keeps which they are, and `drop` leaves one out. Where an outside body was asked, its answer goes along."""
    action = request.form.get("action", "")[:60]
    typed = {name.removeprefix("inputs/"): value for name, value in request.form.items()
             if name.startswith("inputs/") and value.strip()}
    dropped = request.form.get("drop", "")
    pictures = [one for one in request.form.getlist("photo") if _is_picture(one) and one[:36] != dropped]
    del pictures[MOST_PICTURES:]
    captions = {one[:36]: written(f"caption/{one[:36]}", 500) for one in pictures}
    back: dict[str, Any] = {
        "reason": written("reason"), "legal_reason": request.form.get("legal_reason", "")[:60], "action": action,
        "answered_on": written("answered_on", 10), "reference": written("reference", 100),
        "note": written("note"), "captions": captions, **typed}
    faults = _attach(pictures)
    if faults or dropped or action == "attach":
        return _file(task_id, faults, {**back, "photos": pictures}), 422 if faults else 200
    found = ask("requests.task_file", {"task_id": str(task_id)})
    chosen = next((one for one in found["actions"] if one["code"] == action), None)
    if chosen and chosen.get("to_applicant"):
        return redirect(url_for("staff.send_back", task_id=task_id, action=action), 303)  # type: ignore[return-value]
    wanted = definition.inputs_of_action(found, action)
    acting = {
        "task_id": str(task_id), "action": action, "reason": back["reason"] or None,
        "legal_reason": back["legal_reason"] or None,
        "photos": [{"document_id": one[:36], "caption": captions[one[:36]] or None} for one in pictures],
        "inputs": {name: value for name, value in typed.items() if name in wanted},
    }
    try:
        letter = _letter_of(found)
        if letter is None or letter["status"] == "answered":  # an agency answered: only what follows is left to say
            ask("requests.act", acting, command_id=kept.once("act"))
        else:
            ask("requests.answer_letter", _answered(task_id, acting, back), command_id=kept.once("act"))
    except Refusal as refusal:
        if refusal.code in _BEYOND:
            raise
        return _file(task_id, _placed(refusal.faults), {**back, "photos": pictures}), 422
    return redirect(url_for("staff.home", acted=1), 303)  # type: ignore[return-value]


def _answered(task_id: Any, acting: dict[str, Any], back: Mapping[str, Any]) -> dict[str, Any]:
    """The body's answer, with its paper where one was chosen, and the action that follows from it."""
    faults: list[Fault] = []
    day = day_of("answered_on", faults)
    if day is None and not faults:
        faults.append(Fault("field_required", "answered_on"))
    file, document_id = request.files.get("paper"), None
    if not faults and file is not None and file.filename:
        document_id = take_upload(file, "paper", uuid4())[1]["document_id"]
    if faults:
        raise Refusal(faults)
    return {"task_id": str(task_id), "answered_on": day.isoformat() if day else None,
            "reference": back["reference"] or None, "note": back["note"] or None, "document_id": document_id,
            "act": acting}


def _placed(faults: Iterable[Fault]) -> list[Fault]:
    """Faults of the action inside an answer stand at the action's own fields."""
    return [Fault(one.code, one.field.removeprefix("act/") if one.field else one.field, one.params) for one in faults]


def _letter_of(found: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The letter that this task is about; None where it asks no outside body."""
    return next((one for one in found.get("letters") or () if one.get("current")), None)


def _is_picture(value: str) -> bool:
    """An uploaded picture's document, then its name."""
    try:
        return str(UUID(value[:36])) == value[:36] and len(value) <= 240
    except ValueError:
        return False


def _attach(pictures: list[str]) -> list[Fault]:
    """Upload what was chosen; each picture is kept as its document and its name. Answers what is wrong."""
    faults: list[Fault] = []
    for index, file in enumerate(request.files.getlist("photos")):
        if not file.filename or len(pictures) >= MOST_PICTURES:
            continue
        try:
            name, taken = take_upload(file, f"photos/{index}", uuid4())
        except Refusal as refusal:
            faults += refusal.faults
            continue
        pictures.append(f"{taken['document_id']} {' '.join(name.split())}")
    return faults


def _file(task_id: Any, faults: list[Fault], given: dict[str, Any]) -> str:
    found = ask("requests.task_file", {"task_id": str(task_id)})
    return render_template(
        "staff/task.html", file=found, task_id=task_id, faults=faults, given=given, once=token(),
        answers=definition.answers_of_file(found), inputs=definition.inputs_of_file(found), letter=_letter_of(found),
        needed={name for action in found["actions"] if not action.get("to_applicant") for name in action["requires"]})


# -- letters ---------------------------------------------------------------------------------------------------------


@door(blueprint, "GET", STAFF + "/tasks/<uuid:task_id>/letter.pdf", permission="task.read")
def show_letter(task_id: Any) -> Response:
    """The letter of a task in hand, to be printed and sent."""
    return pdf(fetch("requests.letter", {"task_id": str(task_id)}))


@door(blueprint, "POST", STAFF + "/tasks/<uuid:task_id>/letter", permission="letter.send", media_types=FORM, csrf=True)
def send_letter(task_id: Any) -> Response | tuple[str, int]:
    """Record that the letter went out."""
    faults: list[Fault] = []
    day = day_of("sent_on", faults)
    given = {"how": request.form.get("how", "")[:20], "sent_on": written("sent_on", 10),
             "sent_reference": written("sent_reference", 100)}
    if not given["how"]:
        faults.append(Fault("field_required", "how"))
    try:
        if faults:
            raise Refusal(faults)
        ask("requests.send_letter", {"task_id": str(task_id), "how": given["how"],
                                     "sent_on": day.isoformat() if day else None,
                                     "reference": given["sent_reference"] or None}, command_id=kept.once("letter"))
    except Refusal as refusal:
        if refusal.code in _BEYOND:
            raise
        return _file(task_id, list(refusal.faults), given), 422
    return redirect(url_for("staff.show_task", task_id=task_id), 303)  # type: ignore[return-value]


# -- sending back with what is missing -------------------------------------------------------------------------------


@door(blueprint, "GET", STAFF + "/tasks/<uuid:task_id>/missing/<action>", permission="task.act")
def send_back(task_id: Any, action: str) -> str:
    """Choose what is missing from what the service asks for."""
    return _missing(task_id, action, [], {"documents": [], "answers": []}, "")


@door(blueprint, "POST", STAFF + "/tasks/<uuid:task_id>/missing/<action>", permission="task.act", media_types=FORM,
      csrf=True)
def send_it_back(task_id: Any, action: str) -> Response | str | tuple[str, int]:
    """First shown as the applicant will read it (button `preview`), then sent (button `send`)."""
    missing = {"documents": [one[:60] for one in request.form.getlist("documents")][:60],
               "answers": [one[:60] for one in request.form.getlist("answers")][:200]}
    words, step = written("reason"), request.form.get("step", "")
    if step == "change":
        return _missing(task_id, action, [], missing, words)
    told = {"task_id": str(task_id), "missing": missing, "reason": words or None}
    try:
        if step != "send":
            seen = ask("requests.preview_completion", told)
            return _missing(task_id, action, [], missing, words, seen)
        ask("requests.act", {**told, "action": action}, command_id=kept.once("act"))
    except Refusal as refusal:
        if refusal.code in _BEYOND:
            raise
        return _missing(task_id, action, list(refusal.faults), missing, words), 422
    return redirect(url_for("staff.home", acted=1), 303)  # type: ignore[return-value]


def _missing(task_id: Any, action: str, faults: list[Fault], missing: Mapping[str, Any], words: str,
             seen: Mapping[str, Any] | None = None) -> str:
    found = ask("requests.task_file", {"task_id": str(task_id)})
    chosen = next((one for one in found["actions"] if one["code"] == action and one.get("to_applicant")), None)
    if chosen is None:
        raise Refusal(Fault("action_unknown", "action"))
    return render_template("staff/missing.html", file=found, task_id=task_id, action=chosen, faults=faults,
                           missing=missing, words=words, seen=seen, once=token(),
                           questions=[(one["name"], definition.label(one)) for one in found["may_miss"]["answers"]])
