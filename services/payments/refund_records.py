"""Refunds and credits as they stand in the database, and the one way in which either changes: by the version that was
seen, each change of a refund exactly one event (none where it is about no bill)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, text, update

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.payments_refunds import REFUND_CHANGED
from rules import refunds as rules
from rules.refusal import refuse
from services.payments import records
from services.payments import tables_refunds as tables
from services.payments.records import Bill

AT_MOST = 500
BILL, CREDIT, HELD = "bill", "credit", "held"


@dataclass(frozen=True, slots=True)
class Credit:
    """What came for a bill that was paid before. Piastres."""

    id: UUID
    version: int
    bill_id: UUID
    payment_id: UUID | None
    unit: str
    account: str
    amount: int
    refunded: int
    raised_at: datetime

    @property
    def left(self) -> int:
        return self.amount - self.refunded


@dataclass(frozen=True, slots=True)
class Refund:
    """An order to give money back. `bill_id` is None for held money that came for no bill, and `unit` then empty."""

    id: UUID
    version: int
    bill_id: UUID | None
    credit_id: UUID | None
    payment_id: UUID | None
    unit: str
    state: str
    way: str
    rail: str | None
    amount: int
    parts: list[dict[str, Any]]
    reason: str
    requested_by: str
    requested_at: datetime
    attempts: int = 0
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None
    next_at: datetime | None = None
    reference: str | None = None
    error: str | None = None
    done_by: str | None = None
    done_at: datetime | None = None
    review_id: UUID | None = None

    @property
    def of(self) -> str:
        """Whose money goes back: `bill`, `credit`, or `held` for what belonged to no bill."""
        if self.review_id is not None:
            return HELD
        return BILL if self.credit_id is None else CREDIT


_CHANGES = ("state", "way", "rail", "attempts", "decided_by", "decided_at", "decision_reason", "next_at", "reference",
            "error", "done_by", "done_at")
_INSERT, _INSERT_CREDIT = Statement.insert(tables.refund), Statement.insert(tables.credit)
_UPDATE = Statement(update(tables.refund).where(
    tables.refund.c.id == bindparam("which"), tables.refund.c.version == bindparam("seen")
).values(version=bindparam("seen") + 1,
         **{name: bindparam(name, type_=tables.refund.c[name].type) for name in _CHANGES}))
_UPDATE_CREDIT = Statement(update(tables.credit).where(
    tables.credit.c.id == bindparam("which"), tables.credit.c.version == bindparam("seen")
).values(version=bindparam("seen") + 1, refunded=bindparam("refunded", type_=tables.credit.c.refunded.type)))


def _of(table: Any, record: type, *where: Any) -> Any:
    return select(*(table.c[field.name] for field in fields(record))).where(*where)


_REFUND = Statement(_of(tables.refund, Refund, tables.refund.c.id == bindparam("wanted")))
_CREDIT = Statement(_of(tables.credit, Credit, tables.credit.c.id == bindparam("wanted")))
_OF_BILL = Statement(_of(tables.refund, Refund, tables.refund.c.bill_id == bindparam("wanted"))
                     .order_by(tables.refund.c.requested_at, tables.refund.c.id))
_CREDITS_OF_BILL = Statement(_of(tables.credit, Credit, tables.credit.c.bill_id == bindparam("wanted"))
                             .order_by(tables.credit.c.raised_at, tables.credit.c.id))
_WAITING = Statement(_of(  # the predicate of the index refund_waiting, to the letter
    tables.refund, Refund, text("state IN ('requested','approved','sent','under_way','refused','uncertain')"),
    text("(CAST(:unit AS text) IS NULL OR unit IN (:unit, ''))")).order_by(tables.refund.c.requested_at).limit(AT_MOST))


def refund(work: UnitOfWork, refund_id: UUID) -> Refund:
    """The refund. Refuses refund_unknown."""
    row = work.first(_REFUND, wanted=refund_id)
    if row is None:
        raise refuse("refund_unknown", "refund_id")
    return Refund(**row._asdict())


def credit(work: UnitOfWork, credit_id: UUID) -> Credit:
    """The credit. Refuses credit_unknown."""
    row = work.first(_CREDIT, wanted=credit_id)
    if row is None:
        raise refuse("credit_unknown", "credit_id")
    return Credit(**row._asdict())


def bill_of(work: UnitOfWork, standing: Refund) -> Bill | None:
    """The bill that the refund is about, if it is about one."""
    return None if standing.bill_id is None else records.bill(work, standing.bill_id)


def of_bill(work: UnitOfWork, bill_id: UUID) -> list[Refund]:
    """All refunds of a bill, of its credits and of money held for it, oldest first."""
    return [Refund(**row._asdict()) for row in work.all(_OF_BILL, wanted=bill_id)]


def credits_of_bill(work: UnitOfWork, bill_id: UUID) -> list[Credit]:
    return [Credit(**row._asdict()) for row in work.all(_CREDITS_OF_BILL, wanted=bill_id)]


def waiting(work: UnitOfWork, unit: str | None) -> list[Refund]:
    """Refunds that wait for a person, a rail or their hand-over, longest first, at most 500: those of the unit and of
    none, or all."""
    return [Refund(**row._asdict()) for row in work.all(_WAITING, unit=unit)]


def add_credit(work: UnitOfWork, new: Credit) -> None:
    work.write(_INSERT_CREDIT, **asdict(new))


def change_credit(work: UnitOfWork, old: Credit, refunded: int) -> None:
    work.write(_UPDATE_CREDIT, expect=1, which=old.id, seen=old.version, refunded=refunded)


def add(work: UnitOfWork, new: Refund, bill: Bill | None) -> None:
    work.write(_INSERT, **asdict(new))
    _announce(work, new, bill)


def change(work: UnitOfWork, old: Refund, bill: Bill | None, **changes: Any) -> Refund:
    """Change a refund and say so. Whether the change is allowed has been judged before (rules.refunds)."""
    new = replace(old, version=old.version + 1, **changes)
    work.write(_UPDATE, expect=1, which=old.id, seen=old.version, **{name: getattr(new, name) for name in _CHANGES})
    _announce(work, new, bill)
    return new


def _announce(work: UnitOfWork, standing: Refund, bill: Bill | None) -> None:
    if bill is None:  # of no request either: there is nobody to tell
        return
    work.append(REFUND_CHANGED, standing.id, standing.version, state_of(standing, bill))


def state_of(standing: Refund, bill: Bill | None) -> dict[str, Any]:
    """The refund in the published language (contracts.payments_refunds.RefundState)."""
    return {
        "refund_id": standing.id, "bill_id": standing.bill_id, "bill_number": bill.number if bill else None,
        "request_id": bill.request_id if bill else None, "tracking_number": bill.tracking_number if bill else None,
        "unit": standing.unit, "of": standing.of, "state": standing.state, "way": standing.way,
        "rail": standing.rail, "amount": standing.amount, "currency": records.CURRENCY,
        "reference": standing.reference, "done_at": standing.done_at,
    }


def shown(standing: Refund, bill: Bill | None, *, travels: bool) -> dict[str, Any]:
    """All that a person who decides about it must see. `travels`: it goes by a rail of the centre's, which answers."""
    return {**state_of(standing, bill), "travels": travels, "credit_id": standing.credit_id,
            "review_id": standing.review_id,
            "parts": standing.parts,
            "reason": standing.reason, "requested_by": standing.requested_by, "requested_at": standing.requested_at,
            "decided_by": standing.decided_by, "decided_at": standing.decided_at,
            "decision_reason": standing.decision_reason, "attempts": standing.attempts, "error": standing.error,
            "done_by": standing.done_by, "open": standing.state in rules.OPEN}
