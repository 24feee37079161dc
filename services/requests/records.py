"""What is written when something becomes of a licence: the act, its event, what superseded what, and prints."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.requests_outputs import LICENCE_CHANGED
from rules import register
from services.requests import tables_outputs as tables

REASON = "requests.licence_act.reason"
NOTE = "requests.note"  # what a citizen is told in words, in events
TOLD_WITH_REASON = ("suspend", "cancel")  # decisions against the holder, who is told why

_CHANGE = Statement(
    text(
        "UPDATE licence SET version = version + 1, state = :state, state_at = :at, "
        "successor = coalesce(CAST(:successor AS text), successor) WHERE id = :licence_id AND version = :seen"
    )
)
# A new print: it is drawn anew, says which edition it is, and the former one is void.
_NEW_PRINT = Statement(
    text(
        "UPDATE licence SET version = version + 1, edition = edition + 1, document = NULL, media_type = NULL, "
        "render_attempts = 0, render_at = :at WHERE id = :licence_id AND version = :seen"
    )
)
_ACT = Statement.insert(tables.licence_act)
_COPY = Statement(text("UPDATE licence SET copies = copies + 1 WHERE id = :licence_id AND copies = :seen"))
_PRINT = Statement.insert(tables.licence_print)


def change(
    work: UnitOfWork, row: Any, act: str, state: str, *, reason: str | None = None, successor: str | None = None
) -> None:
    """Bring a licence into a state. The version that was read is demanded: of two who act at once one is told."""
    work.write(_CHANGE, expect=1, licence_id=row.id, seen=row.version, state=state, at=work.now, successor=successor)
    _told(work, row, act, state, row.edition, reason, successor or row.successor)


def new_print(work: UnitOfWork, row: Any, act: str, reason: str) -> None:
    """The licence stays what it is; its print is drawn anew and the former one is void."""
    work.write(_NEW_PRINT, expect=1, licence_id=row.id, seen=row.version, at=work.now)
    _told(work, row, act, row.state, row.edition + 1, reason, row.successor)


def supersede(work: UnitOfWork, former: Any, kind: str, serial: str, today: date) -> str:
    """Another licence takes the place of this one. Answers the state in which that one begins."""
    standing = register.status(former.state, former.valid_from, former.valid_until, today)
    becomes, begins = register.taken_over(standing, kind)
    change(work, former, kind, becomes, successor=serial)
    return begins


def trace(work: UnitOfWork, row: Any, purpose: str, sha256: str) -> int:
    """Record that the document left the house; answers the number of the copy."""
    work.write(_COPY, expect=1, licence_id=row.id, seen=row.copies)
    work.write(
        _PRINT,
        licence_id=row.id,
        copy=row.copies + 1,
        edition=row.edition,
        at=work.now,
        actor_id=work.actor.id,
        actor_kind=work.actor.kind,
        purpose=purpose,
        sha256=sha256,
    )
    return int(row.copies) + 1


def sealed_note(work: UnitOfWork, text_: str) -> str:
    """What the citizen is to be told in words, sealed for the event under the ring of those who may reach citizens."""
    return work.privacy.seal(text_, ring="contact", field=NOTE)


def _told(
    work: UnitOfWork, row: Any, act: str, state: str, edition: int, reason: str | None, successor: str | None
) -> None:
    version = row.version + 1
    work.write(
        _ACT,
        licence_id=row.id,
        version=version,
        at=work.now,
        act=act,
        state=state,
        edition=edition,
        actor_id=work.actor.id,
        reason=work.privacy.seal(reason, field=REASON) if reason else None,
        other=successor,
    )
    work.append(
        LICENCE_CHANGED,
        row.id,
        version,
        {
            "licence_id": row.id,
            "request_id": row.request_id,
            "serial": row.serial,
            "service_code": row.service_code,
            "unit": row.unit,
            "state": state,
            "act": act,
            "edition": edition,
            "successor": successor,
            "valid_from": row.valid_from,
            "valid_until": row.valid_until,
            "note": sealed_note(work, reason) if reason and act in TOLD_WITH_REASON else None,
        },
    )
    work.audit(f"licence.{act}", row.serial, state=state)
