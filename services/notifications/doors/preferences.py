"""Doors to what citizens chose, and the timers of what waits."""

from __future__ import annotations

from functools import partial
from typing import Any

from chassis.service import Platform, command, query, timer
from chassis.uow import UnitOfWork
from contracts import notifications_preferences as language
from services.notifications import keeper, preference_notice, preferences, waiting
from services.notifications.settings import NotificationSettings

OWN = "preference.own"


class PreferenceDoors:
    """Mixed into the service."""

    def _loaded(self, given: Any) -> NotificationSettings:
        raise NotImplementedError

    @query("notifications.preferences", language.GetPreferences, permission=OWN)
    def own_preferences(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return preferences.own(work, body)

    @command("notifications.choose_preferences", language.ChoosePreferences, permission=OWN)
    def choose_preferences(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        public_url = self._loaded(work.settings).public_url
        return preferences.choose(work, body, partial(preference_notice.tell, public_url=public_url))

    @command("notifications.stop_messages", language.StopMessages, permission=OWN)
    def stop_messages(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return preferences.stop(work, body)

    @query("notifications.address_preference", language.OfAddress, permission=preferences.SET)
    def address_preference(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return preferences.of_address(work, body)

    @command("notifications.set_preference", language.SetPreference, permission=preferences.SET)
    def set_preference(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return preferences.set_for(work, body)

    # Neither needs a provider: what is held comes into its lane, and what is too old ends, while all are away.

    @timer(seconds=1, name="release-held")
    def release_held(self, platform: Platform) -> bool:
        return waiting.move_on(platform.attempt)

    @timer(seconds=15, name="watch-waiting")
    def watch_waiting(self, platform: Platform) -> None:
        waiting.measure(platform.unit_of_work())
        platform.attempt(keeper.forget)
