"""The staff's workspace: log in, my tasks, the next file, acting on it. Nobody here sees who the applicant is."""

from __future__ import annotations

import re
import secrets
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, g, redirect, render_template, request, url_for

from rules.refusal import Fault, Refusal
from services.gateway import accounts
from services.gateway.web import ask
from services.gateway.web.access import FORM, door
from services.gateway.web.api.tasks import document_of
from services.gateway.web.caller import STAFF_COOKIE, caller, set_cookie
from services.gateway.web.pages import definition, kept
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform
from services.gateway.web.uploads import DOCUMENT_BYTES, take_upload

blueprint = Blueprint("staff", __name__)
_STAFF = LANG + "/staff"
_MOST_PICTURES = 20
FORM_BYTES = 4 * DOCUMENT_BYTES + 64 * 1024  # so many pictures at once; more in another go
_PICTURE = re.compile(r"[0-9a-f-]{36} [^\r\n]{1,200}")


@door(blueprint, "GET", _STAFF + "/login", permission="guide.read")
def show_login() -> str:
    return render_template("staff/login.html", faults=[], username="", next=local(request.args.get("next", "")))


@door(blueprint, "POST", _STAFF + "/login", permission="guide.read", media_types=FORM, csrf=True)
def log_in() -> Response | tuple[str, int]:
    username, target = request.form.get("username", "")[:64], local(request.form.get("next", ""))
    try:
        token, ends, _ = ask.log_in(username, request.form.get("password", "")[:200])
    except Refusal as refusal:
        if refusal.code not in ("login_failed", "too_many_requests"):
            raise
        fault = Fault(refusal.code, "username", refusal.faults[0].params)
        page = render_template("staff/login.html", faults=[fault], username=username, next=target)
        return page, 429 if refusal.code == "too_many_requests" else 401
    response = redirect(target or url_for("staff.home"), 303)
    set_cookie(response, STAFF_COOKIE, token, seconds=int((ends - platform().now()).total_seconds()))  # type: ignore[arg-type]
    return response  # type: ignore[return-value]


def local(target: str) -> str:
    """A page of ours to go on to, or nothing: never another site, nothing that would end or split the header."""
    ours = target.startswith(("/ar/", "/en/")) and "\\" not in target and "//" not in target
    return target if ours and not any(character < " " or character == "\x7f" for character in target) else ""


@door(blueprint, "POST", _STAFF + "/logout", permission="guide.read", media_types=FORM, csrf=True, staff=True)
def log_out() -> Response:
    token = caller().token or ""
    platform().run(lambda work: accounts.close_session(work, token), caller().actor)
    response = redirect(url_for("staff.show_login"), 303)
    response.delete_cookie(STAFF_COOKIE)
    return response  # type: ignore[return-value]


@door(blueprint, "GET", _STAFF, permission="guide.read", staff=True)
def home() -> Response | str:
    """Where this person's work lies."""
    who = caller().actor
    if not who.permits("task.list"):
        if who.permits("bill.take_cash"):
            return redirect(url_for("cashier.find"), 303)  # type: ignore[return-value]
        return render_template("staff/home.html", tasks=None, once="", none_left=False)
    tasks = platform().call("requests.tasks", {}, who)["tasks"]
    return render_template(
        "staff/home.html", tasks=tasks, once=secrets.token_urlsafe(18), none_left=request.args.get("none", "")
    )


@door(blueprint, "POST", _STAFF + "/next", permission="task.next", media_types=FORM, csrf=True)
def next_file() -> Response:
    given = platform().call("requests.next_task", {}, caller().actor, command_id=kept.once("next"))
    task = given["task"]
    if task is None:
        return redirect(url_for("staff.home", none=given.get("because") or 1), 303)  # type: ignore[return-value]
    return redirect(url_for("staff.show_task", task_id=task["task_id"]), 303)  # type: ignore[return-value]


@door(blueprint, "GET", _STAFF + "/tasks/<uuid:task_id>", permission="task.read")
def show_task(task_id: Any) -> str:
    return _file(task_id, [], {})


@door(blueprint, "GET", _STAFF + "/tasks/<uuid:task_id>/graph.svg", permission="task.read")
def draw_task(task_id: Any) -> Response:
    asked = {"task_id": str(task_id), "language": g.language}
    drawn = platform().call("requests.task_graph", asked, caller().actor)
    return Response(drawn["svg"], content_type="image/svg+xml")


@door(blueprint, "GET", _STAFF + "/tasks/<uuid:task_id>/documents/<uuid:document_id>", permission="task.read")
def show_document(task_id: Any, document_id: Any) -> Response:
    return document_of(task_id, document_id)


@door(
    blueprint,
    "POST",
    _STAFF + "/tasks/<uuid:task_id>",
    permission="task.act",
    media_types=FORM,
    csrf=True,
    limit=FORM_BYTES,
)
def act(task_id: Any) -> Response | tuple[str, int]:
    """Act on the file. The button `attach` only uploads pictures, which must be checked before they go with a report;
    the page keeps which they are."""
    action = request.form.get("action", "")[:60]
    given = {
        name.removeprefix("inputs/"): value
        for name, value in request.form.items()
        if name.startswith("inputs/") and value.strip()
    }
    reason = request.form.get("reason", "").strip()[:2000] or None
    legal_reason = request.form.get("legal_reason", "")[:60] or None
    pictures = [one for one in request.form.getlist("photo") if _PICTURE.fullmatch(one)][:_MOST_PICTURES]
    back = {"reason": reason or "", "legal_reason": legal_reason or "", "action": action, **given}
    faults = _attach(pictures)
    if faults or action == "attach":
        return _file(task_id, faults, {**back, "photos": pictures}), 422 if faults else 200
    found = platform().call("requests.task_file", {"task_id": str(task_id)}, caller().actor)
    wanted = definition.inputs_of_action(found, action)
    try:
        platform().call(
            "requests.act",
            {
                "task_id": str(task_id),
                "action": action,
                "reason": reason,
                "legal_reason": legal_reason,
                "photos": [{"document_id": one.partition(" ")[0]} for one in pictures],
                "inputs": {name: value for name, value in given.items() if name in wanted},
            },
            caller().actor,
            command_id=kept.once("act"),
        )
    except Refusal as refusal:
        if refusal.code in ("task_unknown", "unauthenticated", "forbidden"):
            raise
        return _file(task_id, refusal.faults, {**back, "photos": pictures}), 422
    return redirect(url_for("staff.home"), 303)  # type: ignore[return-value]


def _attach(pictures: list[str]) -> list[Fault]:
    """Upload what was chosen; each picture is kept as its document and its name. Answers what is wrong."""
    faults: list[Fault] = []
    for index, file in enumerate(request.files.getlist("photos")):
        if not file.filename or len(pictures) >= _MOST_PICTURES:
            continue
        try:
            name, kept_ = take_upload(file, f"photos/{index}", uuid4())
        except Refusal as refusal:
            faults += refusal.faults
            continue
        pictures.append(f"{kept_['document_id']} {' '.join(name.split())}")
    return faults


def _file(task_id: Any, faults: list[Fault], given: dict[str, Any]) -> str:
    found = platform().call("requests.task_file", {"task_id": str(task_id)}, caller().actor)
    return render_template(
        "staff/task.html",
        file=found,
        task_id=task_id,
        faults=faults,
        given=given,
        once=secrets.token_urlsafe(18),
        answers=definition.answers_of_file(found),
        inputs=definition.inputs_of_file(found),
    )
