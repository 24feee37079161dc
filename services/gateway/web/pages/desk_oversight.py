"""The files of a head's people: who holds which since when, taking one out of a hand, handing one to a colleague."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template

from rules.refusal import Fault, Refusal
from services.gateway.web.access import FORM, door
from services.gateway.web.api.desk import hand_over_choices
from services.gateway.web.pages import kept
from services.gateway.web.pages.desk import (
    STAFF,
    ask,
    asked,
    done,
    names,
    next_page,
    said_here,
    token,
    version,
    written,
)
from services.gateway.web.platform import platform

blueprint = Blueprint("desk_oversight", __name__)


@door(blueprint, "GET", STAFF + "/desk", permission="task.oversee")
def list_desk() -> str:
    """What lies open or held in my department, or in all of my unit."""
    found = ask("requests.desk", {"after": asked("after"), "limit": 50})
    return render_template(
        "staff/desk.html", tasks=found["tasks"], people=names(one["holder"] for one in found["tasks"]),
        today=platform().today().isoformat(), next=next_page("desk_oversight.list_desk", found["next"]),
        done=asked("done"))


@door(blueprint, "GET", STAFF + "/desk/<uuid:task_id>", permission="task.oversee")
def show_file(task_id: Any) -> str:
    """One file of my people: to whom it may be handed, and taking it back."""
    return _file(task_id, [], {})


@door(blueprint, "POST", STAFF + "/desk/<uuid:task_id>/hand-over", permission="task.oversee", media_types=FORM,
      csrf=True)
def hand_over(task_id: Any) -> Response | tuple[str, int]:
    """Hand it to a colleague by name."""
    given = {"to": written("to", 100), "reason": written("reason")}
    faults = [] if given["to"] else [Fault("field_required", "to")]
    try:
        if faults:
            raise Refusal(faults)
        ask("requests.hand_over_task", {"task_id": str(task_id), **given, "version": version()},
            command_id=kept.once("hand-over"))
    except Refusal as refusal:
        return _file(task_id, said_here(refusal), given), 422
    return done("desk_oversight.list_desk", "handed_over")


@door(blueprint, "POST", STAFF + "/desk/<uuid:task_id>/take-back", permission="task.oversee", media_types=FORM,
      csrf=True)
def take_back(task_id: Any) -> Response | tuple[str, int]:
    """Take it out of a hand; the engine hands it out again."""
    reason = written("back_reason")
    try:
        ask("requests.take_back", {"task_id": str(task_id), "reason": reason, "version": version()},
            command_id=kept.once("take-back"))
    except Refusal as refusal:
        faults = [Fault(one.code, "back_reason" if one.field == "reason" else one.field, one.params)
                  for one in said_here(refusal)]
        return _file(task_id, faults, {"back_reason": reason}), 422
    return done("desk_oversight.list_desk", "taken_back")


def _file(task_id: Any, faults: list[Fault], given: dict[str, str]) -> str:
    return render_template("staff/hand_over.html", file=hand_over_choices(task_id), task_id=task_id, faults=faults,
                           given=given, once=token())
