"""What notifications keeps as keyed hashes (`python -m chassis rekey notifications`)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.rekeying import Hashed, Passing, Rehashed
from chassis.uow import UnitOfWork
from services.notifications.preferences import ADDRESS, CHOSEN, Address

_MESSAGES = Statement(
    text(
        "SELECT id::text AS key, id, address, address_lookup FROM message "
        "WHERE address IS NOT NULL AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid)) "
        "ORDER BY id LIMIT :size"
    )
)
_MESSAGE = Statement(
    text("UPDATE message SET address_lookup = :new WHERE id = :message_id AND address_lookup = :old")
)
# Receipts that came before their message was known as sent wait under the same hash.
_RECEIPTS = Statement(text("UPDATE receipt SET address_lookup = :new WHERE address_lookup = :old"))
_PREFERENCES = Statement(
    text(
        "SELECT id::text AS key, id, channel, address, version, "
        "(SELECT coalesce(array_agg(lookup), '{}') FROM preference_address WHERE preference_id = preference.id) "
        "AS kept "
        "FROM preference WHERE CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid) ORDER BY id LIMIT :size"
    )
)
_ADD = Statement(text("INSERT INTO preference_address (lookup, preference_id) VALUES (:lookup, :preference_id)"))
_DROP = Statement(text("DELETE FROM preference_address WHERE lookup = :lookup"))


def of_message(work: UnitOfWork, row: Any) -> bool:
    """The hash of the address to which a message went, and of receipts from there."""
    new, old = work.privacy.lookup(work.privacy.open(row.address, field=ADDRESS), ADDRESS), bytes(row.address_lookup)
    if new == old:
        return False
    work.write(_MESSAGE, expect=1, message_id=row.id, new=new, old=old)
    work.write(_RECEIPTS, new=new, old=old)
    return True


def of_preference(work: UnitOfWork, row: Any) -> bool:
    """The hashes of an address for which something was chosen: one under every configured key."""
    address = Address(row.channel, work.privacy.open(row.address, field=ADDRESS))
    wanted, kept = set(work.privacy.lookups(address.key, CHOSEN)), {bytes(one) for one in row.kept}
    for lookup in sorted(wanted - kept):
        work.write(_ADD, expect=1, lookup=lookup, preference_id=row.id)
    for lookup in sorted(kept - wanted):
        work.write(_DROP, expect=1, lookup=lookup)
    return wanted != kept


HASHED: tuple[Hashed, ...] = (
    Rehashed("message", ("message.address_lookup", "receipt.address_lookup"), _MESSAGES, of_message),
    Rehashed("preference", ("preference_address.lookup",), _PREFERENCES, of_preference),
    Passing(("address_day.lookup",), 2, "messages of an address are counted by day"),
    Passing(("code_challenge.phone_key", "code_challenge.code_hash", "code_count.key", "code_last.key"), 1,
            "a code holds for minutes and is counted for a day; a new key begins to count anew"),
    Passing(("audience_member.address_lookup",), 90, "an audience is forgotten after that; a list read meanwhile may "
            "take an address twice"),
    Passing(("command.request_hash",), 30, "a command may be repeated so long"),
)
