"""Applications that were begun at a window and are not lodged yet. Their content lies at requests from the first step
on; this browser holds their codes, sealed, so that whoever began one finds it again after the page, the browser or the
node was killed."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from rules.refusal import Refusal
from services.gateway.web.caller import caller, set_cookie
from services.gateway.web.pages import drafts, kept
from services.gateway.web.pages.applying import Draft

COOKIE = "shubbak_intakes"
SECONDS = drafts.SECONDS
_MOST = 5  # unfinished ones that a browser holds; the oldest gives way and waits for its time to end


def account() -> str:
    """Whose draft it is that this person begins."""
    return f"staff:{caller().actor.id}"


def opened(draft_id: str) -> Draft | None:
    """The draft of this id; None where this browser holds none, it is another's, or it was lodged or dropped."""
    token = _held().get(draft_id)
    return _open(token) if token else None


def unfinished() -> list[Draft]:
    """What this person began here and did not finish, the newest first."""
    found = (_open(token) for token in reversed(_held().values()))
    return [draft for draft in found if draft is not None]


def keep(response: Response, draft: Draft) -> Response:
    """Let this browser find the draft again."""
    held = {one: token for one, token in _held().items() if one != draft["id"]}
    return _set(response, {**dict(list(held.items())[-(_MOST - 1):]), draft["id"]: draft["token"]})


def let_go(response: Response, draft_id: str) -> Response:
    return _set(response, {one: token for one, token in _held().items() if one != draft_id})


def _open(token: str) -> Draft | None:
    try:
        draft = drafts.opened(token)
    except Refusal as refusal:
        if refusal.code != "draft_unknown":
            raise
        return None
    return draft if draft.get("account") == account() and "window" in draft else None


def _held() -> dict[str, str]:
    found: Any = kept.unseal(request.cookies.get(COOKIE, ""), "intakes")
    return dict(found) if isinstance(found, dict) else {}


def _set(response: Response, held: dict[str, str]) -> Response:
    set_cookie(response, COOKIE, kept.seal(held, "intakes", SECONDS), seconds=SECONDS)
    return response
