"""An application that is being filled in at the national portal: kept sealed for fourteen days and found again by a
random code alone, as requests keeps one at a node."""

from __future__ import annotations

import base64
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
from services.gateway import tables_national as tables
from services.gateway.national import papers

LIVE = timedelta(days=14)
LARGEST = 48 * 1024  # bytes of JSON
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u200e\u200f\u2066-\u2069]+")
BODY, TOKEN = "gateway.portal_draft.body", "gateway.portal_draft.token"

_NEW = Statement.insert(tables.portal_draft)
_AGAIN = Statement(
    text("UPDATE portal_draft SET service_code = :service_code, body = :body, saved_at = :at, ends_at = :ends_at "
         "WHERE token_key = ANY(:token_keys) AND ends_at > :at")
)
_FIND = Statement(text("SELECT * FROM portal_draft WHERE token_key = ANY(:token_keys)"))
_DROP = Statement(text("DELETE FROM portal_draft WHERE token_key = ANY(:token_keys)"))
_PURGE = Statement(text("DELETE FROM portal_draft WHERE ends_at <= :now"))


def save(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a draft, a new one or (with `token`) again: {token, service_code, saved_at, ends_at}; its documents wait as
    long. Refuses draft_unknown, draft_too_large."""
    content = orjson.dumps(body["draft"])
    if len(content) > LARGEST:
        raise refuse("draft_too_large", "draft", limit=LARGEST // 1024)
    ends_at = work.now + LIVE
    token = body["token"] or _grouped(base64.b32encode(secrets.token_bytes(15)).decode())
    sealed = work.privacy.seal(content.decode(), field=BODY)
    if body["token"]:
        _found(work, token)
        work.write(_AGAIN, expect=1, service_code=body["service_code"], body=sealed, at=work.now, ends_at=ends_at,
                   token_keys=_keys(work, token))  # fmt: skip
    else:
        work.write(_NEW, token_key=work.privacy.lookup(_normal(token), TOKEN), service_code=body["service_code"],
                   body=sealed, saved_at=work.now, ends_at=ends_at)  # fmt: skip
    papers.keep(work, body["documents"], ends_at)
    return {"token": token, "service_code": body["service_code"], "saved_at": work.now.isoformat(),
            "ends_at": ends_at.isoformat()}  # fmt: skip


def resume(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The draft of a code: {service_code, draft, saved_at, ends_at}. Refuses draft_unknown, also when its time is
    over."""
    row = _found(work, body["token"])
    return {"service_code": row.service_code, "draft": orjson.loads(work.privacy.open(row.body, field=BODY)),
            "saved_at": row.saved_at.isoformat(), "ends_at": row.ends_at.isoformat()}  # fmt: skip


def drop(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Forget a draft: it was handed down, or is not wanted. One that is gone already is no fault."""
    work.write(_DROP, token_keys=_keys(work, body["token"]))
    return {"dropped": True}


def purge(work: UnitOfWork) -> None:
    """Forget drafts whose time is over."""
    work.write(_PURGE, now=work.now)


def _found(work: UnitOfWork, token: str) -> Any:
    row = work.first(_FIND, token_keys=_keys(work, token))
    if row is None or row.ends_at <= work.now:
        raise refuse("draft_unknown", "token")
    return row


def _keys(work: UnitOfWork, token: str) -> list[bytes]:
    return list(work.privacy.lookups(_normal(token), TOKEN))


def _normal(token: str) -> str:
    """A code as it was made, from whatever was typed: small letters, spaces, hyphens, Arabic-Indic digits."""
    return _BETWEEN.sub("", western_digits(token)).upper()


def _grouped(token: str) -> str:
    """A code in groups of four, to be read and typed."""
    return "-".join(token[at : at + 4] for at in range(0, len(token), 4))
