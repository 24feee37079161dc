"""Commands are applied once.

The command's row (id, keyed hash of the request, sealed answer) commits with its effect. The look-up is optimistic: the
capability simply runs, and only when its row is already there (or it refuses, or the connection was lost) is the stored
answer sought. So the usual command costs no round trip more, and a repeat at any moment, even while the first attempt
still runs, gets the first one's answer: its insert waits for the first transaction to end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import bindparam, select

from chassis import tables
from chassis.database import Statement
from chassis.errors import Conflict, Unavailable
from chassis.uow import TRIES, UnitOfWork
from rules.refusal import Refusal, refuse

_STORE = Statement.insert(tables.command, "id", "method", "request_hash", "answer")
_LOOK_UP = Statement(
    select(tables.command.c.method, tables.command.c.request_hash, tables.command.c.answer).where(
        tables.command.c.id == bindparam("id")
    )
)
_FIELD = "command.answer"
_HASHED = "command.request"


def apply(
    make: Callable[[], UnitOfWork],
    command_id: UUID,
    method: str,
    payload: Any,
    work: Callable[[UnitOfWork], dict[str, Any]],
) -> dict[str, Any]:
    """The command's answer, from its first application whichever that was. A reuse of the id with other content is
    refused `idempotency_key_reused`; a rule's refusal changes nothing and is not kept."""
    failure: Exception = Conflict(method)
    for _ in range(TRIES):
        unit = make()
        try:
            answer = work(unit)
            _store(unit, command_id, method, payload, answer)
            unit.commit()
            return answer
        except (Conflict, Unavailable, Refusal) as error:
            failure = error
            kept = _kept_answer(make(), command_id, method, payload)
            if kept is not None:
                return kept
            if not isinstance(error, Conflict):
                raise
    raise failure


def _store(unit: UnitOfWork, command_id: UUID, method: str, payload: Any, answer: dict[str, Any]) -> None:
    unit.write(
        _STORE,
        id=command_id,
        method=method,
        request_hash=unit.privacy.lookup(_digest(payload), _HASHED),
        answer=unit.privacy.seal_bytes(orjson.dumps(answer), field=_FIELD),
    )


def _kept_answer(unit: UnitOfWork, command_id: UUID, method: str, payload: Any) -> dict[str, Any] | None:
    row = unit.first(_LOOK_UP, id=command_id)
    if row is None:
        return None
    if row.method != method or not unit.privacy.known(row.request_hash, _digest(payload), _HASHED):
        raise refuse("idempotency_key_reused")
    answer: dict[str, Any] = orjson.loads(unit.privacy.open_bytes(row.answer, field=_FIELD))
    return answer


def _digest(payload: Any) -> str:
    return hashlib.sha256(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).hexdigest()
