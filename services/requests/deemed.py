"""The document that says what silence meant: a type of its own, with its own number, signed as licences are, and never
to be taken for a decision that somebody made."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import named
from chassis.offload import offload
from chassis.uow import UnitOfWork
from rules import licence as signing
from rules import numbering, places
from rules import silence as rule
from rules.calendar import cairo_date
from rules.periods import Standing
from rules.refusal import refuse
from services.requests import document, guide, licences, organisation, tables_deadlines
from services.requests.life import Case

KINDS = {
    rule.DEEMED_APPROVAL: {"ar": "موافقة حكمية بانقضاء المدة القانونية دون رد",
                           "en": "Deemed approval: the statutory period ended without an answer"},
    rule.DEEMED_REJECTION: {"ar": "رفض حكمي بانقضاء المدة القانونية دون رد",
                            "en": "Deemed rejection: the statutory period ended without an answer"}}
_SIGNED = "requests.deemed.signed"

_NEXT = Statement(text("SELECT nextval('deemed_serial')"))
_ISSUE = Statement.insert(tables_deadlines.deemed)
_READ = (
    "SELECT deemed.*, request.service_code, request.service_version, request.tracking_number, "
    "EXISTS (SELECT 1 FROM silence_review WHERE silence_review.request_id = deemed.request_id "
    "AND kind = 'contradiction' AND decided_at IS NULL) AS under_review, "
    "(SELECT stamp FROM organisation_stamp) AS organisation_stamp "
    "FROM deemed JOIN request ON request.id = deemed.request_id "
)
_BY_NUMBER = Statement(text(_READ + "WHERE deemed.number = :number"))
_OF_REQUEST = Statement(text(_READ + "WHERE deemed.request_id = :request_id ORDER BY issued_at DESC LIMIT 1"))


def issue(work: UnitOfWork, of: Case, standing: Standing, effective: datetime) -> dict[str, Any]:
    """Gather the document of a period that ended in silence. Answers {id, number, kind}. The key of its table keeps a
    period from having two."""
    due_on = standing.deadline.due_on
    if due_on is None or standing.silence_to is None:
        raise ValueError("a period that speaks has ended")
    today = cairo_date(work.now)
    number = numbering.deemed_number(work.settings.node, today.year, work.scalar(_NEXT))
    kind = rule.document_type(standing.silence)
    key_id, key = signing.private_keyring(work.settings.secret("LICENCE_KEYS"))
    signed = signing.sign(
        signing.Licence(
            serial=number,
            holder=licences.holder_of(work, of.row),
            service=f"{KINDS[kind]['ar']}: {of.definition.name['ar']}",
            unit=of.organisation.unit_name(of.row.unit, today)["ar"],
            valid_from=cairo_date(effective),
            valid_until=None,
            key_id=key_id,
        ),
        key,
    )
    work.write(
        _ISSUE,
        expect=1,
        request_id=of.id,
        period=standing.code,
        kind=kind,
        number=number,
        unit=of.row.unit,
        from_state=of.row.state,
        to_state=standing.silence_to,
        due_on=due_on,
        effective_at=effective,
        issued_at=work.now,
        issued_on=today,
        signed=work.privacy.seal(signed, field=_SIGNED),
    )
    return {"id": named("requests.deemed", number), "number": number, "kind": kind}


def verification(work: UnitOfWork, number: str) -> dict[str, Any]:
    """What anybody may know of a document by its number: not the request's. Refuses deemed_number_malformed,
    deemed_unknown."""
    row = work.first(_BY_NUMBER, number=numbering.parse_deemed_number(number).text)
    if row is None:
        raise refuse("deemed_unknown", "number")
    return {name: value for name, value in _shown(work, row).items() if name != "tracking_number"}


def document_of(work: UnitOfWork, of: Case) -> dict[str, Any]:
    """The printed document for whoever holds the request's numbers. Refuses deemed_unknown where there is none."""
    row = work.first(_OF_REQUEST, request_id=of.id)
    if row is None:
        raise refuse("deemed_unknown")
    shown = _shown(work, row)
    link = licences.verify_link(work, row.number, shown["qr"])
    content, media_type = offload(document.render_page, "deemed.html", link, {"deemed": shown})
    extension = "pdf" if media_type == document.PDF else "html"
    return {"number": row.number, "kind": row.kind, "file_name": f"{row.number}.{extension}",
            "media_type": media_type, "content": base64.b64encode(content).decode()}


def summary(work: UnitOfWork, of: Case) -> dict[str, Any] | None:
    """Number, kind and day of what silence meant for a request, for its status; None where it has not spoken."""
    if not _silent_ends(of) & set(of.path):
        return None
    row = work.first(_OF_REQUEST, request_id=of.id)
    if row is None:
        return None
    return {"number": row.number, "kind": row.kind, "kind_name": KINDS[row.kind],
            "effective_on": cairo_date(row.effective_at).isoformat()}


def _silent_ends(of: Case) -> set[str]:
    body: Mapping[str, Any] = of.definition.body
    written = [body.get("period") or {}, *(body.get("stage_periods") or ())]
    return {one["silence_to"] for one in written if one.get("silence_to")}


def _shown(work: UnitOfWork, row: Any) -> dict[str, Any]:
    definition = guide.definition(work, row.service_code, row.service_version)
    known = organisation.known(work, row.organisation_stamp)
    unit = known.unit_ever(row.unit)
    signed = work.privacy.open(row.signed, field=_SIGNED) if row.signed else ""  # its time is over
    keys = licences.verifying_keys(work)
    said = signing.verify(signed, keys) if signed else None
    period = next((one for one in (definition.body.get("stage_periods") or ()) if one["code"] == row.period),
                  definition.body.get("period"))
    return {
        "number": row.number, "kind": row.kind, "kind_name": KINDS[row.kind],
        "holder": said.holder if said else licences.GONE,
        "tracking_number": row.tracking_number, "service_code": row.service_code, "service_name": definition.name,
        "unit": row.unit, "unit_name": known.unit_name(row.unit, cairo_date(row.issued_at)),
        "governorate_name": places.governorates()[unit.governorate if unit else work.settings.node].name,
        "period": row.period, "period_name": period.get("name") if period else None,
        "legal_basis": [{"ar": one["ar"], "en": one["en"]} for one in definition.body["legal_basis"]],
        "due_on": row.due_on.isoformat(), "effective_on": cairo_date(row.effective_at).isoformat(),
        "issued_on": cairo_date(row.issued_at).isoformat(), "under_review": row.under_review, "qr": signed,
        "key_id": said.key_id if said else None}

