"""Shifts of cashiers: opened at a counter with a float, closed with a count, counter-signed by another person.

Whatever moves cash at a counter first enters the open shift of who does it (`enter`): the shift's row is written in
the same commit, so that a payment and the closing of its shift never both succeed from the same state. What a drawer
must hold is the sum of what its journals moved (`shift_move`), which `python -m services.payments check` holds against
the books.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.payments_counter import SHIFT_CHANGED
from rules import counter as rules
from rules import ledger_counter
from rules.refusal import refuse
from services.payments import counters, ledger, tables_counter

_STATES = (rules.OPEN, rules.CLOSED, rules.APPROVED)
_TOLD = [name for name in SHIFT_CHANGED.schema().fields if name != "currency"]
COLLECT, APPROVE = "bill.take_cash", "shift.approve"
MOST_SHOWN = 100

_OPEN = Statement.insert(tables_counter.shift, "id", "version", "counter", "unit", "cashier", "state", "opened_at",
                         "opening")
_COLUMNS = ("shift.id, shift.version, shift.counter, shift.unit, shift.cashier, shift.state, shift.opened_at, "
            "shift.opening, shift.closed_at, shift.expected, shift.counted, shift.pieces, shift.difference, "
            "shift.deposited, shift.reason, shift.approved_at, shift.approved_by, shift.note, counter.name, "
            "counter.kind")
_FROM = f"SELECT {_COLUMNS} FROM shift JOIN counter ON counter.code = shift.counter "  # noqa: S608
_OWN = Statement(text(_FROM + "WHERE shift.cashier = :cashier AND shift.state = 'open'"))
_ONE = Statement(text(_FROM + "WHERE shift.id = :wanted"))
_AT = Statement(text("SELECT cashier FROM shift WHERE counter = :counter AND state = 'open'"))
_LIST = Statement(text(_FROM + "WHERE (CAST(:unit AS text) IS NULL OR shift.unit = :unit) AND shift.state = :state "
                       "ORDER BY shift.opened_at DESC LIMIT :most"))
_TOUCH = Statement(text("UPDATE shift SET version = version + 1 WHERE id = :which AND version = :seen "
                        "AND state = 'open'"))
_CLOSE = Statement(text(
    "UPDATE shift SET version = version + 1, state = :state, closed_at = :at, expected = :expected, "
    "counted = :counted, pieces = CAST(:pieces AS jsonb), difference = :difference, deposited = :deposited, "
    "reason = :reason WHERE id = :which AND version = :seen AND state = 'open'"))
_APPROVE = Statement(text(
    "UPDATE shift SET version = version + 1, state = :state, approved_at = :at, approved_by = :who, note = :note "
    "WHERE id = :which AND version = :seen"))
_MOVED = Statement(text("SELECT kind, sum(amount) AS amount, count(*) AS times FROM shift_move "
                        "WHERE shift_id = :wanted GROUP BY kind ORDER BY kind"))
_SLIPS = Statement(text("SELECT terminal_id, batch, count(*) AS slips, sum(amount) AS amount FROM shift_slip "
                        "WHERE shift_id = :wanted GROUP BY terminal_id, batch ORDER BY terminal_id, batch"))


@dataclass(frozen=True, slots=True)
class Shift:
    """An open shift that work has entered."""

    id: UUID
    counter: str
    unit: str
    opening: int
    opened_at: datetime


def enter(work: UnitOfWork) -> Shift:
    """The open shift of the actor, kept open until this work is committed: cash moves in it. Call once in a unit of
    work. Refuses shift_required."""
    row = own(work)
    work.write(_TOUCH, expect=1, which=row.id, seen=row.version)
    return Shift(row.id, row.counter, row.unit, row.opening, row.opened_at)


def own(work: UnitOfWork) -> Any:
    """The row of the actor's open shift. Refuses shift_required."""
    row = work.first(_OWN, cashier=work.actor.id)
    if row is None:
        raise refuse("shift_required", "shift")
    return row


