"""What a restored place waits for in vain is written off: facts that it had told, and that the other end has but can
give back no more, because it was restored as well or keeps them no longer.

Nothing of them takes effect here, and the audit keeps which they are. At the centre some of them may have given
tracking numbers of the governorate: every number of a block that its node had reserved by then is given to nobody any
more, also where the block comes up the line again later, and the national portal goes on with blocks that are reserved
from then on.

Which those are is told by places in the node's stream and by no clock. `numbers_since` has a mark for each epoch of the
node, {} from the writing-off on, and a block counts where its place lies beyond the mark of its epoch (COUNTS). A mark
is made in two steps (`hear`). A hello that answers this centre in its present epoch says how long the log is in which
the node's blocks are told, and that is written down; the first hello that says that the log is numbered so far gives
the mark: where the stream then ends. It is safe, because what the lost facts gave was of blocks that the former centre
had heard, and when a node answers the present one, each of these is in that log, or only in the stream, or gone. So
its place is not beyond the mark, however late its numbering or its coming is, and though a node that was restored
itself numbers it a second time: then in a later epoch, which has no mark before its own hellos gave it one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import text

from chassis.config import Role
from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules.refusal import refuse
from services.gateway.link.speaking import Said

REASON_LETTERS = 10

LOG = "requests"
"""The service of a node whose log tells which numbers it reserved."""

COUNTS = ("(s.numbers_since IS NULL OR "
          "coalesce(CAST(s.numbers_since ->> CAST(n.epoch AS text) AS bigint) < n.sequence, false))")  # fmt: skip
"""Whether a number's block counts, of `national_number AS n LEFT JOIN link_sent AS s ON s.peer = n.governorate`. A
block whose place is not known counts as reserved before."""

_LOST = Statement(text("SELECT lost FROM link_sent WHERE peer = :peer"))
_WRITE_OFF = Statement(
    text("UPDATE link_sent SET written_off = written_off || CAST(:gone AS jsonb), lost = '{}', "
         "numbers_since = CASE WHEN :central THEN '{}' ELSE numbers_since END, numbers_awaited = '{}' "
         "WHERE peer = :peer AND lost = CAST(:seen AS jsonb)")
)
_NUMBERS = Statement(
    text("SELECT count(*) FROM national_number AS n LEFT JOIN link_sent AS s ON s.peer = n.governorate "  # noqa: S608
         f"WHERE n.governorate = :peer AND n.application_id IS NULL AND {COUNTS}")
)
_MARKS = Statement(
    text("UPDATE link_sent SET numbers_since = CAST(:since AS jsonb), numbers_awaited = CAST(:awaited AS jsonb) "
         "WHERE peer = :peer AND numbers_since = CAST(:before AS jsonb)")
)


def lost(told: dict[str, Any]) -> list[dict[str, int]]:
    """What a column `lost` says, for people: [{epoch, first, last}]."""
    return [{"epoch": int(epoch), "first": first, "last": last} for epoch, (first, last) in sorted(told.items())]


def write_off(work: UnitOfWork, peer: str, reason: str) -> dict[str, Any]:
    """Wait no longer for the facts of this place that a peer has and does not give back. Answers {peer, lost:
    [{epoch, first, last}], numbers}: how many free tracking numbers of the governorate are given to nobody any more.
    The link is well again, and the portal open, with the peer's next hello. Refuses link_unknown, link_nothing_lost,
    reason_short."""
    given = reason.strip()
    if len(given) < REASON_LETTERS:
        raise refuse("reason_short", "reason", least=REASON_LETTERS)
    row = work.first(_LOST, peer=peer)
    if row is None:
        raise refuse("link_unknown")
    if not row.lost:
        raise refuse("link_nothing_lost")
    central = work.settings.role is Role.CENTRE
    numbers = int(work.scalar(_NUMBERS, peer=peer)) if central else 0
    gone = {epoch: last for epoch, (_, last) in row.lost.items()}
    work.write(_WRITE_OFF, expect=1, peer=peer, gone=orjson.dumps(gone).decode(), seen=orjson.dumps(row.lost).decode(),
               central=central)  # fmt: skip
    work.audit("link.written_off", peer, lost=lost(row.lost), numbers=numbers, reason=given)
    return {"peer": peer, "lost": lost(row.lost), "numbers": numbers}


def hear(work: UnitOfWork, row: Any, said: Said) -> None:
    """Take note of what a node's hello says about the numbers that it had reserved, where something was written off and
    its epoch has no mark yet (above). `row` is its link_sent."""
    epoch, echo, told = str(said.epoch), said.body.get("echo"), said.body.get("reserved")
    if row.numbers_since is None or epoch in row.numbers_since or not isinstance(told, dict):
        return
    # One that lay in the queue may be older than what the former centre heard last.
    if not isinstance(echo, dict) or echo.get("epoch") != work.settings.epoch:
        return
    recorded, numbered, stored = (_figure(told, name) for name in ("recorded", "numbered", "stored"))
    awaited = row.numbers_awaited.get(epoch, recorded)
    if awaited is None or numbered is None or stored is None:
        return
    since = {**row.numbers_since, epoch: stored} if numbered >= awaited else row.numbers_since
    work.write(_MARKS, expect=1, peer=said.peer, since=_json(since), before=_json(row.numbers_since),
               awaited=_json({**row.numbers_awaited, epoch: awaited}))  # fmt: skip


def _figure(told: Mapping[str, Any], name: str) -> int | None:
    figure = told.get(name)
    return figure if type(figure) is int and figure >= 0 else None


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
