"""What the other end has not applied is signed anew, by the key that signs now: after a key was stolen the other end
believes its signatures no more from a place on, and what honestly stands there in the stream goes out again with good
ones. A signature is no part of what a place in the stream is known by (`Message.digest`)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from chassis.database import Each, Statement
from chassis.uow import UnitOfWork
from rules.link import Message, sign
from services.gateway.link.settings import LinkSettings

BATCH = 500  # messages signed in one transaction, of no more than so many bytes and the one that goes beyond
BYTES = 4 * 1024 * 1024

_REACHED = Statement(text("SELECT epoch, applied FROM link_sent WHERE peer = :peer"))
_TAIL = Statement(
    text("SELECT epoch, sequence, event_id, type, body FROM (SELECT *, sum(octet_length(body)) OVER (ORDER BY epoch, "
         "sequence) - octet_length(body) AS before FROM (SELECT * FROM link_out WHERE peer = :peer AND (epoch, "
         "sequence) >= (:epoch, :sequence) AND key_id <> :key_id ORDER BY epoch, sequence LIMIT :size) AS tail) "
         "AS following WHERE before < :bytes ORDER BY epoch, sequence")
)
_SIGN = Each(
    "UPDATE link_out AS kept SET key_id = new.key_id, signature = new.signature FROM {rows} "
    "WHERE kept.peer = new.peer AND kept.epoch = new.epoch AND kept.sequence = new.sequence",
    peer="text", epoch="integer", sequence="bigint", key_id="text", signature="bytea",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Again:
    """One transaction's part: how many were signed, and the last of them; none are left where that is None."""

    signed: int
    last: tuple[int, int] | None


def start(work: UnitOfWork, peer: str) -> tuple[int, int] | None:
    """The first place that a peer has not applied, as far as its receipts say; None where there is no stream to it."""
    row = work.first(_REACHED, peer=peer)
    return None if row is None else (row.epoch, row.applied + 1)


def sign_again(work: UnitOfWork, link: LinkSettings, peer: str, since: tuple[int, int], reason: str) -> Again:
    """Sign some messages from a place on, the first of those that the key that stands first in the settings did not
    sign. To be asked for again until none are left."""
    key_id, private = next(iter(link.signing.items()))
    rows = work.all(_TAIL, peer=peer, epoch=since[0], sequence=since[1], key_id=key_id, size=BATCH, bytes=BYTES)
    for row in rows:
        message = Message(link.node, peer, row.epoch, row.sequence, row.event_id, row.type, bytes(row.body), key_id,
                          b"")  # fmt: skip
        work.write(_SIGN, peer=peer, epoch=row.epoch, sequence=row.sequence, key_id=key_id,
                   signature=sign(message, private))  # fmt: skip
    if not rows:
        return Again(0, None)
    first, last = (rows[0].epoch, rows[0].sequence), (rows[-1].epoch, rows[-1].sequence)
    work.audit("link.signed_again", key_id, peer=peer, messages=len(rows), reason=reason,
               first=f"{first[0]}:{first[1]}", last=f"{last[0]}:{last[1]}")
    return Again(len(rows), last)
