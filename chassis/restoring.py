"""A service that begins a new epoch: its sequences go on behind all numbers that its lost self can have given.

A backup is restored with a higher `EPOCH`. Before the service takes any work it moves each of its sequences once, by
what rules.restoring says or `SHUBBAK_RESTORE_JUMP`, and records it in `serial_jump`. What the other end of the line
turns out to know later moves them further (`beyond`), never back.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import text

from chassis.config import Settings
from chassis.database import Database, Statement
from chassis.uow import UnitOfWork
from rules.restoring import passed_over

log = logging.getLogger(__name__)

RESTORED, RECOVERED = "restored", "recovered"
_LOCK = text("SELECT pg_advisory_xact_lock(7240106)")
_LOG = text("SELECT (SELECT recorded_at FROM event_log ORDER BY id LIMIT 1) AS first, "
            "(SELECT recorded_at FROM event_log ORDER BY id DESC LIMIT 1) AS newest")
_BEGUN = text("SELECT sequence FROM serial_jump WHERE epoch = :epoch")
_BEGAN = Statement(text("SELECT min(at) AS at FROM serial_jump WHERE epoch = :epoch"))
_RECORD = text('INSERT INTO serial_jump (epoch, sequence, before, "after", why, at) '
               "VALUES (:epoch, :sequence, :before, :after, :why, :at)")


@dataclass(frozen=True, slots=True)
class Serial:
    """A sequence that numbers are given from. `register` is the table in which each serial has one row (serial,
    reason, at) that says what bears it, where there is one: what is left out is explained there."""

    sequence: str
    register: str | None = None


def begin(database: Database, settings: Settings, serials: Sequence[Serial], now: datetime) -> None:
    """Move every sequence that was not moved in this epoch. Several processes may begin at once: one moves them. Does
    nothing in the first epoch. Unavailable when the database cannot be reached: the service must not start."""
    if settings.epoch == 1 or not serials:
        return
    told = settings.number("RESTORE_JUMP", 0, least=0, most=50_000_000)
    with database.transaction() as connection:
        connection.execute(_LOCK)
        begun = set(connection.execute(_BEGUN, {"epoch": settings.epoch}).scalars())
        lived = connection.execute(_LOG).one()
        for serial in serials:
            if serial.sequence in begun:
                continue
            drawn = connection.execute(text(_drawn(serial.sequence))).scalar_one()
            after = drawn + (told or passed_over(drawn, lived.first, lived.newest, now))
            connection.execute(text(f"SELECT setval('{serial.sequence}', {after})"))
            if serial.register is not None:
                connection.execute(text(_explained(serial.register)),
                                   {"first": drawn + 1, "last": after, "reason": RESTORED, "at": now})
            connection.execute(_RECORD, {"epoch": settings.epoch, "sequence": serial.sequence, "before": drawn,
                                         "after": after, "why": RESTORED, "at": now})  # fmt: skip
            log.warning("numbers jump after a restore", extra={
                "sequence": serial.sequence, "epoch": settings.epoch, "before": drawn, "after": after})  # fmt: skip


def began(work: UnitOfWork) -> datetime | None:
    """When this place began its present epoch: the moment of its restore. None in the first, and in one in which no
    sequence was moved yet."""
    moment: datetime | None = work.scalar(_BEGAN, epoch=work.settings.epoch) if work.settings.epoch > 1 else None
    return moment


def beyond(work: UnitOfWork, serial: Serial, highest: int) -> None:
    """Gather that the sequence goes on behind `highest`, which the other end of the line knows to be given. A sequence
    that is further already stays. That it was not further means that numbers given since the restore may be doubles:
    an operator is told."""
    if work.scalar(_statement(_drawn(serial.sequence))) >= highest:
        return
    log.error("the other end knows numbers that the jump after the restore did not pass", extra={
        "sequence": serial.sequence, "epoch": work.settings.epoch, "highest": highest})  # fmt: skip
    if serial.register is not None:
        work.write(_statement(_explained_to(serial)), last=highest, reason=RECOVERED, at=work.now)
    work.write(_statement(_moved(serial.sequence)), epoch=work.settings.epoch, highest=highest, at=work.now)


@cache
def _statement(sql: str) -> Statement:
    return Statement(text(sql))


def _drawn(sequence: str) -> str:
    """The newest number that was given; one below the first where none was."""
    return f"SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {sequence}"  # noqa: S608


def _explained(register: str) -> str:
    return (f"INSERT INTO {register} (serial, reason, at) SELECT serial, :reason, :at "  # noqa: S608
            "FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS serial ON CONFLICT DO NOTHING")


def _explained_to(serial: Serial) -> str:
    return (f"INSERT INTO {serial.register} (serial, reason, at) SELECT serial, :reason, :at "  # noqa: S608
            f"FROM generate_series(({_drawn(serial.sequence)}) + 1, CAST(:last AS bigint)) AS serial "
            "ON CONFLICT DO NOTHING")


def _moved(sequence: str) -> str:
    # A sequence is moved at once whatever becomes of the transaction: what is left out then is a gap like any other.
    return ('INSERT INTO serial_jump (epoch, sequence, before, "after", why, at) '  # noqa: S608
            f"SELECT :epoch, '{sequence}', s.drawn, setval('{sequence}', CAST(:highest AS bigint)), '{RECOVERED}', :at "
            f"FROM ({_drawn(sequence)}) AS s (drawn) WHERE s.drawn < :highest ON CONFLICT DO NOTHING")
