"""Delivery receipts: kept first, acknowledged to the provider next, applied when the message they speak of is known.

A receipt may come late, twice, before the provider's own answer was written down, or for a message whose answer was
lost. It is matched by the provider's id and the handset's number; failing that, by our own reference and the number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, insert, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger

from chassis.database import Each, Statement
from chassis.uow import UnitOfWork
from services.notifications import messages, replies, states
from services.notifications.preferences import ADDRESS
from services.notifications.providers.base import Inbound, Receipt
from services.notifications.states import PartState, State
from services.notifications.tables import receipt

AT_ONCE = 200
KEPT_FOR = timedelta(days=7)  # a receipt that fits nothing is forgotten after this

# inline: several rows go in one INSERT, and nobody asks for their ids
_KEEP = Statement(insert(receipt).inline().values({
    name: bindparam(name, type_=receipt.c[name].type)
    for name in ("provider", "provider_message_id", "state", "reason", "reference", "address_lookup")}))
# Receipts lead, each finds its part by index and that its message: OFFSET 0 keeps PostgreSQL from going through all the
# messages to one number.
_COLUMNS = "r.id, r.provider_message_id, r.state, r.reason, part.message_id, part.number"
_MESSAGE = (
    "CROSS JOIN LATERAL (SELECT m.state, m.error FROM message AS m WHERE m.id = part.message_id "
    "AND m.provider = r.provider AND m.address_lookup = r.address_lookup OFFSET 0) AS of"
)
# Our own reference is ours with every provider: a message may have been handed to another one since.
_OPEN = _MESSAGE.replace("AND m.provider = r.provider ", "")
_BY_PROVIDER = Statement(text(
    f"SELECT {_COLUMNS} FROM receipt AS r CROSS JOIN LATERAL (SELECT message_id, number FROM message_part AS p "  # noqa: S608
    f"WHERE p.provider_message_id = r.provider_message_id OFFSET 0) AS part {_MESSAGE} ORDER BY r.id LIMIT {AT_ONCE}"),
    fresh=True)
# For receipts whose provider's id nobody knows: by our own reference, among messages whose answer is not known.
_BY_REFERENCE = Statement(text(
    f"SELECT {_COLUMNS} FROM receipt AS r CROSS JOIN LATERAL (SELECT message_id, number FROM message_part AS p "  # noqa: S608
    f"WHERE p.reference = r.reference AND p.provider_message_id IS NULL OFFSET 0) AS part {_OPEN} "
    "WHERE (of.state IN ('sending', 'failed_temporarily', 'expired') "
    "OR of.state = 'failed' AND of.error = 'opted_out') "  # stopped after an attempt whose answer was lost
    "AND NOT EXISTS (SELECT FROM message_part AS p WHERE p.provider_message_id = r.provider_message_id OFFSET 0) "
    f"ORDER BY r.id LIMIT {AT_ONCE}"), fresh=True)
_APPLY = Each(
    "UPDATE message_part SET state = new.state, provider_message_id = new.provider_message_id FROM {rows} "
    "WHERE message_part.message_id = new.key AND message_part.number = new.part "
    "AND (message_part.state <> 'delivered' OR message_part.provider_message_id IS NULL)",
    key="uuid", part="smallint", state="text", provider_message_id="text")
_DONE = Statement(delete(receipt).where(receipt.c.id == func.any(bindparam("ids", type_=ARRAY(BigInteger)))))
_FORGET = Statement(delete(receipt).where(receipt.c.received_at < bindparam("before")))


def keep(work: UnitOfWork, provider: str, arrived: Sequence[Receipt | Inbound]) -> None:
    """Store receipts as they came; what a handset wrote back takes effect at once."""
    replies.take(work, [one for one in arrived if isinstance(one, Inbound)])
    work.write_many(_KEEP, [
        {"provider": provider, "provider_message_id": one.provider_message_id, "reason": one.reason,
         "state": (PartState.DELIVERED if one.delivered else PartState.UNDELIVERED).value, "reference": one.reference,
         "address_lookup": work.privacy.lookup(one.address, ADDRESS)}
        for one in arrived if isinstance(one, Receipt)])


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
    said: dict[int, Any] = {}  # by part, the receipt that counts: the first, or a later one that says otherwise
    for one in arrived:
        if after[one.number] is not PartState.DELIVERED:
            after[one.number] = PartState(one.state)
            reason = one.reason
            said[one.number] = one
        said.setdefault(one.number, one)
    for number, one in said.items():
        work.write(_APPLY, key=row.id, part=number, state=after[number].value,
                   provider_message_id=one.provider_message_id)
    decided = states.settled(list(after.values()))
    return None if decided is None else messages.settle(work, row, decided, reason if decided is State.FAILED else None)


def forget(work: UnitOfWork) -> None:
    """Drop the receipts that fitted nothing for long."""
    work.write(_FORGET, before=work.now - KEPT_FOR)
