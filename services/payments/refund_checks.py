"""What must be true of refunds, credits, disputes and changed bills, for an auditor: part of the check of the books."""

from __future__ import annotations

from sqlalchemy import Connection, text

CHECKS = {
    "credits that differ from what the books owe citizens": """
        SELECT coalesce(books.account, 'credit:' || owed.unit) || ' holds ' || coalesce(books.held, 0)
               || ', credits say ' || coalesce(owed.left_over, 0)
        FROM (SELECT account, -sum(amount) AS held FROM entry WHERE account LIKE 'credit:%' GROUP BY account) AS books
        FULL JOIN (SELECT unit, sum(amount - refunded) AS left_over FROM credit GROUP BY unit) AS owed
          ON books.account = 'credit:' || owed.unit
        WHERE coalesce(books.held, 0) <> coalesce(owed.left_over, 0)""",
    "credit whose refunds differ from what it says": """
        SELECT c.id::text FROM credit c LEFT JOIN refund r ON r.credit_id = c.id AND r.state = 'done'
        GROUP BY c.id, c.refunded HAVING coalesce(sum(r.amount), 0) <> c.refunded""",
    "bill whose refunds differ from what it says": """
        SELECT b.number FROM bill b WHERE (b.refunded > 0 OR EXISTS (SELECT 1 FROM refund r WHERE r.bill_id = b.id))
        AND b.refunded <> (SELECT coalesce(sum(amount), 0) FROM refund r WHERE r.bill_id = b.id
                           AND r.credit_id IS NULL AND r.review_id IS NULL AND r.state = 'done')
                        + (SELECT coalesce(sum(amount), 0) FROM dispute d
                           WHERE d.bill_id = b.id AND d.state = 'lost')""",
    "bill whose state hides its refunds": """
        SELECT number FROM bill WHERE (state = 'refunded') <> (refunded = total AND total > 0)
        OR (state = 'partly_refunded' AND refunded = 0) OR (state = 'paid' AND refunded > 0)""",
    "bill that waits for a refund which nobody asked for, or the other way round": """
        SELECT b.number FROM bill b LEFT JOIN refund r ON r.bill_id = b.id
          AND r.credit_id IS NULL AND r.review_id IS NULL
          AND r.state IN ('requested','approved','sent','under_way','refused','uncertain')
        WHERE (b.state = 'refund_requested') <> (r.id IS NOT NULL)""",
    "refund that is not in the books once": """
        SELECT r.id::text FROM refund r LEFT JOIN journal j
          ON j.source IN ('bill_refunded:' || r.id, 'credit_refunded:' || r.id, 'held_refunded:' || r.id)
        GROUP BY r.id, r.state HAVING count(j.id) <> CASE r.state WHEN 'done' THEN 1 ELSE 0 END""",
    "refund whose entry differs from it": """
        SELECT r.id::text FROM refund r
        JOIN journal j ON j.source IN ('bill_refunded:' || r.id, 'credit_refunded:' || r.id, 'held_refunded:' || r.id)
        JOIN entry e ON e.journal_id = j.id GROUP BY r.id, r.amount
        HAVING -sum(e.amount) FILTER (WHERE e.amount < 0) <> r.amount""",
    "refund whose parts differ from its amount": """
        SELECT id::text FROM refund WHERE credit_id IS NULL AND review_id IS NULL
        AND amount <> (SELECT sum((part->>'amount')::bigint) FROM jsonb_array_elements(parts) part)""",
    "held money that is on its way back without a refund, or the other way round": """
        SELECT coalesce(v.id, r.review_id)::text
        FROM (SELECT * FROM review WHERE refund_id IS NOT NULL) v
        FULL JOIN (SELECT * FROM refund WHERE review_id IS NOT NULL AND state <> 'rejected') r ON r.id = v.refund_id
        WHERE v.id IS DISTINCT FROM r.review_id OR v.amount <> r.amount
          OR (v.settled_at IS NOT NULL) <> (r.state = 'done')""",
    "refund of a node's charge that is not in the books once": """
        SELECT r.id::text FROM charge_refund r LEFT JOIN journal j ON j.source = 'returned_for_node:' || r.id
        GROUP BY r.id, r.state HAVING count(j.id) <> CASE r.state WHEN 'done' THEN 1 ELSE 0 END""",
    "charge of a node of which more was given back than came": """
        SELECT c.id::text FROM charge c JOIN charge_refund r ON r.charge_id = c.id AND r.state = 'done'
        GROUP BY c.id, c.paid_amount HAVING sum(r.amount) > coalesce(c.paid_amount, 0)""",
    "disputed bill without a dispute, or the other way round": """
        SELECT b.number FROM bill b LEFT JOIN dispute d ON d.bill_id = b.id AND d.state = 'opened'
        WHERE (b.state = 'disputed') <> (d.id IS NOT NULL)""",
    "bill that does not follow from its changes": """
        SELECT b.number FROM bill b
        JOIN (SELECT DISTINCT ON (bill_id) bill_id, new_total, new_lines FROM bill_change WHERE state = 'approved'
              ORDER BY bill_id, decided_at DESC) c ON c.bill_id = b.id
        WHERE c.new_total <> b.total OR c.new_lines <> b.lines""",
}


def check(connection: Connection) -> list[str]:
    """Everything that is wrong, as `what: which`. Reads only."""
    return [f"{what}: {row[0]}" for what, query in CHECKS.items() for row in connection.execute(text(query))]
