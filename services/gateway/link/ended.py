"""The end of an epoch whose sender burnt down: what it can still send of it is what stood in its backup, as its hello
of the new epoch says. What waits here behind a gap that lies beyond that waits for nothing any more."""

from __future__ import annotations

import logging
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, bindparam, text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.link import EPOCH_OVER
from rules.link import Message
from services.gateway.link.parking import Parked, park
from services.gateway.link.speaking import Said, figures

log = logging.getLogger(__name__)

AT_ONCE = 500  # messages, of no more than so many bytes and the one that goes beyond
BYTES = 4 * 1024 * 1024

_WAITING = Statement(
    text("SELECT h.epoch, coalesce(m.applied, 0) AS applied, min(h.sequence) AS first FROM link_held h "
         "LEFT JOIN link_mark m ON m.peer = h.peer AND m.epoch = h.epoch WHERE h.peer = :peer AND h.epoch < :epoch "
         "GROUP BY h.epoch, m.applied ORDER BY h.epoch"),
    fresh=True,
)
_HELD = Statement(
    text("SELECT * FROM (SELECT *, sum(octet_length(body)) OVER (ORDER BY sequence) - octet_length(body) AS before "
         "FROM (SELECT * FROM link_held WHERE peer = :peer AND epoch = :epoch ORDER BY sequence LIMIT :most) AS first "
         ") AS waiting WHERE before < :bytes ORDER BY sequence"),
    fresh=True,
)
_LET_GO = Statement(
    text("DELETE FROM link_held WHERE peer = :peer AND epoch = :epoch AND sequence = ANY(:sequences)").bindparams(
        bindparam("sequences", type_=ARRAY(BigInteger)))
)


def give_up(work: UnitOfWork, said: Said) -> bool:
    """Park some of what waits for messages that a peer, by its hello, has not got any more. Answers whether there may
    be more of it. What it still has of the epoch is waited for."""
    has = figures(said, "has")
    for row in work.all(_WAITING, peer=said.peer, epoch=said.epoch):
        if row.applied < has.get(row.epoch, 0) or row.first == row.applied + 1:
            continue
        held = [Message(said.peer, work.settings.node, one.epoch, one.sequence, UUID(one.headers["id"]),
                        one.headers["type"], bytes(one.body), one.key_id, bytes(one.signature))
                for one in work.all(_HELD, peer=said.peer, epoch=row.epoch, most=AT_ONCE, bytes=BYTES)]  # fmt: skip
        why = f"{row.applied + 1} to {row.first - 1} of the epoch are lost with their sender"
        park(work, [Parked.of(one, said.peer, EPOCH_OVER, why) for one in held])
        work.write(_LET_GO, peer=said.peer, epoch=row.epoch, sequences=[one.sequence for one in held])
        work.audit("link.epoch_over", said.peer, epoch=row.epoch, applied=row.applied, messages=len(held))
        log.warning("%d messages of %s in epoch %d are parked: %s", len(held), said.peer, row.epoch, why)
        return True
    return False
