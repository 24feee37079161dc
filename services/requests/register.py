"""The register of licences for the staff of the unit that issued them: read, listed, printed, and changed by a person
with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import register as rule
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.requests import guide, licences, records, tickets

_ACTS = Statement(text("SELECT * FROM licence_act WHERE licence_id = :licence_id ORDER BY version"))
_PRINTS = Statement(text("SELECT * FROM licence_print WHERE licence_id = :licence_id ORDER BY copy"))
# rules.register.status, as SQL.
_STATUS = (
    "CASE WHEN state <> 'in_force' THEN state WHEN valid_from > :today THEN 'not_yet_valid' "
    "WHEN valid_until < :today THEN 'expired' ELSE 'valid' END"
)
_LIST = Statement(
    text(
        f"SELECT id, serial, service_code, service_version, output, valid_from, valid_until, state, edition, "  # noqa: S608
        f"successor, {_STATUS} AS status FROM licence WHERE unit = :unit "
        "AND (CAST(:service_code AS text) IS NULL OR service_code = :service_code) "
        "AND (CAST(:ends_before AS date) IS NULL OR valid_until < :ends_before) "
        f"AND (CAST(:status AS text) IS NULL OR {_STATUS} = :status) "
        "AND (CAST(:after AS uuid) IS NULL OR id < CAST(:after AS uuid)) ORDER BY id DESC LIMIT :limit"
    )
)


def entry(work: UnitOfWork, serial: str) -> dict[str, Any]:
    """All that the register holds of a licence. Reading it is recorded: it names the holder."""
    row = _own(work, serial, "licence.read")
    work.audit_read("licence.read", row.serial)
    definition = guide.definition(work, row.service_code, row.service_version)
    return {
        **licences.shown(work, row, definition),
        "licence_id": str(row.id),
        "version": row.version,
        "state": row.state,
        "copies": row.copies,
        "succession": row.succession,
        "released": tickets.released(work, row.serial),
        "history": [
            {
                "at": act.at.isoformat(),
                "act": act.act,
                "act_name": dict(rule.ACTS[act.act].name),
                "state": act.state,
                "edition": act.edition,
                "by": act.actor_id,
                "reason": work.privacy.open(act.reason, field=records.REASON) if act.reason else None,
                "other": act.other,
            }
            for act in work.all(_ACTS, licence_id=row.id)
        ],
        "prints": [
            {
                "edition": one.edition,
                "copy": one.copy,
                "at": one.at.isoformat(),
                "by": one.actor_id,
                "purpose": one.purpose,
                "sha256": one.sha256,
                "void": one.edition < row.edition,
            }
            for one in work.all(_PRINTS, licence_id=row.id)
        ],
    }


def listed(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The register of the actor's unit, newest first, a page at a time; no holder is named in a list."""
    rows = work.all(_LIST, unit=work.actor.unit, today=cairo_date(work.now), **body)
    found = []
    for row in rows:
        definition = guide.definition(work, row.service_code, row.service_version)
        found.append(
            {
                "licence_id": str(row.id),
                "serial": row.serial,
                "service_code": row.service_code,
                "output_name": definition.output(row.output)["name"],
                "status": row.status,
                "valid_from": row.valid_from.isoformat(),
                "valid_until": row.valid_until.isoformat() if row.valid_until else None,
                "edition": row.edition,
                "successor": row.successor,
            }
        )
    return {"licences": found, "next": found[-1]["licence_id"] if len(found) == body["limit"] else None}


def suspend(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Take a licence out of force until the suspension is lifted."""
    return _act(work, body, "suspend", "licence.suspend")


def resume(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Lift a suspension."""
    return _act(work, body, "resume", "licence.resume")


def cancel(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Cancel a licence for good."""
    return _act(work, body, "cancel", "licence.cancel")


def replace_print(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Replace a lost or damaged print: the same licence under the same serial, a new edition, the old print void."""
    return _act(work, body, "replace_print", "licence.replace")


def printed(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The document for a desk to print. Refuses licence_not_ready; a licence that is not in force is printed too, for
    the file, and says so nowhere: its verification does."""
    row = _own(work, body["serial"], "licence.print")
    work.audit_read("licence.print", row.serial, edition=row.edition, copy=row.copies + 1)
    return licences.handed_out(work, row, body["purpose"])


def _act(work: UnitOfWork, body: Mapping[str, Any], code: str, permission: str) -> dict[str, Any]:
    row = _own(work, body["serial"], permission)
    if body["version"] is not None and body["version"] != row.version:
        raise refuse("conflict", "version")
    today = cairo_date(work.now)
    act = rule.act(code, rule.status(row.state, row.valid_from, row.valid_until, today))
    if code == "replace_print":
        records.new_print(work, row, code, body["reason"])
    else:
        records.change(work, row, code, act.to, reason=body["reason"])
    return {
        "serial": row.serial,
        "state": act.to,
        "status": rule.status(act.to, row.valid_from, row.valid_until, today),
        "version": row.version + 1,
        "edition": row.edition + (1 if code == "replace_print" else 0),
    }


def _own(work: UnitOfWork, serial: str, permission: str) -> Any:
    """A licence of the actor's own unit. Another unit's is refused, and the attempt is recorded."""
    row = licences.by_serial(work, serial)
    work.require(permission, row.unit)
    return row
