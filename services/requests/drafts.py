"""Drafts: an application begun and not lodged yet, kept sealed and found again by a random code alone.

The code is shown once and nowhere kept; whoever holds it, a citizen at home or a clerk at the window, goes on with the
draft. Nothing of it is checked until it is lodged. Its documents wait as long as it does.
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
BODY, TOKEN = "requests.draft.body", "requests.draft.token"
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
_DROP = Statement(text("DELETE FROM draft WHERE token_key = ANY(:token_keys)"))
_PURGE = Statement(text("DELETE FROM draft WHERE ends_at <= :now"))
_KEEP = Statement(
    text(
        "UPDATE document SET kept_until = :ends_at "
        "WHERE id = ANY(:documents) AND request_id IS NULL"
    )
)


def save(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a draft, a new one or (with `token`) again: {token, service_code, saved_at, ends_at}. It lives 14 days from
    its last saving, and so do the documents it names. Refuses draft_unknown, draft_too_large, service_unknown."""
    content = orjson.dumps(body["draft"])
    if len(content) > LARGEST:
        raise refuse("draft_too_large", "draft", limit=LARGEST // 1024)
    code = guide.code_asked(body["service_code"])
    ends_at = work.now + LIVE
    token = normal(body["token"]) if body["token"] else "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    kept: dict[str, Any] = {
        "service_code": code, "body": work.privacy.seal(content.decode(), field=BODY), "ends_at": ends_at,
        "token_key": work.privacy.lookup(token, TOKEN)}  # fmt: skip
    if body["token"]:
        kept["token_key"] = _found(work, token).token_key
        work.write(_AGAIN, expect=1, at=work.now, **kept)
    else:
        owner = work.actor.id if work.actor.kind == "staff" else "public"
        work.write(_NEW, owner=owner, saved_at=work.now, **kept)
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


def _found(work: UnitOfWork, token: str) -> Any:
    row = work.first(_FIND, token_keys=_keys(work, token))
    if row is None or row.ends_at <= work.now:
        raise refuse("draft_unknown", "token")
    return row


def _keys(work: UnitOfWork, token: str) -> list[bytes]:
    return list(work.privacy.lookups(token, TOKEN))
