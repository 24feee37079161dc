"""The citizen's rating: once for each request, by the link of its last message, without log-in."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.requests_afterwards import RATED
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.requests import board_counts, guide, organisation
from services.requests import tables_afterwards as tables

COMMENT = "requests.rating.comment"

_INVITE = Statement.insert(tables.rating_invitation)
_ASKED = Statement(
    text(
        "SELECT request.id, request.service_code, request.service_version, request.unit, request.outcome, "  # noqa: S608
        f"rating.stars, {organisation.STAMP} FROM rating_invitation JOIN request ON request.id = request_id "
        "LEFT JOIN rating ON rating.request_id = request.id WHERE token_key = :token_key"
    )
)
_RATE = Statement.insert(tables.rating)


def invite(work: UnitOfWork, request_id: UUID) -> str:
    """A token for the link of the last message. It is random, says nothing, and only its digest is kept."""
    token = secrets.token_urlsafe(18)
    work.write(_INVITE, token_key=key_of(token), request_id=request_id, made_at=work.now)
    return token


def asked(work: UnitOfWork, token: str) -> dict[str, Any]:
    """What the page of the link shows. Refuses rating_unknown."""
    row = _row(work, token)
    definition = guide.definition(work, row.service_code, row.service_version)
    known = organisation.known(work, row.organisation_stamp)
    return {
        "service_name": definition.name,
        "unit_name": known.unit_name(row.unit, cairo_date(work.now)),
        "outcome": row.outcome,
        "rated": row.stars is not None,
        "stars": row.stars,
    }


def rate(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the rating of a request. Refuses rating_unknown, rated_before. The comment is sealed: it may name people."""
    row = _row(work, body["token"])
    if row.stars is not None:
        raise refuse("rated_before")
    rating_id, comment = uuid7(), (body["comment"] or "").strip()
    work.write(
        _RATE,
        request_id=row.id,
        id=rating_id,
        stars=body["stars"],
        comment=work.privacy.seal(comment, field=COMMENT) if comment else None,
        at=work.now,
    )
    board_counts.rated(work, row, body["stars"])
    work.append(
        RATED,
        rating_id,
        1,
        {
            "rating_id": rating_id,
            "request_id": row.id,
            "service_code": row.service_code,
            "unit": row.unit,
            "outcome": row.outcome,
            "stars": body["stars"],
            "commented": bool(comment),
        },
    )
    return {"stars": body["stars"]}


def _row(work: UnitOfWork, token: str) -> Any:
    row = work.first(_ASKED, token_key=key_of(token))
    if row is None:
        raise refuse("rating_unknown", "token")
    return row


def key_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()

