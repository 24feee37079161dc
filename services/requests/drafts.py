"""Drafts: an application begun and not lodged yet, kept sealed and found again by a random code alone.

The code is nowhere kept; whoever holds it, a citizen at home or a clerk at the window, goes on with the draft. The code
of a draft that a citizen begins in an account is made of account and service with the node's look-up key, so that the
account finds it again: one draft a service. Nothing of it is checked until it is lodged. Its documents wait as long as
it does.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules.arabic import western_digits
from rules.refusal import refuse
from services.requests import guide, tables

LIVE = timedelta(days=14)
LARGEST = 48 * 1024  # bytes of JSON
BODY, TOKEN, ACCOUNT = "requests.draft.body", "requests.draft.token", "requests.draft.account"
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that is taken for another: 32, five bits each
_LENGTH = 24  # 120 bits
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u200e\u200f\u2066-\u2069]+")

_NEW = Statement.insert(tables.draft)
_AGAIN = Statement(
    text(
        "UPDATE draft SET service_code = :service_code, body = :body, saved_at = :at, ends_at = :ends_at "
        "WHERE token_key = :token_key AND ends_at > :at"
    )
)
_FIND = Statement(
    text("SELECT service_code, body, saved_at, ends_at, token_key FROM draft WHERE token_key = ANY(:token_keys)")
)
_REPLACE = Statement(
    text(
        "INSERT INTO draft (token_key, service_code, owner, body, saved_at, ends_at) "
        "VALUES (:token_key, :service_code, :owner, :body, :saved_at, :ends_at) ON CONFLICT (token_key) DO UPDATE "
        "SET service_code = excluded.service_code, body = excluded.body, saved_at = excluded.saved_at, "
        "ends_at = excluded.ends_at"
    )
)
_LIVE = Statement(
    text("SELECT service_code, saved_at, ends_at, token_key FROM draft "
         "WHERE token_key = ANY(:token_keys) AND ends_at > :now ORDER BY saved_at DESC")
)
_DROP = Statement(text("DELETE FROM draft WHERE token_key = ANY(:token_keys)"))
_PURGE = Statement(text("DELETE FROM draft WHERE ends_at <= :now"))
_KEEP = Statement(
    text(
        "UPDATE document SET kept_until = :ends_at "
        "WHERE id = ANY(:documents) AND request_id IS NULL"
    )
)


def save(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a draft, a new one or (with `token`) again: {token, service_code, saved_at, ends_at}. A new one of a
    citizen's account takes the place of the one before. It lives 14 days from its last saving, and so do the documents
    it names. Refuses draft_unknown, draft_too_large, service_unknown."""
    content = orjson.dumps(body["draft"])
    if len(content) > LARGEST:
        raise refuse("draft_too_large", "draft", limit=LARGEST // 1024)
    code = guide.code_asked(body["service_code"])
    ends_at = work.now + LIVE
    token = normal(body["token"]) if body["token"] else _new(work, code)
    kept: dict[str, Any] = {
        "service_code": code, "body": work.privacy.seal(content.decode(), field=BODY), "ends_at": ends_at,
        "token_key": work.privacy.lookup(token, TOKEN)}  # fmt: skip
    if body["token"]:
        kept["token_key"] = _found(work, token).token_key
        work.write(_AGAIN, expect=1, at=work.now, **kept)
    else:
        of_citizen = work.actor.kind == "citizen"
        owner = work.actor.id if of_citizen or work.actor.kind == "staff" else "public"
        work.write(_REPLACE if of_citizen else _NEW, owner=owner, saved_at=work.now, **kept)
    if body["documents"]:
        work.write(_KEEP, documents=list(body["documents"]), ends_at=ends_at)
    return {"token": shown(token), "service_code": code, "saved_at": work.now.isoformat(),
            "ends_at": ends_at.isoformat()}


def resume(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The draft of a code: {service_code, draft, saved_at, ends_at}. Refuses draft_unknown, also when its time is
    over."""
    row = _found(work, normal(body["token"]))
    return {
        "service_code": row.service_code,
        "draft": orjson.loads(work.privacy.open(row.body, field=BODY)),
        "saved_at": row.saved_at.isoformat(),
        "ends_at": row.ends_at.isoformat(),
    }


def own(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Which of these services the citizen has begun in this account, the latest first: {drafts: [{token, service_code,
    saved_at, ends_at}]}."""
    tokens = {key: token for code in body["services"] for token in _of_account(work, code)
              for key in work.privacy.lookups(token, TOKEN)}  # fmt: skip
    rows = work.all(_LIVE, token_keys=list(tokens), now=work.now)
    return {"drafts": [
        {"token": shown(tokens[bytes(row.token_key)]), "service_code": row.service_code,
         "saved_at": row.saved_at.isoformat(), "ends_at": row.ends_at.isoformat()} for row in rows]}  # fmt: skip


def drop(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Forget a draft: it was lodged, or is not wanted. One that is gone already is no fault."""
    work.write(_DROP, token_keys=_keys(work, normal(body["token"])))
    return {"dropped": True}


def purge(work: UnitOfWork) -> None:
    """Forget drafts whose time is over."""
    work.write(_PURGE, now=work.now)


def normal(token: str) -> str:
    """A code as it was made, from whatever was typed: small letters, spaces, hyphens, Arabic-Indic digits."""
    return _BETWEEN.sub("", western_digits(token)).upper()


def shown(token: str) -> str:
    """A code in groups of four, to be read and typed."""
    return "-".join(token[at : at + 4] for at in range(0, len(token), 4))


def _new(work: UnitOfWork, code: str) -> str:
    if work.actor.kind == "citizen":
        return _of_account(work, code)[0]
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def _of_account(work: UnitOfWork, code: str) -> list[str]:
    """The code of this account's draft of a service; under each look-up key that is in use, the present one first."""
    keys = work.privacy.lookups(f"{work.actor.id}\n{code}", ACCOUNT)
    return ["".join(_LETTERS[byte & 31] for byte in key[:_LENGTH]) for key in keys]


def _found(work: UnitOfWork, token: str) -> Any:
    row = work.first(_FIND, token_keys=_keys(work, token))
    if row is None or row.ends_at <= work.now:
        raise refuse("draft_unknown", "token")
    return row


def _keys(work: UnitOfWork, token: str) -> list[bytes]:
    return list(work.privacy.lookups(token, TOKEN))
