"""Tablets of the mobile district: registered, certified by the node's key, suspended, revoked at once."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.requests_mobile import DEVICE_CHANGED
from rules import device_keys
from rules import devices as rule
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.requests import licences, organisation, serial_blocks
from services.requests import tables_mobile as tables

REASON, UNLOCK = "requests.device_act.reason", "requests.device.unlock"

_BY_ID = Statement(text("SELECT * FROM device WHERE id = :device_id"))
_BY_KEY = Statement(text("SELECT id FROM device WHERE public_key = :public_key"))
_KNOWN = Statement(text(f"SELECT {organisation.STAMP}"))
_REGISTER = Statement.insert(
    tables.device, "id", "version", "unit", "label", "public_key", "state", "state_at", "registered_at",
    "registered_by", "kind",
)  # fmt: skip
_CHANGE = Statement(
    text(
        "UPDATE device SET version = version + 1, state = :state, state_at = :at, certificate = :certificate, "
        "certified_by = :certified_by, valid_from = :valid_from, valid_until = :valid_until, "
        "revoked_at = :revoked_at WHERE id = :device_id AND version = :seen"
    )
)
_WIPE = Statement(
    text("UPDATE device SET wipe_asked_at = :at, wipe_at_once = :at_once WHERE id = :device_id AND wiped_at IS NULL")
)
_WIPED = Statement(text("UPDATE device SET wiped_at = :at, wiped_lost = :lost WHERE id = :device_id"))
_SEEN = Statement(text("UPDATE device SET contacted_at = :at WHERE id = :device_id"))
_ACT = Statement.insert(tables.device_act)
_ACTS = Statement(text("SELECT * FROM device_act WHERE device_id = :device_id ORDER BY version"))
_LIST = Statement(
    text(
        "SELECT device.*, (SELECT count(*) FROM reserved_serial AS r WHERE r.device_id = device.id "
        "AND r.state = 'reserved') AS held FROM device WHERE (CAST(:unit AS text) IS NULL OR unit = :unit) "
        "AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid)) ORDER BY id LIMIT :limit"
    )
)
_HELD = Statement(
    text("SELECT kind, state, reason, count(*) AS number FROM reserved_serial WHERE device_id = :device_id "
         "GROUP BY kind, state, reason ORDER BY kind, state, reason")
)
_TICKETS = Statement(
    text(
        "SELECT ticket.id, number, ticket.state, reason, amount, issued_at, release_by, released_at, reported_at, "
        "receipt_number, clerk, request.tracking_number FROM ticket JOIN request ON request.id = ticket.request_id "
        "WHERE ticket.device_id = :device_id ORDER BY ticket.id DESC LIMIT 100"
    )
)


def by_id(work: UnitOfWork, device_id: UUID | str) -> Any:
    """The device's row, whatever its state: also what a revoked one sends has a signature to look at. Refuses
    device_unknown."""
    row = work.first(_BY_ID, device_id=UUID(str(device_id)))
    if row is None:
        raise refuse("device_unknown", "device_id")
    return row


def certified(work: UnitOfWork, device_id: UUID | str) -> Any:
    """The row of a device that may act now. Refuses device_unknown and device_not_certified."""
    row = by_id(work, device_id)
    demand_certified(work, row)
    return row


def demand_certified(work: UnitOfWork, row: Any) -> None:
    """Refuse device_not_certified unless the device may act now."""
    standing = _standing(work, row)
    if standing != rule.CERTIFIED:
        raise refuse("device_not_certified", "device_id", **rule.told(standing))


def _standing(work: UnitOfWork, row: Any) -> str:
    return rule.standing(row.state, row.valid_until, work.now, row.wiped_at is not None)


def genuine(row: Any, payload: str, signature: str) -> bool:
    """Whether the signature (Ed25519, base64) over the UTF-8 bytes of the payload is this device's."""
    return device_keys.genuine(row.public_key, payload, signature)


