"""A tablet's drawer, handed in at the counter: its cash is counted into the drawer of the cashier's shift."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules import counter as rules
from rules import ledger, ledger_counter
from rules.refusal import refuse
from services.payments import counters, shifts
from services.payments import ledger as journals

_HOLDS = Statement(text("SELECT sum(e.amount) FROM entry e JOIN journal j ON j.id = e.journal_id "
                        "WHERE e.account = :account AND j.unit = :unit HAVING count(*) > 0"))
_KNOWN = Statement(text("SELECT 1 FROM counter WHERE code = :wanted"))


def hand_in(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """All that a tablet collected for the unit comes into the drawer of the own shift, as counted; a difference is
    posted with its reason. Refuses shift_required, drawer_unknown (nothing was collected, or nothing is left),
    denomination_unknown, count_malformed, difference_reason_required."""
    shift, drawer = shifts.enter(work), f"device.{body['device_id']}"
    expected = int(work.scalar(_HOLDS, account=ledger.cash(drawer), unit=shift.unit) or 0)
    if expected <= 0:
        raise refuse("drawer_unknown", "device_id")
    found = rules.counted(body["count"])
    difference = rules.explained(expected, found, body.get("reason"))
    if work.first(_KNOWN, wanted=drawer) is None:
        name = f"{body['device_id']}"
        counters.add(work, drawer, shift.unit, "device", {"ar": f"جهاز {name}", "en": f"Device {name}"})
    journals.post(work, ledger_counter.drawer_handed_in(shift.unit, drawer, uuid7().hex, expected, found),
                  unit=shift.unit, shift_id=shift.id)
    work.audit("drawer.handed_in", str(body["device_id"]), shift=str(shift.id), expected=expected, counted=found,
               difference=difference, reason=body.get("reason"))
    return {"device_id": body["device_id"], "expected": expected, "counted": found, "difference": difference}
