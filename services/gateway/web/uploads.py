"""Documents on their way in. The door bounds their size; what kind of file it is, requests judges by content."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

from werkzeug.datastructures import FileStorage

from rules.refusal import refuse
from services.gateway.web.caller import caller
from services.gateway.web.platform import UPLOAD_SECONDS, platform

DOCUMENT_MEGABYTES = 5
DOCUMENT_BYTES = DOCUMENT_MEGABYTES * 1024 * 1024


def read_upload(file: FileStorage | None, field: str) -> tuple[str, bytes]:
    """Name and content of an uploaded file. Refuses one that is missing, empty or too large."""
    if file is None or not file.filename:
        raise refuse("document_empty", field)
    content = file.stream.read(DOCUMENT_BYTES + 1)
    check_size(content, field)
    return file.filename[:200], content


def check_size(content: bytes, field: str) -> None:
    if not content:
        raise refuse("document_empty", field)
    if len(content) > DOCUMENT_BYTES:
        raise refuse("document_too_large", field, limit=DOCUMENT_MEGABYTES)


def upload(file_name: str, content: bytes, command_id: UUID) -> dict[str, Any]:
    """Hand a document to requests: {document_id, sha256, size, media_type}."""
    check_size(content, "content")
    payload = {"file_name": file_name, "content": base64.b64encode(content).decode()}
    return platform().call(
        "requests.add_document", payload, caller().actor, command_id=command_id, timeout=UPLOAD_SECONDS
    )
