"""What of the peers' streams stands in a backup of this place. Only that may a peer ever forget: a place that is
restored from the backup asks for everything after it again.

Before a backup begins the operator asks for the log's position, and when the backup is whole and stored elsewhere says
that it holds everything up to there.
"""

from __future__ import annotations

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules.refusal import refuse

_HEAD = Statement(text("SELECT position FROM link_head"))
_MARKS = Statement(text("SELECT peer, epoch, applied, backed_up FROM link_mark ORDER BY peer, epoch"))
# From the newest backwards: what came since the backup began is passed over. What took no effect stands in the backup
# as well; each half has its own index.
_SEEN = "SELECT sequence FROM link_log WHERE peer = :peer AND epoch = :epoch AND position <= :position"
_NEWEST = "ORDER BY sequence DESC LIMIT 1"
_LAST = Statement(text(
    f"SELECT max(sequence) FROM (({_SEEN} AND parked IS NULL {_NEWEST}) UNION ALL "  # noqa: S608
    f"({_SEEN} AND parked IS NOT NULL {_NEWEST})) AS newest"
))  # fmt: skip
_MOVE = Statement(text("UPDATE link_mark SET backed_up = :last WHERE peer = :peer AND epoch = :epoch "
                       "AND backed_up = :before"))  # fmt: skip


def position(work: UnitOfWork) -> int:
    """The newest position of the log of what came in."""
    return int(work.scalar(_HEAD))


def backed_up(work: UnitOfWork, until: int) -> int:
    """Note that everything up to a position of the log is in a backup; the next receipts say so. Answers how many
    messages more than before. Refuses field_invalid for a position that the log has not reached."""
    if not 0 <= until <= position(work):
        raise refuse("field_invalid", "position", reason="the log has not come so far")
    more = 0
    for row in work.all(_MARKS):
        last = work.scalar(_LAST, peer=row.peer, epoch=row.epoch, position=until) or 0
        if last > row.backed_up:
            work.write(_MOVE, expect=1, peer=row.peer, epoch=row.epoch, before=row.backed_up, last=last)
            more += last - row.backed_up
    work.audit("link.backed_up", str(until), messages=more)
    return more
