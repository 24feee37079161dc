"""Documents in quarantine: each is judged before anybody of the back office opens it, and the applicant of a refused
one is told at once and may bring another in its place, at any time before the request ends.

The bytes are taken apart in a process of its own (paper_judge.py), which knows no key and dies alone; and, where the
setting CLAMD names a ClamAV daemon (`host:port`), searched for malware by it. While that daemon does not answer,
documents stay in quarantine.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Each, Statement
from chassis.offload import offload
from chassis.uow import UnitOfWork
from contracts.requests_intake import DOCUMENT_REFUSED
from rules.refusal import Fault, Refusal, refuse
from services.requests import documents, guide, paper_judge

log = logging.getLogger(__name__)

TOGETHER = 64  # documents in one round: to start the process costs as much as to judge dozens of small ones
BYTES_TOGETHER = 16 * 1024 * 1024  # and no more of them than this, but always one
SECONDS = 60  # for one round
_STRETCH = 64 * 1024

_WAITING = Statement(
    text("SELECT id, size FROM document WHERE status = 'quarantined' ORDER BY id LIMIT :most")
)
_NEXT = Statement(
    text(
        "SELECT d.id, d.code, d.content, d.media_type, d.request_id, r.tracking_number, r.service_code, "
        "r.service_version, r.language FROM document AS d LEFT JOIN request AS r ON r.id = d.request_id "
        "WHERE d.id = ANY(:chosen) AND d.status = 'quarantined' ORDER BY d.id"
    )
)
# Taken by a request since it was read: read it again, so that its applicant is told.
# The state is so written that PostgreSQL looks each up by its id and not through all that are in quarantine.
_CHECKED = Each(
    "UPDATE document SET status = new.status, verdict = new.verdict, checked_at = new.at FROM {rows} "
    "WHERE document.id = new.document_id AND (document.status = 'quarantined')::int = 1 "
    "AND document.request_id IS NOT DISTINCT FROM new.seen",
    document_id="uuid", status="text", verdict="text", at="timestamptz", seen="uuid",
)  # fmt: skip


def check_next(work: UnitOfWork) -> bool:
    """Judge the documents that wait longest. Answers whether there were any that could be judged."""
    chosen = _chosen(work.all(_WAITING, most=TOGETHER))
    rows = work.all(_NEXT, chosen=chosen) if chosen else []
    if not rows:
        return False
    contents = [documents.whole(work, row.id, row.content) for row in rows]
    verdicts = offload(judged, contents)
    clamd = work.settings.env("CLAMD", default=None)
    done = False
    for row, content, said in zip(rows, contents, verdicts, strict=True):
        if said is None:
            continue  # the process died on another before it came to this one
        verdict = said[1:] if said.startswith("!") else None if said == row.media_type else "type_refused"
        if verdict is None and clamd:
            try:
                verdict = "infected" if infected(clamd, content) else None
            except OSError as error:
                log.warning("the malware scanner does not answer: %s", error)
                return done
        _settle(work, row, verdict)
        done = True
    return done


def _chosen(waiting: Sequence[Any]) -> list[UUID]:
    """So many of those that wait longest as one round may hold."""
    chosen: list[UUID] = []
    held = 0
    for row in waiting:
        held += row.size
        if chosen and held > BYTES_TOGETHER:
            break
        chosen.append(row.id)
    return chosen


def _settle(work: UnitOfWork, row: Any, verdict: str | None) -> None:
    status = "refused" if verdict else "clean"
    work.write(_CHECKED, expect=1, document_id=row.id, status=status, verdict=verdict, at=work.now, seen=row.request_id)
    if verdict is None:
        return
    work.audit("document.refused", str(row.id), verdict=verdict)
    if row.request_id is None:
        return  # told when a request names it
    definition = guide.definition(work, row.service_code, row.service_version)
    work.append(
        DOCUMENT_REFUSED,
        row.id,
        1,
        {
            "document_id": row.id,
            "request_id": row.request_id,
            "tracking_number": row.tracking_number,
            "code": row.code,
            "name": name_of(definition.body["documents"], row.code),
            "reason": f"document_{verdict}",
            "language": row.language,
        },
    )


def name_of(asked: Sequence[Mapping[str, Any]], code: str) -> dict[str, str]:
    """What the definition calls a document."""
    return next((dict(one["name"]) for one in asked if one["code"] == code), {"ar": code, "en": code})


def judged(contents: Sequence[bytes]) -> list[str | None]:
    """What paper_judge.py says of each paper. The one on which its process died or hung is `!unreadable`; those behind
    it were not judged (None) and come again."""
    paper = os.memfd_create("papers", os.MFD_CLOEXEC)  # in memory: nothing personal touches a disk in the clear
    try:
        with open(paper, "wb", closefd=False) as stream:
            for content in contents:
                stream.write(paper_judge.head(content))
                stream.write(content)
        os.lseek(paper, 0, os.SEEK_SET)
        with subprocess.Popen(
            [sys.executable, "-I", str(Path(paper_judge.__file__))],
            stdin=paper,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
        ) as process:
            try:
                out, _ = process.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                out, _ = process.communicate()
    finally:
        os.close(paper)
    lines: list[str | None] = list(out.decode().split("\n")[:-1])
    if len(lines) < len(contents):
        lines.append("!unreadable")
    return lines + [None] * (len(contents) - len(lines))


def infected(address: str, content: bytes) -> bool:
    """Whether a ClamAV daemon (`host:port`) finds malware, by its INSTREAM command. OSError when it does not answer or
    could not look."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(b"zINSTREAM\0")
        for at in range(0, len(content), _STRETCH):
            stretch = content[at : at + _STRETCH]
            line.sendall(struct.pack(">I", len(stretch)) + stretch)
        line.sendall(struct.pack(">I", 0))
        said = b""
        while not said.endswith(b"\0"):
            more = line.recv(4096)
            if not more:
                break
            said += more
    answer = said.rstrip(b"\0\n").decode(errors="replace")
    if answer.endswith("OK"):
        return False
    if answer.endswith("FOUND"):
        return True
    raise OSError(f"the scanner said {answer!r}")


