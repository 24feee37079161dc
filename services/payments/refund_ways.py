"""By which ways money can go back, and what may be said here of money that lies at a rail of the centre's."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from chassis import restoring
from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import refunds as rules
from rules.refusal import Refusal, refuse
from services.payments.rails import RAILS, base, centre
from services.payments.refund_records import Refund

CLOCKS_APART = timedelta(minutes=5)  # of two places, at most; they are watched, and alarmed from two seconds on

# What the centre told as given back by an order that this place forgot, named by its id. A rail's own number, of what
# it gave back by itself, has another shape.
ORDER_ID = "CAST(substring(told.reference FROM '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$') AS uuid)"
_TOLD = Statement(text(f"""
    SELECT {ORDER_ID} AS refund_id, told.settled_at IS NOT NULL AS settled FROM review told
    WHERE told.reason = 'refund_reported' AND told.rail = :rail AND told.merchant_reference = :ours
      AND {ORDER_ID} IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM refund r WHERE r.id = {ORDER_ID} AND r.state = 'done')"""))  # noqa: S608
_REVIEW = Statement(text("SELECT merchant_reference FROM review WHERE id = :wanted"))


def from_before(work: UnitOfWork, moment: datetime) -> bool:
    """Whether what was ordered at a moment, by whichever place's clock, is of before this place was restored. It may
    have been done since, or refused and paid in another way, and forgotten: the rail is asked about it and not told to
    do it."""
    if work.settings.epoch == 1:
        return False
    began = restoring.began(work)
    return began is None or moment < began + CLOCKS_APART


def usual_way(work: UnitOfWork, rail: str | None, payment_id: UUID | None) -> str:
    """How the money goes back when nobody says otherwise: the way it came. What a rail told of no payment that we know
    goes back on the rail's own pages; of the centre's nobody here has those."""
    if rail is not None and payment_id is None:
        return rules.BANK if travels(work, rail) else rules.PORTAL
    return next(way for way in (rules.RAIL, rules.TERMINAL, rules.CASH) if possible(work, way, rail, payment_id))


def possible(work: UnitOfWork, way: str, rail: str | None, payment_id: UUID | None) -> bool:
    """Whether money that came by `rail` (None: in cash), of a payment that is known or not, can go back by `way`."""
    if way == rules.BANK:
        return True
    of_nobody = rail is not None and payment_id is None  # and of no unit, whose drawer could pay
    if way == rules.CASH:
        return not of_nobody
    if rail is None or (of_nobody and way != rules.PORTAL):
        return False
    try:
        traits = RAILS.of(work.settings, rail).traits
    except Refusal:  # this node has it set up no more
        return False
    if way in (rules.TERMINAL, rules.PORTAL):
        return not traits.travels and (traits.way == base.TERMINAL_SLIP) == (way == rules.TERMINAL)
    return traits.refund != base.NO_REFUND


def travels(work: UnitOfWork, rail: str) -> bool:
    """Whether a rail is the centre's. What it took is answered for there also when it is set up here no more."""
    try:
        return RAILS.of(work.settings, rail).traits.travels
    except Refusal:
        return rail == centre.NAME


def goes_up(work: UnitOfWork, standing: Refund) -> bool:
    """Whether a refund goes by a rail of the centre's."""
    return standing.way == rules.RAIL and standing.rail is not None and travels(work, standing.rail)


def check_way(work: UnitOfWork, standing: Refund, way: str) -> None:
    """Refuses what would pay a second time what the centre gave back by an order that this place, restored from before
    it, forgot and has not booked: refund_kept_by_centre where it is this very refund and the way is not the rail, which
    finds it done; refund_forgotten_first where it is another of the same payment, which has to be booked before. Once a
    person has settled what was told, because it cannot be booked, the rest goes by the rail, which counts."""
    told = _told(work, standing)
    if standing.id in told:
        if way != rules.RAIL:
            raise refuse("refund_kept_by_centre", "way")
    elif any(way != rules.RAIL or not settled for settled in told.values()):
        raise refuse("refund_forgotten_first", "refund_id")


def check_dropping(work: UnitOfWork, standing: Refund) -> None:
    """Refuses refund_kept_by_centre: the centre told of this very refund that it was given back, so that nobody can say
    any more that it shall not be."""
    if standing.id in _told(work, standing):
        raise refuse("refund_kept_by_centre", "refund_id")


def settled(work: UnitOfWork, standing: Refund) -> list[UUID]:
    """What the centre gave back of this payment that is not booked here, and that a person has settled."""
    return [refund_id for refund_id, settled in _told(work, standing).items() if settled]


def _told(work: UnitOfWork, standing: Refund) -> dict[UUID, bool]:
    """Whether each refund that was told of this payment, and is not booked here, was settled by a person."""
    if standing.rail is None or not travels(work, standing.rail):
        return {}
    if standing.payment_id is not None:
        ours: str | None = standing.payment_id.hex
    else:  # held money of a payment that is forgotten as well
        ours = work.one(_REVIEW, wanted=standing.review_id).merchant_reference
    return {row.refund_id: row.settled for row in work.all(_TOLD, rail=centre.NAME, ours=ours)}


def check_steering(work: UnitOfWork, standing: Refund, act: str) -> None:
    """Refuses refund_kept_by_centre: whether money went back by its rail the centre says, so nobody says it here, and
    what it cannot tell goes no other way until it can."""
    if goes_up(work, standing) and (act == rules.CONFIRMED or (
            standing.state == "uncertain" and act != rules.SENT_AGAIN)):
        raise refuse("refund_kept_by_centre", "act")
