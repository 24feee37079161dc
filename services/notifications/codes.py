"""One-time codes: sent to a phone, given back once, within minutes, after few tries.

A code is nowhere kept: a keyed hash bound to its challenge is, and its text leaves the database with the message that
carried it. A try is taken, under the row's lock and in a transaction of its own, before anything is compared, so that
no two checks at once and no crash can take more than there are; a right one ends the challenge in the transaction that
keeps the answer. Every number that can have a phone behind it is treated alike: whether it opens an account is not
known here and not asked.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules import identity, one_time_codes, sms
from rules.one_time_codes import CEILINGS, NUMBER, Ceiling
from rules.refusal import refuse
from services.notifications import messages, tables_codes, template_store, templates
from services.notifications.kinds import Lane
from services.notifications.messages import Draft

BIND = "citizen.bind"
PHONE, NUMBER_KEY, CODE = "notifications.code.phone", "notifications.code.number", "notifications.code"
_COUNTED = {ceiling: f"notifications.code.{ceiling.of}.{int(ceiling.span.total_seconds())}" for ceiling in CEILINGS}
_TEMPLATES = {one_time_codes.LOG_IN: "login_code", one_time_codes.BIND: "binding_code"}
_NOBODYS = bytes(32)  # compared with where there is no challenge, so that the work is the same
_KEPT = timedelta(days=1)  # counts and ended challenges; no window is longer

_STANDING = Statement(
    text(
        "SELECT counted.key, counted.window_start, count, NULL AS at FROM code_count AS counted "
        "JOIN unnest(CAST(:keys AS bytea[]), CAST(:starts AS timestamptz[])) AS asked (key, window_start) "
        "ON asked.key = counted.key AND asked.window_start = counted.window_start "
        "UNION ALL SELECT key, NULL, NULL, at FROM code_last WHERE key = :number"
    )
)
# Both demand their row, so that two wishes at once cannot pass where there is room for one.
_LAST = Statement(
    text("INSERT INTO code_last AS last (key, at) VALUES (:key, :at) "
         "ON CONFLICT (key) DO UPDATE SET at = excluded.at WHERE last.at <= :before")
)
_COUNT = Statement(
    text("INSERT INTO code_count AS counted (key, window_start, count) VALUES (:key, :start, 1) "
         "ON CONFLICT (key, window_start) DO UPDATE SET count = counted.count + 1 WHERE counted.count < :most")
)
_REPLACE = Statement(
    text("UPDATE code_challenge SET ended = 'replaced', ended_at = :at "
         "WHERE phone_key = ANY(:phone_keys) AND purpose = :purpose AND ended IS NULL")
)
_ADD = Statement.insert(tables_codes.code_challenge, "id", "purpose", "phone", "phone_key", "code_hash", "created_at",
                        "expires_at")  # fmt: skip
_TRY = Statement(
    text("UPDATE code_challenge SET tries = array_append(tries, CAST(:this AS uuid)) WHERE id = :id "
         "AND purpose = :purpose AND ended IS NULL AND expires_at > :now AND cardinality(tries) < :most")
)
_FIND = Statement(text("SELECT phone, purpose, code_hash, tries FROM code_challenge WHERE id = :id"))
_USE = Statement(
    text("UPDATE code_challenge SET ended = 'used', ended_at = :at WHERE id = :id AND ended IS NULL")
)
_FORGET = tuple(
    Statement(text(f"DELETE FROM {table} WHERE {column} < :before"))  # noqa: S608  (names of ours)
    for table, column in (("code_challenge", "expires_at"), ("code_count", "window_start"), ("code_last", "at"))
)


def send(work: UnitOfWork, body: Mapping[str, Any], public_url: str) -> dict[str, Any]:
    """Send a code: {challenge_id, expires_at, resend_at}, the same for every mobile number. It ends the codes that the
    number was sent before for this purpose. Refuses phone_invalid and its like, and too_many_requests with the seconds
    to wait: counted for number and source alike whether or not anybody has an account there."""
    if body["purpose"] == one_time_codes.BIND:
        work.require(BIND)
    phone = identity.parse_mobile(body["phone"], "phone")
    _count(work, body["purpose"], phone, one_time_codes.counted_address(body["source"]))
    challenge_id, code = uuid7(), one_time_codes.make(secrets.randbelow)
    expires_at = work.now + one_time_codes.LIFETIME
    work.write(_REPLACE, phone_keys=list(work.privacy.lookups(phone, NUMBER_KEY)), purpose=body["purpose"], at=work.now)
    work.write(_ADD, id=challenge_id, purpose=body["purpose"], phone=work.privacy.seal(phone, field=PHONE),
               phone_key=work.privacy.lookup(phone, NUMBER_KEY), code_hash=_hash(work, challenge_id, code),
               created_at=work.now, expires_at=expires_at)  # fmt: skip
    template = template_store.in_force(work, _TEMPLATES[body["purpose"]])
    minutes = str(int(one_time_codes.LIFETIME.total_seconds()) // 60)
    told = templates.render_sms(template, body["language"], {"code": code, "minutes": minutes})
    if body["purpose"] == one_time_codes.LOG_IN:  # one for binding is read out, not filled in
        told = with_autofill(told, urlsplit(public_url).hostname or "", code)
    messages.create(work, None, challenge_id, [
        Draft("sms", phone, template.code, template.version, body["language"], {"text": told}, lane=Lane.CODE,
              legal=True, lifetime=one_time_codes.LIFETIME)])  # fmt: skip
    work.audit("code.send", str(challenge_id), purpose=body["purpose"])
    return {"challenge_id": str(challenge_id), "expires_at": expires_at.isoformat(),
            "resend_at": (work.now + one_time_codes.BETWEEN).isoformat()}


def check(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Whose code this is: {phone, purpose}, once. Refuses code_malformed, code_wrong, and code_expired alike for what
    is too old, used, tried too often, replaced by a later one, or was never there: then also of a right code, and after
    the same work."""
    code = one_time_codes.read(body["code"])
    challenge_id, this = body["challenge_id"], uuid7()
    work.aside(_TRY, id=challenge_id, purpose=body["purpose"], this=this, now=work.now, most=one_time_codes.TRIES)
    row = work.first(_FIND, id=challenge_id)
    right = work.privacy.known(bytes(row.code_hash) if row else _NOBODYS, f"{challenge_id}/{code}", CODE)
    if row is None or this not in row.tries:
        raise refuse("code_expired", "code")
    if not right:
        raise refuse("code_wrong", "code")
    work.write(_USE, expect=1, id=challenge_id, at=work.now)
    work.audit("code.use", str(challenge_id), purpose=row.purpose)
    return {"phone": work.privacy.open(row.phone, field=PHONE), "purpose": row.purpose}


