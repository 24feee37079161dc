"""An application for any governorate, taken at the centre: checked by that governorate's own edition, numbered from the
numbers that its node reserved, sealed for its node and handed down.

A centre that was restored gives no number of a governorate until it has heard its node in its present epoch: before
that it does not know which numbers its former self gave.

In one transaction the number is given, the event with the application and one for each piece of its documents are
appended, and the documents go: what is personal is here no longer, but in boxes that only the node opens.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from prometheus_client import Gauge
from sqlalchemy import text

from chassis import boxes
from chassis.country_keys import inquiry_keys
from chassis.database import Statement
from chassis.ids import uuid7
from chassis.metrics import REGISTRY
from chassis.uow import UnitOfWork
from contracts.gateway_national import GIVEN, MOST_BYTES, PART_GIVEN
from contracts.requests_intake import PIECE_BYTES
from rules import applicants, forms, inquiry, papers, places
from rules.refusal import Fault, Refusal, refuse
from services.gateway import tables_national as tables
from services.gateway.guide import Entry
from services.gateway.link.writing_off import COUNTS
from services.gateway.national import papers as waiting
from services.gateway.national.inquiry import HANDED, names

SPREAD = 64
"""Applications at the same moment take different ones of so many numbers, and rarely meet."""
NOT_HEARD = "governorate_not_heard"
LOW = 50
"""Numbers left of a governorate below which an operator is told."""

_LEFT_GAUGE = Gauge("shubbak_national_numbers_left", "Tracking numbers that the national portal may still give",
                    ("governorate",), registry=REGISTRY)  # fmt: skip
log = logging.getLogger(__name__)

# A block that was reserved before something was written off may hold numbers that a lost fact gave.
_NUMBERS = "national_number AS n LEFT JOIN link_sent AS s ON s.peer = n.governorate"
_FREE = Statement(
    text(
        f"SELECT number FROM (SELECT n.number FROM {_NUMBERS} WHERE n.governorate = :governorate "  # noqa: S608
        f"AND n.application_id IS NULL AND {COUNTS} ORDER BY n.number LIMIT :spread) AS free ORDER BY random() LIMIT 1"
    )
)
_GIVE = Statement(
    text("UPDATE national_number SET application_id = :application_id, at = :at WHERE number = :number "
         "AND application_id IS NULL")
)
_LEFT = Statement(
    text(
        f"SELECT n.governorate, count(*) FILTER (WHERE n.application_id IS NULL AND {COUNTS}) AS left "  # noqa: S608
        f"FROM {_NUMBERS} GROUP BY n.governorate ORDER BY n.governorate"
    )
)
_ANY_LEFT = Statement(
    text(f"SELECT EXISTS (SELECT 1 FROM {_NUMBERS} WHERE n.governorate = :governorate "  # noqa: S608
         f"AND n.application_id IS NULL AND {COUNTS}) AS any_left, "
         "EXISTS (SELECT 1 FROM link_sent WHERE peer = :governorate AND heard_epoch >= :epoch) AS heard")
)
_HEARD = Statement(text("SELECT peer FROM link_sent WHERE heard_epoch >= :epoch"))
_KEEP = Statement.insert(
    tables.national_application, "id", "governorate", "unit", "service_code", "service_name", "tracking_number",
    "inquiry_check", "state", "lodged_at", "state_at",
)  # fmt: skip


def lodge(
    work: UnitOfWork, governorate: str, entry: Entry, unit: places.Unit | None, body: Mapping[str, Any], today: date
) -> dict[str, Any]:
    """Take an application for a governorate by its edition of the service (`entry.code` is the service's own code), for
    a unit of it. Refuses, with every fault at once, what that edition does not accept; governorate_not_joined,
    governorate_not_heard, numbers_used_up, application_too_large."""
    box = boxes.public_keys(work.settings).get(governorate)
    if box is None:
        raise refuse("governorate_not_joined", "governorate", **names(governorate))
    if work.settings.epoch > 1 and takes(work, governorate) == NOT_HEARD:
        raise refuse(NOT_HEARD, "governorate", **names(governorate))
    held = waiting.given(work, [str(one["document_id"]) for one in body["documents"]])
    applicant, answers = _checked(entry, unit, body, held, today)
    number = work.scalar(_FREE, governorate=governorate, spread=SPREAD)
    if number is None:
        raise refuse("numbers_used_up", "governorate", **names(governorate))
    application_id = uuid7()
    documents = [{"document_id": document_id, **one, "parts": papers.pieces(one["size"], PIECE_BYTES)}
                 for document_id, one in held.items()]  # fmt: skip
    submission = {
        "service_code": entry.code, "unit": body["unit"], "applicant": body["applicant"], "answers": answers,
        "documents": [{"code": one["code"], "document_id": str(one["document_id"])} for one in body["documents"]],
    }  # fmt: skip
    sealed = boxes.seal(orjson.dumps({"submission": submission, "documents": documents}), box)
    keys = inquiry_keys(work.settings)
    work.write(_GIVE, expect=1, application_id=application_id, at=work.now, number=number)
    work.write(
        _KEEP, id=application_id, governorate=governorate, unit=body["unit"], service_code=entry.code,
        service_name=entry.document["name"], tracking_number=number, state=HANDED, lodged_at=work.now,
        state_at=work.now,
        inquiry_check=inquiry.check(number, applicant["phone"][-4:], keys[0]) if keys else None,
    )  # fmt: skip
    work.append(GIVEN, application_id, 1, {
        "application_id": application_id, "governorate": governorate, "unit": body["unit"],
        "service_code": entry.code, "tracking_number": number, "lodged_at": work.now,
        "parts": sum(one["parts"] for one in documents), "sealed": sealed})  # fmt: skip
    sequence = 1
    for document_id in held:
        for place, content in enumerate(waiting.contents(work, UUID(document_id))):
            sequence += 1
            work.append(PART_GIVEN, application_id, sequence, {
                "application_id": application_id, "governorate": governorate, "document_id": document_id,
                "number": place, "sealed": boxes.seal(content, box)})  # fmt: skip
    waiting.drop(work, list(held))
    work.audit("national.lodged", str(application_id), governorate=governorate, service=entry.code)
    return {
        "application_id": str(application_id), "tracking_number": number, "governorate": governorate,
        "service_code": entry.code, "service_name": entry.document["name"], "unit": body["unit"],
        "lodged_at": work.now.isoformat(), "state": HANDED,
    }  # fmt: skip


def takes(work: UnitOfWork, governorate: str) -> str | None:
    """Why the national portal takes no application for a governorate now (a code of contracts.gateway_national); None
    where it does."""
    if governorate not in boxes.public_keys(work.settings):
        return "governorate_not_joined"
    found = work.one(_ANY_LEFT, governorate=governorate, epoch=work.settings.epoch)
    if work.settings.epoch > 1 and not found.heard:
        return NOT_HEARD
    return None if found.any_left else "numbers_used_up"


def heard(work: UnitOfWork) -> set[str] | None:
    """The governorates that were heard since the centre was restored; None where it never was: then all may be given
    numbers for."""
    epoch = work.settings.epoch
    return None if epoch == 1 else {row.peer for row in work.all(_HEARD, epoch=epoch)}


def left(work: UnitOfWork) -> dict[str, int]:
    """How many numbers the centre holds of each governorate."""
    return {row.governorate: row.left for row in work.all(_LEFT)}


def count(work: UnitOfWork) -> None:
    """Tell the metrics how many numbers are left of each governorate; a low one is logged too."""
    for governorate, number in left(work).items():
        _LEFT_GAUGE.labels(governorate).set(number)
        if number < LOW:
            log.warning("few tracking numbers left for the national portal",
                        extra={"governorate": governorate, "left": number})  # fmt: skip


def _checked(
    entry: Entry, unit: places.Unit | None, body: Mapping[str, Any], held: Mapping[str, Mapping[str, Any]], today: date
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The applicant and the answers, cleaned. Refuses all that the edition does not accept."""
    document = entry.document
    applicant, faults = applicants.read(body["applicant"], today)
    faults = list(faults)
    if unit is None or unit.status != "open":
        faults.append(Fault("unit_unknown", "unit"))
    elif unit.kind not in document["unit_kinds"]:
        faults.append(Fault("unit_not_served", "unit"))
    if "portal" not in document["channels"]:
        faults.append(Fault("channel_not_offered", "channel"))
    if body["applicant"]["kind"] not in document["applicants"]:
        faults.append(Fault("applicant_kind_not_allowed", "applicant/kind"))
    answers: dict[str, Any] = dict(body["answers"])
    faults += _refused(lambda: answers.update(forms.validate(document["form"], body["answers"])))
    untaken = {one: {**paper, "status": "quarantined"} for one, paper in held.items()}
    faults += _refused(lambda: papers.check(document["documents"], answers, body["documents"], untaken))
    if sum(one["size"] for one in held.values()) > MOST_BYTES:
        faults.append(Fault("application_too_large", "documents", {"limit": MOST_BYTES // 1024 // 1024}))
    if faults:
        raise Refusal(faults)
    return applicant, answers


def _refused(check: Any) -> Iterable[Fault]:
    try:
        check()
    except Refusal as refusal:
        return refusal.faults
    return []
