"""Doors to messages to many citizens at once, and the timers that read audiences and feed the lane."""

from __future__ import annotations

from typing import Any

from chassis.service import Platform, command, query, timer
from chassis.uow import UnitOfWork
from contracts import notifications_campaigns as language
from services.notifications import audience, audience_reading, campaign_feed, campaign_records, campaign_weighing
from services.notifications import campaigns as capability
from services.notifications.settings import NotificationSettings

WRITE, APPROVE, RUN = campaign_records.WRITE, campaign_records.APPROVE, campaign_records.RUN


class CampaignDoors:
    """Mixed into the service."""

    _reading: audience_reading.Reading | None = None

    def _loaded(self, given: Any) -> NotificationSettings:
        raise NotImplementedError

    @command("notifications.write_campaign", language.WriteCampaign, permission=WRITE)
    def write_campaign(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return capability.write(work, body)

    @command("notifications.choose_applicants", language.ChooseApplicants, permission=WRITE)
    def choose_applicants(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return audience.choose_applicants(work, body)

    @command("notifications.begin_list", language.BeginList, permission=WRITE)
    def begin_list(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return audience.begin_list(work, body)

    @command("notifications.add_list_piece", language.AddListPiece, permission=WRITE)
    def add_list_piece(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return audience.add_piece(work, body)

    @command("notifications.end_list", language.EndList, permission=WRITE)
    def end_list(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return audience.end_list(work, body)

    @command("notifications.accept_audience", language.AcceptAudience, permission=WRITE)
    def accept_audience(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return audience.accept(work, body)

    @query("notifications.audience_faults", language.ListAudienceFaults, permission=RUN)
    def audience_faults(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return audience.faults(work, body)

    @query("notifications.campaign", language.GetCampaign, permission=RUN)
    def campaign(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return capability.show(work, body["campaign_id"])

    @query("notifications.campaigns", language.ListCampaigns, permission=RUN)
    def campaigns(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return capability.listed(work, body)

    @query("notifications.preview_campaign", language.PreviewCampaign, permission=RUN)
    def preview_campaign(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return capability.preview(work, body["campaign_id"], self._loaded(work.settings).public_url)

    @command("notifications.submit_campaign", language.SubmitCampaign, permission=WRITE)
    def submit_campaign(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return capability.submit(work, body)

    @command("notifications.decide_campaign", language.DecideCampaign, permission=APPROVE)
    def decide_campaign(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return capability.decide(work, body)

    @command("notifications.schedule_campaign", language.ScheduleCampaign, permission=RUN)
    def schedule_campaign(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return capability.schedule(work, body)

    @command("notifications.pause_campaign", language.StopCampaign, permission=RUN)
    def pause_campaign(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return capability.pause(work, body)

    @command("notifications.resume_campaign", language.StopCampaign, permission=RUN)
    def resume_campaign(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return capability.resume(work, body)

    @command("notifications.cancel_campaign", language.StopCampaign, permission=RUN)
    def cancel_campaign(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return capability.cancel(work, body)

    # Reading a list takes minutes, feeding must not wait for it.

    @timer(seconds=1, name="read-audiences")
    def read_audiences(self, platform: Platform) -> bool:
        if self._reading is None:
            self._reading = audience_reading.Reading()
        return self._reading.step(platform) or campaign_weighing.step(platform, self._loaded(platform.settings))

    @timer(seconds=0.5, name="feed-campaigns")
    def feed_campaigns(self, platform: Platform) -> bool:
        return campaign_feed.step(platform, self._loaded(platform.settings))
