"""Charges for bills of nodes as finance at the centre sees them: listed, summed by node and day, and what is owed to
each node for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.payments_centre import MOST_DAYS
from rules.calendar import cairo_date, opens
from rules.refusal import refuse
from services.payments.reconciliation import scope

READ = "reconciliation.read"
WEEK = timedelta(days=6)  # before the day that is asked for

# `told` is a charge whose payment its node has receipted: `arrived` says up to when, by node (null: all of it).
_LISTED = Statement(text("""
    SELECT * FROM (
      SELECT id AS charge_id, node, bill_number, rail, state, amount, paid_amount, given_back, reference, wished_at,
             paid_at, expires_at, error,
             CASE WHEN given_back > 0 THEN 'refunded'
                  WHEN paid_amount IS NULL AND state IN ('wished', 'pending') THEN 'wished'
                  WHEN paid_amount IS NULL THEN 'ended'
                  WHEN jsonb_exists(CAST(:arrived AS jsonb), node) AND told_at < coalesce(
                       CAST(CAST(:arrived AS jsonb) ->> node AS timestamptz), 'infinity') THEN 'told'
                  ELSE 'paid' END AS stands
      FROM charge, LATERAL (
        SELECT (SELECT coalesce(sum(r.amount), 0)::bigint FROM charge_refund r
                 WHERE r.charge_id = charge.id AND r.state = 'done') AS given_back,
               (SELECT max(p.taken_at) FROM charge_report p
                 WHERE p.charge_id = charge.id AND p.status = 'paid') AS told_at) AS more
      WHERE (CAST(:node AS text) IS NULL OR node = :node) AND (CAST(:state AS text) IS NULL OR state = :state)
        AND (CAST(:before AS uuid) IS NULL OR id < :before)
        AND (CAST(:begins AS timestamptz) IS NULL OR coalesce(paid_at, wished_at) >= :begins)
        AND (CAST(:ends AS timestamptz) IS NULL OR coalesce(paid_at, wished_at) < :ends)) AS listed
    WHERE CAST(:stands AS text) IS NULL OR stands = :stands ORDER BY charge_id DESC LIMIT :size"""), fresh=True)
_COLLECTED = Statement(text("""
    SELECT substr(e.account, 6) AS node, -sum(e.amount)::bigint AS amount,
           coalesce(sum(e.amount) FILTER (WHERE e.amount > 0), 0)::bigint AS given_back,
           count(DISTINCT j.payment_id) AS charges
    FROM entry e JOIN journal j ON j.id = e.journal_id WHERE e.account >= 'node:' AND e.account < 'node;'
    GROUP BY e.account ORDER BY e.account"""))
_BY_DAY = Statement(text("""
    SELECT node, day, sum(charges)::bigint AS charges, sum(came)::bigint AS came, sum(given_back)::bigint AS given_back
    FROM (SELECT c.node, CAST(p.paid_at AT TIME ZONE 'Africa/Cairo' AS date) AS day, 1 AS charges, p.amount AS came,
                 0 AS given_back
            FROM charge_report p JOIN charge c ON c.id = p.charge_id
           WHERE p.status = 'paid' AND p.paid_at >= :begins AND p.paid_at < :ends
          UNION ALL
          SELECT node, CAST(done_at AT TIME ZONE 'Africa/Cairo' AS date), 0, 0, amount
            FROM charge_refund WHERE state = 'done' AND done_at >= :begins AND done_at < :ends) AS moved
    WHERE CAST(:node AS text) IS NULL OR node = :node GROUP BY node, day ORDER BY day DESC, node"""))
# Of a charge that a restored centre forgot neither bill nor rail is known. `waiting`: how many there are in all.
_IN_DOUBT = Statement(text("""
    SELECT r.id AS refund_id, r.node, r.charge_id, c.bill_number, c.rail, c.reference, r.amount, r.why, r.detail,
           r.wished_at, count(*) OVER () AS waiting
    FROM charge_refund r LEFT JOIN charge c ON c.id = r.charge_id WHERE r.state = 'uncertain'
    ORDER BY r.wished_at, r.id LIMIT 100"""))


def listed(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A page of charges, newest first; `next` is what `before` continues with, None at the end. Refuses unit_bound."""
    scope.whole_node(work, READ)
    size, (begins, ends) = body["limit"], _moments(body)
    rows = work.all(_LISTED, node=body["node"], state=body["state"], before=body["before"], size=size + 1,
                    stands=body["stands"], begins=begins, ends=ends, arrived=orjson.dumps(body["arrived"]).decode())
    return {"charges": [row._asdict() for row in rows[:size]],
            "next": str(rows[size - 1].charge_id) if len(rows) > size else None}


def collected(work: UnitOfWork) -> dict[str, Any]:
    """What the books owe each node, piastres, and for how many charges. Refuses unit_bound."""
    scope.whole_node(work, READ)
    return {"nodes": [row._asdict() for row in work.all(_COLLECTED)]}


def by_day(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """What came and what went back, by node and Cairo day, each payment on its own, and refunds of which nobody can
    tell, those that wait longest. Refuses unit_bound, charge_days_wrong."""
    scope.whole_node(work, READ)
    until = body["until"] or cairo_date(work.now)
    since = body["since"] or until - WEEK
    if not timedelta(0) <= until - since < timedelta(days=MOST_DAYS):
        raise refuse("charge_days_wrong", "until", most=MOST_DAYS)
    begins, ends = _moments({"since": since, "until": until})
    doubted = [row._asdict() for row in work.all(_IN_DOUBT)]
    waiting = doubted[0]["waiting"] if doubted else 0
    return {"days": [row._asdict() for row in work.all(_BY_DAY, node=body["node"], begins=begins, ends=ends)],
            "in_doubt": [{name: value for name, value in one.items() if name != "waiting"} for one in doubted],
            "in_doubt_more": waiting - len(doubted)}


def _moments(body: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    """From the first moment of `since` in Cairo to the last of `until`."""
    since, until = body["since"], body["until"]
    return (None if since is None else opens(since),
            None if until is None else opens(until + timedelta(days=1)))
