"""Doors to what a request brings out: the register of licences and its prints."""

from __future__ import annotations

from typing import Any

from chassis.service import Platform, command, query, timer
from chassis.uow import UnitOfWork
from contracts import requests_outputs as language
from services.requests import letters, paper, register


class OutputDoors:
    """Mixed into the service."""

    @query("requests.licence_entry", language.LicenceEntry, permission="licence.read")
    def licence_entry(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return register.entry(work, body["serial"])

    @query("requests.licences", language.ListLicences, permission="licence.read")
    def licences_listed(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return register.listed(work, body)

    @command("requests.suspend_licence", language.ChangeLicence, permission="licence.suspend")
    def suspend_licence(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return register.suspend(work, body)

    @command("requests.resume_licence", language.ChangeLicence, permission="licence.resume")
    def resume_licence(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return register.resume(work, body)

    @command("requests.cancel_licence", language.ChangeLicence, permission="licence.cancel")
    def cancel_licence(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return register.cancel(work, body)

    @command("requests.replace_print", language.ChangeLicence, permission="licence.replace")
    def replace_print(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return register.replace_print(work, body)

    @command("requests.print_licence", language.PrintLicence, permission="licence.print")
    def print_licence(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return register.printed(work, body)

    @query("requests.preview_output", language.PreviewOutput, permission="output.preview")
    def preview_output(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return paper.preview(work, body)

    @query("requests.letter", language.TaskLetter, permission="task.read")
    def letter(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return letters.of_task(work, body["task_id"])

    @query("requests.letter_verification", language.LetterVerification, permission="licence.verify")
    def letter_verification(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return letters.verification(work, body["number"])

    @command("requests.send_letter", language.SendLetter, permission="letter.send")
    def send_letter(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return letters.send(work, body)

    @command("requests.answer_letter", language.AnswerLetter, permission="letter.send")
    def answer_letter(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return letters.answer(work, body)

    @timer(seconds=0.5, name="draw-letters")
    def draw_letters(self, platform: Platform) -> bool:
        return platform.attempt(letters.draw_next)
