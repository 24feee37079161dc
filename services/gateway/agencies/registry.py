"""Agencies: who they are, who answers letters for which outside body, and whose key it is that asks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, text

from chassis.database import Statement
from rules.refusal import Fault, Refusal, refuse
from services.gateway import partners
from services.gateway.tables_agencies import agency

MANAGE, READ = "agency.manage", "agency.read"
SHORTEST_REASON = 10
_CODE = re.compile(r"[a-z][a-z0-9-]{1,39}")
_MOST = 500

_ADD = Statement.insert(agency, "id", "code", "name_ar", "name_en", "bodies", "made_at", "made_by", "version")
_CHANGE = Statement(text(
    "UPDATE agency SET name_ar = :name_ar, name_en = :name_en, bodies = :bodies, version = version + 1 "
    "WHERE id = :agency_id AND version = :seen"
).bindparams(bindparam("bodies", type_=ARRAY(Text))))  # fmt: skip
_CLOSE = Statement(text(
    "UPDATE agency SET closed_at = :at, closed_by = :by, closed_because = :reason, version = version + 1 "
    "WHERE id = :agency_id AND version = :seen"
))  # fmt: skip
_ENDED_WITH_IT = (
    Statement(text("UPDATE subscription SET state = 'ended', state_at = :at, state_by = :by, state_because = :reason, "
                   "version = version + 1 WHERE agency_id = :agency_id AND state <> 'ended'")),
    Statement(text("UPDATE agreement SET ended_at = :at, ended_by = :by, ended_because = :reason, "
                   "version = version + 1 WHERE agency_id = :agency_id AND ended_at IS NULL")),
    Statement(text("UPDATE partner_key SET revoked_at = :at, revoked_by = :by, revoked_because = :reason "
                   "WHERE agency_id = :agency_id AND revoked_at IS NULL")),
)
_UNSENT = Statement(text(
    "DELETE FROM delivery USING subscription AS s WHERE s.id = delivery.subscription_id AND s.agency_id = :agency_id"))
_ONE = Statement(text("SELECT * FROM agency WHERE id = :agency_id"))
_ALL = Statement(text(
    "SELECT a.*, (SELECT count(*) FROM agreement WHERE agency_id = a.id AND ended_at IS NULL) AS agreements, "  # noqa: S608
    "(SELECT count(*) FROM subscription WHERE agency_id = a.id AND state <> 'ended') AS subscriptions "
    f"FROM agency AS a ORDER BY a.closed_at IS NOT NULL, a.code LIMIT {_MOST}"
))  # fmt: skip
_CODE_TAKEN = Statement(text("SELECT id FROM agency WHERE code = :code"))
_BODIES_TAKEN = Statement(text(
    "SELECT DISTINCT body FROM agency, unnest(bodies) AS body WHERE body = ANY(:bodies) AND closed_at IS NULL "
    "AND id <> :agency_id"
).bindparams(bindparam("bodies", type_=ARRAY(Text))))  # fmt: skip
# The outside bodies that definitions name; no row at all where this place has no guide yet.
_BODIES = Statement(text(
    "SELECT DISTINCT body->>'code' AS code FROM ("
    "SELECT document FROM definition UNION ALL SELECT document FROM national_definition) AS known, "
    "jsonb_array_elements(CASE jsonb_typeof(document->'external_bodies') WHEN 'array' "
    "THEN document->'external_bodies' ELSE '[]' END) AS body"
))  # fmt: skip
_KEYS = Statement(text("SELECT * FROM partner_key WHERE agency_id = :agency_id ORDER BY made_at DESC, id"))
_OF_KEY = Statement(text(
    "SELECT agency.* FROM partner_key JOIN agency ON agency.id = partner_key.agency_id WHERE partner_key.id = :key_id"))
_KEY_OF = Statement(text("UPDATE partner_key SET agency_id = :agency_id WHERE id = :key_id"))


def may(work: Any, permission: str) -> None:
    """Refuse `forbidden` to whoever may not, and `unit_bound` to whoever has a unit: what agencies get is the whole
    place's affair."""
    work.require(permission)
    if work.actor.unit is not None:
        work.deny(permission, "")
        raise refuse("unit_bound")


def add(work: Any, body: Mapping[str, Any], agency_id: UUID) -> dict[str, Any]:
    """A new agency of {code, name: {ar, en}, bodies}: as `shown`. Refuses agency_code_invalid, agency_code_taken,
    agency_name_invalid, agency_body_unknown, agency_body_taken, all at once."""
    may(work, MANAGE)
    code = body["code"].strip()
    faults = []
    if not _CODE.fullmatch(code):
        faults.append(Fault("agency_code_invalid", "code"))
    elif work.first(_CODE_TAKEN, code=code) is not None:
        faults.append(Fault("agency_code_taken", "code"))
    name, bodies, more = _judged(work, body, agency_id)
    if faults + more:
        raise Refusal(faults + more)
    work.write(_ADD, id=agency_id, code=code, name_ar=name["ar"], name_en=name["en"], bodies=bodies, made_at=work.now,
               made_by=work.actor.id, version=1)  # fmt: skip
    work.audit("agency.added", str(agency_id), code=code, bodies=bodies)
    return {"agency_id": str(agency_id), "code": code, "name": name, "bodies": bodies,
            "made_at": work.now.isoformat(), "made_by": work.actor.id, "closed_at": None, "closed_because": None,
            "version": 1}  # fmt: skip


