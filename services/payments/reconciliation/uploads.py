"""A rail's file that is sent over HTTP: kept sealed in pieces while it comes, then read in by a process of its own.

That process (`python -m services.payments statement take-in`) has its memory bounded and dies alone, whatever the file
is; it goes on where another was killed. What was sent is deleted when it was read in or refused: every line is kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.offload import offload
from chassis.uow import UnitOfWork
from contracts.payments_statements import (
    COMING,
    PIECE_BYTES,
    READ,
    REFUSED,
    STATEMENT_BYTES,
    STATEMENT_MEGABYTES,
    WAITING,
)
from rules.refusal import Fault, Refusal, refuse
from services.payments import tables_statements as tables
from services.payments.reconciliation import formats, imports, reports, scope
from services.payments.reconciliation.imports import Attempt

if TYPE_CHECKING:
    from chassis.service import Platform

log = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parents[3]  # where `services` is found from, wherever the service was started
PIECE = "payments.statement_piece.content"
TRIES = 5  # of a file that its reader died of
AGAIN = timedelta(seconds=20)
LEFT = timedelta(days=1)  # a file that stopped coming
READER_SECONDS = 1800.0

_ADD = Statement.insert(tables.statement_upload, "id", "rail", "format", "name", "since", "until", "size", "state",
                        "begun_by", "begun_at")
_ADD_PIECE = Statement(text("INSERT INTO statement_piece (upload_id, number, content) VALUES (:upload, :number, "
                            ":content) ON CONFLICT (upload_id, number) DO UPDATE SET content = excluded.content"))
_ONE = Statement(text("""
    SELECT u.*, s.id AS standing, s.state AS standing_state, s.lines,
      CASE WHEN u.state = 'coming' THEN (SELECT count(*) FROM statement_piece WHERE upload_id = u.id) END AS pieces,
      CASE WHEN s.id IS NULL THEN 0 ELSE (SELECT count(*) FROM statement_line
                                          WHERE statement_id = s.id AND kind IS NULL) END AS unmatched
    FROM statement_upload AS u
    LEFT JOIN statement AS s ON s.id = u.statement_id
      OR (u.statement_id IS NULL AND s.rail = u.rail AND s.digest = u.digest AND s.state <> 'set_aside')
    WHERE u.id = :wanted"""))
_PIECE = Statement(text("SELECT content FROM statement_piece WHERE upload_id = :upload AND number = :number"))
_END = Statement(text("UPDATE statement_upload SET state = 'waiting', digest = :digest, next_at = :at "
                      "WHERE id = :upload AND state = 'coming'"))
_NEXT = Statement(text("SELECT id FROM statement_upload WHERE state = 'waiting' AND next_at <= :now "
                       "ORDER BY begun_at LIMIT 1"))
_TRY = Statement(text("UPDATE statement_upload SET tries = tries + 1, next_at = :at WHERE id = :upload "
                      "AND state = 'waiting' AND tries = :seen"))
_DONE = Statement(text("UPDATE statement_upload SET state = :state, statement_id = :found, "
                       "faults = CAST(:faults AS jsonb), next_at = NULL WHERE id = :upload AND state = :seen"))
_DROP = Statement(text("DELETE FROM statement_piece WHERE upload_id = :upload"))
_LEFT_BEHIND = Statement(text("SELECT id FROM statement_upload WHERE state = 'coming' AND begun_at < :before LIMIT 20"))


def begin(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Make room for a rail's file. Refuses unit_bound, rail_unknown, statement_format_unknown, statement_too_large and
    days that are none."""
    scope.whole_node(work, imports.PERMISSION)
    until = body["until"] or body["since"]
    layout = body["format"] or body["rail"]
    imports.check_days(work, body["rail"], body["since"], until)
    formats.of(layout)
    if body["size"] > STATEMENT_BYTES:
        raise refuse("statement_too_large", "size", limit=STATEMENT_MEGABYTES)
    upload_id = uuid7()
    work.write(_ADD, id=upload_id, rail=body["rail"], format=layout, name=body["name"], since=body["since"],
               until=until, size=body["size"], state=COMING, begun_by=work.actor.id, begun_at=work.now)
    work.audit("statement.upload_begun", str(upload_id), rail=body["rail"], size=body["size"])
    return {"upload_id": upload_id, "piece_bytes": PIECE_BYTES, "pieces": _count(body["size"])}


