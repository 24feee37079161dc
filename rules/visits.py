"""Visits of the mobile district as data: what may become of one, what each purpose asks of a request, on which day one
may be planned, and what of it the citizen is told.

How many visits a tablet is given a day is a setting of the governorate; the rule takes it as a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from rules.calendar import Calendar
from rules.refusal import Fault, refuse
from rules.register import RENEWAL

ORDERED, PLANNED, OUT, DONE, MISSED, CANCELLED = "ordered", "planned", "out", "done", "missed", "cancelled"
STATES = (ORDERED, PLANNED, OUT, DONE, MISSED, CANCELLED)
NAMES: Mapping[str, tuple[str, str]] = MappingProxyType({
    ORDERED: ("مطلوبة", "ordered"), PLANNED: ("محددة الموعد", "planned"), OUT: ("خرج بها الموظف", "out with the clerk"),
    DONE: ("تمت", "done"), MISSED: ("لم تتم", "missed"), CANCELLED: ("ملغاة", "cancelled"),
})
"""Each state in Arabic and English."""
OPEN = (ORDERED, PLANNED, OUT)
"""States in which something is still to come: one such visit at a time for a request, or for a person and a service."""

PLAN = "plan"        # the manager gives it a tablet, a clerk and a day, or others than before
GO_OUT = "go_out"    # the clerk took it along in the day's bundle
FINISH = "finish"    # the clerk reports that the visit took place
MISS = "miss"        # the citizen was not met, or nobody went
CANCEL = "cancel"    # the citizen takes the order back
CALL_OFF = "call_off"  # the centre takes it back
ACTIONS = (PLAN, GO_OUT, FINISH, MISS, CANCEL, CALL_OFF)

# From a state, by an action, to a state. A visit that is out is not cancelled by the citizen: the clerk may stand at
# the door and have no line; the centre may call it off or plan it anew, for a tablet that broke.
_TABLE = """
ordered  plan      planned
planned  plan      planned
out      plan      planned
missed   plan      planned
planned  go_out    out
out      go_out    out
out      finish    done
planned  miss      missed
out      miss      missed
ordered  cancel    cancelled
planned  cancel    cancelled
ordered  call_off  cancelled
planned  call_off  cancelled
out      call_off  cancelled
"""
TRANSITIONS: Mapping[tuple[str, str], str] = MappingProxyType(
    {(left, action): right for left, action, right in (line.split() for line in _TABLE.strip().splitlines())}
)

FURTHEST = timedelta(days=60)
"""How far ahead a visit is wished for or planned."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a visit is for. `needs` says what of a request: none (it is about a new one), `open` (not ended), `renewal`
    (not ended, and of a service that renews licences), `applicant` (it waits for the applicant), `issued` (it brought
    out a licence)."""

    needs: str | None
    ar: str
    en: str


PURPOSES: Mapping[str, Purpose] = MappingProxyType({
    "renewal": Purpose("renewal", "تجديد ترخيص", "Renewal of a licence"),
    "intake": Purpose(None, "استلام طلب جديد", "A new application"),
    "documents": Purpose("applicant", "استكمال مستندات", "Completion of documents"),
    "delivery": Purpose("issued", "تسليم ترخيص", "Handing over a licence"),
    "inspection": Purpose("open", "معاينة", "Inspection"),
})


def step(state: str, action: str) -> str:
    """The state after the action. Refuses visit_not_possible, naming the state and the action."""
    to = TRANSITIONS.get((state, action))
    if to is None:
        arabic, english = NAMES[state]
        raise refuse("visit_not_possible", "state", state=state, action=action, state_ar=arabic, state_en=english)
    return to


def renews(definition: Mapping[str, Any]) -> bool:
    """Whether what a service issues takes the place of an earlier licence as its renewal."""
    supersedes = definition.get("supersedes")
    return supersedes is not None and supersedes["as"] == RENEWAL


def fits(purpose: str, *, state_kind: str, outcome: str | None, licensed: bool, renewal: bool) -> list[Fault]:
    """Why a visit of this purpose cannot be ordered for a request that stands so: visit_purpose, or nothing. A new
    application is ordered without a request. `renewal`: the request's service `renews`; only such a licence is handed
    over on the spot."""
    needs = PURPOSES[purpose].needs
    if needs is None:
        wrong = True
    elif needs == "issued":
        wrong = not licensed
    else:
        wrong = (outcome is not None or (needs == "applicant" and state_kind != "applicant")
                 or (needs == "renewal" and not renewal))  # fmt: skip
    return [Fault("visit_purpose", "purpose", {"purpose": purpose})] if wrong else []


def day_faults(day: date, today: date, calendar: Calendar, field: str = "day") -> list[Fault]:
    """Why nobody comes on that day, as the unit's calendar has it: visit_day_past, visit_day_far,
    visit_day_not_working."""
    if day < today:
        return [Fault("visit_day_past", field, {"day": day.isoformat()})]
    if day > today + FURTHEST:
        return [Fault("visit_day_far", field, {"days": FURTHEST.days})]
    if not calendar.is_working(day):
        return [Fault("visit_day_not_working", field, {"day": day.isoformat()})]
    return []


def plan_faults(day: date, today: date, calendar: Calendar, planned: int, capacity: int) -> list[Fault]:
    """Why a visit cannot be planned onto a tablet's day that has `planned` others already: what `day_faults` says, and
    visit_day_full at the capacity."""
    faults = day_faults(day, today, calendar)
    if planned >= capacity:
        faults.append(Fault("visit_day_full", "day", {"day": day.isoformat(), "capacity": capacity}))
    return faults


def told(before: str | None, after: str, day_before: date | None, day: date | None) -> str | None:
    """What the citizen is told of a change: planned, moved (another day than they were told, or a visit that was missed
    comes again), cancelled, missed; None for the rest. Another clerk or tablet on the same day is not told."""
    if after == PLANNED:
        if day_before is None or before == ORDERED:
            return "planned"
        return "moved" if day_before != day or before == MISSED else None
    return after if after in (CANCELLED, MISSED) and before != after else None
