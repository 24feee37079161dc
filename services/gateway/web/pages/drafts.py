"""A draft application kept on the server, so that it can be gone on with elsewhere or another day."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID, uuid4, uuid5

from flask import render_template

from chassis.errors import ChassisError
from rules.refusal import Refusal
from services.gateway.web.caller import caller
from services.gateway.web.pages.public import entry_of
from services.gateway.web.platform import platform

log = logging.getLogger(__name__)


def save(code: str, draft: dict[str, Any]) -> str:
    """Keep the draft under its code, or a new one, and show the code."""
    content = {name: value for name, value in draft.items() if name != "token"}
    payload = {
        "token": draft.get("token"),
        "service_code": code,
        "draft": content,
        "documents": [one["document_id"] for one in draft["documents"].values()],
    }
    saved = platform().call("requests.save_draft", payload, caller().actor, command_id=uuid4())
    return render_template("public/draft.html", saved=saved, entry=entry_of(code))


def forget(draft: dict[str, Any]) -> None:
    """The draft was lodged: its saved copy is not wanted any more. Were it not forgotten now, its time ends it."""
    if not draft.get("token"):
        return
    command = uuid5(UUID(draft["id"]), "forget")
    try:
        platform().call("requests.drop_draft", {"token": draft["token"]}, caller().actor, command_id=command)
    except (ChassisError, Refusal) as error:
        log.info("a lodged draft was left to its time: %s", error)