def add_piece(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Keep one piece, sealed. Refuses statement_upload_unknown, statement_piece_wrong."""
    at = _own(work, body["upload_id"])
    number = body["number"]
    try:
        content = base64.b64decode(body["content"], validate=True)
    except (binascii.Error, ValueError):
        raise refuse("field_invalid", "content", reason="base64") from None
    wanted = max(0, min(PIECE_BYTES, at.size - number * PIECE_BYTES))
    if at.state != COMING or not wanted or len(content) != wanted:
        raise refuse("statement_piece_wrong", "content", number=number, wanted=wanted, came=len(content))
    work.write(_ADD_PIECE, upload=at.id, number=number, content=work.privacy.seal_bytes(content, field=PIECE))
    return {"upload_id": at.id, "number": number}


def end(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """All is there: it waits to be read in. Refuses statement_upload_unknown, statement_incomplete, statement_known."""
    at = _own(work, body["upload_id"])
    if at.state != COMING:
        return _shown(at)
    missing = _count(at.size) - at.pieces
    if missing:
        raise refuse("statement_incomplete", "upload_id", missing=missing)
    digest = bytes.fromhex(body["sha256"])
    imports.check_new(work, at.rail, digest, at.since, at.until)
    work.write(_END, expect=1, upload=at.id, digest=digest, at=work.now)
    return {**_shown(at), "state": WAITING, "came": at.size}


def show(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """How far a file is. Refuses unit_bound, statement_upload_unknown."""
    scope.whole_node(work, reports.READ)
    return _shown(_one(work, body["upload_id"]))


def run(platform: Platform) -> bool:
    """One sweep: read in the file that waits longest, in a process of its own. True when there may be more."""
    look = platform.unit_of_work()
    for left in look.all(_LEFT_BEHIND, before=look.now - LEFT):
        platform.attempt(lambda work, upload=left.id: _end_as(  # type: ignore[misc]
            work, upload, COMING, faults=[Fault("statement_cut_off", "file")]))
    upload = look.scalar(_NEXT, now=look.now)
    if upload is None:
        return False
    if not platform.attempt(lambda work: _tried(work, upload)):
        return True
    status, said = offload(_read_apart, str(upload), dict(platform.settings.environ))
    if status:
        log.error("a statement's reader ended badly", extra={"upload": str(upload), "status": status, "said": said})
    return True


def _tried(work: UnitOfWork, upload: UUID) -> bool:
    """Count a try before it is made. False, and the file is refused, when there were enough."""
    at = _one(work, upload)
    if at.state != WAITING:
        return False
    if at.tries >= TRIES:
        _end_as(work, upload, WAITING, faults=[Fault("statement_reading_failed", "file")])
        return False
    work.write(_TRY, expect=1, upload=upload, at=work.now + AGAIN, seen=at.tries)
    return True


def _read_apart(upload: str, environ: dict[str, str]) -> tuple[int, str]:
    """Run the reader; its exit status and the end of what it said."""
    command = [sys.executable, "-W", "ignore", "-m", "services.payments", "statement", "take-in", upload]
    try:
        done = subprocess.run(command, cwd=_ROOT, env={**os.environ, **environ}, capture_output=True, check=False,
                              timeout=READER_SECONDS)
    except subprocess.TimeoutExpired:
        return -1, "took too long"
    return done.returncode, done.stderr.decode(errors="replace")[-500:]


def take_in(attempt: Attempt, as_: Callable[[str], Attempt], upload: UUID) -> dict[str, Any]:
    """Read in what was sent, in the name of who sent it (`as_`), and answer how it ended. A refusal is kept with the
    file for who asks."""
    at = attempt(lambda work: _one(work, upload))
    if at.state != WAITING:
        return _shown(at)
    whole = io.BytesIO()
    for number in range(_count(at.size)):
        whole.write(attempt(lambda work, number=number: work.privacy.open_bytes(  # type: ignore[misc]
            work.scalar(_PIECE, upload=upload, number=number), field=PIECE)))
    whole.seek(0)
    faults: tuple[Fault, ...] = ()
    statement_id = None
    if hashlib.sha256(whole.getbuffer()).digest() != bytes(at.digest):
        faults = (Fault("statement_cut_off", "file"),)
    else:
        told = imports.File(at.rail, at.name, at.format, at.since, at.until)
        try:
            found = imports.read_in(as_(at.begun_by), told, whole, lambda _phase, _lines: None)
            statement_id = found["statement_id"]
        except Refusal as refusal:
            faults = tuple(refusal.faults)
    attempt(lambda work: _end_as(work, upload, WAITING, statement=statement_id, faults=faults))
    return attempt(lambda work: show(work, {"upload_id": upload}))


def _end_as(work: UnitOfWork, upload: UUID, seen: str, *, statement: UUID | None = None,
            faults: tuple[Fault, ...] | list[Fault] = ()) -> None:
    told = orjson.dumps([{"code": fault.code, "field": fault.field, "params": dict(fault.params)} for fault in faults])
    work.write(_DONE, expect=1, upload=upload, seen=seen, state=REFUSED if faults else READ, found=statement,
               faults=told.decode() if faults else None)
    work.write(_DROP, upload=upload)
    work.audit("statement.upload_ended", str(upload), statement=str(statement) if statement else None,
               faults=[fault.code for fault in faults])


def _one(work: UnitOfWork, upload: UUID) -> Any:
    row = work.first(_ONE, wanted=upload)
    if row is None:
        raise refuse("statement_upload_unknown", "upload_id")
    return row


def _own(work: UnitOfWork, upload: UUID) -> Any:
    scope.whole_node(work, imports.PERMISSION)
    row = _one(work, upload)
    if row.begun_by != work.actor.id:
        raise refuse("statement_upload_unknown", "upload_id")
    return row


def _shown(at: Any) -> dict[str, Any]:
    came = min(at.size, at.pieces * PIECE_BYTES) if at.state == COMING else at.size
    lines = int(at.lines or 0)
    return {"upload_id": at.id, "state": at.state, "rail": at.rail, "name": at.name, "since": at.since.isoformat(),
            "until": at.until.isoformat(), "size": at.size, "came": came, "lines": lines,
            "matched": lines - int(at.unmatched), "statement_id": at.standing, "faults": reports.worded(at.faults)}


def _count(size: int) -> int:
    return -(-size // PIECE_BYTES)
