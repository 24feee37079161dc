"""Doors to what citizens are told: versions of a wording, their review, their preview."""

from __future__ import annotations

from typing import Any

from chassis.service import Platform, command, query, timer
from chassis.uow import UnitOfWork
from contracts.notifications_templates import (
    ListTemplates,
    MoveTemplate,
    PreviewTemplate,
    ReturnTemplate,
    TemplateNamed,
    VersionNamed,
    WriteTemplate,
)
from services.notifications import settings, template_previewing, template_review, template_states, template_store

READ = "template.read"


class TemplateDoors:
    """Mixed into the service."""

    @query("notifications.templates", ListTemplates, permission=READ)
    def templates(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return template_review.overview(work)

    @query("notifications.template", TemplateNamed, permission=READ)
    def template(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return template_review.show(work, body["code"])

    @query("notifications.template_version", VersionNamed, permission=READ)
    def template_version(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return template_review.show_version(work, body)

    @query("notifications.preview_template", PreviewTemplate, permission=READ)
    def preview_template(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return template_previewing.preview(work, body, settings.load(work.settings))

    @command("notifications.write_template", WriteTemplate, permission=template_states.WRITE)
    def write_template(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return template_review.write(work, body, settings.load(work.settings).public_url)

    @command("notifications.propose_template", MoveTemplate, permission=template_states.WRITE)
    def propose_template(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return template_review.propose(work, body)

    @command("notifications.return_template", ReturnTemplate, permission=template_states.REVIEW)
    def return_template(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return template_review.send_back(work, body)

    @command("notifications.put_template_in_force", MoveTemplate, permission=template_states.REVIEW)
    def put_template_in_force(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return template_review.put_in_force(work, body)

    @command("notifications.withdraw_template", MoveTemplate, permission=READ)
    def withdraw_template(self, work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
        return template_review.withdraw(work, body)

    @timer(seconds=0.4, name="wordings", everywhere=True)
    def keep_wordings(self, platform: Platform) -> bool:
        platform.attempt(template_store.record)
        return False