def open_one(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A cashier begins at a counter of the own unit. Refuses forbidden, shift_open_already, counter_unknown,
    counter_of_device, counter_taken."""
    if work.actor.unit is None:
        raise refuse("forbidden")
    work.require(COLLECT, unit=work.actor.unit)
    standing = work.first(_OWN, cashier=work.actor.id)
    if standing is not None:
        raise refuse("shift_open_already", "counter", counter=standing.counter)
    counter = counters.of_unit(work, work.actor.unit, body.get("counter"))
    if counter.kind == "device":
        raise refuse("counter_of_device", "counter")
    if work.first(_AT, counter=counter.code) is not None:
        raise refuse("counter_taken", "counter")
    shift_id, opening = uuid7(), body.get("float") or 0
    work.write(_OPEN, id=shift_id, version=1, counter=counter.code, unit=counter.unit, cashier=work.actor.id,
               state=rules.OPEN, opened_at=work.now, opening=opening)
    if opening:
        ledger.post(work, ledger_counter.float_issued(counter.unit, str(shift_id), opening), unit=counter.unit,
                    shift_id=shift_id)
    work.audit("shift.opened", str(shift_id), counter=counter.code, float=opening)
    _tell(work, {
        "shift_id": shift_id, "counter": counter.code, "counter_kind": counter.kind, "unit": counter.unit,
        "cashier": work.actor.id, "state": rules.OPEN, "opened_at": work.now, "float": opening})
    return {"shift_id": shift_id, "counter": counter.code, "counter_name": counter.name, "unit": counter.unit,
            "state": rules.OPEN, "opened_at": work.now, "float": opening, "expected": opening}


def pay_out(work: UnitOfWork, amount: int) -> UUID:
    """Cash goes back to a citizen out of the drawer of the own shift, which is entered and answered. Refuses
    shift_required, drawer_short."""
    shift = enter(work)
    expected = drawer(work, shift.id)
    if amount > expected:
        raise refuse("drawer_short", "amount", expected=expected)
    return shift.id


def hand_over(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Cash leaves the drawer for the treasury while the shift goes on. Refuses shift_required, drawer_short."""
    shift, amount = enter(work), body["amount"]
    expected = drawer(work, shift.id)
    if amount > expected:
        raise refuse("drawer_short", "amount", expected=expected)
    ledger.post(work, ledger_counter.cash_deposited(shift.unit, uuid7().hex, amount), unit=shift.unit,
                shift_id=shift.id)
    work.audit("shift.handed_over", str(shift.id), amount=amount, note=body.get("note"))
    return {"shift_id": shift.id, "handed_over": amount, "expected": expected - amount}


def close(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """The cashier counts the drawer and closes the shift: the difference is posted, the float goes back, the rest
    to the deposit. Refuses shift_required, shift_closed (the one that is meant), denomination_unknown, count_malformed,
    difference_reason_required."""
    wanted = body.get("shift_id")
    row = work.first(_OWN, cashier=work.actor.id)
    if row is None or (wanted is not None and wanted != row.id):
        raise refuse("shift_required" if wanted is None else "shift_closed", "shift_id")
    pieces = {name: number for name, number in body["count"].items() if number != 0}
    found = rules.counted(pieces)
    closing = rules.close(row.opening, drawer(work, row.id), found, body.get("reason"))
    unit, reference = row.unit, str(row.id)
    work.write(_CLOSE, expect=1, which=row.id, seen=row.version, state=rules.step(row.state, "close"), at=work.now,
               expected=closing.expected, counted=found, pieces=orjson.dumps(pieces).decode(),
               difference=closing.difference, deposited=closing.deposited, reason=body.get("reason"))
    made = [ledger_counter.cash_differed(unit, reference, closing.difference)] if closing.difference else []
    made += [ledger_counter.float_returned(unit, reference, closing.returned)] if closing.returned else []
    made += [ledger_counter.cash_deposited(unit, reference, closing.deposited)] if closing.deposited else []
    for entry in made:
        ledger.post(work, entry, unit=unit, shift_id=row.id)
    work.audit("shift.closed", reference, expected=closing.expected, counted=found, difference=closing.difference)
    return _tell(work, {
        **state_of(row), "state": rules.CLOSED, "closed_at": work.now, "expected": closing.expected, "counted": found,
        "pieces": pieces, "difference": closing.difference, "deposited": closing.deposited,
        "reason": body.get("reason")})


def approve(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Another person counter-signs a closed shift of the own unit. Refuses forbidden, shift_unknown, shift_own,
    shift_open, shift_approved."""
    row = _one(work, body["shift_id"])
    work.require(APPROVE, unit=row.unit)
    if row.cashier == work.actor.id:
        raise refuse("shift_own", "shift_id")
    state = rules.step(row.state, "approve")
    work.write(_APPROVE, expect=1, which=row.id, seen=row.version, state=state, at=work.now, who=work.actor.id,
               note=body.get("note"))
    work.audit("shift.approved", str(row.id), difference=row.difference)
    return _tell(work, {**state_of(row), "state": state, "approved_by": work.actor.id, "approved_at": work.now,
                        "note": body.get("note")})


def show(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """The caller's open shift, or another of the own unit, with what moved in it; and the unit's counters."""
    wanted = body.get("shift_id")
    row = work.first(_OWN, cashier=work.actor.id) if wanted is None else _one(work, wanted)
    if row is not None and row.cashier != work.actor.id:
        work.require(APPROVE, unit=row.unit)
    return {"shift": None if row is None else _whole(work, row),
            "counters": counters.listed(work, work.actor.unit) if work.actor.unit else [],
            "pieces": list(rules.PIECES)}


def listed(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """The unit's shifts in a state, newest first."""
    rows = work.all(_LIST, unit=work.actor.unit, state=body["state"], most=MOST_SHOWN)
    return {"shifts": [state_of(row) for row in rows]}


def drawer(work: UnitOfWork, shift_id: UUID) -> int:
    """What a shift's drawer has to hold, in piastres: float and takings less refunds and hand-overs."""
    return sum(int(row.amount) for row in work.all(_MOVED, wanted=shift_id))


def state_of(row: Any) -> dict[str, Any]:
    """A shift as it is told."""
    return {
        "shift_id": row.id, "counter": row.counter, "counter_name": row.name, "counter_kind": row.kind,
        "unit": row.unit, "cashier": row.cashier, "state": row.state, "opened_at": row.opened_at,
        "float": row.opening, "closed_at": row.closed_at, "expected": row.expected, "counted": row.counted,
        "pieces": row.pieces, "difference": row.difference, "deposited": row.deposited, "reason": row.reason,
        "approved_at": row.approved_at, "approved_by": row.approved_by, "note": row.note,
    }


def _tell(work: UnitOfWork, shown: dict[str, Any]) -> dict[str, Any]:
    """Append the event of a shift's change, made of how it is shown, and answer what was shown. A shift passes its
    three states in their order, so its place among them is the event's sequence; the row's version counts every
    payment."""
    work.append(SHIFT_CHANGED, shown["shift_id"], 1 + _STATES.index(shown["state"]),
                {"currency": "EGP", **{name: shown.get(name) for name in _TOLD}})
    return shown


def _whole(work: UnitOfWork, row: Any) -> dict[str, Any]:
    moved = work.all(_MOVED, wanted=row.id)
    expected = sum(int(one.amount) for one in moved)
    return {
        **state_of(row), "expected": expected if row.state == rules.OPEN else row.expected,
        "moves": [{"kind": one.kind, "amount": int(one.amount), "times": one.times} for one in moved],
        "slips": [{"terminal_id": one.terminal_id, "batch": one.batch, "slips": one.slips, "amount": int(one.amount)}
                  for one in work.all(_SLIPS, wanted=row.id)],
    }


def _one(work: UnitOfWork, shift_id: UUID) -> Any:
    row = work.first(_ONE, wanted=shift_id)
    if row is None:
        raise refuse("shift_unknown", "shift_id")
    return row
