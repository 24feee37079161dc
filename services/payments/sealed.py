"""What payments keeps sealed, and under which names (`python -m chassis reseal`)."""

from __future__ import annotations

from chassis.resealing import SealedColumn, common

SEALED = (
    # Owed events of requests carry contacts under a ring that payments does not hold.
    *common(contact_fields=("requests.contact",)),
    SealedColumn("review", "body", ("payments.review.body",)),
    SealedColumn("charge_report", "body", ("payments.charge_report.body",)),
    SealedColumn("statement_line", "raw", ("payments.statement_line.raw",)),
    SealedColumn("statement_piece", "content", ("payments.statement_piece.content",), "bytes"),
)
