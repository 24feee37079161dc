"""Doors to finding and listing requests."""

from __future__ import annotations

from typing import Any

from chassis.service import query
from chassis.uow import UnitOfWork
from contracts import requests_finding as language
from contracts.requests_own import OwnRequests
from services.requests import finding, own, standing


class FindingDoors:
    """Mixed into the service."""

    @query("requests.find", language.FindRequests, permission=finding.FIND)
    def find(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return finding.find(work, body)

    @query("requests.list", language.ListRequests, permission=finding.FIND)
    def list_requests(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return finding.listed(work, body)

    @query("requests.open_of_service", language.OpenOfService, permission=standing.READ)
    def open_of_service(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return standing.open_of_service(work, body["code"])

    @query("requests.own", OwnRequests, permission=own.OWN)
    def own(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return own.listed(work, body)
