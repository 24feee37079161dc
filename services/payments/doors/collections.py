"""Doors to what was collected."""

from __future__ import annotations

from typing import Any

from chassis.service import Platform, query, timer
from chassis.uow import UnitOfWork
from contracts.payments_collections import GetCollections
from services.payments import totals


class CollectionDoors:
    """Mixed into the service."""

    @query("payments.collections", GetCollections, permission=totals.READ)
    def collections(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return totals.collections(work, body)

    @timer(seconds=1, name="fold-totals")
    def fold_totals(self, platform: Platform) -> bool:
        return bool(platform.attempt(totals.fold))
