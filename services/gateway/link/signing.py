"""Which of one's own keys signs. A new one is put before the old one in the configuration; it is announced in the
stream, signed by the old one, and signs itself once the peer has applied that: before, the peer would not know it."""

from __future__ import annotations

import logging
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.received import KEY_ISSUED
from services.gateway.link import keys_down
from services.gateway.link.settings import LinkSettings

log = logging.getLogger(__name__)

_LAST_USED = Statement(
    text("SELECT epoch, sequence, key_id FROM link_out WHERE peer = :peer ORDER BY epoch DESC, sequence DESC LIMIT 1")
)
_ANNOUNCED = Statement(
    text(
        "SELECT o.epoch, o.sequence FROM link_out o WHERE o.peer = :peer AND o.type = :type "
        "AND convert_from(o.body, 'UTF8')::jsonb #>> '{data,key_id}' = :key_id "
        "AND convert_from(o.body, 'UTF8')::jsonb #>> '{data,revoked_epoch}' IS NULL "
        "ORDER BY o.epoch DESC, o.sequence DESC LIMIT 1"
    )
)
_REACHED = Statement(text("SELECT epoch, applied FROM link_sent WHERE peer = :peer"))
_ISSUED = Statement(
    text("SELECT 1 AS one FROM event_log WHERE type = :type AND convert_from(body, 'UTF8')::jsonb #>> '{data,key_id}' "
         "= :key_id AND convert_from(body, 'UTF8')::jsonb #>> '{data,node}' = :peer LIMIT 1")
)


def chosen(work: UnitOfWork, link: LinkSettings, peer: str) -> tuple[str, Ed25519PrivateKey]:
    """The key that signs the next message to a peer, and its id."""
    newest = next(iter(link.signing))
    last: Any = work.first(_LAST_USED, peer=peer)
    if last is None or last.key_id == newest:
        return newest, link.signing[newest]
    if _knows(work, link, peer, newest):
        log.info("key %s signs from now on for %s", newest, peer)
        return newest, link.signing[newest]
    if last.key_id not in link.signing:
        log.error("key %s is gone before %s knew of %s: it must be trusted there by hand", last.key_id, peer, newest)
        return newest, link.signing[newest]
    return last.key_id, link.signing[last.key_id]


def _knows(work: UnitOfWork, link: LinkSettings, peer: str, key_id: str) -> bool:
    """Whether a peer has applied the announcement of a key, which is looked for once: no index leads there."""
    if (peer, key_id) not in link.announced:
        row = work.first(_ANNOUNCED, peer=peer, type=KEY_ISSUED.name, key_id=key_id)
        if row is None:
            return False
        link.announced[peer, key_id] = (row.epoch, row.sequence)
    reached: Any = work.one(_REACHED, peer=peer)
    return bool((reached.epoch, reached.applied) >= link.announced[peer, key_id])


def announce(work: UnitOfWork, link: LinkSettings, peer: str) -> int:
    """Tell a peer of the newest key when it signed nothing yet and something was signed before. Answers how many were
    told."""
    newest = next(iter(link.signing))
    last: Any = work.first(_LAST_USED, peer=peer)
    if last is None or last.key_id == newest or work.first(_ISSUED, type=KEY_ISSUED.name, key_id=newest, peer=peer):
        return 0
    public = link.signing[newest].public_key().public_bytes_raw()
    keys_down.issue(work, peer, newest, public, (last.epoch, last.sequence + 1))
    return 1


def speaks(work: UnitOfWork, link: LinkSettings, peer: str) -> str:
    """The id of the key under which the line itself is spoken about: the one that signs the stream."""
    return chosen(work, link, peer)[0]
