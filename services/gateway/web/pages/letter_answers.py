"""Answers that agencies gave through the platform and that found no letter waiting for them: read, and dealt with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, render_template

from contracts.requests_letter_answers import ASIDE, STATES
from rules.refusal import Fault, Refusal
from services.gateway.web.access import FORM, door
from services.gateway.web.pages import kept
from services.gateway.web.pages.desk import STAFF, ask, asked, done, names, next_page, said_here, token, written

blueprint = Blueprint("letter_answers", __name__)
_ALL = STAFF + "/letter-answers"


@door(blueprint, "GET", _ALL, permission="letter.send")
def show_all() -> str:
    """The newest first; without the agencies' words."""
    state = asked("state")
    state = state if state in STATES else ASIDE
    found = ask("requests.letter_answers", {"state": state, "before": asked("before")})
    return render_template(
        "staff/letter_answers.html", answers=found["answers"], state=state, done=asked("done"),
        next=next_page("letter_answers.show_all", found["next"], "before", state=state))


@door(blueprint, "GET", _ALL + "/<uuid:answer_id>", permission="letter.send")
def show(answer_id: Any) -> str:
    """One with the agency's words. Reading it is recorded."""
    return _shown(answer_id, [], {})


@door(blueprint, "POST", _ALL + "/<uuid:answer_id>", permission="letter.send", media_types=FORM, csrf=True)
def settle(answer_id: Any) -> Response | tuple[str, int]:
    """A person says what was done."""
    remark = written("remark", 1000)
    try:
        ask("requests.settle_letter_answer", {"answer_id": str(answer_id), "remark": remark},
            command_id=kept.once("settle"))
    except Refusal as refusal:
        return _shown(answer_id, said_here(refusal), {"remark": remark}), 422
    return done("letter_answers.show_all", "answer_settled")


@door(blueprint, "POST", _ALL + "/<uuid:answer_id>/letter", permission="letter.send", media_types=FORM, csrf=True)
def attach(answer_id: Any) -> Response | tuple[str, int]:
    """A person found its letter."""
    given = {"number": written("number", 40), "because": written("because", 1000)}
    try:
        ask("requests.attach_letter_answer",
            {"answer_id": str(answer_id), "number": given["number"], "remark": given["because"]},
            command_id=kept.once("attach"))
    except Refusal as refusal:
        faults = [replace(one, field="because") if one.field == "remark" else one for one in said_here(refusal)]
        return _shown(answer_id, faults, given), 422
    return done("letter_answers.show_all", "answer_attached")


def _shown(answer_id: Any, faults: list[Fault], given: dict[str, str]) -> str:
    found = ask("requests.letter_answer", {"answer_id": str(answer_id)})
    return render_template("staff/letter_answer.html", one=found, faults=faults, given=given, once=token(),
                           settled_by=names([found["settled_by"]]).get(found["settled_by"] or ""))
