"""Doors to what is seen of messages."""

from __future__ import annotations

from typing import Any

from chassis.service import Platform, query, timer
from chassis.uow import UnitOfWork
from contracts import notifications_seen as language
from services.notifications import seen, tally


class SeenDoors:
    """Mixed into the service."""

    @query("notifications.counts", language.GetCounts, permission="message.dashboard")
    def counts(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return seen.counts(work, body)

    @query("notifications.messages", language.ListMessages, permission="message.read")
    def of_request(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return seen.of_request(work, body["tracking_number"])

    @query("notifications.performance", language.GetPerformance, permission="message.performance")
    def performance(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return seen.performance(work)

    @query("notifications.of_address", language.FindMessages, permission="message.read")
    def of_address(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return seen.of_address(work, body)

    @timer(seconds=2, name="fold-counts")
    def fold_counts(self, platform: Platform) -> bool:
        return bool(platform.attempt(tally.fold))
