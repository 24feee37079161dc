"""What notifications keeps as keyed hashes (`python -m chassis rekey notifications`)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.rekeying import Hashed, Passing, Rehashed
from chassis.uow import UnitOfWork
from services.notifications.messages import ADDRESS

_MESSAGES = Statement(
    text(
        "SELECT id::text AS key, id, address, address_lookup FROM message "
        "WHERE CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid) ORDER BY id LIMIT :size"
    )
)
_MESSAGE = Statement(
    text("UPDATE message SET address_lookup = :new WHERE id = :message_id AND address_lookup = :old")
)
# Receipts that came before their message was known as sent wait under the same hash.
_RECEIPTS = Statement(text("UPDATE receipt SET address_lookup = :new WHERE address_lookup = :old"))


def of_message(work: UnitOfWork, row: Any) -> bool:
    """The hash of the address to which a message went, and of receipts from there."""
    new, old = work.privacy.lookup(work.privacy.open(row.address, field=ADDRESS), ADDRESS), bytes(row.address_lookup)
    if new == old:
        return False
    work.write(_MESSAGE, expect=1, message_id=row.id, new=new, old=old)
    work.write(_RECEIPTS, new=new, old=old)
    return True


HASHED: tuple[Hashed, ...] = (
    Rehashed("message", ("message.address_lookup", "receipt.address_lookup"), _MESSAGES, of_message),
    Passing(("code_challenge.phone_key", "code_challenge.code_hash", "code_count.key", "code_last.key"), 1,
            "a code holds for minutes and is counted for a day; a new key begins to count anew"),
    Passing(("command.request_hash",), 30, "a command may be repeated so long"),
)
