"""The register of tracking numbers: every serial that was drawn is used by one request, or why it is not is recorded.

A serial is drawn while an application is read and used when it is written, so refusals, conflicts and crashes leave
gaps. A refusal records its gap at once. What else was drawn and not used is recorded by a sweep that first notes the
newest serial and a while later gives up those at or below it. Used or given up is one row of one table under one key:
whichever commits first stands, and a request whose serial was given up meanwhile is written under the next. So no
serial is ever both, however slow a request was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import numbering, places
from rules.calendar import cairo_date
from rules.refusal import Refusal, refuse
from services.requests import serial_blocks, tables

GRACE = timedelta(seconds=60)  # no command lives as long
NEVER_LODGED = "never_lodged"  # drawn by a request that broke off or was written under another number, or skipped
REFUSED = "refused"
RESERVED_FOR = timedelta(days=14)  # that a device may hold numbers for its offline intake
_AT_ONCE = 10_000
_PAGE = 5_000

_USE = Statement.insert(tables.number_register, "serial", "request_id", "at")
_VOID = Statement(
    text("INSERT INTO number_register (serial, reason, at) VALUES (:serial, :reason, :at) ON CONFLICT DO NOTHING")
)
_STAND = Statement(
    text(
        "SELECT since, explained, seen, seen_at, (SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END "
        "FROM tracking_serial) AS drawn FROM number_mark"
    )
)
_GIVE_UP = Statement(
    text(
        "INSERT INTO number_register (serial, reason, at) "
        "SELECT serial, :reason, :at FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS serial "
        "WHERE NOT EXISTS (SELECT 1 FROM number_register AS r WHERE r.serial = serial.serial) ON CONFLICT DO NOTHING"
    )
)
_MARK = Statement(
    text(
        "UPDATE number_mark SET explained = :explained, seen = :newest, seen_at = :at "
        "WHERE explained = :was_explained AND seen = :was_seen"
    )
)
_PAGE_OF_REGISTER = Statement(
    text(
        "SELECT n.serial, n.reason, n.at, n.request_id, r.tracking_number FROM number_register AS n "
        "LEFT JOIN request AS r ON r.id = n.request_id WHERE n.serial >= :first ORDER BY n.serial LIMIT :most"
    )
)
_DRAW = Statement(text("SELECT nextval('tracking_serial') AS serial FROM generate_series(1, CAST(:many AS integer))"))
_HELD = Statement(
    text(
        "SELECT serial FROM reserved_serial WHERE kind = 'tracking' AND number = :number "
        "AND device_id = :device_id AND state = 'reserved'"
    )
)
# The row that says for whom it was reserved makes room for the request's.
_MAKE_ROOM = Statement(text("DELETE FROM number_register WHERE serial = :serial AND request_id IS NULL"))


def use(work: UnitOfWork, serial: int, request_id: UUID) -> None:
    """Gather that a request bears this serial. The commit conflicts when it was given up meanwhile."""
    work.write(_USE, serial=serial, request_id=request_id, at=work.now)


def void(work: UnitOfWork, serial: int, refusal: Refusal) -> None:
    """Record at once that the request for which a serial was drawn was refused, and the codes of its faults."""
    codes = ", ".join(sorted({fault.code for fault in refusal.faults}))
    work.aside(_VOID, serial=serial, reason=f"{REFUSED}: {codes}", at=work.now)


def reserve(work: UnitOfWork, device_id: UUID, how_many: int) -> list[str]:
    """So many tracking numbers for the offline intake of a device: those that it still holds, and new ones for the
    rest. They are the device's for RESERVED_FOR from now; what it does not use is then given up."""
    ends_at = work.now + RESERVED_FOR
    held = serial_blocks.left(work, device_id, serial_blocks.TRACKING)[:how_many]
    serial_blocks.prolong(work, {row.block_id for row in held}, ends_at)
    numbers = [row.number for row in held]
    if (missing := how_many - len(held)) > 0:
        code, year = places.governorates()[work.settings.node].national_id_code, cairo_date(work.now).year
        drawn = [(row.serial, numbering.tracking_number(code, year, row.serial, work.settings.number_key))
                 for row in work.all(_DRAW, many=missing)]  # fmt: skip
        serial_blocks.take(work, serial_blocks.TRACKING, device_id, drawn, ends_at)
        numbers += [number for _, number in drawn]
    return numbers


def claim_reserved(work: UnitOfWork, device_id: UUID, tracking_number: str) -> int:
    """Gather that a number which the device holds is used; answers its serial, for `use` in the same unit of work.
    Refuses tracking_malformed and number_not_reserved: another device's, used before, given up."""
    number = numbering.parse_tracking(tracking_number)
    row = work.first(_HELD, number=number, device_id=device_id)
    if row is None:
        raise refuse("number_not_reserved", "tracking_number")
    serial_blocks.used(work, serial_blocks.TRACKING, device_id, row.serial)
    work.write(_MAKE_ROOM, expect=1, serial=row.serial)
    return int(row.serial)


def explain(work: UnitOfWork) -> bool:
    """One sweep: give up what was drawn before the last one and is still unused. True when more waits."""
    stand = work.one(_STAND)
    if work.now - stand.seen_at < GRACE:
        return False
    last = min(stand.seen, stand.explained + _AT_ONCE)
    if last > stand.explained:
        work.write(_GIVE_UP, first=stand.explained + 1, last=last, reason=NEVER_LODGED, at=work.now)
    more = last < stand.seen
    work.write(
        _MARK,
        expect=1,
        explained=last,
        newest=stand.seen if more else stand.drawn,
        at=stand.seen_at if more else work.now,
        was_explained=stand.explained,
        was_seen=stand.seen,
    )
    return more


@dataclass
class Proof:
    """What the register shows. `open` serials were drawn too recently to be given up; `wrong` is what must not be."""

    since: int
    drawn: int
    explained: int
    used: int = 0
    gaps: Counter[str] = field(default_factory=Counter)
    open: int = 0
    wrong: list[str] = field(default_factory=list)


def prove(work: UnitOfWork) -> Proof:
    """Go through the register from its first serial to the newest: each serial is there once, each used one is borne
    by a request whose printed number comes to this serial again, and nothing below the explained mark is missing."""
    stand = work.one(_STAND)
    proof = Proof(stand.since, stand.drawn, stand.explained)
    expected = stand.since
    for row in entries(work, stand.since):
        if row.serial > stand.drawn:
            break  # drawn since we began
        _missing(proof, expected, row.serial)
        expected = row.serial + 1
        if row.request_id is None:
            proof.gaps[row.reason] += 1
            continue
        proof.used += 1
        if row.tracking_number is None:
            proof.wrong.append(f"serial {row.serial}: its request {row.request_id} is not there")
        elif numbering.tracking_sequence(row.tracking_number, work.settings.number_key) != row.serial:
            proof.wrong.append(f"serial {row.serial}: {row.tracking_number} comes from another serial")
    _missing(proof, expected, stand.drawn + 1)
    return proof


def entries(work: UnitOfWork, first: int) -> Iterator[Any]:
    """The register's rows from a serial on, page by page."""
    while rows := work.all(_PAGE_OF_REGISTER, first=first, most=_PAGE):
        yield from rows
        first = rows[-1].serial + 1


def _missing(proof: Proof, start: int, end: int) -> None:
    for serial in range(start, end):
        if serial > proof.explained:
            proof.open += 1
        else:
            proof.wrong.append(f"serial {serial}: neither used nor explained")
