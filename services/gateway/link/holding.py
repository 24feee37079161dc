"""What came too early waits here until what is missing before it has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, BigInteger, Integer, bindparam, text

from chassis.database import Each, Statement
from chassis.uow import UnitOfWork
from rules.link import Mark, Message

HELD_MOST = 50_000
"""Messages of a peer that wait for what is missing before them. One beyond that is let go of and asked for again."""
FOLLOWING = 500  # held messages that are looked at behind a gap that closes, of no more than so many bytes
FOLLOWING_BYTES = 4 * 1024 * 1024

_HOLD = Each(
    "INSERT INTO link_held (peer, epoch, sequence, headers, body, key_id, signature, received_at) "
    "SELECT * FROM {rows} ON CONFLICT DO NOTHING",
    peer="text", epoch="integer", sequence="bigint", headers="jsonb", body="bytea", key_id="text", signature="bytea",
    received_at="timestamptz",
)  # fmt: skip
_HELD = Statement(
    text("SELECT count(*) AS held, coalesce(min(sequence), 0) AS first FROM link_held WHERE peer = :peer")
)
_READY = Statement(
    text("SELECT h.* FROM link_mark m JOIN link_held h ON h.peer = m.peer AND h.epoch = m.epoch "
         "AND h.sequence = m.applied + 1 WHERE m.peer = :peer ORDER BY h.epoch"),
    fresh=True,
)
_WAITING = Statement(
    text("SELECT * FROM (SELECT *, sum(octet_length(body)) OVER (ORDER BY sequence) - octet_length(body) AS before "
         "FROM link_held WHERE peer = :peer AND epoch = :epoch AND sequence > :applied ORDER BY sequence LIMIT :most) "
         "AS following WHERE before < :bytes ORDER BY sequence")
)
_LET_GO = Statement(
    text("DELETE FROM link_held h USING unnest(CAST(:epochs AS integer[]), CAST(:sequences AS bigint[])) "
         "AS gone (epoch, sequence) WHERE h.peer = :peer AND h.epoch = gone.epoch AND h.sequence = gone.sequence"
         ).bindparams(bindparam("epochs", type_=ARRAY(Integer)), bindparam("sequences", type_=ARRAY(BigInteger)))
)  # fmt: skip


class Waiting:
    """Messages that wait, of every peer of this place. The gateway's database has them; known is only of whom nothing
    waits."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._nothing: set[str] = set()

    def nothing(self, peer: str) -> bool:
        """Whether certainly nothing waits of a peer."""
        return peer in self._nothing

    def ready(self, work: UnitOfWork, peer: str) -> list[Message]:
        """What waited and is the next of its epoch now."""
        return [self._of(peer, row) for row in work.all(_READY, peer=peer)]

    def behind(
        self, work: UnitOfWork, peer: str, real: Sequence[Message], marks: Mapping[int, Mark], *, alone: bool
    ) -> dict[tuple[int, int], Message]:
        """What waits behind the marks that these messages may move, by (epoch, sequence). `alone`: what of them waits
        itself, and nothing else."""
        found: dict[tuple[int, int], Message] = {}
        if not work.one(_HELD, peer=peer).held:
            self._nothing.add(peer)
            return found
        self._nothing.discard(peer)
        themselves = {(one.epoch, one.sequence) for one in real}
        for epoch in {one.epoch for one in real}:
            applied = marks.get(epoch, Mark(epoch)).applied
            for row in work.all(_WAITING, peer=peer, epoch=epoch, applied=applied, bytes=FOLLOWING_BYTES,
                                most=1 if alone else FOLLOWING + len(real)):  # fmt: skip
                if not alone or (row.epoch, row.sequence) in themselves:
                    found[row.epoch, row.sequence] = self._of(peer, row)
        return found

    def hold(self, work: UnitOfWork, peer: str, early: Sequence[Message]) -> None:
        """Gather that they wait, as far as there is room."""
        if not early:
            return
        self._nothing.discard(peer)
        room = HELD_MOST - work.one(_HELD, peer=peer).held
        for message in sorted(early, key=lambda one: (one.epoch, one.sequence))[: max(room, 0)]:
            headers = orjson.dumps({"id": str(message.id), "type": message.type}).decode()
            work.write(_HOLD, peer=peer, epoch=message.epoch, sequence=message.sequence, headers=headers,
                       body=message.body, key_id=message.key_id, signature=message.signature,
                       received_at=work.now)  # fmt: skip

    def let_go(self, work: UnitOfWork, peer: str, gone: Sequence[Message]) -> None:
        """Gather that these wait no more."""
        if gone:
            work.write(_LET_GO, peer=peer, epochs=[one.epoch for one in gone],
                       sequences=[one.sequence for one in gone])  # fmt: skip

    def _of(self, peer: str, row: Any) -> Message:
        return Message(peer, self._node, row.epoch, row.sequence, UUID(row.headers["id"]), row.headers["type"],
                       bytes(row.body), row.key_id, bytes(row.signature))  # fmt: skip
