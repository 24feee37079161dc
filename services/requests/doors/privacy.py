"""Doors to what a citizen may know about the reading of their data."""

from __future__ import annotations

from typing import Any

from chassis.service import query
from chassis.uow import UnitOfWork
from contracts.requests_access import AccessLog
from services.requests import access


class PrivacyDoors:
    """Mixed into the service."""

    @query("requests.access_log", AccessLog, permission="request.inquire")
    def access_log(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return access.log(work, body)
