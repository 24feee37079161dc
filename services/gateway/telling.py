"""Telling a phone that it opens an account no more. Notifications has to answer, so it is told after the account ended,
as often as it takes; notifications tells it once."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID, uuid5

from chassis.actors import Signer, system
from chassis.errors import Unavailable
from services.gateway import citizens

log = logging.getLogger("shubbak.gateway.telling")
_NAMESPACE = UUID("0d7a5c1e-3a0b-4c5d-9f57-6f6b8a3a2d11")


def tell_unbound(platform: Any) -> bool:
    """Tell those who are still to be told; True when there was somebody and all were told. Who cannot be told now is
    told at a later turn."""
    waiting = platform.attempt(citizens.to_tell)
    if not waiting:
        return False
    token = Signer(platform.settings.actor_private_key).sign(system("gateway"), platform.unit_of_work().now)
    for one in waiting:
        try:
            platform.calls("notifications.tell_unbound", one, actor=token,
                           command_id=uuid5(_NAMESPACE, one["account_id"]))  # fmt: skip
        except Unavailable as error:
            log.warning("a phone that was unbound is told later", extra={"error": str(error)})
            return False
        account_id = one["account_id"]
        platform.attempt(lambda work, account_id=account_id: citizens.told(work, account_id))
    return True
