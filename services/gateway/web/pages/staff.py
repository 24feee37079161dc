"""The staff's workspace: log in, my tasks, the next file, acting on it. Nobody here sees who the applicant is."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for

from rules.refusal import Fault, Refusal
from services.gateway import accounts
from services.gateway.web import ask
from services.gateway.web.access import FORM, door
from services.gateway.web.api.tasks import document_of
from services.gateway.web.caller import STAFF_COOKIE, caller, set_cookie
from services.gateway.web.pages import definition, kept
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("staff", __name__)
_STAFF = LANG + "/staff"


@door(blueprint, "GET", _STAFF + "/login", permission="guide.read")
def show_login() -> str:
    return render_template("staff/login.html", faults=[], username="", next=_local(request.args.get("next", "")))


@door(blueprint, "POST", _STAFF + "/login", permission="guide.read", media_types=FORM, csrf=True)
def log_in() -> Response | tuple[str, int]:
    username, target = request.form.get("username", "")[:64], _local(request.form.get("next", ""))
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


def _local(target: str) -> str:
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
        "staff/home.html", tasks=tasks, once=secrets.token_urlsafe(18), none_left="none" in request.args
    )


@door(blueprint, "POST", _STAFF + "/next", permission="task.next", media_types=FORM, csrf=True)
def next_file() -> Response:
    task = platform().call("requests.next_task", {}, caller().actor, command_id=kept.once("next"))["task"]
    if task is None:
        return redirect(url_for("staff.home", none=1), 303)  # type: ignore[return-value]
    return redirect(url_for("staff.show_task", task_id=task["task_id"]), 303)  # type: ignore[return-value]


@door(blueprint, "GET", _STAFF + "/tasks/<uuid:task_id>", permission="task.read")
def show_task(task_id: Any) -> str:
    return _file(task_id, [], {})


@door(blueprint, "GET", _STAFF + "/tasks/<uuid:task_id>/documents/<uuid:document_id>", permission="task.read")
def show_document(task_id: Any, document_id: Any) -> Response:
    return document_of(task_id, document_id)


@door(blueprint, "POST", _STAFF + "/tasks/<uuid:task_id>", permission="task.act", media_types=FORM, csrf=True)
def act(task_id: Any) -> Response | tuple[str, int]:
    action = request.form.get("action", "")[:60]
    given = {
        name.removeprefix("inputs/"): value
        for name, value in request.form.items()
        if name.startswith("inputs/") and value.strip()
    }
    reason = request.form.get("reason", "").strip()[:2000] or None
    found = platform().call("requests.task_file", {"task_id": str(task_id)}, caller().actor)
    wanted = definition.inputs_of_action(found, action)
    try:
        platform().call(
            "requests.act",
            {
                "task_id": str(task_id),
                "action": action,
                "reason": reason,
                "inputs": {name: value for name, value in given.items() if name in wanted},
            },
            caller().actor,
            command_id=kept.once("act"),
        )
    except Refusal as refusal:
        if refusal.code in ("task_unknown", "unauthenticated", "forbidden"):
            raise
        return _file(task_id, refusal.faults, {"reason": reason or "", "action": action, **given}), 422
    return redirect(url_for("staff.home"), 303)  # type: ignore[return-value]


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
