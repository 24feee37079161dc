"""A service says how far its log tells its story (contracts.watermarks)."""

from __future__ import annotations

from datetime import timedelta

from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.events import EventType

EVERY = 300.0  # seconds between two of them
LONGEST_COMMIT = timedelta(minutes=1)  # no transaction that began earlier is still to be committed (8 s a statement)


def tell(work: UnitOfWork, event_type: EventType) -> None:
    """Append that everything up to LONGEST_COMMIT ago has been told."""
    work.append(event_type, uuid7(), 1, {"until": work.now - LONGEST_COMMIT})