def tell_unbound(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Tell a phone that it no longer opens an account, once an account."""
    phone = identity.parse_mobile(body["phone"], "phone")
    template = template_store.in_force(work, "phone_unbound")
    told = templates.render_sms(template, body["language"], {})
    messages.create(work, None, body["account_id"], [
        Draft("sms", phone, template.code, template.version, body["language"], {"text": told}, legal=True)])
    return {}


def with_autofill(told: str, host: str, code: str) -> str:
    """The message with the line that browsers read, where both fit one part."""
    whole = f"{told}\n{one_time_codes.autofill_line(host, code)}"
    return whole if sms.segments(whole).count == 1 else told


def forget(work: UnitOfWork) -> None:
    """Let go of challenges and counts whose time is over."""
    for statement in _FORGET:
        work.write(statement, before=work.now - _KEPT)


def _count(work: UnitOfWork, purpose: str, phone: str, source: str) -> None:
    """Count a code for its number and its source. Refuses too_many_requests."""
    now = work.now
    number = work.privacy.lookup(f"{purpose}/{phone}", NUMBER_KEY)
    keys = {one: work.privacy.lookup(f"{purpose}/{phone}" if one.of == NUMBER else source, _COUNTED[one])
            for one in CEILINGS}
    starts = {one: one_time_codes.window_start(now, one.span) for one in CEILINGS}
    rows = work.all(_STANDING, keys=list(keys.values()), starts=list(starts.values()), number=number)
    found: dict[bytes, int] = {bytes(row.key): row.count for row in rows if row.at is None}
    last: datetime | None = next((row.at for row in rows if row.at is not None), None)
    counted: dict[Ceiling, int] = {one: found.get(key, 0) for one, key in keys.items()}
    waiting = one_time_codes.wait(now, last, counted)
    if waiting:
        raise refuse("too_many_requests", seconds=int(waiting.total_seconds()) + 1)
    work.write(_LAST, expect=1, key=number, at=now, before=now - one_time_codes.BETWEEN)
    for one in CEILINGS:
        work.write(_COUNT, expect=1, key=keys[one], start=starts[one], most=one.most)


def _hash(work: UnitOfWork, challenge_id: Any, code: str) -> bytes:
    return work.privacy.lookup(f"{challenge_id}/{code}", CODE)
