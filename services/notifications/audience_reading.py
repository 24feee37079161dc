"""Audiences are read in the background, some hundred lines or requests a step, what came of them and how far it came in
one transaction: a process that dies goes on where it stood, and none ever holds more of a list than it works on."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, bindparam, text

from chassis.database import Statement
from chassis.offload import offload
from chassis.privacy import CannotOpen
from chassis.service import Platform
from chassis.uow import UnitOfWork
from contracts.notifications_campaigns import LIST_LINES
from rules.calendar import CAIRO
from rules.refusal import Fault, Refusal, refuse
from services.notifications import audience_files as files
from services.notifications import audience_lines as lines
from services.notifications import audience_members as members
from services.notifications.audience import CONTENT, count_pieces, piece
from services.notifications.audience_lines import Line
from services.notifications.preferences import CONTACT_FIELD, CONTACT_RING
from services.notifications.tables_campaigns import audience_fault, audience_member

LOG = logging.getLogger(__name__)

AT_ONCE = 250

_NEXT = Statement(text("SELECT * FROM audience WHERE state = 'reading' ORDER BY made_at LIMIT 1"))
_MEMBER = Statement.insert(audience_member)
_FAULT = Statement.insert(audience_fault)
_PROGRESS = Statement(text(
    "UPDATE audience SET reached = :reached, columns = CAST(:columns AS jsonb), lines = lines + :lines, "
    "broken = broken + :broken, doubles = doubles + :doubles, unreachable = unreachable + :unreachable, "
    "members = :members, tally = CAST(:tally AS jsonb) "
    "WHERE id = :audience_id AND state = 'reading' AND reached IS NOT DISTINCT FROM :seen"))
_END = Statement(text(
    "UPDATE audience SET state = CASE WHEN broken > 0 THEN 'faulty' ELSE 'ready' END, read_at = :now "
    "WHERE id = :audience_id AND state = 'reading'"))
_UNREADABLE = Statement(text(
    "UPDATE audience SET state = 'unreadable', fault = :fault, fault_params = CAST(:params AS jsonb), read_at = :now, "
    "members = 0, tally = '{}' "
    "WHERE id = :audience_id AND state = 'reading'"))
_DROP_MEMBERS = Statement(text("DELETE FROM audience_member WHERE audience_id = :audience_id"))
_DROP_PIECES = Statement(text("DELETE FROM audience_piece WHERE audience_id = :audience_id"))
# By the key, so that no request is met twice. Requests from before the service was kept are of none.
_APPLICANTS = Statement(text(
    "SELECT request_id, language, contact FROM recipient WHERE contact IS NOT NULL "
    "AND (CAST(:after AS uuid) IS NULL OR request_id > CAST(:after AS uuid)) "
    "AND (cardinality(CAST(:units AS text[])) = 0 OR unit = ANY(CAST(:units AS text[]))) "
    "AND (cardinality(CAST(:services AS text[])) = 0 OR service = ANY(CAST(:services AS text[]))) "
    "AND (cardinality(CAST(:outcomes AS text[])) = 0 OR coalesce(outcome, 'open') = ANY(CAST(:outcomes AS text[]))) "
    "AND (CAST(:language AS text) IS NULL OR language = :language) "
    "AND (:since IS NULL OR coalesce(lodged_at, heard_at) >= :since) "
    "AND (:until IS NULL OR coalesce(lodged_at, heard_at) < :until) "
    "ORDER BY request_id LIMIT :most").bindparams(
        bindparam("since", type_=DateTime(timezone=True)), bindparam("until", type_=DateTime(timezone=True))),
    fresh=True)


@dataclass(slots=True)
class _Open:
    """The list at hand: its columns, and its rows from where it stands."""

    audience_id: UUID
    columns: list[str]
    rows: Iterator[files.Row]


class Reading:
    """The reading of audiences. One process a database leads it."""

    def __init__(self) -> None:
        self._open: _Open | None = None

    def step(self, platform: Platform) -> bool:
        """Read a stretch of the oldest audience that is not read. True when there may be more."""
        row = platform.unit_of_work().first(_NEXT)
        if row is None:
            self._open = None
            return False
        try:
            if row.kind == "applicants":
                platform.attempt(lambda work: choose(work, row))
            else:
                self._read_list(platform, row)
        except Refusal as refusal:  # the file as a whole: nobody can go on with it
            fault = refusal.faults[0]
            platform.attempt(lambda work: _give_up(work, row, fault))
        except (CannotOpen, ValueError, ArithmeticError):  # and what cannot be read at all keeps no other waiting
            LOG.exception("audience %s cannot be read", row.id)
            platform.attempt(lambda work: _give_up(work, row, Fault("list_unreadable", "file")))
        return True

    def _read_list(self, platform: Platform, row: Any) -> None:
        at_hand, self._open = self._open, None  # a step that fails begins again from what is kept
        if at_hand is None or at_hand.audience_id != row.id:
            at_hand = _opened(platform, row)
        stretch = list(islice(at_hand.rows, AT_ONCE))
        if not stretch:
            platform.attempt(lambda work: _end(work, row))
            return
        columns = at_hand.columns
        platform.attempt(lambda work: keep(work, row, columns, stretch))
        self._open = at_hand


def _opened(platform: Platform, row: Any) -> _Open:
    """The list from where its reading stands. A workbook is taken apart first, on a thread."""
    pieces = _pieces(platform, row)
    if row.format == "xlsx":
        rows = files.rows_of_workbook(offload(files.convert, files.gathered(pieces)))
    else:
        rows = files.rows_of_csv(pieces)
    _, heading = next(rows, (1, None))
    columns = lines.heading(heading)
    reached = int(row.reached or 1)
    return _Open(row.id, columns, (one for one in rows if one[0] > reached))


def _pieces(platform: Platform, row: Any) -> Iterator[bytes]:
    for number in range(count_pieces(row.size)):
        yield piece(platform.unit_of_work(), row.id, number)


def keep(work: UnitOfWork, row: Any, columns: Sequence[str], stretch: Sequence[files.Row]) -> None:
    """Members and faults of some lines, and how far the reading came. Refuses list_too_long."""
    if stretch[-1][0] > LIST_LINES + 1:
        raise refuse("list_too_long", "file", lines=LIST_LINES)
    read = [one for number, cells in stretch if (one := lines.line(number, columns, cells)) is not None]
    found = _Found(work, row)
    doubled = found.doubles(read)
    for one in read:
        faults = [*one.faults, *doubled.get(one.number, ())]
        found.fault(one.number, faults)
        if not faults:
            for target in one.targets:
                content = json.dumps({"to": target.address, "values": dict(one.values)}, ensure_ascii=False)
                found.add(target.channel, one.language, target.address, line=one.number,
                          content=work.privacy.seal(content, field=CONTENT))
    found.write(str(stretch[-1][0]), len(read), columns=lines.placeholders(columns),
                broken=sum(bool(one.faults or doubled.get(one.number)) for one in read),
                doubles=len(doubled))


def choose(work: UnitOfWork, row: Any) -> None:
    """The next requests of an audience of applicants; at their end it is ready."""
    chosen = row.chosen
    after = row.reached
    applicants = work.all(
        _APPLICANTS, after=after, most=AT_ONCE, language=chosen["language"], units=chosen["units"],
        services=chosen["services"], outcomes=chosen["outcomes"], since=_midnight(chosen["since"], 0),
        until=_midnight(chosen["until"], 1))
    if not applicants:
        _end(work, row)
        return
    found = _Found(work, row)
    unreachable = doubles = 0
    wanted = [(one, channel, address) for one in applicants for channel, address in _reached(work, one).items()]
    unreachable = len({one.request_id for one in applicants} - {one.request_id for one, _, _ in wanted})
    seen = members.known(work, row.id, [members.hashed(work, address) for _, _, address in wanted])
    for one, channel, address in wanted:
        key = (channel, members.hashed(work, address))
        if key in seen:
            doubles += 1
            continue
        seen[key] = None
        found.add(channel, one.language, address, request_id=one.request_id)
    found.write(str(applicants[-1].request_id), len(applicants), columns=["name"], doubles=doubles,
                unreachable=unreachable)


def _reached(work: UnitOfWork, one: Any) -> dict[str, str]:
    try:
        contact = work.privacy.open(one.contact, ring=CONTACT_RING, field=CONTACT_FIELD)
    except CannotOpen:
        return {}
    return members.addresses(json.loads(contact))


class _Found:
    """What a stretch brought, gathered for one transaction."""

    def __init__(self, work: UnitOfWork, row: Any) -> None:
        self._work = work
        self._row = row
        self._place = row.members
        self._tally: dict[str, dict[str, int]] = {name: dict(of) for name, of in row.tally.items()}
        self._members: list[dict[str, Any]] = []
        self._faults: list[dict[str, Any]] = []

    def doubles(self, read: Sequence[Line]) -> dict[int, list[Fault]]:
        """By line, which of its addresses stand further up."""
        asked = [(one, target, members.hashed(self._work, target.address)) for one in read
                 for target in one.targets]
        seen = members.known(self._work, self._row.id, [lookup for _, _, lookup in asked])
        found: dict[int, list[Fault]] = {}
        for one, target, lookup in asked:
            first = seen.setdefault((target.channel, lookup), one.number)
            if first != one.number:
                field = lines.PHONE if target.channel == "sms" else lines.EMAIL
                found.setdefault(one.number, []).append(Fault("list_duplicate", field, {"first": first}))
        return found

    def add(self, channel: str, language: str, address: str, *, line: int | None = None, content: str | None = None,
            request_id: UUID | None = None) -> None:
        self._place += 1
        self._members.append({
            "audience_id": self._row.id, "place": self._place, "channel": channel, "language": language,
            "address_lookup": members.hashed(self._work, address), "line": line, "content": content,
            "request_id": request_id})
        of = self._tally.setdefault(channel, {})
        of[language] = of.get(language, 0) + 1

    def fault(self, line: int, faults: Sequence[Fault]) -> None:
        self._faults += [{"audience_id": self._row.id, "line": line, "number": number, "field": one.field,
                          "code": one.code, "params": one.params} for number, one in enumerate(faults)]

    def write(self, reached: str, count: int, *, columns: Sequence[str], broken: int = 0, doubles: int = 0,
              unreachable: int = 0) -> None:
        self._work.write_many(_MEMBER, self._members)
        self._work.write_many(_FAULT, self._faults)
        self._work.write(_PROGRESS, expect=1, audience_id=self._row.id, seen=self._row.reached, reached=reached,
                         columns=json.dumps(list(columns)), lines=count, broken=broken, doubles=doubles,
                         unreachable=unreachable, members=self._place, tally=json.dumps(self._tally))


def _end(work: UnitOfWork, row: Any) -> None:
    """All is read. What the list was read from goes; only its members and its faults stay."""
    work.write(_END, expect=1, audience_id=row.id, now=work.now)
    work.write(_DROP_PIECES, audience_id=row.id)


def _give_up(work: UnitOfWork, row: Any, fault: Fault) -> None:
    work.write(_UNREADABLE, expect=1, audience_id=row.id, fault=fault.code, now=work.now,
               params=json.dumps(dict(fault.params)))
    work.write(_DROP_MEMBERS, audience_id=row.id)
    work.write(_DROP_PIECES, audience_id=row.id)


def _midnight(day: str | None, later: int) -> datetime | None:
    """The beginning of a Cairo day, or of the one after it."""
    if day is None:
        return None
    return datetime.combine(date.fromisoformat(day) + timedelta(days=later), time(), CAIRO).astimezone(UTC)

