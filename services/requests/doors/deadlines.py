"""Doors to deadlines: who must look, periods made longer, what silence meant, and the sweeps behind them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from chassis.service import Platform, command, query, subscribe, timer
from chassis.uow import UnitOfWork
from contracts import requests_deadlines as language
from contracts.catalog_log import REACHED as CATALOG_REACHED
from contracts.events import Event
from contracts.payments_log import REACHED as PAYMENTS_REACHED
from services.requests import deemed, extension, inquiry, judging, moving, reviews, silence


class DeadlineDoors:
    """Mixed into the service."""

    @query("requests.warnings", language.ListWarnings, permission="warning.list")
    def warnings(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return judging.listed(work, body)

    @command("requests.extend", language.Extend, permission=extension.PERMISSION)
    def extend(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return extension.extend(work, body)

    @command("requests.report_late_fact", language.ReportLateFact, permission="task.act")
    def report_late_fact(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return reviews.report(work, body)

    @query("requests.silence_reviews", language.ListReviews, permission="silence.review")
    def silence_reviews(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return reviews.listed(work, body)

    @command("requests.decide_silence_review", language.DecideReview, permission="silence.review")
    def decide_silence_review(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return reviews.decide(work, body)

    @query("requests.deemed", language.DeemedVerification, permission="licence.verify")
    def deemed(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return deemed.verification(work, body["number"])

    @query("requests.deemed_document", language.DeemedDocument, permission="licence.fetch")
    def deemed_document(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return deemed.document_of(work, inquiry.admitted(work, body))

    @subscribe(PAYMENTS_REACHED, CATALOG_REACHED, way="each")
    def hear_how_far(self, work: UnitOfWork, event: Event) -> None:
        silence.hear(work, event)

    @cached_property
    def _watch(self) -> silence.Watch:
        return silence.Watch.of_this_machine()

    # Each step is bounded; more than a page runs again at once.

    @timer(seconds=5, name="move-due-dates")
    def move_due_dates(self, platform: Platform) -> bool:
        return moving.sweep(platform)

    @timer(seconds=30, name="judge-deadlines")
    def judge_deadlines(self, platform: Platform) -> bool:
        return platform.attempt(judging.sweep)

    @timer(seconds=30, name="judge-tasks")
    def judge_tasks(self, platform: Platform) -> bool:
        return platform.attempt(judging.sweep_tasks)

    @timer(seconds=60, name="silence")
    def silence(self, platform: Platform) -> None:
        silence.sweep(platform, self._watch)
