"""Licences: issued with the deciding step, signed so that anybody can check them, rendered once."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import bindparam, text, update

from chassis.config import Settings
from chassis.database import Statement
from chassis.errors import ConfigurationError
from chassis.ids import uuid7
from chassis.offload import offload
from chassis.uow import UnitOfWork
from contracts.requests import LICENCE_ISSUED
from rules import licence as rule
from rules import numbering, places, register
from rules.calendar import cairo_date
from rules.organisation_overlay import Overlay
from rules.refusal import refuse
from services.requests import (
    document,
    guide,
    licence_numbers,
    organisation,
    paper,
    records,
    signing,
    tables,
    tickets,
)
from services.requests.answers import value_name
from services.requests.guide import Definition

log = logging.getLogger(__name__)

PUT_OFF = timedelta(seconds=30)
GONE = "—"  # in place of a name that was let go of
_QR = "requests.licence.qr"
_DOCUMENT = "requests.licence.document"
NAME = "requests.request.name"
HOLDER = "requests.request.holder"

# With the licence that this request is to supersede, if it named one, and what a device reported that it released.
_NEXT = Statement(
    text(
        "SELECT CASE WHEN ticket.id IS NULL THEN nextval('licence_serial') END AS sequence, "  # noqa: S608
        f"{tickets.REPORTED}, former.* FROM (SELECT 1) AS always "
        "LEFT JOIN ticket ON ticket.request_id = :request_id AND ticket.state = 'reported' "
        "LEFT JOIN licence AS former ON former.successor_request = :request_id"
    )
)
_ISSUE = Statement.insert(
    tables.licence, "id", "version", "serial", "request_id", "service_code", "service_version", "output", "unit", "qr",
    "fields", "valid_from", "valid_until", "issued_at", "render_at", "state", "state_at", "supersedes", "succession",
)  # fmt: skip
_BY_SERIAL = Statement(text(f"SELECT licence.*, {organisation.STAMP} FROM licence WHERE serial = :serial"))  # noqa: S608
_UNRENDERED = Statement(
    text(
        f"SELECT licence.*, {organisation.STAMP} FROM licence "  # noqa: S608
        "WHERE document IS NULL AND render_at <= :now ORDER BY render_at LIMIT 1"
    )
)
_RENDER_LATER = Statement(
    text("UPDATE licence SET render_attempts = render_attempts + 1, render_at = :later WHERE id = :licence_id")
)
_RENDERED = Statement(
    update(tables.licence)
    .where(tables.licence.c.id == bindparam("licence_id"), tables.licence.c.document.is_(None),
           tables.licence.c.edition == bindparam("drawn"))
    .values(document=bindparam("rendered"), media_type=bindparam("rendered_as"))
)


def check_keys(settings: Settings) -> None:
    """ConfigurationError unless the keys that sign licences are there and are keys."""
    try:
        _signing_key(settings.secret("LICENCE_KEYS"))
        _public_keys(settings.secret("LICENCE_KEYS"))
    except ValueError as error:
        raise ConfigurationError("SHUBBAK_LICENCE_KEYS must be id:base64 of 32 bytes, comma between") from error


def issue(
    work: UnitOfWork,
    row: Any,
    definition: Definition,
    known: Overlay,
    output_code: str,
    answers: Mapping[str, Any],
) -> str:
    """Gather a licence for a request and answer its serial. One request has one licence: the table says so. What a
    device released on the spot, and reported, is that licence: its serial, its dates, its signed code."""
    output = definition.output(output_code)
    today = cairo_date(work.now)
    found = work.one(_NEXT, request_id=row.id)
    on_the_spot, licence_id = found.ticket_id is not None, uuid7()
    serial = found.ticket_number if on_the_spot else numbering.licence_serial(
        work.settings.node, today.year, found.sequence)  # fmt: skip
    former, kind, state = found if found.id is not None else None, None, register.IN_FORCE
    if former is not None:
        kind = str(definition.body["supersedes"]["as"])
        state = records.supersede(work, former, kind, serial, today)
    since = found.ticket_from if on_the_spot else today
    if on_the_spot:
        until, signed = found.ticket_until, work.privacy.open(found.ticket_qr, field=tickets.QR)
        tickets.used(work, found.ticket_id)
        licence_numbers.claim(work, found.ticket_serial, licence_id)
        work.audit("licence.released", serial, device=str(found.ticket_device), ticket=str(found.ticket_id))
    else:
        until = register.term(output.get("validity_months"), today, kind, former.valid_until if former else None)
        signed = _signed(work, row, definition, known, serial, today, until)
        licence_numbers.use(work, found.sequence, licence_id)
    work.write(
        _ISSUE,
        id=licence_id,
        version=1,
        serial=serial,
        request_id=row.id,
        service_code=definition.code,
        service_version=definition.version,
        output=output_code,
        unit=row.unit,
        qr=work.privacy.seal(signed, field=_QR),
        fields={name: answers[name] for name in paper.kept(definition, output) if name in answers},
        valid_from=since,
        valid_until=until,
        issued_at=work.now,
        render_at=work.now,
        state=state,
        state_at=work.now if state != register.IN_FORCE else None,
        supersedes=former.serial if former else None,
        succession=kind,
    )
    work.append(
        LICENCE_ISSUED,
        licence_id,
        1,
        {
            "licence_id": licence_id,
            "request_id": row.id,
            "serial": serial,
            "service_code": definition.code,
            "unit": row.unit,
            "valid_from": since,
            "valid_until": until,
            "state": state,
            "supersedes": former.serial if former else None,
            "succession": kind,
        },
    )
    return serial


def _signed(
    work: UnitOfWork, row: Any, definition: Definition, known: Overlay, serial: str, today: date, until: date | None
) -> str:
    key_id, key = _signing_key(work.settings.secret("LICENCE_KEYS"))
    return rule.sign(
        rule.Licence(
            serial=serial,
            holder=holder_of(work, row),
            service=definition.name["ar"],
            unit=known.unit_name(row.unit, today)["ar"],
            valid_from=today,
            valid_until=until,
            key_id=key_id,
        ),
        key,
    )


def holder_of(work: UnitOfWork, row: Any) -> str:
    """In whose name a request's outcome is issued: the company, the principal, the heirs; otherwise the applicant."""
    if row.holder:
        return work.privacy.open(row.holder, field=HOLDER)
    return work.privacy.open(row.name, field=NAME)


