"""What the pages keep between two requests without a row in a database: sealed and dated, so that nobody can read or
change it, and useless after its time. A draft lies in the form itself; what a citizen has opened lies in a cookie.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4, uuid5

from flask import Response, g, request

from rules.refusal import refuse
from services.gateway.web.caller import set_cookie
from services.gateway.web.compressing import holds_a_secret
from services.gateway.web.idempotency import NAMESPACE
from services.gateway.web.sealing import seal as seal
from services.gateway.web.sealing import unseal as unseal

FOLLOW_COOKIE = "shubbak_follow"
DRAFTS_COOKIE = "shubbak_drafts"
FOLLOW_SECONDS = 30 * 60
DRAFT_SECONDS = 3 * 60 * 60
_FOLLOWED = 5  # requests one browser holds open at a time


# -- a draft application ---------------------------------------------------------------------------------------------


def new_draft(code: str, unit: str) -> dict[str, Any]:
    return {"id": str(uuid4()), "code": code, "unit": unit, "applicant": {}, "answers": {}, "documents": {}}


def seal_draft(draft: dict[str, Any]) -> str:
    return seal(draft, "draft", DRAFT_SECONDS)


def open_draft(sealed: str, code: str) -> dict[str, Any]:
    """The draft of this service. Refuses form_expired."""
    draft = unseal(sealed, "draft")
    if not isinstance(draft, dict) or draft.get("code") != code:
        raise refuse("form_expired")
    return draft


def once(name: str) -> UUID:
    """The command id of a page's form: its hidden `once` was made when the page was shown, so pressing twice, going
    back or reloading sends the same command. Refuses form_expired without it."""
    token = request.form.get("once", "")
    if not 20 <= len(token) <= 60:
        raise refuse("form_expired")
    return uuid5(NAMESPACE, "\n".join((request.path, g.caller.key, name, token)))


# -- requests that this browser has opened ---------------------------------------------------------------------------


def followed() -> dict[str, str]:
    """Tracking numbers and digits this browser has proved, for half an hour."""
    if "followed" not in g:
        found = unseal(request.cookies.get(FOLLOW_COOKIE, ""), "follow")
        g.followed = found if isinstance(found, dict) else {}
        if g.followed:
            holds_a_secret()
    return dict(g.followed)


def keep_followed(response: Response, tracking_number: str, phone_last4: str) -> Response:
    """Remember one more; the oldest gives way."""
    kept = {number: digits for number, digits in followed().items() if number != tracking_number}
    newest = dict(list(kept.items())[-(_FOLLOWED - 1) :])
    newest[tracking_number] = phone_last4
    set_cookie(response, FOLLOW_COOKIE, seal(newest, "follow", FOLLOW_SECONDS), seconds=FOLLOW_SECONDS)
    return response
