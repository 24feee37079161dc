"""Documents that wait at the centre for their application: sealed piece by piece, judged by their first bytes here and
taken apart at the node, and gone as soon as they were handed down, or after a day."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.requests_intake import PIECE_BYTES
from rules import papers as rule
from rules.refusal import refuse
from services.gateway import tables_national as tables

FILE_NAME, CONTENT = "gateway.portal_document.file_name", "gateway.portal_document.content"
LIVE = timedelta(days=1)
_UPLOADING, _WHOLE = "uploading", "whole"
_UNKNOWN_YET = "application/octet-stream"

_ADD = Statement.insert(tables.portal_document)
_piece = tables.portal_piece
_PIECE = Statement(
    insert(_piece).values({c.name: bindparam(c.name, type_=c.type) for c in _piece.columns}).on_conflict_do_nothing()
)
_ONE = Statement(
    text(
        "SELECT d.*, (SELECT coalesce(array_agg(number ORDER BY number), '{}') FROM portal_piece "
        "WHERE document_id = d.id) AS numbers FROM portal_document AS d WHERE id = :document_id"
    )
)
_PIECES = Statement(text("SELECT content FROM portal_piece WHERE document_id = :document_id ORDER BY number"))
_TYPED = Statement(text("UPDATE portal_document SET media_type = :media_type WHERE id = :document_id"))
_END = Statement(
    text("UPDATE portal_document SET status = 'whole', sha256 = :sha256 WHERE id = :document_id "
         "AND status = 'uploading'")
)
_GIVEN = Statement(
    text("SELECT id, file_name, media_type, size, sha256 FROM portal_document "
         "WHERE id = ANY(CAST(CAST(:ids AS text[]) AS uuid[])) AND status = 'whole'")
)
_KEEP = Statement(
    text("UPDATE portal_document SET kept_until = greatest(kept_until, :until) "
         "WHERE id = ANY(CAST(CAST(:ids AS text[]) AS uuid[]))")
)
_DROP_PIECES = Statement(
    text("DELETE FROM portal_piece WHERE document_id = ANY(CAST(CAST(:ids AS text[]) AS uuid[]))")
)
_DROP = Statement(text("DELETE FROM portal_document WHERE id = ANY(CAST(CAST(:ids AS text[]) AS uuid[]))"))
_PURGE = Statement(
    text("WITH gone AS (DELETE FROM portal_document WHERE kept_until < :now RETURNING id) "
         "DELETE FROM portal_piece WHERE document_id IN (SELECT id FROM gone)")
)


def add(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a document that came whole. Refuses document_too_large, document_type_refused."""
    content = _decoded(body["content"])
    document_id = _begin(work, body["file_name"], len(content), rule.type_of(content), _WHOLE,
                         hashlib.sha256(content).hexdigest())  # fmt: skip
    for number, at in enumerate(range(0, len(content), PIECE_BYTES)):
        _keep(work, document_id, number, content[at : at + PIECE_BYTES])
    return {"document_id": str(document_id), "sha256": hashlib.sha256(content).hexdigest(), "size": len(content),
            "media_type": rule.type_of(content), "status": "quarantined"}  # fmt: skip


