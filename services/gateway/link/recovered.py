"""What a restored place is given back of its own facts: its services hear which numbers stand in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.gateway_national import GIVEN
from contracts.links import NUMBERS_RECOVERED

# Fields that bear a number whatever the fact, and facts whose `number` is one.
_FIELDS = {"tracking_number": "tracking", "licence_serial": "licence", "bill_number": "bill",
           "receipt_number": "receipt"}  # fmt: skip
_OF_TYPE = {
    "requests.licence.issued.v1": ("serial", "licence"),
    "requests.licence.changed.v1": ("serial", "licence"),
    "requests.release.reported.v1": ("serial", "licence"),
    "requests.complaint.changed.v1": ("number", "complaint"),
    "requests.deemed.issued.v1": ("number", "deemed"),
    "requests.letter.changed.v1": ("number", "letter"),
    "requests.visit.changed.v1": ("number", "visit"),
    "requests.portalblock.reserved.v1": ("numbers", "tracking"),
}

# At a restored centre numbers that its portal had given look free again; those of a block that the backup does not know
# would, when the node sends the block again.
_GIVEN = Statement(
    text("INSERT INTO national_number AS kept (number, governorate, block_id, application_id, at) "
         "VALUES (:number, :peer, CAST(:application_id AS uuid), CAST(:application_id AS uuid), :at) "
         "ON CONFLICT (number) DO UPDATE SET application_id = excluded.application_id, at = excluded.at "
         "WHERE kept.application_id IS NULL")
)


def numbers_of(facts: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, list[str]]:
    """The numbers that stand in facts (type, data), by kind (contracts.links.KINDS), each once."""
    found: dict[str, set[str]] = defaultdict(set)
    for event_type, data in facts:
        named = [(kind, data.get(field)) for field, kind in _FIELDS.items()]
        if event_type in _OF_TYPE:
            field, kind = _OF_TYPE[event_type]
            named.append((kind, data.get(field)))
        for kind, value in named:
            found[kind].update(value if isinstance(value, list) else [value] if value else [])
    return {kind: sorted(numbers) for kind, numbers in sorted(found.items()) if numbers}


def tell(work: UnitOfWork, peer: str, facts: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Gather that this place's services hear of the numbers in facts that `peer` gave back, at most a few hundred at
    once. Nothing where there are none."""
    told = list(facts)
    for event_type, data in told:
        if event_type == GIVEN.name:
            work.write(_GIVEN, application_id=data["application_id"], number=data["tracking_number"], peer=peer,
                       at=work.now)  # fmt: skip
    if numbers := numbers_of(told):
        work.append(NUMBERS_RECOVERED, uuid7(), 1, {"peer": peer, "facts": len(told), "numbers": numbers})
