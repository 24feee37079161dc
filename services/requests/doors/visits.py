"""Doors of the mobile district's visits: ordering, planning, the bundle of a tablet, what it did without a line."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chassis.service import Platform, command, query, timer
from chassis.uow import UnitOfWork
from contracts import requests_visits as language
from services.requests import offline, offline_review, visit_bundle, visits


class VisitDoors:
    """Mixed into the service."""

    @command("requests.order_visit", language.OrderVisit, permission="visit.order")
    def order_visit(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return visits.order(work, body)

    @query("requests.visit", language.ShowVisit, permission="visit.order")
    def visit(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return visits.show(work, body)

    @command("requests.cancel_visit", language.CancelVisit, permission="visit.order")
    def cancel_visit(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return visits.cancel(work, body)

    @query("requests.visits", language.ListVisits, permission="visit.plan")
    def visits_listed(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return visits.listed(work, body)

    @query("requests.visit_file", language.VisitFile, permission="visit.plan")
    def visit_file(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return visits.file(work, body["visit_number"])

    @command("requests.plan_visit", language.PlanVisit, permission="visit.plan")
    def plan_visit(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return visits.plan(work, body)

    @command("requests.call_off_visit", language.EndVisit, permission="visit.plan")
    def call_off_visit(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return visits.call_off(work, body)

    @command("requests.miss_visit", language.EndVisit, permission="visit.plan")
    def miss_visit(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return visits.miss(work, body)

    @command("requests.visit_bundle", language.VisitBundle, permission="offline.work")
    def visit_bundle(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return visit_bundle.take(work, body)

    @command("requests.offline_item", language.OfflineItem, permission="offline.work")
    def offline_item(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return offline.take(work, body)

    @query("requests.device_items", language.DeviceItems, permission="offline.read")
    def device_items(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return offline_review.of_device(work, body["device_id"])

    @query("requests.offline_items", language.ListItems, permission="offline.review")
    def offline_items(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return offline_review.listed(work, body)

    @query("requests.offline_item_file", language.ItemFile, permission="offline.review")
    def offline_item_file(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return offline_review.file(work, body["item_id"])

    @query("requests.offline_item_document", language.ItemEvidence, permission="offline.review")
    def offline_item_document(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return offline_review.document(work, body["item_id"], body["sha256"])

    @command("requests.retry_item", language.RetryItem, permission="offline.review")
    def retry_item(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return offline_review.retry(work, body)

    @command("requests.close_item", language.CloseItem, permission="offline.review")
    def close_item(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return offline_review.close(work, body)

    @timer(seconds=1, name="apply-offline-items")
    def apply_offline_items(self, platform: Platform) -> bool:
        conflicts: dict[UUID, int] = {}
        return platform.attempt(lambda work: offline.apply_next(work, conflicts))

    @timer(seconds=300, name="miss-visits")
    def miss_visits(self, platform: Platform) -> bool:
        return platform.attempt(visits.miss_next)
