"""Where a request of any governorate stands, for whoever knows its number and the last four digits of its phone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from chassis.config import Role, Settings
from chassis.country_keys import inquiry_keys
from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import inquiry as rule
from rules import numbering, places
from rules.refusal import Refusal, refuse

HELLOS_MISSED = 3
"""A node says hello every LINK_HELLO seconds (15); so often not at all is a line that is cut."""
HANDED, LODGED = "handed", "lodged"
UP, DOWN = "up", "down"

_FIND = Statement(
    text(
        "SELECT r.request_id, r.governorate, r.unit, r.service_code, r.service_name, r.state, r.state_kind, "
        "r.state_name, r.department, r.lodged_at, r.due_on, r.applicant_until, r.clock, r.outcome, r.changed_at, "
        "r.inquiry_check, a.id AS application_id, a.governorate AS a_governorate, a.unit AS a_unit, "
        "a.service_code AS a_service_code, a.service_name AS a_service_name, a.state AS a_state, "
        "a.lodged_at AS a_lodged_at, a.state_at AS a_state_at, a.inquiry_check AS a_check, "
        "(SELECT applied_at FROM national_place WHERE governorate = :governorate) AS applied_at, "
        "(SELECT behind FROM national_place WHERE governorate = :governorate) AS behind, "
        "(SELECT heard_at FROM link_sent WHERE peer = :governorate) AS heard_at "
        "FROM (SELECT 1) AS always LEFT JOIN LATERAL (SELECT * FROM national_request "
        "WHERE tracking_number = :number ORDER BY changed_at DESC LIMIT 1) AS r ON true "
        "LEFT JOIN national_application AS a ON a.tracking_number = :number"
    )
)
_AS_OF = Statement(
    text(
        "SELECT governorate, max(applied_at) AS applied_at, max(behind) AS behind, max(heard_at) AS heard_at FROM ("
        "SELECT governorate, applied_at, behind, NULL::timestamptz AS heard_at FROM national_place "
        "UNION ALL SELECT peer, NULL, NULL, heard_at FROM link_sent) AS known GROUP BY governorate ORDER BY governorate"
    )
)


def find(work: UnitOfWork, number: str, last4: str) -> dict[str, Any]:
    """Where the request stands as far as the centre knows, and as of when. `line` is `down` where the governorate was
    not heard of for the time of HELLOS_MISSED. An application that its node has not lodged yet has the state `handed`,
    or what the node said of it. Wrong digits and an unknown number are refused alike: tracking_unknown."""
    governorate = governorate_of(number)
    row = work.one(_FIND, number=number, governorate=governorate)
    keys = inquiry_keys(work.settings)
    lodged = row.request_id is not None
    if not rule.lets_in(row.inquiry_check if lodged else row.a_check, number, last4, keys):
        raise refuse("tracking_unknown")
    found = _of_request(row) if lodged else _of_application(row)
    known = places.governorates()[found["governorate"]]
    return {"tracking_number": number, **found, "governorate_name": known.name,
            **standing(work, row)}  # fmt: skip


def governorate_of(number: str) -> str | None:
    """The governorate that a tracking number carries; None for what carries none."""
    digits = number[:2]
    return next((code for code, one in places.governorates().items() if one.national_id_code == digits), None)


def elsewhere(settings: Settings, typed: str) -> str | None:
    """The other governorate that a tracking number carries, where this is a node that can ask the centre about it; None
    otherwise, and for what is no number."""
    if settings.role is Role.CENTRE or not settings.env("CENTRE_URL"):
        return None
    found = _carried(typed)
    return found if found != settings.node else None


def may_wait_at_centre(settings: Settings, typed: str) -> bool:
    """Whether a number of this node's own that is not known here may be one that the national portal gave: the node is
    linked, can ask the centre, and can say for whom it asks. Whoever asks for others without a signature would have
    their mistyped numbers counted as its own."""
    asks = settings.role is not Role.CENTRE and settings.env("CENTRE_URL") and settings.env("LINK_SIGNING_KEY")
    return bool(asks) and _carried(typed) == settings.node


def _carried(typed: str) -> str | None:
    try:
        return governorate_of(numbering.parse_tracking(typed))
    except Refusal:
        return None


def names(governorate: str | None) -> dict[str, str]:
    """What a refusal calls a governorate."""
    known = places.governorate(governorate or "")
    name = known.name if known else {"ar": governorate or "", "en": governorate or ""}
    return {"name_ar": name["ar"], "name_en": name["en"]}


def as_of(work: UnitOfWork) -> list[dict[str, Any]]:
    """Of each governorate that was ever heard of: as of when the centre knows it, and whether its line is up."""
    return [{"governorate": row.governorate, **standing(work, row)} for row in work.all(_AS_OF)]


def standing(work: UnitOfWork, row: Any) -> dict[str, Any]:
    """`as_of`, the last moment at which the centre heard of a governorate, and whether its line is up. A governorate
    that was never heard of is down."""
    heard: datetime | None = max((moment for moment in (row.applied_at, row.heard_at) if moment), default=None)
    missed = timedelta(seconds=work.settings.seconds("LINK_HELLO", 15.0) * HELLOS_MISSED)
    up = heard is not None and work.now - heard <= missed
    if up and row.behind and work.now - row.applied_at <= missed:
        heard = row.behind  # it catches up: what is known is as of then
    return {"as_of": heard.isoformat() if heard else None, "line": UP if up else DOWN}


def _of_request(row: Any) -> dict[str, Any]:
    return {
        "governorate": row.governorate,
        "unit": row.unit,
        "service_code": row.service_code,
        "service_name": row.service_name,
        "state": row.state,
        "state_kind": row.state_kind,
        "state_name": row.state_name,
        "department": row.department,
        "lodged_at": row.lodged_at.isoformat(),
        "due_on": row.due_on.isoformat() if row.due_on else None,
        "applicant_until": row.applicant_until.isoformat() if row.applicant_until else None,
        "clock": row.clock,
        "outcome": row.outcome,
        "changed_at": row.changed_at.isoformat(),
        "portal": None,
    }


def _of_application(row: Any) -> dict[str, Any]:
    return {
        "governorate": row.a_governorate,
        "unit": row.a_unit,
        "service_code": row.a_service_code,
        "service_name": row.a_service_name,
        "state": row.a_state,
        "state_kind": "portal",
        "state_name": PORTAL_STATES[row.a_state],
        "department": None,
        "lodged_at": row.a_lodged_at.isoformat(),
        "due_on": None,
        "applicant_until": None,
        "clock": "running",
        "outcome": None,
        "changed_at": row.a_state_at.isoformat(),
        "portal": row.a_state,
    }


PORTAL_STATES: dict[str, dict[str, str]] = {
    HANDED: {"ar": "سُلِّم إلى المحافظة، في انتظار ما يفيد وصوله",
             "en": "Handed to the governorate, waiting for its receipt"},
    "waiting": {"ar": "وصل إلى المحافظة", "en": "Arrived at the governorate"},
    "ready": {"ar": "وصل إلى المحافظة", "en": "Arrived at the governorate"},
    "lodged": {"ar": "قُيِّد في المحافظة", "en": "Lodged at the governorate"},
    "review": {"ar": "وصل إلى المحافظة ويراجعه موظف قبل قيده",
               "en": "Arrived; somebody looks at it before it is lodged"},
    "closed": {"ar": "لم يُقيَّد كما هو، وعالجه موظف بالمحافظة", "en": "Not lodged as it was; a person dealt with it"},
}
"""What is said of an application until the node's own word about the request is there."""
