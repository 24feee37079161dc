"""The message log as a file that an outsider proves (rules/evidence.py, docs/evidence.md): what came in, in the order
in which it was applied, or what went out to one place in one epoch."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from chassis.config import Settings
from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import evidence
from rules.evidence import Entry, Header
from rules.link import Key, Message
from rules.refusal import refuse
from services.gateway.link import peers
from services.gateway.link import settings as line

RECEIVED, SENT = "received", "sent"
MOST = 100_000
"""Entries of one file of the API; the next one begins where it ends."""
PAGE = 500

_HEAD = Statement(text("SELECT position, hash FROM link_head"))
_FIRST = Statement(text("SELECT position, hash FROM link_log ORDER BY position LIMIT 1"))
_AT = Statement(text("SELECT position, hash FROM link_log WHERE position = :position"))
_ROWS = Statement(text(
    "SELECT position, peer, epoch, sequence, event_id, type, body, key_id, signature, received_at AS at, parked, hash "
    "FROM link_log WHERE position > :after AND position <= :until ORDER BY position LIMIT :size"
))  # fmt: skip
_EPOCH = Statement(text("SELECT max(epoch) AS epoch FROM link_out WHERE peer = :peer"))
_BOUNDS = Statement(text(
    "SELECT min(sequence) AS first, max(sequence) AS last FROM link_out WHERE peer = :peer AND epoch = :epoch"))
_OUT = Statement(text(
    "SELECT sequence AS position, peer, epoch, sequence, event_id, type, body, key_id, signature, stored_at AS at, "
    "NULL AS parked, NULL AS hash FROM link_out WHERE peer = :peer AND epoch = :epoch AND sequence > :after "
    "AND sequence <= :until ORDER BY sequence LIMIT :size"
))  # fmt: skip

Make = Callable[[], UnitOfWork]
Lines = Iterator[bytes]


def may(work: UnitOfWork) -> None:
    """Refuse `unit_bound` to whoever is of one unit: the log is the whole place's."""
    if work.actor.unit is not None:
        work.deny("audit.read", "evidence")
        raise refuse("unit_bound")


def received(make: Make, work: UnitOfWork, after: int = 0, most: int | None = None) -> Lines:
    """The file of what came in after a position, to the head or at most so many. `work` records the export; `make`
    gives units of work to read by while the file is written. Refuses unit_bound, evidence_unsigned,
    evidence_position_unknown."""
    may(work)
    key_id, private = _signing(work.settings)
    start, before = _beginning(work, after)
    until = min(int(work.one(_HEAD).position), start + most if most else 2**62)
    _record(work, RECEIVED, start, until)
    header = Header(work.settings.node, RECEIVED, start, before, work.now)
    return evidence.lines(header, _received(make, work.settings.node, start, until), key_id, private)


def sent(make: Make, work: UnitOfWork, peer: str, epoch: int | None = None, most: int | None = None) -> Lines:
    """The file of what went out to a place in one epoch of this one (the newest, unless said), all of it that is kept.
    Refuses unit_bound, evidence_unsigned."""
    may(work)
    key_id, private = _signing(work.settings)
    of = epoch or int(work.scalar(_EPOCH, peer=peer) or work.settings.epoch)
    bounds = work.one(_BOUNDS, peer=peer, epoch=of)
    start = (bounds.first or 1) - 1
    until = min(bounds.last or 0, start + most if most else 2**62)
    _record(work, SENT, start, until, peer=peer, epoch=of)
    header = Header(work.settings.node, SENT, start, evidence.GENESIS, work.now)
    return evidence.lines(header, _sent(make, work.settings.node, peer, of, start, until), key_id, private)


def keys(work: UnitOfWork) -> list[str]:
    """The public keys of this place and of those it is linked to, as `verify-log --keys` takes them. An auditor gets
    them by another way than the file."""
    may(work)
    own = line.signing_keys(work.settings)
    found = [f"{work.settings.node}={key_id}:{_public(key.public_key().public_bytes_raw())}"
             for key_id, key in own.items()]  # fmt: skip
    for peer in peers.known(work):
        found += [_told(peer, key) for key in peers.keys(work, peer).values()]
    return found


def _told(peer: str, key: Key) -> str:
    revoked = "@{}/{}".format(*key.revoked_from) if key.revoked_from else ""
    return f"{peer}={key.id}:{_public(key.public)}{revoked}"


def _public(raw: bytes) -> str:
    return b64encode(raw).decode()


def _signing(settings: Settings) -> tuple[str, Ed25519PrivateKey]:
    for key_id, key in line.signing_keys(settings).items():
        return key_id, key
    raise refuse("evidence_unsigned")


def _beginning(work: UnitOfWork, after: int) -> tuple[int, bytes]:
    """The place after which a file begins, and its hash. Where the oldest entries are kept no more, the oldest that is
    vouches for what went before and is itself not in the file."""
    row = work.first(_FIRST) if after == 0 else work.first(_AT, position=after)
    if row is None:
        if after:
            raise refuse("evidence_position_unknown", "after")
        return 0, evidence.GENESIS
    if after == 0 and row.position == 1:
        return 0, evidence.GENESIS
    return int(row.position), bytes(row.hash)


def _record(work: UnitOfWork, direction: str, start: int, until: int, **details: Any) -> None:
    work.audit("evidence.exported", direction, after=start, until=until, **details)


def _received(make: Make, node: str, start: int, until: int) -> Iterator[Entry]:
    def page(after: int) -> list[Any]:
        return make().all(_ROWS, after=after, until=until, size=PAGE)

    for row in _pages(page, start):
        yield _entry(row, row.peer, node)


def _sent(make: Make, node: str, peer: str, epoch: int, start: int, until: int) -> Iterator[Entry]:
    def page(after: int) -> list[Any]:
        return make().all(_OUT, peer=peer, epoch=epoch, after=after, until=until, size=PAGE)

    for row in _pages(page, start):
        yield _entry(row, node, peer)


def _pages(page: Callable[[int], list[Any]], start: int) -> Iterator[Any]:
    after = start
    while rows := page(after):
        yield from rows
        after = int(rows[-1].position)


def _entry(row: Any, sender: str, receiver: str) -> Entry:
    message = Message(sender, receiver, row.epoch, row.sequence, row.event_id, row.type, bytes(row.body), row.key_id,
                      bytes(row.signature))  # fmt: skip
    at: datetime = row.at
    return Entry(int(row.position), message, at, row.parked, None if row.hash is None else bytes(row.hash))