def replace(work: UnitOfWork, case: Any, given: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Take documents in the place of refused ones of a request that has not ended. The request stays where it is: no
    clock moves. Refuses not_waiting_for_applicant when nothing was refused, document_not_asked for any other code."""
    definition = case.definition
    held = documents.of_request(work, case.id, definition.body["documents"])
    wanted = {one["code"] for one in held if one["status"] == "refused"}
    if case.row.outcome or not wanted:
        raise refuse("not_waiting_for_applicant")
    faults = [Fault("document_not_asked", f"documents/{one['code']}") for one in given if one["code"] not in wanted]
    asked: list[Mapping[str, Any]] = [
        {**one, "required": False, "when": None} for one in definition.body["documents"] if one["code"] in wanted
    ]
    try:
        documents.check(asked, {}, [one for one in given if one["code"] in wanted], documents.untaken(work, given))
    except Refusal as refusal:
        faults += refusal.faults
    if faults:
        raise Refusal(faults)
    documents.replace_refused(work, case.id, held, {one["code"] for one in given})
    documents.take(work, case.id, given)
    work.audit("document.replace", str(case.id), codes=sorted(one["code"] for one in given))
    return {"tracking_number": case.row.tracking_number, "replaced": sorted(one["code"] for one in given)}


def told(work: UnitOfWork, case: Any) -> list[dict[str, Any]]:
    """The refused documents of a request, for its applicant: which, and why."""
    held = documents.of_request(work, case.id, case.definition.body["documents"])
    return [{"code": one["code"], "name": one["name"], "reason": one["verdict"]}
            for one in held if one["status"] == "refused"]


