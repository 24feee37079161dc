"""Doors of what comes from the national portal: applications down the line, numbers up, and what people look at."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chassis.service import Platform, command, query, subscribe, timer
from chassis.uow import UnitOfWork
from contracts import gateway_national
from contracts import requests_portal as language
from contracts.events import Event
from services.requests import portal_applications, portal_numbers, portal_review


class PortalDoors:
    """Mixed into the service."""

    @subscribe(gateway_national.RECEIVED, way="each")
    def take_application(self, work: UnitOfWork, event: Event) -> None:
        portal_applications.take(work, event)

    @subscribe(gateway_national.PART_RECEIVED, way="each")
    def take_application_part(self, work: UnitOfWork, event: Event) -> None:
        portal_applications.take_part(work, event)

    @timer(seconds=0.5, name="lodge-portal-applications")
    def lodge_portal_applications(self, platform: Platform) -> bool:
        conflicts: dict[UUID, int] = {}
        return platform.attempt(lambda work: portal_applications.go_on(work, conflicts))

    @timer(seconds=5, name="reserve-portal-numbers")
    def reserve_portal_numbers(self, platform: Platform) -> bool:
        return platform.attempt(portal_numbers.top_up)

    @timer(seconds=15, name="count-portal-applications")
    def count_portal_applications(self, platform: Platform) -> None:
        platform.attempt(portal_applications.count)

    @query("requests.portal_applications", language.ListPortalApplications, permission="offline.review")
    def portal_applications_listed(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return portal_review.listed(work, body)

    @query("requests.portal_application", language.PortalApplicationFile, permission="offline.review")
    def portal_application(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return portal_review.file(work, body["application_id"])

    @query("requests.portal_application_document", language.PortalApplicationDocument, permission="offline.review")
    def portal_application_document(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return portal_review.document(work, body["application_id"], body["document_id"])

    @command("requests.retry_portal_application", language.RetryPortalApplication, permission="offline.review")
    def retry_portal_application(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return portal_review.retry(work, body)

    @command("requests.close_portal_application", language.ClosePortalApplication, permission="offline.review")
    def close_portal_application(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return portal_review.close(work, body)