def begin(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Make room for a document that comes in pieces. Refuses document_too_large."""
    document_id = _begin(work, body["file_name"], body["size"], _UNKNOWN_YET, _UPLOADING, "")
    return {"upload_id": str(document_id), "piece_bytes": PIECE_BYTES, "pieces": rule.pieces(body["size"], PIECE_BYTES)}


def add_piece(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Keep one piece; the first tells what kind of file it is. Refuses upload_unknown, upload_piece_wrong,
    document_type_refused."""
    there = _there(work, body["upload_id"])
    number, content = body["number"], _decoded(body["content"])
    wanted = min(PIECE_BYTES, there.size - number * PIECE_BYTES)
    if number >= rule.pieces(there.size, PIECE_BYTES) or len(content) != wanted:
        raise refuse("upload_piece_wrong", "content", number=number, wanted=max(wanted, 0), came=len(content))
    if number == 0:
        work.write(_TYPED, document_id=there.id, media_type=rule.type_of(content))
    _keep(work, there.id, number, content)
    return standing_of(there, {*there.numbers, number})


def standing(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Which pieces are still missing."""
    there = _there(work, body["upload_id"])
    return standing_of(there, set(there.numbers))


def end(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Close a document whose pieces are all there. Refuses upload_incomplete, checksum_differs."""
    there = _there(work, body["upload_id"])
    if missing := standing_of(there, set(there.numbers))["missing"]:
        raise refuse("upload_incomplete", "upload_id", missing=len(missing))
    digest = hashlib.sha256()
    for content in contents(work, there.id):
        digest.update(content)
    sha256 = digest.hexdigest()
    if body["sha256"] is not None and body["sha256"].lower() != sha256:
        raise refuse("checksum_differs", "sha256")
    work.write(_END, expect=1, document_id=there.id, sha256=sha256)
    return {"document_id": str(there.id), "sha256": sha256, "size": there.size, "media_type": there.media_type,
            "status": "quarantined"}  # fmt: skip


def given(work: UnitOfWork, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Those of these documents that are here whole, by id: {file_name, media_type, size, sha256}."""
    rows = work.all(_GIVEN, ids=[str(one) for one in ids]) if ids else []
    return {str(row.id): {"file_name": work.privacy.open(row.file_name, field=FILE_NAME), "size": row.size,
                          "media_type": row.media_type, "sha256": row.sha256} for row in rows}  # fmt: skip


def contents(work: UnitOfWork, document_id: UUID) -> Iterator[bytes]:
    """The pieces of a document in their order, opened."""
    for row in work.all(_PIECES, document_id=document_id):
        yield work.privacy.open_bytes(row.content, field=CONTENT)


def keep(work: UnitOfWork, ids: Sequence[str], until: Any) -> None:
    """Gather that documents wait as long as the draft that names them."""
    if ids:
        work.write(_KEEP, ids=[str(one) for one in ids], until=until)


def drop(work: UnitOfWork, ids: Sequence[str]) -> None:
    """Gather that documents go: they were handed down, or nobody wants them."""
    if ids:
        work.write(_DROP_PIECES, ids=[str(one) for one in ids])
        work.write(_DROP, ids=[str(one) for one in ids])


def purge(work: UnitOfWork) -> None:
    """Remove documents whose time is over."""
    work.write(_PURGE, now=work.now)


def standing_of(there: Any, numbers: set[int]) -> dict[str, Any]:
    """What is missing of a document."""
    return {"upload_id": str(there.id), "piece_bytes": PIECE_BYTES,
            "missing": [one for one in range(rule.pieces(there.size, PIECE_BYTES)) if one not in numbers]}  # fmt: skip


def _begin(work: UnitOfWork, name: str, size: int, media_type: str, status: str, sha256: str) -> UUID:
    if size > rule.LARGEST:
        raise refuse("document_too_large", "size", limit=rule.LARGEST // 1024 // 1024)
    document_id = uuid7()
    work.write(_ADD, id=document_id, file_name=work.privacy.seal(name, field=FILE_NAME), media_type=media_type,
               size=size, sha256=sha256, status=status, added_at=work.now, kept_until=work.now + LIVE)  # fmt: skip
    return document_id


def _keep(work: UnitOfWork, document_id: UUID, number: int, content: bytes) -> None:
    work.write(_PIECE, document_id=document_id, number=number, size=len(content),
               content=work.privacy.seal_bytes(content, field=CONTENT))  # fmt: skip


def _there(work: UnitOfWork, upload_id: UUID) -> Any:
    row = work.first(_ONE, document_id=upload_id)
    if row is None or row.status != _UPLOADING:
        raise refuse("upload_unknown", "upload_id")
    return row


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise refuse("field_invalid", "content", reason="base64") from None
