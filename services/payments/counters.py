"""Where cash is taken: windows of a unit, counters of post offices, drawers of tablets."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules.refusal import refuse
from services.payments import tables_counter

MANAGE = "counter.manage"
FIRST = {"ar": "شباك التحصيل", "en": "Cash window"}

_COUNTER = Statement(text("SELECT code, unit, kind, name FROM counter WHERE code = :wanted"))
_OF_UNIT = Statement(text("SELECT code, unit, kind, name FROM counter WHERE unit = :unit ORDER BY code"))
_LISTED = Statement(text("SELECT counter.code, counter.unit, counter.kind, counter.name, shift.cashier IS NOT NULL AS "
                         "taken FROM counter LEFT JOIN shift ON shift.counter = counter.code AND shift.state = 'open' "
                         "WHERE counter.unit = :unit ORDER BY counter.code"))
REGISTER = Statement.insert(tables_counter.counter)


class Counter:
    """A counter as it stands."""

    __slots__ = ("code", "kind", "name", "unit")

    def __init__(self, code: str, unit: str, kind: str, name: dict[str, str]) -> None:
        self.code, self.unit, self.kind, self.name = code, unit, kind, name


def of_unit(work: UnitOfWork, unit: str, code: str | None) -> Counter:
    """A counter of the unit by its code; without one its first window, made when the unit has none. Refuses
    counter_unknown."""
    code = f"{unit}.1" if code is None else code
    row = work.first(_COUNTER, wanted=code)
    if row is not None and row.unit == unit:
        return Counter(*row)
    if row is not None or code != f"{unit}.1":
        raise refuse("counter_unknown", "counter")
    add(work, code, unit, "window", FIRST)
    return Counter(code, unit, "window", FIRST)


def register(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A counter of a unit comes to be. Refuses forbidden, counter_exists."""
    work.require(MANAGE, unit=body["unit"])
    if work.first(_COUNTER, wanted=body["code"]) is not None:
        raise refuse("counter_exists", "code")
    add(work, body["code"], body["unit"], body["kind"], {"ar": body["name_ar"], "en": body["name_en"]})
    work.audit("counter.registered", body["code"], unit=body["unit"], kind=body["kind"])
    return {"counter": body["code"]}


def add(work: UnitOfWork, code: str, unit: str, kind: str, name: dict[str, str]) -> None:
    work.write(REGISTER, code=code, unit=unit, kind=kind, name=name, registered_by=work.actor.id,
               registered_at=work.now)


def listed(work: UnitOfWork, unit: str) -> list[dict[str, Any]]:
    """The counters of a unit, and at which of them a shift is open."""
    return [row._asdict() for row in work.all(_LISTED, unit=unit)]
