"""A message that took no effect when it came is applied after all: at an operator's word, by today's software."""

from __future__ import annotations

import logging
from uuid import UUID

from sqlalchemy import text

from chassis.config import Role
from chassis.database import Statement
from chassis.errors import Conflict, Unavailable
from chassis.uow import UnitOfWork
from contracts.link import COUNTED
from rules.link import Message
from rules.refusal import Refusal, refuse
from services.gateway.link import appliers
from services.gateway.link.arrival import Arrival
from services.gateway.link.log import Line, append
from services.gateway.link.reading import Refused, event_of

log = logging.getLogger(__name__)

_PARKED = Statement(text("""
    SELECT p.reason, p.type, p.position, l.epoch, l.sequence, l.event_id, l.body, l.key_id, l.signature
      FROM link_parked p LEFT JOIN link_log l ON l.position = p.position
     WHERE p.id = :id AND p.peer = :peer AND p.settled_at IS NULL"""))
_APPLIED = Statement(text("""
    UPDATE link_parked SET settled_at = :at, settled_by = :by, settled_reason = 'applied'
     WHERE id = :id AND peer = :peer AND settled_at IS NULL"""))


def replay(work: UnitOfWork, peer: str, message_id: UUID) -> dict[str, str]:
    """Apply a parked message now; it stands in the log a second time, as one that took effect. Answers {peer, id}.
    Refuses link_message_settled, link_message_not_genuine, and link_message_refused where it still cannot be applied:
    then nothing changes and it waits on."""
    row = work.first(_PARKED, id=message_id, peer=peer)
    if row is None:
        raise refuse("link_message_settled")
    if row.position is None:
        raise refuse("link_message_not_genuine")
    message = Message(peer, work.settings.node, row.epoch, row.sequence, row.event_id, row.type, bytes(row.body),
                      row.key_id, bytes(row.signature))  # fmt: skip
    try:
        event = event_of(message, work.settings.role)
    except Refused as still:
        raise refuse("link_message_refused", detail=f"{still.reason}: {still.detail}"[:300]) from None
    if event.type == COUNTED.name:
        raise refuse("link_message_refused", detail="counts of a day that is over are told anew the next day")
    [position] = append(work, [Line(message, event.subject, event.time, None)])
    _apply(work, Arrival(peer, row.epoch, row.sequence, position, event, message.body))
    work.write(_APPLIED, expect=1, id=message_id, peer=peer, at=work.now, by=work.actor.id)
    work.audit("link.replay", str(message_id), peer=peer, type=row.type, why=row.reason, position=position)
    return {"peer": peer, "id": str(message_id)}


def _apply(work: UnitOfWork, arrival: Arrival) -> None:
    own = appliers.AT_CENTRE if work.settings.role is Role.CENTRE else appliers.AT_NODE
    try:
        for applier in own:
            applier(work, [arrival])
    except (Refusal, Conflict, Unavailable):
        raise
    except Exception as error:
        log.exception("a parked message of %s still cannot be applied", arrival.peer)
        raise refuse("link_message_refused", detail=f"{type(error).__name__}: {error}"[:300]) from None
