"""Cash that a tablet took and that is held: where it lies, and what the tablet told of it."""

from __future__ import annotations

from typing import Any

import orjson

from chassis.uow import UnitOfWork

PREFIX = "device."
SEALED = "payments.review.body"


def is_device(drawer: str) -> bool:
    """Whether what is held came into a tablet's drawer, and not at a rail."""
    return drawer.startswith(PREFIX)


def seal(work: UnitOfWork, told: dict[str, Any]) -> str:
    """What the tablet told, as the review keeps it."""
    return work.privacy.seal(orjson.dumps(told).decode(), field=SEALED)


def told(work: UnitOfWork, review: Any) -> dict[str, Any]:
    """What the tablet told of the cash of this review: collected_by, collected_at, device_receipt, unit and more;
    nothing where a remainder was kept without it."""
    if review.body is None:
        return {}
    said: dict[str, Any] = orjson.loads(work.privacy.open(review.body, field=SEALED))
    return said
