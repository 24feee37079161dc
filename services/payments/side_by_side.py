"""Errands to the rails that are due, run side by side, so that one slow rail delays nobody long."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar
from uuid import UUID

from chassis import logs
from chassis.database import Statement
from chassis.errors import ChassisError
from chassis.uow import UnitOfWork

if TYPE_CHECKING:
    from chassis.service import Platform

log = logging.getLogger(__name__)

AT_ONCE = 16


class Due(Protocol):
    """What has an errand: a payment, a charge, a refund."""

    @property
    def id(self) -> UUID: ...


D = TypeVar("D", bound=Due)


def run(
    platform: Platform, due: Statement, one: Callable[[UnitOfWork, UUID], D], errand: Callable[[Platform, D], None],
    failed: Callable[[Platform, D], None] | None = None,
) -> bool:
    """Run `errand` for each row of `due` (its `id`, for `moment`, at most AT_ONCE of them), read by `one`. True when
    there may be more. What an errand raises ends it alone; `failed` is called after what nobody foresaw."""
    look = platform.unit_of_work()
    found = [one(look, row.id) for row in look.all(due, moment=look.now)]
    threads = [threading.Thread(target=_each, args=(platform, what, errand, failed), daemon=True) for what in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(found) == AT_ONCE


def _each(
    platform: Platform, what: D, errand: Callable[[Platform, D], None], failed: Callable[[Platform, D], None] | None
) -> None:
    told = {"kind": type(what).__name__, "id": str(what.id)}
    logs.correlation.set(what.id.hex)
    try:
        errand(platform, what)
    except ChassisError as error:  # the database, or another process was faster: due again
        log.warning("errand put off", extra={**told, "error": str(error)})
    except Exception:
        log.exception("errand failed", extra=told)
        if failed is not None:
            failed(platform, what)
