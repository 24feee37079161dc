"""Delivery receipts: kept first, acknowledged to the provider next, applied when the message they speak of is known.

A receipt may come late, twice, before the provider's own answer was written down, or for a message whose answer was
lost. It is matched by the provider's id and the handset's number; failing that, by our own reference and the number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger

from chassis.database import Statement
from chassis.uow import UnitOfWork
from services.notifications import messages, states
from services.notifications.providers.base import Receipt
from services.notifications.states import PartState, State
from services.notifications.tables import UNANSWERED, message, message_part, receipt

KEPT_FOR = timedelta(days=7)  # a receipt that fits nothing is forgotten after this

# inline: several rows go in one INSERT, and nobody asks for their ids
_KEEP = Statement(insert(receipt).inline().values({
    name: bindparam(name, type_=receipt.c[name].type)
    for name in ("provider", "provider_message_id", "state", "reason", "reference", "address_lookup")}))
_same_message = and_(message.c.id == message_part.c.message_id, message.c.provider == receipt.c.provider,
                     message.c.address_lookup == receipt.c.address_lookup)
_columns = (receipt.c.id, receipt.c.provider_message_id, receipt.c.state, receipt.c.reason, message_part.c.message_id,
            message_part.c.number)
_BY_PROVIDER = Statement(
    select(*_columns)
    .join(message_part, message_part.c.provider_message_id == receipt.c.provider_message_id)
    .join(message, _same_message)
    .order_by(receipt.c.id)
    .limit(200))
_twin = message_part.alias()
_BY_REFERENCE = Statement(
    select(*_columns)
    .join(message_part, and_(message_part.c.reference == receipt.c.reference,
                             message_part.c.provider_message_id.is_(None)))
    .join(message, and_(_same_message, UNANSWERED))
    .where(~exists().where(_twin.c.provider_message_id == receipt.c.provider_message_id))
    .order_by(receipt.c.id)
    .limit(200))
_APPLY = Statement(
    update(message_part)
    .where(message_part.c.message_id == bindparam("key"), message_part.c.number == bindparam("part"),
           or_(message_part.c.state != PartState.DELIVERED.value, message_part.c.provider_message_id.is_(None)))
    .values(state=bindparam("state"), provider_message_id=bindparam("provider_message_id")))
_DONE = Statement(delete(receipt).where(receipt.c.id == func.any(bindparam("ids", type_=ARRAY(BigInteger)))))
_FORGET = Statement(delete(receipt).where(receipt.c.received_at < bindparam("before")))


def keep(work: UnitOfWork, provider: str, arrived: Sequence[Receipt]) -> None:
    """Store receipts as they came."""
    work.write_many(_KEEP, [
        {"provider": provider, "provider_message_id": one.provider_message_id, "reason": one.reason,
         "state": (PartState.DELIVERED if one.delivered else PartState.UNDELIVERED).value, "reference": one.reference,
         "address_lookup": work.privacy.lookup(one.address, messages.ADDRESS)}
        for one in arrived])


def apply(work: UnitOfWork) -> dict[str, int]:
    """Apply the receipts whose message is known; returns how many messages came into which state. The rest wait."""
    matched = work.all(_BY_PROVIDER)
    by_reference: dict[int, list[Any]] = {}
    for row in work.all(_BY_REFERENCE):
        by_reference.setdefault(row.id, []).append(row)
    # Two open messages to one number under the same 16 bits: which one it was cannot be told, so neither is touched.
    matched += [rows[0] for rows in by_reference.values() if len(rows) == 1]
    if not matched:
        return {}
    touched: dict[UUID, list[Any]] = {}
    for row in matched:
        touched.setdefault(row.message_id, []).append(row)
    rows, parts = messages.find(work, list(touched))
    counted: dict[str, int] = {}
    for row in rows:
        state = _apply_to(work, row, {part.number: PartState(part.state) for part in parts[row.id]}, touched[row.id])
        if state is not None:
            counted[state] = counted.get(state, 0) + 1
    work.write(_DONE, ids=[row.id for row in matched])
    return counted


def _apply_to(work: UnitOfWork, row: Any, after: dict[int, PartState], arrived: list[Any]) -> State | None:
    reason = None
    for one in arrived:
        said = PartState(one.state)
        if after[one.number] is not PartState.DELIVERED:
            after[one.number] = said
            reason = one.reason
        work.write(_APPLY, key=row.id, part=one.number, state=after[one.number].value,
                   provider_message_id=one.provider_message_id)
    decided = states.settled(list(after.values()))
    return None if decided is None else messages.settle(work, row, decided, reason if decided is State.FAILED else None)


def forget(work: UnitOfWork) -> None:
    """Drop the receipts that fitted nothing for long."""
    work.write(_FORGET, before=work.now - KEPT_FOR)
