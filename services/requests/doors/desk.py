"""Doors to what heads do about their people's files, to what is late and why, and to what waits for somebody."""

from __future__ import annotations

from typing import Any

from chassis.service import command, query
from chassis.uow import UnitOfWork
from contracts import requests_desk as language
from services.requests import handing_over, lateness, tasks, visit_planning, work_waiting


class DeskDoors:
    """Mixed into the service."""

    @query("requests.work_waiting", language.WorkWaiting, permission="warning.list")
    def work_waiting(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return work_waiting.counts(work)

    @query("requests.hand_over_choices", language.HandOverChoices, permission=handing_over.PERMISSION)
    def hand_over_choices(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return handing_over.choices(work, body["task_id"])

    @command("requests.hand_over_task", language.HandOver, permission=handing_over.PERMISSION)
    def hand_over_task(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return handing_over.hand_over(work, body)

    @query("requests.late", language.ListLate, permission="late.read")
    def late(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return lateness.listed(work, body)

    @command("requests.record_late_cause", language.RecordLateCause, permission=lateness.EXPLAIN)
    def record_late_cause(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return lateness.record(work, body)

    @query("requests.late_causes", language.CountLateCauses, permission="late.read")
    def late_causes(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return lateness.counted(work, body)

    @query("requests.preview_completion", language.PreviewCompletion, permission="task.act")
    def preview_completion(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return tasks.preview_completion(work, body)

    @query("requests.visit_tablets", language.VisitTablets, permission="visit.plan")
    def visit_tablets(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return visit_planning.tablets(work, body)
