"""Doors to providers: what each takes, who changed it, and the receipts that come over HTTP."""

from __future__ import annotations

from typing import Any

from chassis.service import command, query
from chassis.uow import UnitOfWork
from contracts import notifications_providers as language
from services.notifications import http_receipts, shares
from services.notifications.settings import NotificationSettings


class ProviderDoors:
    """Mixed into the service."""

    def _loaded(self, given: Any) -> NotificationSettings:
        raise NotImplementedError

    @query("notifications.providers", language.ListProviders, permission=shares.STEER)
    def providers(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return shares.show(work)

    @query("notifications.provider_changes", language.ListProviderChanges, permission=shares.STEER)
    def provider_changes(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return shares.history(work, body)

    @command("notifications.steer_provider", language.SteerProvider, permission=shares.STEER)
    def steer_provider(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return shares.steer(work, body)

    @command("notifications.receipts", language.TakeReceipts, permission=http_receipts.PERMISSION)
    def take_receipts(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return http_receipts.take(work, self._loaded(work.settings).instance(body["provider"]), body)
