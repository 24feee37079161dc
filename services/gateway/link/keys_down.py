"""Keys of the other end that come by the line itself: signed by a key that is still good, they take effect from a place
in the stream on. A thief could claim any time, so neither issue nor revocation goes by one."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.received import KEY_ISSUED

_KNOWN = Statement(text("SELECT public FROM link_key WHERE peer = :peer AND key_id = :key_id"))
# A revocation stands whatever comes after it, and the earlier of two counts.
_CHANGE = Statement(text("""
    INSERT INTO link_key AS kept (peer, key_id, public, since_epoch, since_sequence, revoked_epoch, revoked_sequence)
    VALUES (:peer, :key_id, :public, :since_epoch, :since_sequence, CAST(:revoked_epoch AS integer),
            CAST(:revoked_sequence AS bigint))
    ON CONFLICT (peer, key_id) DO UPDATE
      SET revoked_epoch = excluded.revoked_epoch, revoked_sequence = excluded.revoked_sequence
      WHERE excluded.revoked_epoch IS NOT NULL AND (kept.revoked_epoch IS NULL
        OR (excluded.revoked_epoch, excluded.revoked_sequence) < (kept.revoked_epoch, kept.revoked_sequence))"""))

# What came too early was proved when it came: what the key must not have signed goes, and the real one is asked for.
_DROP_HELD = Statement(text(
    "DELETE FROM link_held WHERE peer = :peer AND key_id = :key_id AND (epoch, sequence) >= "
    "(CAST(:epoch AS integer), CAST(:sequence AS bigint))"))


def drop_held(work: UnitOfWork, peer: str, key_id: str, since: tuple[int, int]) -> None:
    """Let go of what waits for its turn and was signed by a key from the place on from which it is revoked."""
    work.write(_DROP_HELD, peer=peer, key_id=key_id, epoch=since[0], sequence=since[1])


def change(work: UnitOfWork, data: Mapping[str, Any]) -> None:
    """Keep what the other end says of its own key; the same again changes nothing, in whatever order. ValueError for a
    key of somebody else, and for other bytes under an id that is known: both are parked for a person."""
    if data["peer"] != data["line"]["peer"]:
        raise ValueError("a place tells of its own keys only")
    public = base64.b64decode(data["public"], validate=True)
    if len(public) != 32:  # Ed25519
        raise ValueError("no public key")
    known = work.first(_KNOWN, peer=data["peer"], key_id=data["key_id"])
    if known is not None and bytes(known.public) != public:
        raise ValueError(f"key {data['key_id']} is known with other bytes")
    work.write(_CHANGE, peer=data["peer"], key_id=data["key_id"], public=public, since_epoch=data["since_epoch"],
               since_sequence=data["since_sequence"], revoked_epoch=data["revoked_epoch"],
               revoked_sequence=data["revoked_sequence"])
    if data["revoked_epoch"] is not None:
        drop_held(work, data["peer"], data["key_id"], (data["revoked_epoch"], data["revoked_sequence"]))
    work.audit("link.key_changed", data["key_id"], peer=data["peer"], since_epoch=data["since_epoch"],
               since_sequence=data["since_sequence"], revoked_epoch=data["revoked_epoch"],
               revoked_sequence=data["revoked_sequence"])


def issue(work: UnitOfWork, to: str, key_id: str, public: bytes, since: tuple[int, int],
          revoked: tuple[int, int] | None = None) -> UUID:
    """Tell the other end of a key of this place: good from a place in its stream on, or revoked from one on."""
    event_id = work.append(KEY_ISSUED, uuid7(), 1, {
        "node": to, "peer": work.settings.node, "key_id": key_id, "public": base64.b64encode(public).decode(),
        "since_epoch": since[0], "since_sequence": since[1], "revoked_epoch": revoked[0] if revoked else None,
        "revoked_sequence": revoked[1] if revoked else None})
    work.audit("link.key_issued", key_id, to=to, revoked=revoked is not None)
    return event_id
