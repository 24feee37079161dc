"""A list of recipients on its way in: handed on to notifications in pieces while it is read, from the API's body as
from a page's form."""

from __future__ import annotations

import base64
import hashlib
from typing import IO, Any
from uuid import UUID, uuid5

from contracts.notifications_campaigns import LIST_BYTES, LIST_PIECE_BYTES
from rules.refusal import refuse
from services.gateway.web import uploads
from services.gateway.web.caller import caller
from services.gateway.web.platform import UPLOAD_SECONDS, platform


def hand_on(campaign_id: UUID, name: str, kind: str, stream: IO[bytes], size: int, command_id: UUID) -> dict[str, Any]:
    """Whom a campaign is for, as a list of `size` bytes of the format `kind`; answers the audience. Each step has a
    command id of its own, made of this one, so that sending again goes on where it stopped. Refuses list_too_large,
    list_heading_missing for an empty one, and what notifications refuses of it."""
    if not size:
        raise refuse("list_heading_missing", "file")
    if size > LIST_BYTES:
        raise refuse("list_too_large", "file", megabytes=LIST_BYTES // (1024 * 1024))

    def call(method: str, payload: dict[str, Any], step: str) -> dict[str, Any]:
        return platform().call(f"notifications.{method}", payload, caller().actor,
                               command_id=uuid5(command_id, step), timeout=UPLOAD_SECONDS)

    begun = call("begin_list", {"campaign_id": str(campaign_id), "file_name": name, "format": kind, "size": size},
                 "begin")
    audience_id, whole = begun["audience_id"], hashlib.sha256()
    for number, piece in enumerate(uploads.pieces(stream, size, LIST_PIECE_BYTES)):
        whole.update(piece)
        content = base64.b64encode(piece).decode()
        call("add_list_piece", {"audience_id": audience_id, "number": number, "content": content}, f"piece {number}")
    return call("end_list", {"audience_id": audience_id, "sha256": whole.hexdigest()}, "end")
