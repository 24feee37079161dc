"""Documents that come in pieces: begun, sent piece by piece, ended; after a break they go on where they stopped.

No process ever holds more than one piece of them: each is sealed and stored as it comes, and the checksum of the whole
is taken piece by piece at the end. Whoever knows the random id of an upload may go on with it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.requests_intake import PIECE_BYTES
from rules.refusal import refuse
from services.requests import documents, tables
from services.requests.documents import CONTENT, FILE_NAME, LARGEST

_BEGIN = Statement.insert(
    tables.document, "id", "file_name", "media_type", "size", "sha256", "added_at", "status"
)
_PIECE = Statement.insert(tables.document_piece, "document_id", "number", "content", "size")
_THERE = Statement(
    text(
        "SELECT id, size, media_type, (SELECT coalesce(array_agg(number ORDER BY number), '{}') FROM document_piece "
        "WHERE document_id = document.id) AS numbers FROM document WHERE id = :upload_id AND status = 'uploading'"
    )
)
_ONE_PIECE = Statement(
    text("SELECT content FROM document_piece WHERE document_id = :upload_id AND number = :number")
)
_TYPED = Statement(text("UPDATE document SET media_type = :media_type WHERE id = :upload_id AND status = 'uploading'"))
_END = Statement(
    text(
        "UPDATE document SET status = 'quarantined', sha256 = :sha256 "
        "WHERE id = :upload_id AND status = 'uploading'"
    )
)
_UNKNOWN_YET = "application/octet-stream"


def begin(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Make room for a document of a known size. Refuses document_too_large."""
    if body["size"] > LARGEST:
        raise refuse("document_too_large", "size", limit=LARGEST // 1024 // 1024)
    upload_id = uuid7()
    work.write(
        _BEGIN,
        id=upload_id,
        file_name=work.privacy.seal(body["file_name"], field=FILE_NAME),
        media_type=_UNKNOWN_YET,
        size=body["size"],
        sha256="",
        added_at=work.now,
        status="uploading",
    )
    return {"upload_id": str(upload_id), "piece_bytes": PIECE_BYTES, "pieces": _count(body["size"])}


def add_piece(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Keep one piece. All but the last have PIECE_BYTES; they may come in any order. The first tells what kind of file
    it is, and one that is not accepted is refused there, before the rest is sent."""
    there = _there(work, body["upload_id"])
    number, content = body["number"], _decoded(body["content"])
    wanted = min(PIECE_BYTES, there.size - number * PIECE_BYTES)
    if number >= _count(there.size) or len(content) != wanted:
        raise refuse("upload_piece_wrong", "content", number=number, wanted=max(wanted, 0), came=len(content))
    if number == 0:
        work.write(_TYPED, expect=1, upload_id=there.id, media_type=documents.type_of(content))
    if number in there.numbers:
        kept = work.scalar(_ONE_PIECE, upload_id=there.id, number=number)
        if work.privacy.open_bytes(kept, field=CONTENT) != content:
            raise refuse("upload_piece_differs", "number", number=number)
        return _standing(there, there.numbers)
    work.write(
        _PIECE,
        document_id=there.id,
        number=number,
        content=work.privacy.seal_bytes(content, field=CONTENT),
        size=len(content),
    )
    return _standing(there, sorted([*there.numbers, number]))


def standing(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Which pieces are still missing."""
    there = _there(work, body["upload_id"])
    return _standing(there, there.numbers)


def end(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Close a document whose pieces are all there: from now on it can be taken, and it is in quarantine. Refuses
    upload_incomplete, and checksum_differs where the sender gave a sha256 that the bytes do not have."""
    there = _there(work, body["upload_id"])
    missing = _standing(there, there.numbers)["missing"]
    if missing:
        raise refuse("upload_incomplete", "upload_id", missing=len(missing))
    digest = hashlib.sha256()
    for number in there.numbers:
        piece = work.scalar(_ONE_PIECE, upload_id=there.id, number=number)
        digest.update(work.privacy.open_bytes(piece, field=CONTENT))
    sha256 = digest.hexdigest()
    if body["sha256"] is not None and body["sha256"].lower() != sha256:
        raise refuse("checksum_differs", "sha256")
    work.write(_END, expect=1, upload_id=there.id, sha256=sha256)
    return {"document_id": str(there.id), "sha256": sha256, "size": there.size, "media_type": there.media_type,
            "status": "quarantined"}


def _there(work: UnitOfWork, upload_id: UUID) -> Any:
    row = work.first(_THERE, upload_id=upload_id)
    if row is None:
        raise refuse("upload_unknown", "upload_id")
    return row


def _standing(there: Any, numbers: list[int]) -> dict[str, Any]:
    return {
        "upload_id": str(there.id),
        "piece_bytes": PIECE_BYTES,
        "missing": [number for number in range(_count(there.size)) if number not in set(numbers)],
    }


def _count(size: int) -> int:
    return -(-size // PIECE_BYTES)


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise refuse("field_invalid", "content", reason="base64") from None
