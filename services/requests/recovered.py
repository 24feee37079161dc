"""Numbers that the centre knows of this node after a restore: none of them is given a second time."""

from __future__ import annotations

import logging
from collections.abc import Callable

from chassis import restoring
from chassis.restoring import Serial
from chassis.uow import UnitOfWork
from contracts.events import Event
from rules import numbering
from rules.refusal import Refusal

log = logging.getLogger(__name__)

TRACKING = Serial("tracking_serial", "number_register")
SERIALS = {
    "tracking": TRACKING,
    "licence": Serial("licence_serial", "licence_number"),
    "complaint": Serial("complaint_serial"),
    "deemed": Serial("deemed_serial"),
    "letter": Serial("letter_serial"),
    "visit": Serial("visit_serial"),
}
_PARSED: dict[str, Callable[[str], numbering.Numbered]] = {
    "licence": numbering.parse_licence_serial,
    "complaint": numbering.parse_complaint_number,
    "deemed": numbering.parse_deemed_number,
    "letter": numbering.parse_letter_number,
    "visit": numbering.parse_visit_number,
}


def take(work: UnitOfWork, event: Event) -> None:
    """Move every sequence behind the highest of its numbers."""
    for kind, serial in SERIALS.items():
        highest = max((_sequence(work, kind, number) for number in event.data["numbers"].get(kind, ())), default=-1)
        if highest >= 0:
            restoring.beyond(work, serial, highest)


def _sequence(work: UnitOfWork, kind: str, number: str) -> int:
    try:
        if kind == "tracking":
            return numbering.tracking_sequence(number, work.settings.number_key)
        return _PARSED[kind](number).sequence
    except Refusal:
        log.error("a number that the other end knows is none of ours", extra={"kind": kind, "number": number})
        return -1