def change(work: Any, agency_id: UUID, body: Mapping[str, Any]) -> dict[str, Any]:
    """Another name or other bodies. Refuses as `add` does, agency_unknown, agency_closed."""
    may(work, MANAGE)
    row = standing(work, agency_id)
    name, bodies, faults = _judged(work, body, agency_id)
    if faults:
        raise Refusal(faults)
    work.write(_CHANGE, expect=1, agency_id=agency_id, name_ar=name["ar"], name_en=name["en"], bodies=bodies,
               seen=row.version)  # fmt: skip
    work.audit("agency.changed", str(agency_id), bodies=bodies, name=name)
    return {**_shown(row), "name": name, "bodies": bodies, "version": row.version + 1}


def close(work: Any, agency_id: UUID, reason: str) -> dict[str, Any]:
    """End all dealings with an agency: its agreements, subscriptions and keys end with it, at once. One that is closed
    stays as it is. Refuses agency_unknown, reason_short."""
    may(work, MANAGE)
    told = long_enough(reason)
    row = one(work, agency_id)
    if row.closed_at is None:
        work.write(_CLOSE, expect=1, agency_id=agency_id, at=work.now, by=work.actor.id, reason=told, seen=row.version)
        work.write(_UNSENT, agency_id=agency_id)
        for statement in _ENDED_WITH_IT:
            work.write(statement, agency_id=agency_id, at=work.now, by=work.actor.id, reason=told)
        work.audit("agency.closed", str(agency_id), reason=told)
        return {**_shown(row), "closed_at": work.now.isoformat(), "closed_because": told, "version": row.version + 1}
    return _shown(row)


def every(work: Any) -> list[dict[str, Any]]:
    """All agencies, those that are closed last, with how many agreements and subscriptions stand; at most 500."""
    may(work, READ)
    return [{**_shown(row), "agreements": row.agreements, "subscriptions": row.subscriptions}
            for row in work.all(_ALL)]  # fmt: skip


def shown(work: Any, agency_id: UUID) -> dict[str, Any]:
    """One agency with its keys: {agency_id, code, name, bodies, …, keys: [as partners.shown]}. Refuses
    agency_unknown."""
    may(work, READ)
    keys = work.all(_KEYS, agency_id=agency_id)
    return {**_shown(one(work, agency_id)), "keys": [partners.shown(row) for row in keys]}


def bodies_known(work: Any) -> list[str]:
    """Codes of the outside bodies that the guide of this place names."""
    may(work, READ)
    return sorted(row.code for row in work.all(_BODIES) if row.code)


def make_key(work: Any, agency_id: UUID, body: Mapping[str, Any], key_id: UUID) -> dict[str, Any]:
    """A key of {scopes, days, per_minute} that lets a program in as this agency: as `partners.make`. Refuses as that
    does, agency_unknown, agency_closed."""
    may(work, MANAGE)
    row = standing(work, agency_id)
    made = partners.make(work, {**body, "name": body.get("name") or row.name_ar, "units": None}, key_id)
    work.write(_KEY_OF, expect=1, agency_id=agency_id, key_id=key_id)
    return {**made, "agency_id": str(agency_id)}


def own(work: Any) -> Any:
    """The row of the agency whose key asks. Refuses agency_key_missing, agency_closed."""
    kind, _, key_id = str(work.actor.id).partition(":")
    row = work.first(_OF_KEY, key_id=UUID(key_id)) if kind == "partner" else None
    if row is None:
        raise refuse("agency_key_missing")
    if row.closed_at is not None:
        raise refuse("agency_closed")
    return row


def one(work: Any, agency_id: UUID) -> Any:
    """The agency's row. Refuses agency_unknown."""
    row = work.first(_ONE, agency_id=agency_id)
    if row is None:
        raise refuse("agency_unknown")
    return row


def standing(work: Any, agency_id: UUID) -> Any:
    """The row of an agency that is not closed. Refuses agency_unknown, agency_closed."""
    row = one(work, agency_id)
    if row.closed_at is not None:
        raise refuse("agency_closed")
    return row


def long_enough(reason: str) -> str:
    """The reason without what stands around it. Refuses reason_short."""
    told = reason.strip()
    if len(told) < SHORTEST_REASON:
        raise refuse("reason_short", "reason", least=SHORTEST_REASON)
    return told


def _judged(work: Any, body: Mapping[str, Any], agency_id: UUID) -> tuple[dict[str, str], list[str], list[Fault]]:
    faults = []
    name = {language: " ".join(body["name"].get(language, "").split()) for language in ("ar", "en")}
    if any(not 3 <= len(one) <= 120 or "\x00" in one for one in name.values()):
        faults.append(Fault("agency_name_invalid", "name"))
    bodies = list(dict.fromkeys(body.get("bodies") or ()))
    known = bodies_known(work) if bodies else []
    if known and (unknown := [one for one in bodies if one not in known]):
        faults.append(Fault("agency_body_unknown", "bodies", {"body": ", ".join(unknown)}))
    if bodies and (taken := sorted(row.body for row in work.all(_BODIES_TAKEN, bodies=bodies, agency_id=agency_id))):
        faults.append(Fault("agency_body_taken", "bodies", {"body": ", ".join(taken)}))
    return name, bodies, faults


def _shown(row: Any) -> dict[str, Any]:
    return {"agency_id": str(row.id), "code": row.code, "name": {"ar": row.name_ar, "en": row.name_en},
            "bodies": list(row.bodies), "made_at": row.made_at.isoformat(), "made_by": row.made_by,
            "closed_at": row.closed_at.isoformat() if row.closed_at else None, "closed_because": row.closed_because,
            "version": row.version}  # fmt: skip
