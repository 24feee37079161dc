"""Tracking numbers for the national portal: reserved ahead, so that an application taken at the centre has its final
number at once, also while the line is down. The node tops them up when half are used; a block never runs out by time,
because nobody here knows which of its numbers the centre has given while the line was down."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from prometheus_client import Gauge
from sqlalchemy import text

from chassis.database import Statement
from chassis.metrics import REGISTRY
from chassis.uow import UnitOfWork
from contracts.requests_portal import PORTAL_BLOCK_RESERVED
from services.requests import numbers

PORTAL = UUID("00000000-0000-5000-8000-000000000001")
"""Holds the numbers, as a device does that takes applications without a line."""
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
RESERVED = 500
"""That the centre holds of a governorate (setting PORTAL_NUMBERS): a day of two million applications a year is 8,000,
of which the national portal is the smaller part; what a week's cut takes is set by the operator."""

BLOCK = 5_000
"""Numbers of one block, which travels as one event: some 90 KB."""

_LEFT_GAUGE = Gauge("shubbak_portal_numbers_left", "Tracking numbers that the national portal may still give here",
                    registry=REGISTRY)  # fmt: skip
_LEFT = Statement(
    text("SELECT count(*) FROM reserved_serial WHERE device_id = :portal AND kind = 'tracking' AND state = 'reserved'")
)


def wanted(work: UnitOfWork) -> int:
    """How many numbers the centre is to hold; none where this node opens no application of its (no LINK_BOX_KEY)."""
    if not work.settings.env("LINK_BOX_KEY"):
        return 0
    return work.settings.number("PORTAL_NUMBERS", RESERVED, most=100_000)


def top_up(work: UnitOfWork) -> bool:
    """Reserve as many as are missing when half are used, in blocks, and tell the centre. Answers whether it did."""
    most = wanted(work)
    if not most:
        return False
    left = int(work.scalar(_LEFT, portal=PORTAL))
    _LEFT_GAUGE.set(left)
    if left > most // 2:
        return False
    for missing in range(most - left, 0, -BLOCK):
        block_id, given = numbers.draw(work, PORTAL, min(missing, BLOCK), NEVER)
        work.append(PORTAL_BLOCK_RESERVED, block_id, 1, {"block_id": block_id, "numbers": given})
    return True
