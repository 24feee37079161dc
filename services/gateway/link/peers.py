"""Who is at the other end, by which keys, and how far each direction has come."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from sqlalchemy import text

from chassis.database import Database, Each, Statement
from chassis.errors import ConfigurationError
from chassis.uow import UnitOfWork
from rules.link import Key, Mark
from services.gateway.link.settings import LinkSettings

log = logging.getLogger(__name__)

_MIGRATED = Statement(text("SELECT to_regclass('link_key') IS NOT NULL AS there"))
_TRUSTED = Statement(text("SELECT peer, key_id, public FROM link_key"))
_PEERS = Statement(text("SELECT peer FROM link_sent UNION SELECT peer FROM link_key ORDER BY peer"))
_STREAMS = Statement(text("SELECT peer FROM link_sent"))
_KEYS = Statement(text("SELECT * FROM link_key WHERE peer = :peer"))
_TRUST = Each(
    "INSERT INTO link_key (peer, key_id, public, since_epoch, since_sequence) "
    "SELECT peer, key_id, public, 1, 1 FROM {rows} ON CONFLICT DO NOTHING",
    peer="text", key_id="text", public="bytea",
)  # fmt: skip
_OPEN = Each(
    "INSERT INTO link_sent (peer, epoch, sent, applied, backed_up, incarnation, state, peer_epoch, peer_counter, "
    "counter) SELECT peer, epoch, 0, 0, 0, 1, 'new', 0, 0, 0 FROM {rows} ON CONFLICT DO NOTHING",
    peer="text", epoch="integer",
)  # fmt: skip
_MARKS = Statement(text("SELECT epoch, applied FROM link_mark WHERE peer = :peer"))
_ALL_MARKS = Statement(text("SELECT peer, epoch, applied, backed_up FROM link_mark"))
_WAITING = Statement(text("SELECT DISTINCT peer FROM link_held"))
_FIRST_EPOCH = Statement(text("SELECT coalesce(min(epoch), :epoch) AS epoch FROM link_out WHERE peer = :peer"))


def check(database: Database, link: LinkSettings) -> None:
    """ConfigurationError where the settings have other bytes for a key than those that are trusted under its id, naming
    each: the first trust stays, and everything that the peer signs by the new key would be refused as forged."""
    if not database.read(_MIGRATED, {})[0].there:
        return
    if different := _different(link, database.read(_TRUSTED, {})):
        raise ConfigurationError(_told(different))


def _different(link: LinkSettings, trusted: Iterable[Any]) -> list[str]:
    return sorted(f"{row.key_id} of {row.peer}" for row in trusted
                  if link.peers.get(row.peer, {}).get(row.key_id, row.public) != bytes(row.public))  # fmt: skip


def _told(different: list[str]) -> str:
    return (f"SHUBBAK_LINK_PEERS: {', '.join(different)} is trusted with other bytes than these. A new key has a new "
            "id: python -m services.gateway.link trust, and revoke for the old one")  # fmt: skip


def open_streams(work: UnitOfWork, link: LinkSettings) -> None:
    """Trust the keys of the configuration and open a stream to each peer that a key is known of; what stands already
    stays as it is."""
    for peer, keys in link.peers.items():
        for key_id, public in keys.items():
            work.write(_TRUST, peer=peer, key_id=key_id, public=public)
    if different := _different(link, work.all(_TRUSTED)):  # the database was away when the process began
        log.error(_told(different))
    standing = {row.peer for row in work.all(_STREAMS)}
    for peer in {*link.peers, *known(work)} - standing - {link.node}:
        work.write(_OPEN, peer=peer, epoch=work.scalar(_FIRST_EPOCH, peer=peer, epoch=link.epoch))


def known(work: UnitOfWork) -> list[str]:
    """Every place that there is a stream to."""
    return [row.peer for row in work.all(_PEERS)]


def keys(work: UnitOfWork, peer: str) -> dict[str, Key]:
    """The keys of a peer by their ids."""
    return {row.key_id: _key(row) for row in work.all(_KEYS, peer=peer)}


def _key(row: Any) -> Key:
    revoked = None if row.revoked_epoch is None else (row.revoked_epoch, row.revoked_sequence)
    return Key(row.key_id, bytes(row.public), (row.since_epoch, row.since_sequence), revoked)


def marks(work: UnitOfWork, peer: str) -> dict[int, Mark]:
    """How far a peer's stream is applied, by its epoch."""
    return {row.epoch: Mark(row.epoch, row.applied) for row in work.all(_MARKS, peer=peer)}


def told_marks(work: UnitOfWork) -> dict[str, dict[int, tuple[int, int]]]:
    """What receipts say: applied and backed up, by peer and the sender's epoch."""
    found: dict[str, dict[int, tuple[int, int]]] = {}
    for row in work.all(_ALL_MARKS):
        found.setdefault(row.peer, {})[row.epoch] = (row.applied, row.backed_up)
    return found


def waiting(work: UnitOfWork) -> set[str]:
    """Peers of whom something came too early."""
    return {row.peer for row in work.all(_WAITING)}