def render_next(work: UnitOfWork) -> bool:
    """Render the document of the next licence that has none yet. Answers whether there was one. A licence that does not
    render is put off for a while, so that it holds up no other."""
    row = work.first(_UNRENDERED, now=work.now)
    if row is None:
        return False
    try:
        definition = guide.definition(work, row.service_code, row.service_version)
        output = definition.output(row.output)
        said = shown(work, row, definition)
        said["blocks"] = paper.blocks(definition, output["template"], row.fields, paper.facts_of(said))
        content, media_type = offload(document.render, said, output)
        if content.startswith(b"%PDF-"):  # the page itself, where no PDF can be made, carries its signed code alone
            content = offload(signing.sign, content, signing.signer_of(work.settings), row.serial)
    except Exception:
        log.exception("a licence does not render", extra={"serial": row.serial, "attempts": row.render_attempts + 1})
        work.write(_RENDER_LATER, licence_id=row.id, later=work.now + PUT_OFF * 2 ** min(row.render_attempts, 6))
        return True
    work.write(
        _RENDERED,
        expect=1,
        licence_id=row.id,
        drawn=row.edition,
        rendered=work.privacy.seal_bytes(content, field=_DOCUMENT),
        rendered_as=media_type,
    )
    return True


def verification(work: UnitOfWork, serial: str) -> dict[str, Any]:
    """What the public page and the API say of a licence. Refuses licence_unknown."""
    number = numbering.parse_licence_serial(serial).text
    row = work.first(_BY_SERIAL, serial=number)
    if row is None:
        return tickets.verification(work, number, verifying_keys(work))
    return shown(work, row, guide.definition(work, row.service_code, row.service_version))


def document_of(work: UnitOfWork, serial: str | None) -> dict[str, Any]:
    """The rendered licence, for its holder. Refuses licence_not_ready until there is one. That it left the house is
    recorded."""
    row = work.first(_BY_SERIAL, serial=serial) if serial else None
    if row is None:
        raise refuse("licence_not_ready")
    return handed_out(work, row, "fetched")


def by_serial(work: UnitOfWork, serial: str) -> Any:
    """The row of a licence, from whatever was typed. Refuses licence_unknown."""
    row = work.first(_BY_SERIAL, serial=numbering.parse_licence_serial(serial).text)
    if row is None:
        raise refuse("licence_unknown", "serial")
    return row


