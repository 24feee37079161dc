"""A restored place is given back what it had told and no longer knows.

Its hello says what it still has of each epoch. The other end holds the rest in its log and gives it back, some at a
time, as facts to look at: they are not put into the books again, because the books were restored as they were; people
decide what of them is done anew. Numbers that stand in them are never given out a second time (recovered.tell).
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, Uuid, bindparam, text

from chassis.database import Each, Statement
from chassis.uow import UnitOfWork
from services.gateway.link import recovered
from services.gateway.link.settings import LinkSettings
from services.gateway.link.speaking import Said

log = logging.getLogger(__name__)

AT_ONCE = 200  # facts, and
BYTES = 512 * 1024  # bytes of their bodies

_MARKS = Statement(text("SELECT epoch, applied FROM link_mark WHERE peer = :peer AND epoch < :epoch ORDER BY epoch"))
_FACTS = Statement(
    text("SELECT DISTINCT ON (sequence) sequence, event_id, type, subject, body FROM link_log WHERE peer = :peer "
         "AND epoch = :epoch AND sequence > :after ORDER BY sequence LIMIT :most")
)
_FETCHED = Statement(
    text("SELECT epoch, max(last) AS last FROM ("
         "SELECT epoch, max(sequence) AS last FROM link_recovered WHERE peer = :peer GROUP BY epoch UNION ALL "
         "SELECT key::integer, value::bigint FROM link_sent, jsonb_each_text(written_off) WHERE peer = :peer"
         ") AS back GROUP BY epoch")
)
_KNOWN = Statement(
    text("SELECT event_id FROM link_recovered WHERE peer = :peer AND event_id = ANY(:ids)").bindparams(
        bindparam("ids", type_=ARRAY(Uuid)))
)
_KEEP = Each(
    "INSERT INTO link_recovered (peer, epoch, sequence, event_id, type, subject, body, received_at) "
    "SELECT * FROM {rows} ON CONFLICT DO NOTHING",
    peer="text", epoch="integer", sequence="bigint", event_id="uuid", type="text", subject="uuid", body="bytea",
    received_at="timestamptz",
)  # fmt: skip


def fetched(work: UnitOfWork, peer: str) -> dict[int, int]:
    """How far our own facts of former epochs were given back, or written off."""
    return {row.epoch: row.last for row in work.all(_FETCHED, peer=peer)}


def behind(
    work: UnitOfWork, link: LinkSettings, peer: str, told: Mapping[int, tuple[int, int]], stored: Mapping[int, int]
) -> dict[int, tuple[int, int]]:
    """The facts of our former epochs that the peer has, and that we neither have nor were given back nor wrote off: of
    each epoch the first and the last."""
    if link.epoch == 1:
        return {}
    back = fetched(work, peer)
    known = {epoch: max(stored.get(epoch, 0), back.get(epoch, 0)) for epoch in told if epoch < link.epoch}
    return {epoch: (here + 1, told[epoch][0]) for epoch, here in known.items() if told[epoch][0] > here}


def lost(work: UnitOfWork, said: Said, has: Mapping[int, int], back: Mapping[int, int]) -> list[dict[str, Any]]:
    """The next facts that a restored peer does not know any more, the oldest first."""
    for row in work.all(_MARKS, peer=said.peer, epoch=said.epoch):
        after = max(has.get(row.epoch, 0), back.get(row.epoch, 0))
        if row.applied <= after:
            continue
        facts: list[dict[str, Any]] = []
        size = 0
        for fact in work.all(_FACTS, peer=said.peer, epoch=row.epoch, after=after, most=AT_ONCE):
            size += len(fact.body)
            if facts and size > BYTES:
                break
            facts.append({"epoch": row.epoch, "sequence": fact.sequence, "id": str(fact.event_id), "type": fact.type,
                          "body": base64.b64encode(fact.body).decode()})  # fmt: skip
        if facts:
            return facts
        log.error("facts of %s in epoch %d beyond %d are not kept any more", said.peer, row.epoch, after)
    return []


def keep(work: UnitOfWork, said: Said) -> None:
    """Keep facts of our own that a peer gave back, and tell our services the numbers in them."""
    told = []
    for fact in said.body.get("facts") or []:
        try:
            event_id, body = UUID(fact["id"]), base64.b64decode(fact["body"], validate=True)
            envelope = orjson.loads(body)
            row: dict[str, Any] = {"peer": said.peer, "epoch": int(fact["epoch"]), "sequence": int(fact["sequence"]),
                   "event_id": event_id, "type": str(fact["type"]), "subject": UUID(envelope["subject"]),
                   "body": body, "received_at": work.now}  # fmt: skip
            data = envelope["data"]
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            log.error("a fact that %s gave back cannot be read: %s", said.peer, error)
            continue
        told.append((event_id, row, data))
    known = {one.event_id for one in work.all(_KNOWN, peer=said.peer, ids=[one for one, _, _ in told])}
    # The same fact may have stood under two numbers; each is kept, or the next hello asks for it for ever.
    for _, row, _ in told:
        work.write(_KEEP, **row)
    fresh = [(row, data) for event_id, row, data in told if event_id not in known]
    recovered.tell(work, said.peer, [(str(row["type"]), data) for row, data in fresh])
