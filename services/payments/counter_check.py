"""What must be true of shifts, drawers and prints, as questions to the database that answer every exception."""

from __future__ import annotations

from sqlalchemy import Connection, text

CHECKS = {
    "shift's movement that differs from its journal": """
        SELECT m.journal_id::text FROM shift_move m JOIN shift s ON s.id = m.shift_id
        LEFT JOIN entry e ON e.journal_id = m.journal_id AND e.account = 'cash:' || s.unit
        GROUP BY m.journal_id, m.amount HAVING coalesce(sum(e.amount), 0) <> m.amount""",
    # What stood in the books before the first shift belongs to none.
    "cash at a counter that belongs to no shift": """
        SELECT j.kind || ' ' || j.source FROM entry e JOIN journal j ON j.id = e.journal_id
        LEFT JOIN shift_move m ON m.journal_id = j.id
        WHERE e.account = 'cash:' || j.unit AND m.journal_id IS NULL
        AND j.at >= (SELECT min(opened_at) FROM shift)""",
    "closed shift whose drawer is not empty in the books": """
        SELECT s.id || ' ' || sum(m.amount) FROM shift s JOIN shift_move m ON m.shift_id = s.id
        WHERE s.state <> 'open' GROUP BY s.id HAVING sum(m.amount) <> 0""",
    "shift whose expected cash is not what moved": """
        SELECT s.id::text FROM shift s LEFT JOIN shift_move m ON m.shift_id = s.id
        AND (m.kind NOT IN ('cash_over', 'cash_short', 'float_returned', 'cash_deposited')
             OR (m.kind = 'cash_deposited' AND EXISTS (
               SELECT 1 FROM journal j WHERE j.id = m.journal_id AND j.source <> 'cash_deposited:' || s.id)))
        WHERE s.state <> 'open' GROUP BY s.id, s.expected HAVING coalesce(sum(m.amount), 0) <> s.expected""",
    "shift whose difference is not in the books": """
        SELECT s.id::text FROM shift s LEFT JOIN shift_move m ON m.shift_id = s.id
        AND m.kind IN ('cash_over', 'cash_short')
        WHERE s.state <> 'open' GROUP BY s.id, s.difference HAVING coalesce(sum(m.amount), 0) <> s.difference""",
    "receipt in a counter's book that no shift took": """
        SELECT r.number FROM receipt r JOIN counter c ON r.book LIKE c.code || '/%' AND c.kind <> 'device'
        LEFT JOIN journal j ON j.bill_id = r.bill_id AND j.kind = 'cash_receipt'
        LEFT JOIN shift_move m ON m.journal_id = j.id LEFT JOIN shift_slip p ON p.payment_id = r.payment_id
        LEFT JOIN shift s ON s.id = coalesce(m.shift_id, p.shift_id)
        WHERE s.counter IS DISTINCT FROM c.code OR s.cashier IS DISTINCT FROM r.taken_by""",
    "receipt printed with a gap in its copies": """
        SELECT receipt_number FROM receipt_print GROUP BY receipt_number
        HAVING min(copy) <> 1 OR max(copy) <> count(*)""",
}


def check(connection: Connection) -> list[str]:
    """Where counters are not as they must be. Goes through the books, for an auditor and not for a page."""
    return [f"{what}: {row[0]}" for what, query in CHECKS.items() for row in connection.execute(text(query))]
