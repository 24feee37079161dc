"""Rating from the page of a followed request, without the link of the last message: whoever holds number and digits is
led to the same page of stars."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules.refusal import refuse
from services.requests import inquiry, ratings

FIELD = "requests.rating.token"

# The same wish again finds the same token, so nobody fills the table by wishing.
_INVITE = Statement(
    text(
        "INSERT INTO rating_invitation (token_key, request_id, made_at) VALUES (:token_key, :request_id, :made_at) "
        "ON CONFLICT (token_key) DO NOTHING"
    )
)


def ask(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The token of the rating's page. Refuses tracking_unknown, and rating_too_early while the request goes on."""
    case = inquiry.admitted(work, body)
    if case.row.outcome is None:
        raise refuse("rating_too_early")
    token = base64.urlsafe_b64encode(work.privacy.lookup(str(case.id), FIELD)).decode().rstrip("=")[:32]
    work.write(_INVITE, token_key=ratings.key_of(token), request_id=case.id, made_at=work.now)
    return {"token": token}