def register(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A tablet is made known, with the public half of the key that was made on it. It may do nothing yet. Refuses
    unit_unknown, device_key_malformed, device_proof_wrong, device_key_known."""
    work.require("device.manage", unit=body["unit"])
    known = organisation.known(work, work.scalar(_KNOWN))
    unit = known.unit(body["unit"], cairo_date(work.now))
    if unit is None or unit.governorate != work.settings.node:
        raise refuse("unit_unknown", "unit")
    try:
        device_keys.public_key(body["public_key"])
    except ValueError:
        raise refuse("device_key_malformed", "public_key") from None
    said = device_keys.registration(body["unit"], body["public_key"])
    if not device_keys.genuine(body["public_key"], said, body["proof"]):
        raise refuse("device_proof_wrong", "proof")
    if work.first(_BY_KEY, public_key=body["public_key"]) is not None:
        raise refuse("device_key_known", "public_key")
    device_id = uuid7()
    row = {"id": device_id, "version": 1, "unit": body["unit"], "label": body["label"],
           "public_key": body["public_key"], "state": rule.PENDING, "state_at": work.now, "registered_at": work.now,
           "registered_by": work.actor.id, "kind": body["kind"]}  # fmt: skip
    work.write(_REGISTER, **row)
    _told(work, device_id, 1, body["unit"], "register", rule.PENDING, None, None)
    return {"device_id": str(device_id), "version": 1, "unit": body["unit"], "label": body["label"],
            "kind": body["kind"], "state": rule.PENDING, "certificate": None, "valid_until": None}


def certify(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The node's licence key says that the device is this unit's, for so many days."""
    row = _own(work, body["device_id"])
    act = rule.act("certify", _standing(work, row))
    since = work.now.replace(microsecond=0)
    until = since + timedelta(days=body["days"])
    key_id, key = licences.signing_key(work.settings)
    certificate = device_keys.certify(
        device_keys.Certificate(key_id, str(row.id), row.unit, row.public_key, since, until), key)
    return _change(work, row, "certify", act.to, certificate=certificate, certified_by=work.actor.id,
                   valid_from=since, valid_until=until)


def suspend(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The device does nothing until the suspension is lifted: a tablet that is being looked for. It keeps its tickets;
    what it uploads meanwhile waits for a person."""
    return _act(work, body, "suspend")


def resume(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Lift a suspension."""
    return _act(work, body, "resume")


def revoke(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The device is never trusted again, from this commit on; all that it holds and did not report is void."""
    answer = _act(work, body, "revoke")
    serial_blocks.give_back(work, body["device_id"], serial_blocks.REVOKED)
    return answer


def return_serials(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the device holds and did not use is given back; the reason is kept with the device."""
    row = _own(work, body["device_id"])
    held = serial_blocks.give_back(work, row.id, serial_blocks.RETURNED)
    _change(work, row, "return_serials", row.state, reason=body["reason"])
    return held


def wipe(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The device is to empty itself at its next contact: once what it did is uploaded, or at once. Asked again, the
    later word counts; a device that emptied itself stays so."""
    row = _own(work, body["device_id"])
    work.write(_WIPE, device_id=row.id, at=work.now, at_once=body["at_once"])
    return _change(work, row._replace(wipe_asked_at=work.now, wipe_at_once=body["at_once"]), "wipe", row.state,
                   reason=body["reason"])


def contact(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A device makes itself known by its key, whoever holds it, and hears how it stands and whether it is to empty
    itself. Refuses device_unknown, device_proof_wrong."""
    found = work.first(_BY_KEY, public_key=body["public_key"])
    if found is None:
        raise refuse("device_unknown", "public_key")
    row = by_id(work, found.id)
    if not genuine(row, device_keys.contact(row.public_key, body["at"], body["wiped"]), body["signature"]):
        raise refuse("device_proof_wrong", "signature")
    work.write(_SEEN, device_id=row.id, at=work.now)
    if body["wiped"] is not None and row.wiped_at is None:
        lost = ",".join(str(one) for one in body["wiped"]) or None
        work.write(_WIPED, device_id=row.id, at=work.now, lost=lost)
        work.audit("device.wiped", str(row.id), unit=row.unit, lost=lost)
        row = row._replace(wiped_at=work.now)
    return {
        "device_id": str(row.id),
        "kind": row.kind,
        "unit": row.unit,
        "label": row.label,
        "state": _standing(work, row),
        "valid_until": row.valid_until.isoformat() if row.valid_until else None,
        "wipe": _wipe_of(row),
        "server_time": work.now.isoformat(),
    }


def unlock(work: UnitOfWork, device_id: UUID) -> dict[str, Any]:
    """What opens the actor's own data on this device where the PIN was forgotten or tried too often: the same value
    each time, another for everybody and for each device. Refuses device_unknown, device_wiped."""
    row = by_id(work, device_id)
    work.require(rule.KINDS[row.kind].permission, row.unit)
    if row.wiped_at is not None or _wipe_of(row) == rule.WIPE_AT_ONCE:
        raise refuse("device_wiped", "device_id")
    work.audit_read("device.unlock", str(row.id), unit=row.unit)
    # Under a look-up key that was exchanged since, what it opened once is found by the former one.
    found = [base64.b64encode(one).decode() for one in work.privacy.lookups(f"{row.id}/{work.actor.id}", UNLOCK)]
    return {"secret": found[0], "former": found[1:]}


def _wipe_of(row: Any) -> str | None:
    return rule.wipe(row.state, row.wipe_asked_at is not None, row.wipe_at_once, row.wiped_at is not None)


def listed(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The devices of the actor's unit, or of any where the actor belongs to none."""
    unit = work.actor.unit or body["unit"]
    rows = work.all(_LIST, unit=unit, after=body["after"], limit=body["limit"])
    return {"devices": [{**_shown(work, row), "held": row.held} for row in rows],
            "next": str(rows[-1].id) if len(rows) == body["limit"] else None}


def show(work: UnitOfWork, device_id: UUID) -> dict[str, Any]:
    """One device: its certificate, what was done to it, what it holds, its last hundred tickets."""
    row = _own(work, device_id)
    return {
        **_shown(work, row),
        "history": [
            {"at": act.at.isoformat(), "act": act.act, "state": act.state, "by": act.actor_id,
             "reason": work.privacy.open(act.reason, field=REASON) if act.reason else None}
            for act in work.all(_ACTS, device_id=row.id)],
        "serials": [
            {"kind": one.kind, "state": one.state, "reason": one.reason, "number": one.number}
            for one in work.all(_HELD, device_id=row.id)],
        "tickets": [
            {"ticket_id": str(one.id), "serial": one.number, "tracking_number": one.tracking_number,
             "state": one.state, "reason": one.reason, "amount": one.amount, "issued_at": one.issued_at.isoformat(),
             "release_by": one.release_by.isoformat(),
             "released_at": one.released_at.isoformat() if one.released_at else None,
             "reported_at": one.reported_at.isoformat() if one.reported_at else None,
             "receipt_number": one.receipt_number, "by": one.clerk}
            for one in work.all(_TICKETS, device_id=row.id)],
    }  # fmt: skip


def _act(work: UnitOfWork, body: Mapping[str, Any], code: str) -> dict[str, Any]:
    row = _own(work, body["device_id"])
    act = rule.act(code, _standing(work, row))
    more = {"revoked_at": work.now} if act.to == rule.REVOKED else {}
    return _change(work, row, code, act.to, reason=body["reason"], **more)


def _own(work: UnitOfWork, device_id: UUID) -> Any:
    row = by_id(work, device_id)
    work.require("device.manage", unit=row.unit)
    return row


def _change(
    work: UnitOfWork, row: Any, act: str, state: str, *, reason: str | None = None, **columns: Any
) -> dict[str, Any]:
    kept = {name: columns.get(name, getattr(row, name))
            for name in ("certificate", "certified_by", "valid_from", "valid_until", "revoked_at")}
    work.write(_CHANGE, expect=1, device_id=row.id, seen=row.version, state=state, at=work.now, **kept)
    _told(work, row.id, row.version + 1, row.unit, act, state, reason, kept["valid_until"])
    return _shown(work, row._replace(version=row.version + 1, state=state, state_at=work.now, **kept))


def _told(work: UnitOfWork, device_id: UUID, version: int, unit: str, act: str, state: str, reason: str | None,
          valid_until: Any) -> None:  # fmt: skip
    work.write(_ACT, device_id=device_id, version=version, at=work.now, act=act, state=state, actor_id=work.actor.id,
               reason=work.privacy.seal(reason, field=REASON) if reason else None)
    work.append(DEVICE_CHANGED, device_id, version,
                {"device_id": device_id, "unit": unit, "state": state, "act": act, "valid_until": valid_until})
    work.audit(f"device.{act}", str(device_id), state=state, unit=unit)


def _shown(work: UnitOfWork, row: Any) -> dict[str, Any]:
    return {
        "device_id": str(row.id),
        "version": row.version,
        "unit": row.unit,
        "kind": row.kind,
        "label": row.label,
        "public_key": row.public_key,
        "state": _standing(work, row),
        "certificate": row.certificate,
        "certified_by": row.certified_by,
        "registered_by": row.registered_by,
        "valid_from": row.valid_from.isoformat() if row.valid_from else None,
        "valid_until": row.valid_until.isoformat() if row.valid_until else None,
        "revoked_at": row.revoked_at.isoformat() if row.revoked_at else None,
        "contacted_at": row.contacted_at.isoformat() if row.contacted_at else None,
        "wipe": _wipe_of(row),
        "wiped_at": row.wiped_at.isoformat() if row.wiped_at else None,
        "wiped_lost": [int(one) for one in row.wiped_lost.split(",")] if row.wiped_lost else [],
    }
