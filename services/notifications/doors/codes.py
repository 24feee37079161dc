"""Doors to one-time codes."""

from __future__ import annotations

from typing import Any

from chassis.service import Platform, command, timer
from chassis.uow import UnitOfWork
from contracts import notifications_codes as language
from services.notifications import codes
from services.notifications.settings import NotificationSettings


class CodeDoors:
    """Mixed into the service."""

    def _loaded(self, given: Any) -> NotificationSettings:
        raise NotImplementedError

    @command("notifications.send_code", language.SendCode, permission="code.use")
    def send_code(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return codes.send(work, body, self._loaded(work.settings).public_url)

    @command("notifications.check_code", language.CheckCode, permission="code.use")
    def check_code(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return codes.check(work, body)

    @command("notifications.tell_unbound", language.TellUnbound, permission="account.tell")
    def tell_unbound(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return codes.tell_unbound(work, body)

    @timer(seconds=600, name="forget-codes")
    def forget_codes(self, platform: Platform) -> None:
        platform.attempt(codes.forget)
