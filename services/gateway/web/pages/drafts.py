"""An application that is being filled in, kept at requests after every page, so that nothing is lost when this one is
closed. This browser holds the codes of its drafts, sealed, for as long as the drafts live; a citizen's account finds
its own by itself; whoever has a code goes on anywhere. Nothing of a draft stands in an address.
"""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID, uuid4, uuid5

from flask import Response, request

from chassis.errors import ChassisError
from rules.refusal import Refusal, refuse
from services.gateway.web.caller import caller, set_cookie
from services.gateway.web.pages import kept
from services.gateway.web.pages.applying import Draft
from services.gateway.web.platform import platform

log = logging.getLogger(__name__)
COOKIE = kept.DRAFTS_COOKIE
SECONDS = 14 * 24 * 60 * 60  # as long as requests keeps a draft
_MOST = 5  # services that one browser holds a draft of at a time


def of_browser(code: str) -> Draft | None:
    """The draft of this service that this browser, or the account that is logged in here, has begun. None where there
    is none, or its time is over. `token` and `ends_at` come with it."""
    token = _held().get(code) or _of_account(code)
    if not token:
        return None
    try:
        return opened(token)
    except Refusal as refusal:
        if refusal.code != "draft_unknown":
            raise
        return None


def opened(token: str) -> Draft:
    """The draft of a code, whatever service it is for. Refuses draft_unknown, also for what a program kept there in
    another shape than the pages'."""
    found = platform().call("requests.draft", {"token": token}, caller().actor)
    known = {"account": None, "seen": [], **found["draft"]}
    if not _ours(known):
        raise refuse("draft_unknown", "token")
    return {**known, "code": found["service_code"], "token": token, "ends_at": found["ends_at"]}


def _ours(draft: Draft) -> bool:
    """Whether a draft has the shape that the pages give one; anybody may keep another one under a code (API)."""
    texts = (draft.get("id"), draft.get("unit"), *_values(draft.get("applicant")), draft["account"] or "")
    given = _values(draft.get("answers"))
    answers = [one for answer in given for one in (answer if isinstance(answer, list) else [answer])]
    files = [*_values(draft.get("documents")), *_listed(draft.get("scans", []))]
    kept = (one.get(name) if isinstance(one, dict) else None for one in files for name in ("document_id", "file_name"))
    sizes = (isinstance(one, dict) and type(one.get("size")) is int for one in files)
    if not all(isinstance(one, str) for one in (*texts, *answers, *_listed(draft["seen"]), *kept)) or not all(sizes):
        return False
    return all(_is_uuid(one) for one in (draft["id"], *(one["document_id"] for one in files)))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _values(part: Any) -> list[Any]:
    return list(part.values()) if isinstance(part, dict) else [None]


def _listed(part: Any) -> list[Any]:
    return part if isinstance(part, list) else [None]


def save(draft: Draft) -> None:
    """Keep the draft as it stands, whatever is wrong with it; `token` and `ends_at` are put into it. Saving it for the
    first time twice, by pressing twice, makes one."""
    payload = {
        "token": draft.get("token"),
        "service_code": draft["code"],
        "draft": {name: value for name, value in draft.items() if name not in ("token", "ends_at", "code")},
        "documents": [one["document_id"] for one in draft["documents"].values()],
    }
    command = uuid4() if draft.get("token") else kept.once("draft")
    saved = platform().call("requests.save_draft", payload, caller().actor, command_id=command)
    draft["token"], draft["ends_at"] = saved["token"], saved["ends_at"]


def keep(response: Response, draft: Draft) -> Response:
    """Let this browser find the draft again; the one that was longest untouched gives way."""
    held = {code: token for code, token in _held().items() if code != draft["code"]}
    newest = dict(list(held.items())[-(_MOST - 1):])
    newest[draft["code"]] = draft["token"]
    return _set(response, newest)


def let_go(response: Response, code: str) -> Response:
    """This browser holds no draft of the service any more."""
    return _set(response, {one: token for one, token in _held().items() if one != code})


def forget(draft: Draft) -> None:
    """The draft was lodged, or is not wanted: it goes. Were it not forgotten now, its time ends it."""
    if not draft.get("token"):
        return
    command = uuid5(UUID(draft["id"]), "forget")
    try:
        platform().call("requests.drop_draft", {"token": draft["token"]}, caller().actor, command_id=command)
    except (ChassisError, Refusal) as error:
        log.info("a draft was left to its time: %s", error)


def begun() -> list[str]:
    """The services of which this browser holds a draft, the latest first."""
    return list(reversed(_held()))


def _of_account(code: str) -> str | None:
    who = caller()
    if who.citizen is None:
        return None
    found = platform().call("requests.own_drafts", {"services": [code]}, who.actor)
    return next((str(one["token"]) for one in found["drafts"]), None)


def _held() -> dict[str, str]:
    found: Any = kept.unseal(request.cookies.get(COOKIE, ""), "drafts")
    return dict(found) if isinstance(found, dict) else {}


def _set(response: Response, held: dict[str, str]) -> Response:
    if held:
        set_cookie(response, COOKIE, kept.seal(held, "drafts", SECONDS), seconds=SECONDS)
    else:
        response.delete_cookie(COOKIE)
    return response
