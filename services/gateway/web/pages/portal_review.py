"""Applications of the national portal that could not be lodged as they were, before a person of the unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for

from rules.refusal import Fault, Refusal
from services.gateway.web.access import FORM, door
from services.gateway.web.pages import applying, definition, kept, particulars, shown
from services.gateway.web.pages.desk import STAFF, ask, asked, next_page, said_here, shown_file, token, written
from services.gateway.web.pages.desk_visits import said
from services.gateway.web.platform import platform

blueprint = Blueprint("portal_review", __name__)
ALL, ONE = STAFF + "/portal-applications", STAFF + "/portal-applications/<uuid:application_id>"
SAID = ("lodged", "still", "waiting", "closed")
_GROUPS = ("company", "power_of_attorney", "principal", "deceased", "inheritance")


@door(blueprint, "GET", ALL, permission="offline.review")
def show_all() -> str:
    """The oldest first; nobody is named."""
    found = ask("requests.portal_applications", {"after": asked("after")})
    listed = found["applications"]
    return render_template(
        "staff/portal_applications.html", applications=listed, said=_said(),
        why={one["application_id"]: [said(code) for code in one["codes"]] for one in listed},
        services={one["service_code"]: _service(one["service_code"]) for one in listed},
        next=next_page("portal_review.show_all", found["next"]))  # fmt: skip


@door(blueprint, "GET", ONE, permission="offline.review")
def show(application_id: Any) -> str:
    """One as it was sent and why it was not lodged. Reading it is recorded."""
    return _page(application_id, [], {})


@door(blueprint, "GET", ONE + "/documents/<uuid:document_id>", permission="offline.review")
def show_document(application_id: Any, document_id: Any) -> Response:
    """A document that came with it. Reading it is recorded."""
    found = ask("requests.portal_application_document",
                {"application_id": str(application_id), "document_id": str(document_id)})  # fmt: skip
    return shown_file(found, str(document_id)[:13])


@door(blueprint, "POST", ONE + "/retry", permission="offline.review", media_types=FORM, csrf=True)
def retry(application_id: Any) -> Response | tuple[str, int]:
    """Lodge it once more under its number, in this unit or in another."""
    given = {"unit": written("unit", 20)}
    try:
        tried = ask("requests.retry_portal_application",
                    {"application_id": str(application_id), "unit": given["unit"] or None},
                    command_id=kept.once("retry"))  # fmt: skip
    except Refusal as refusal:
        return _page(application_id, said_here(refusal), given), 422
    if tried["state"] == "lodged":
        return _back("portal_review.show_all", "lodged")
    return _back("portal_review.show", "still" if tried["faults"] else "waiting", application_id=application_id)


@door(blueprint, "POST", ONE + "/close", permission="offline.review", media_types=FORM, csrf=True)
def close(application_id: Any) -> Response | tuple[str, int]:
    """It was dealt with otherwise; a person says how."""
    reason = written("reason")
    try:
        if not reason:
            raise Refusal(Fault("field_required", "reason"))
        ask("requests.close_portal_application", {"application_id": str(application_id), "reason": reason},
            command_id=kept.once("close"))  # fmt: skip
    except Refusal as refusal:
        return _page(application_id, said_here(refusal), {"reason": reason}), 422
    return _back("portal_review.show_all", "closed")


def _back(endpoint: str, what: str, **values: Any) -> Response:
    return redirect(url_for(endpoint, said=what, **values), 303)  # type: ignore[return-value]


def _said() -> str | None:
    said = request.args.get("said", "")
    return said if said in SAID else None


def _page(application_id: Any, faults: list[Fault], given: dict[str, str]) -> str:
    found = ask("requests.portal_application", {"application_id": str(application_id)})
    held = platform()
    units = [unit for unit in held.organisation.known().units(held.today())
             if unit.governorate == held.settings.node and unit.status == "open"]  # fmt: skip
    return render_template(
        "staff/portal_application.html", one=found, faults=faults, given=given, once=token(), said=_said(),
        service=_service(found["service_code"]), units=units, sent=_sent(found),
        papers=_papers(found["service_code"]))  # fmt: skip


def _service(code: str) -> str:
    """What a service is called, whatever version is known of it; its code where none is."""
    entry = platform().guide.version(code, None)
    return shown.named(entry.document["name"]) if entry else code


def _papers(code: str) -> dict[str, str]:
    """What a service calls its documents, whatever version is known of it."""
    entry = platform().guide.version(code, None)
    return {one["code"]: shown.named(one["name"]) for one in definition.documents(entry.document)} if entry else {}


def _sent(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the citizen sent, labelled as the form labels it where the service is still known."""
    submission = found["submission"]
    if submission is None:
        return []
    applicant = submission["applicant"]
    flat = {**applicant, **{f"{group}/{name}": value for group in _GROUPS
                            for name, value in (applicant.get(group) or {}).items()}}  # fmt: skip
    lines = [(applying.applicant_label(name), str(flat[name])) for name in (*particulars.PERSON, *particulars.EVERY)
             if flat.get(name) and not isinstance(flat[name], dict | list)]  # fmt: skip
    entry = platform().guide.version(found["service_code"], None)
    answers = submission["answers"]
    if entry is None:
        return lines + [(name, str(value)) for name, value in answers.items()]
    return lines + definition.shown_answers(entry.document, answers)
