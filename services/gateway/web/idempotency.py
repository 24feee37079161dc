"""One command id for one intention of a client, however often the request arrives."""

from __future__ import annotations

import re
from uuid import UUID, uuid5

from rules.refusal import refuse

NAMESPACE = UUID("6f1c2b52-6a0e-4d0f-9e0c-5c1b7a3b8f10")
_KEY = re.compile(r"[\x21-\x7e]{8,200}")


def command_id(path: str, account: str, key: str | None) -> UUID:
    """The command id of a client's POST: equal for equal path, account and key, different otherwise.

    A visitor has no account, so visitors share one space of keys: send a random one (a UUID). The content is compared
    by the service, which refuses the same id with other content as `idempotency_key_reused`.
    Refuses `idempotency_key_required` when the header is missing or is not 8 to 200 printable characters.
    """
    if key is None or not _KEY.fullmatch(key):
        raise refuse("idempotency_key_required", "Idempotency-Key")
    return uuid5(NAMESPACE, "\n".join((path, account, key)))
