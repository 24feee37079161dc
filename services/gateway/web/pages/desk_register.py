"""The register of licences, inspections after the issue, and what a head is asked about them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, url_for

from contracts.requests_afterwards import DELIVERED_HOW, IDENTITY_CHECKED, RECEIVERS
from contracts.requests_outputs import PRINT_PURPOSES
from rules import follow_ups, register
from rules.refusal import Fault, Refusal
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept
from services.gateway.web.pages.desk import (
    STAFF,
    ask,
    asked,
    done,
    fetch,
    names,
    next_page,
    pdf,
    said_here,
    shown_file,
    token,
    version,
    written,
)

blueprint = Blueprint("desk_register", __name__)
# What a person may do to a licence: the act of rules.register, its command and permission.
ACTS = {"suspend": ("requests.suspend_licence", "licence.suspend"),
        "resume": ("requests.resume_licence", "licence.resume"),
        "cancel": ("requests.cancel_licence", "licence.cancel"),
        "replace_print": ("requests.replace_print", "licence.replace")}
_ANY_ACT = "|".join(permission for _, permission in ACTS.values())


@door(blueprint, "GET", STAFF + "/register", permission="licence.read")
def list_register() -> Response | str:
    """The licences of my unit, newest first; a serial leads to its entry."""
    serial = asked("serial")
    if serial:
        return redirect(url_for("desk_register.show_entry", serial=serial), 303)  # type: ignore[return-value]
    filters = {"status": asked("status"), "ends_before": asked("ends_before", 10), "after": asked("after"),
               "service_code": asked("service_code")}
    faults: list[Fault] = []
    try:
        found = ask("requests.licences", filters)
    except Refusal as refusal:
        faults, found = said_here(refusal), {"licences": [], "next": None}
    kept_ = {name: value for name, value in filters.items() if name != "after"}
    return render_template(
        "staff/register.html", licences=found["licences"], filters=filters, faults=faults, done=asked("done"),
        statuses=_statuses(), next=next_page("desk_register.list_register", found["next"], "after", **kept_))


def _statuses() -> dict[str, str]:
    return {code: both[0 if g.language == "ar" else 1] for code, both in register.STATUS_NAMES.items()}


@door(blueprint, "GET", STAFF + "/register/<serial>", permission="licence.read")
def show_entry(serial: str) -> str:
    """A licence with what became of it and every print. Reading it is recorded."""
    return _entry(serial, [], {})


@door(blueprint, "POST", STAFF + "/register/<serial>/<any(suspend,resume,cancel,replace_print):act>",
      permission=_ANY_ACT, media_types=FORM, csrf=True)
def change(serial: str, act: str) -> Response | tuple[str, int]:
    """Suspend, resume, cancel a licence, or replace its print, with a reason."""
    method, permission = ACTS[act]
    if not caller().actor.permits(permission):
        raise Refusal(Fault("forbidden"))
    reason = written("reason")
    try:
        ask(method, {"serial": serial, "reason": reason, "version": version()}, command_id=kept.once(act))
    except Refusal as refusal:
        return _entry(serial, [Fault(one.code, f"{act}/{one.field}" if one.field == "reason" else one.field, one.params)
                               for one in said_here(refusal)], {"act": act, "reason": reason}), 422
    return done("desk_register.show_entry", act, serial=serial)


@door(blueprint, "POST", STAFF + "/register/<serial>/prints", permission="licence.print", media_types=FORM, csrf=True)
def print_licence(serial: str) -> Response:
    """The licence as a PDF to print; each copy is numbered and recorded."""
    purpose = written("purpose", 20)
    return pdf(fetch("requests.print_licence", {
        "serial": serial, "purpose": purpose if purpose in PRINT_PURPOSES else PRINT_PURPOSES[0]},
        command_id=kept.once("print")))


@door(blueprint, "POST", STAFF + "/register/<serial>/delivery", permission="licence.deliver", media_types=FORM,
      csrf=True)
def deliver(serial: str) -> Response | tuple[str, int]:
    """Record to whom a print was handed over."""
    given = {name: written(name, most) for name, most in (
        ("how", 20), ("receiver", 20), ("receiver_name", 200), ("identity", 40), ("reference", 100))}
    faults = [Fault("field_required", name) for name in ("how", "receiver", "identity") if not given[name]]
    try:
        if faults:
            raise Refusal(faults)
        ask("requests.deliver", {"serial": serial, **{name: value or None for name, value in given.items()}},
            command_id=kept.once("deliver"))
    except Refusal as refusal:
        return _entry(serial, said_here(refusal), {"act": "deliver", **given}), 422
    return done("desk_register.show_entry", "delivered", serial=serial)


def _entry(serial: str, faults: list[Fault], given: dict[str, str]) -> str:
    found = ask("requests.licence_entry", {"serial": serial})
    may = caller().actor.permits
    acts = [act for act in ACTS if may(ACTS[act][1]) and found["status"] in register.ACTS[act].statuses]
    people = names([one["by"] for one in found["history"]] + [one["by"] for one in found["prints"]])
    planned = ask("requests.follow_ups", {"serial": found["serial"]})["follow_ups"]
    return render_template(
        "staff/licence.html", one=found, acts=acts, act_names=register.ACTS, people=people, faults=faults, given=given,
        once=token(), done=asked("done"), statuses=_statuses(), follow_ups=planned, how=DELIVERED_HOW,
        receivers=RECEIVERS, identities=IDENTITY_CHECKED, purposes=PRINT_PURPOSES)


# -- inspections after the issue -------------------------------------------------------------------------------------


@door(blueprint, "GET", STAFF + "/follow-ups", permission="licence.read")
def list_follow_ups() -> str:
    """Inspections after the issue in my unit, what is planned next first."""
    status = asked("status")
    chosen = status if status in follow_ups.STATUSES else None
    found = ask("requests.follow_ups", {"status": chosen, "after": asked("after"), "limit": 50})
    return render_template(
        "staff/follow_ups.html", follow_ups=found["follow_ups"], statuses=follow_ups.STATUSES, chosen=chosen,
        next=next_page("desk_register.list_follow_ups", found["next"], status=chosen))


@door(blueprint, "GET", STAFF + "/licence-questions", permission="licence.suspend")
def list_questions() -> str:
    """Licences in whose inspection a violation was found, and nobody has decided yet."""
    return _questions([], {})


@door(blueprint, "GET", STAFF + "/licence-questions/<uuid:question_id>/photos/<uuid:document_id>",
      permission="licence.suspend")
def show_question_photo(question_id: Any, document_id: Any) -> Response:
    found = fetch("requests.licence_question_photo",
                  {"question_id": str(question_id), "document_id": str(document_id)})
    return shown_file(found, str(document_id))


@door(blueprint, "POST", STAFF + "/licence-questions/<uuid:question_id>", permission="licence.suspend",
      media_types=FORM, csrf=True)
def decide_question(question_id: Any) -> Response | tuple[str, int]:
    given = {"id": str(question_id), "decision": written("decision", 20), "reason": written("reason")}
    faults = [] if given["decision"] else [Fault("field_required", "decision")]
    try:
        if faults:
            raise Refusal(faults)
        ask("requests.decide_licence_question", {
            "question_id": str(question_id), "decision": given["decision"], "reason": given["reason"],
            "version": version() or 0}, command_id=kept.once("question"))
    except Refusal as refusal:
        placed = [Fault(one.code, f"{question_id}/{one.field}" if one.field else one.field, one.params)
                  for one in said_here(refusal)]
        return _questions(placed, given), 422
    return done("desk_register.list_questions", "decided")


def _questions(faults: list[Fault], given: dict[str, str]) -> str:
    return render_template("staff/licence_questions.html", questions=ask("requests.licence_questions", {})["questions"],
                           faults=faults, given=given, once=token(), done=asked("done"),
                           decisions=follow_ups.DECISIONS)