def handed_out(work: UnitOfWork, row: Any, purpose: str) -> dict[str, Any]:
    """The document of a licence, with the copy that it is recorded as. Refuses licence_not_ready."""
    if row.document is None:
        raise refuse("licence_not_ready")
    content = work.privacy.open_bytes(row.document, field=_DOCUMENT)
    copy = records.trace(work, row, purpose, hashlib.sha256(content).hexdigest())
    extension = "pdf" if row.media_type == "application/pdf" else "html"
    return {
        "serial": row.serial,
        "file_name": f"{row.serial}.{extension}",
        "media_type": row.media_type,
        "content": base64.b64encode(content).decode(),
        "edition": row.edition,
        "copy": copy,
    }


def shown(work: UnitOfWork, row: Any, definition: Definition) -> dict[str, Any]:
    """A licence as it is printed and as its verification shows it."""
    qr = work.privacy.open(row.qr, field=_QR) if row.qr else ""  # its time is over: the register names nobody
    known = organisation.known(work, row.organisation_stamp)
    unit = known.unit_ever(row.unit)
    governorate = places.governorates()[unit.governorate if unit else work.settings.node]
    said = rule.verify(qr, _public_keys(work.settings.secret("LICENCE_KEYS"))) if qr else None
    return {
        "serial": row.serial,
        "status": register.status(row.state, row.valid_from, row.valid_until, cairo_date(work.now)),
        "since": _iso(cairo_date(row.state_at)) if row.state_at else None,
        "supersedes": row.supersedes,
        "successor": row.successor,
        "edition": row.edition,
        "holder": said.holder if said else GONE,
        "service_code": definition.code,
        "service_name": definition.name,
        "output_name": definition.output(row.output)["name"],
        "unit": row.unit,
        "unit_name": known.unit_name(row.unit, row.valid_from),
        "governorate_name": governorate.name,
        "valid_from": _iso(row.valid_from),
        "valid_until": _iso(row.valid_until),
        "issued_on": _iso(cairo_date(row.issued_at)),
        "fields": _labelled(row.fields, definition, definition.output(row.output)["fields"]),
        "qr": qr,
        "key_id": said.key_id if said else None,
        "released_on_the_spot": said is not None and said.released is not None,
    }


def verify_link(work: UnitOfWork, number: str, signed: str) -> str:
    """What the printed code says: the public page of the number, and behind it, where no server reads it, the signed
    text that proves the document without a network. Without a public address the signed text alone."""
    address = work.settings.env("PUBLIC_URL", default=None)
    return f"{address.rstrip('/')}/verify/{number}#{signed}" if address else signed


def signing_key(settings: Settings) -> tuple[str, Ed25519PrivateKey]:
    """The key that signs now, and its id."""
    return _signing_key(settings.secret("LICENCE_KEYS"))


def public_keys(work: UnitOfWork) -> dict[str, str]:
    """The keys by which anybody can check this node's licences, as base64 by key id."""
    return {
        key_id: rule.public_text(key)
        for key_id, key in _public_keys(work.settings.secret("LICENCE_KEYS")).items()
    }


def verifying_keys(work: UnitOfWork) -> dict[str, Any]:
    """The same keys, to verify with."""
    return _public_keys(work.settings.secret("LICENCE_KEYS"))


def _labelled(fields: Mapping[str, Any], definition: Definition, order: list[str]) -> list[dict[str, Any]]:
    form = {field["name"]: field for field in definition.body["form"]}
    lines = []
    for name in (name for name in order if name in fields):  # JSONB keeps no order
        value = fields[name]
        said = value_name(form[name], value) or {"ar": str(value), "en": str(value)}
        lines.append({"name": name, "label": form[name]["label"], "value": said})
    return orjson.loads(orjson.dumps(lines))  # type: ignore[no-any-return]


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


@lru_cache(maxsize=4)
def _signing_key(text_: str) -> tuple[str, Ed25519PrivateKey]:
    return rule.private_keyring(text_)


@lru_cache(maxsize=4)
def _public_keys(text_: str) -> dict[str, Any]:
    return {
        key_id: rule.private_key(raw).public_key()
        for key_id, raw in (pair.strip().split(":", 1) for pair in text_.split(","))
    }
