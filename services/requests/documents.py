"""Documents: judged by content, sealed at rest, taken by one request, opened by nobody before they were checked.

A document is in quarantine until quarantine.py has judged it; a request may be lodged meanwhile. What comes in pieces
is uploads.py's."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text, update

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules import papers
from rules.papers import check as check
from rules.refusal import refuse
from services.requests import tables

LARGEST = papers.LARGEST
FILE_NAME = "requests.document.file_name"
CONTENT = "requests.document.content"


_ADD = Statement.insert(
    tables.document, "id", "file_name", "media_type", "size", "sha256", "content", "added_at"
)
# What is taken by nobody, so written that PostgreSQL does not think of the index of all such documents: one is looked
# for by its id.
_UNTAKEN = "(document.request_id IS NULL)::int = 1"
_TAKE = Statement(
    update(tables.document)
    .where(
        tables.document.c.id == bindparam("document_id"),
        text(_UNTAKEN),
        text("document.status IN ('quarantined', 'clean')"),  # refused since it was looked at: look again
    )
    .values(request_id=bindparam("taker"), code=bindparam("as_code"))
)
UNTAKEN = (
    "(SELECT coalesce(jsonb_object_agg(id, jsonb_build_object('media_type', media_type, 'size', size, "  # noqa: S608
    "'status', status, 'verdict', verdict)), '{}') "
    f"FROM document WHERE id = ANY(:documents) AND {_UNTAKEN} AND status <> 'uploading')"
)
_OF_REQUEST = Statement(
    text(
        "SELECT id, code, media_type, size, sha256, status, verdict FROM document "
        "WHERE request_id = :request_id AND status <> 'replaced' ORDER BY id"
    )
)
# The same as a column of a statement that reads the request, for `shown`.
OF_REQUEST = (
    "(SELECT jsonb_agg(jsonb_build_array(id, code, media_type, size, sha256, status, verdict) ORDER BY id) "
    "FROM document WHERE document.request_id = request.id AND status <> 'replaced') AS papers"
)
_READ = Statement(
    text("SELECT id, code, media_type, content, request_id, status, verdict FROM document WHERE id = :document_id")
)
_PIECES = Statement(text("SELECT content FROM document_piece WHERE document_id = :document_id ORDER BY number"))
_REPLACE = Statement(
    text(
        "UPDATE document SET status = 'replaced' "
        "WHERE request_id = :request_id AND code = :code AND status = 'refused'"
    )
)
_UNTAKEN_NOW = Statement(text(f"SELECT {UNTAKEN} AS untaken"))
# What came in pieces, or began to, goes with its pieces. What a draft waits for stays as long as the draft.
_PURGE = Statement(
    text(
        "WITH gone AS (DELETE FROM document WHERE request_id IS NULL AND added_at < :before "
        "AND coalesce(kept_until, added_at) < :now RETURNING id) "
        "DELETE FROM document_piece WHERE document_id IN (SELECT id FROM gone)"
    )
)


def add(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a document until a request takes it. Refuses what is too large, and what is not PDF, JPEG or PNG."""
    try:
        content = base64.b64decode(body["content"], validate=True)
    except (binascii.Error, ValueError):
        raise refuse("field_invalid", "content", reason="base64") from None
    if len(content) > LARGEST:
        raise refuse("document_too_large", "content", limit=LARGEST // 1024 // 1024)
    media_type = type_of(content)
    document_id, digest = uuid7(), hashlib.sha256(content).hexdigest()
    work.write(
        _ADD,
        id=document_id,
        file_name=work.privacy.seal(body["file_name"], field=FILE_NAME),
        media_type=media_type,
        size=len(content),
        sha256=digest,
        content=work.privacy.seal_bytes(content, field=CONTENT),
        added_at=work.now,
    )
    return {"document_id": str(document_id), "sha256": digest, "size": len(content), "media_type": media_type,
            "status": "quarantined"}


def type_of(content: bytes) -> str:
    """The media type by content; refuses document_type_refused for anything else."""
    return papers.type_of(content)


def untaken(work: UnitOfWork, given: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Which of the documents given are there to be taken."""
    ids = [document["document_id"] for document in given]
    found: dict[str, Any] = work.scalar(_UNTAKEN_NOW, documents=ids) if ids else {}
    return found


def take(work: UnitOfWork, request_id: UUID, given: Iterable[Mapping[str, Any]]) -> None:
    """Bind documents to a request; a document can be bound once."""
    for document in given:
        work.write(_TAKE, expect=1, document_id=document["document_id"], taker=request_id, as_code=document["code"])


def of_request(work: UnitOfWork, request_id: UUID, asked: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a file holds, without contents. `identity` marks documents that show who the applicant is."""
    return shown(work.all(_OF_REQUEST, request_id=request_id), asked)


def shown(rows: Iterable[Sequence[Any]], asked: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same of rows that OF_REQUEST brought."""
    identity = {document["code"] for document in asked if document.get("identity")}
    names = {document["code"]: document["name"] for document in asked}
    return [
        {
            "document_id": str(document_id),
            "code": code,
            "name": names.get(code, {"ar": code, "en": code}),
            "media_type": media_type,
            "size": size,
            "sha256": sha256,
            "identity": code in identity,
            "status": status,
            "verdict": f"document_{verdict}" if verdict else None,
        }
        for document_id, code, media_type, size, sha256, status, verdict in rows
    ]


def content(work: UnitOfWork, request_id: UUID | None, document_id: UUID) -> tuple[Any, bytes]:
    """A document of a request, or of none yet, and its bytes. Refuses document_unknown, document_in_quarantine until
    it was checked, and what was found wrong with it."""
    row = work.first(_READ, document_id=document_id)
    if row is None or row.request_id != request_id:
        raise refuse("document_unknown", "document_id")
    if row.status in ("refused", "replaced"):
        raise refuse(f"document_{row.verdict}", "document_id")
    if row.status != "clean":
        raise refuse("document_in_quarantine", "document_id")
    return row, whole(work, document_id, row.content)


def whole(work: UnitOfWork, document_id: UUID, stored: bytes | None) -> bytes:
    """The bytes of a document, from its row or from its pieces."""
    if stored is not None:
        return work.privacy.open_bytes(stored, field=CONTENT)
    pieces = (row.content for row in work.all(_PIECES, document_id=document_id))
    return b"".join(work.privacy.open_bytes(piece, field=CONTENT) for piece in pieces)


def replace_refused(work: UnitOfWork, request_id: UUID, held: Iterable[Mapping[str, Any]], codes: set[str]) -> None:
    """Lay aside the refused documents of these codes: others take their place in the same commit."""
    for code in sorted(codes & {one["code"] for one in held if one["status"] == "refused"}):
        work.write(_REPLACE, expect=1, request_id=request_id, code=code)


def purge(work: UnitOfWork, before: Any) -> None:
    """Remove documents that no request took."""
    work.write(_PURGE, before=before, now=work.now)
