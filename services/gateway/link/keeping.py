"""How long the line's logs are kept: beyond receipt, and longer than the oldest backup that anybody would restore.

What went out is let go of only when the peer says that it is in a backup of its own, because a peer that was restored
asks for the rest again. What came in is let go of only when it is in a backup of ours. Both only after LINK_KEPT_DAYS.
Where nobody tells of backups (backups.py) nothing is ever let go of.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text

from chassis.database import Database

BATCH = 5000

# The newest always stays: the next number is told from it.
_OUT = text(
    "DELETE FROM link_out WHERE (peer, epoch, sequence) IN (SELECT o.peer, o.epoch, o.sequence FROM link_out o "
    "JOIN link_sent s USING (peer) WHERE (o.epoch, o.sequence) <= (s.epoch, s.backed_up) AND o.stored_at < :before "
    "AND (o.epoch, o.sequence) < (SELECT n.epoch, n.sequence FROM link_out n WHERE n.peer = o.peer "
    "ORDER BY n.epoch DESC, n.sequence DESC LIMIT 1) "
    "ORDER BY o.peer, o.epoch, o.sequence LIMIT :size)"
)
# From the chain's beginning on, up to the first that must stay; the newest always does, the chain goes on from it.
_IN = text(
    "WITH oldest AS (SELECT l.position, l.received_at >= :before OR l.sequence > coalesce(m.backed_up, 0) OR EXISTS "
    "(SELECT FROM link_parked p WHERE p.position = l.position AND p.settled_at IS NULL) AS stays "
    "FROM link_log l LEFT JOIN link_mark m USING (peer, epoch) ORDER BY l.position LIMIT :size) "
    "DELETE FROM link_log WHERE position IN (SELECT position FROM oldest) AND position < coalesce("
    "(SELECT min(position) FROM oldest WHERE stays), (SELECT max(position) FROM link_log))"
)
_SETTLED = text(
    "DELETE FROM link_parked WHERE id IN (SELECT id FROM link_parked WHERE settled_at < :before LIMIT :size)"
)
_COUNTS = text("DELETE FROM link_count WHERE day < CAST(:before AS date) - 400")


def let_go(database: Database, now: datetime, days: int) -> dict[str, int]:
    """Let go of a batch of what need not be kept any longer. Answers how many rows of each table went."""
    given = {"before": now - timedelta(days=days), "size": BATCH}
    gone: dict[str, int] = {}
    with database.transaction() as connection:
        connection.execute(text("SET LOCAL shubbak.retention = 'on'"))
        gone["link_out"] = connection.execute(_OUT, given).rowcount
        gone["link_log"] = connection.execute(_IN, given).rowcount
        gone["link_parked"] = connection.execute(_SETTLED, given).rowcount
        gone["link_count"] = connection.execute(_COUNTS, {"before": given["before"]}).rowcount
    return gone
