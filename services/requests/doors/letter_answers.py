"""Doors of what agencies answered through the platform."""

from __future__ import annotations

from typing import Any

from chassis.service import command, query, subscribe
from chassis.uow import UnitOfWork
from contracts import requests_letter_answers as language
from contracts.events import Event
from contracts.received import LETTER_ANSWERED
from services.requests import letter_answers


class LetterAnswerDoors:
    """Mixed into the service."""

    @subscribe(LETTER_ANSWERED, way="each")
    def take_letter_answer(self, work: UnitOfWork, event: Event) -> None:
        letter_answers.take(work, event)

    @query("requests.letter_answers", language.ListLetterAnswers, permission="letter.send")
    def letter_answers_listed(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return letter_answers.listed(work, body)

    @query("requests.letter_answer", language.ReadLetterAnswer, permission="letter.send")
    def letter_answer(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return letter_answers.read(work, body["answer_id"])

    @command("requests.settle_letter_answer", language.SettleLetterAnswer, permission="letter.send")
    def settle_letter_answer(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return letter_answers.settle(work, body)

    @command("requests.attach_letter_answer", language.AttachLetterAnswer, permission="letter.send")
    def attach_letter_answer(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return letter_answers.attach(work, body)
