"""Doors to what the engine does by itself: waits that end, inspections after the issue and what a head is asked about
them; to declared relations."""

from __future__ import annotations

from typing import Any

from chassis.service import Platform, command, query, timer
from chassis.uow import UnitOfWork
from contracts import requests_engine as language
from services.requests import follow_ups, lapsing, questions, relations


class EngineDoors:
    """Mixed into the service."""

    @query("requests.follow_ups", language.ListFollowUps, permission="licence.read")
    def list_follow_ups(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return follow_ups.listed(work, body)

    @query("requests.licence_questions", language.ListQuestions, permission=questions.PERMISSION)
    def licence_questions(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return questions.listed(work)

    @query("requests.licence_question_photo", language.QuestionPhoto, permission=questions.PERMISSION)
    def licence_question_photo(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return questions.photo(work, body)

    @command("requests.decide_licence_question", language.DecideQuestion, permission=questions.PERMISSION)
    def decide_licence_question(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return questions.decide(work, body)

    @query("requests.relations", language.ListRelations, permission="relation.declare")
    def declared_relations(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return relations.listed(work, body)

    @command("requests.withdraw_relation", language.WithdrawRelation, permission=relations.PERMISSION)
    def withdraw_relation(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return relations.withdraw(work, body)

    @timer(seconds=60, name="end-waits")
    def end_waits(self, platform: Platform) -> None:
        lapsing.sweep(platform)

    @timer(seconds=60, name="open-follow-ups")
    def open_follow_ups(self, platform: Platform) -> None:
        follow_ups.sweep(platform)
