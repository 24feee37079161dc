"""What catalog keeps sealed, and under which names (`python -m chassis reseal`)."""

from __future__ import annotations

from chassis.resealing import SealedColumn, common

NAME = ("catalog.employee.name",)

SEALED = (
    *common(store_fields=NAME),
    SealedColumn("organisation_entity", "body", NAME, "json"),
    SealedColumn("proposal", "body", NAME, "json"),
)
