"""What the gateway keeps as keyed hashes (`python -m chassis rekey gateway`)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.rekeying import Hashed, Passing, Rehashed
from chassis.uow import UnitOfWork
from services.gateway.citizens import NUMBER, PHONE, number_value

_CITIZENS = Statement(
    text(
        "SELECT id::text AS key, id, card, number, number_key, phone, phone_key FROM citizen_account "
        "WHERE CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid) ORDER BY id LIMIT :size"
    )
)
_CITIZEN = Statement(
    text("UPDATE citizen_account SET number_key = :number_key, phone_key = :phone_key "
         "WHERE id = :account_id AND number_key = :old_number AND phone_key = :old_phone")
)


def of_citizen(work: UnitOfWork, row: Any) -> bool:
    """The hashes by which a citizen's account is found: of the card's number and of the phone."""
    number = work.privacy.lookup(number_value(row.card, work.privacy.open(row.number, field=NUMBER)), NUMBER)
    phone = work.privacy.lookup(work.privacy.open(row.phone, field=PHONE), PHONE)
    if (number, phone) == (bytes(row.number_key), bytes(row.phone_key)):
        return False
    work.write(_CITIZEN, expect=1, account_id=row.id, number_key=number, phone_key=phone,
               old_number=bytes(row.number_key), old_phone=bytes(row.phone_key))  # fmt: skip
    return True


HASHED: tuple[Hashed, ...] = (
    Rehashed("citizen_account", ("citizen_account.number_key", "citizen_account.phone_key"), _CITIZENS, of_citizen),
    Passing(("failure.key",), 1, "failed attempts are counted for minutes; a new key begins to count anew"),
    Passing(("portal_draft.token_key",), 14, "a draft lives so long and is looked for under both keys"),
    Passing(("command.request_hash",), 30, "a command may be repeated so long"),
)
