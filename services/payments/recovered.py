"""Numbers of bills and receipts that the centre knows of this node after a restore: none is given a second time."""

from __future__ import annotations

import logging

from chassis import restoring
from chassis.restoring import Serial
from chassis.uow import UnitOfWork
from contracts.events import Event
from rules import numbering
from rules.refusal import Refusal

log = logging.getLogger(__name__)

SERIALS = {"bill": Serial("bill_serial"), "receipt": Serial("receipt_serial")}
_PARSED = {"bill": numbering.parse_bill_number, "receipt": numbering.parse_receipt_number}


def take(work: UnitOfWork, event: Event) -> None:
    """Move both sequences behind the highest of their numbers."""
    for kind, serial in SERIALS.items():
        highest = max((_sequence(kind, number) for number in event.data["numbers"].get(kind, ())), default=0)
        if highest:
            restoring.beyond(work, serial, highest)


def _sequence(kind: str, number: str) -> int:
    try:
        return _PARSED[kind](number).sequence
    except Refusal:
        log.error("a number that the other end knows is none of ours", extra={"kind": kind, "number": number})
        return 0
