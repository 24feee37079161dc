"""What heads and managers answer: complaints, requests to open again, questions about silence."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template

from rules.refusal import Fault, Refusal
from services.gateway.web.access import FORM, door
from services.gateway.web.pages import kept
from services.gateway.web.pages.desk import STAFF, ask, asked, done, next_page, said_here, token, version, written
from services.gateway.web.platform import platform

blueprint = Blueprint("desk_answers", __name__)


@door(blueprint, "GET", STAFF + "/complaints", permission="complaint.answer")
def list_complaints() -> str:
    """The complaints that lie before me, the most urgent first."""
    found = ask("requests.complaints", {"after": asked("after"), "limit": 50})
    return render_template(
        "staff/complaints.html", complaints=found["complaints"], today=platform().today().isoformat(),
        done=asked("done"), next=next_page("desk_answers.list_complaints", found["next"]))


@door(blueprint, "GET", STAFF + "/complaints/<number>", permission="complaint.answer")
def show_complaint(number: str) -> str:
    """One with its text; reading it is recorded."""
    return _complaint(number, [], {})


@door(blueprint, "POST", STAFF + "/complaints/<number>", permission="complaint.answer", media_types=FORM, csrf=True)
def answer_complaint(number: str) -> Response | tuple[str, int]:
    given = {"upheld": written("upheld", 5), "answer": written("answer")}
    faults = [] if given["upheld"] in ("true", "false") else [Fault("field_required", "upheld")]
    try:
        if faults:
            raise Refusal(faults)
        ask("requests.answer_complaint", {"complaint_number": number, "upheld": given["upheld"] == "true",
                                          "answer": given["answer"], "version": version()},
            command_id=kept.once("complaint"))
    except Refusal as refusal:
        return _complaint(number, said_here(refusal), given), 422
    return done("desk_answers.list_complaints", "answered")


def _complaint(number: str, faults: list[Fault], given: dict[str, str]) -> str:
    return render_template("staff/complaint.html", one=ask("requests.complaint_file", {"complaint_number": number}),
                           faults=faults, given=given, once=token())


@door(blueprint, "GET", STAFF + "/reopenings", permission="request.reopen")
def list_reopenings() -> str:
    """What was asked for in my unit, with the reasons given; reading them is recorded."""
    return _reopenings([], {})


@door(blueprint, "POST", STAFF + "/reopenings/<uuid:reopening_id>", permission="request.reopen", media_types=FORM,
      csrf=True)
def decide_reopening(reopening_id: Any) -> Response | tuple[str, int]:
    given = {"id": str(reopening_id), "grant": written("grant", 5), "reason": written("reason")}
    faults = [] if given["grant"] in ("true", "false") else [Fault("field_required", "grant")]
    try:
        if faults:
            raise Refusal(faults)
        ask("requests.decide_reopening", {"reopening_id": str(reopening_id), "grant": given["grant"] == "true",
                                          "reason": given["reason"], "version": version()},
            command_id=kept.once("reopening"))
    except Refusal as refusal:
        return _reopenings(said_here(refusal), given), 422
    return done("desk_answers.list_reopenings", "decided")


def _reopenings(faults: list[Fault], given: dict[str, str]) -> str:
    return render_template("staff/reopenings.html", reopenings=ask("requests.reopenings", {})["reopenings"],
                           faults=_of_one(faults, given), given=given, once=token(), done=asked("done"))


def _of_one(faults: list[Fault], given: dict[str, str]) -> list[Fault]:
    """Faults of one form among several of a page stand at that form's fields."""
    own = given.get("id")
    return [Fault(one.code, f"{own}/{one.field}" if own and one.field else one.field, one.params) for one in faults]


@door(blueprint, "GET", STAFF + "/silence", permission="silence.review")
def list_silence() -> str:
    """What a person is asked about silence and has not answered."""
    return _silence([], {})


@door(blueprint, "POST", STAFF + "/silence/<uuid:review_id>", permission="silence.review", media_types=FORM, csrf=True)
def decide_silence(review_id: Any) -> Response | tuple[str, int]:
    given = {"id": str(review_id), "decision": written("decision", 20), "reason": written("reason")}
    faults = [] if given["decision"] else [Fault("field_required", "decision")]
    try:
        if faults:
            raise Refusal(faults)
        ask("requests.decide_silence_review", {"review_id": str(review_id), "decision": given["decision"],
                                               "reason": given["reason"], "version": version() or 0},
            command_id=kept.once("silence"))
    except Refusal as refusal:
        return _silence(said_here(refusal), given), 422
    return done("desk_answers.list_silence", "decided")


def _silence(faults: list[Fault], given: dict[str, str]) -> str:
    return render_template("staff/silence.html", reviews=ask("requests.silence_reviews", {})["reviews"],
                           faults=_of_one(faults, given), given=given, once=token(), done=asked("done"))
