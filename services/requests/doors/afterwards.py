"""Doors to what comes after a request: delivery, rating, complaint, opening again."""

from __future__ import annotations

from typing import Any

from chassis.service import Platform, command, query, timer
from chassis.uow import UnitOfWork
from contracts import requests_afterwards as language
from services.requests import complaints, delivery, rating_wish, ratings, reopening


class AfterDoors:
    """Mixed into the service."""

    @command("requests.deliver", language.Deliver, permission="licence.deliver")
    def deliver(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return delivery.deliver(work, body)

    @query("requests.rating", language.RatingAsked, permission="request.rate")
    def rating(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return ratings.asked(work, body["token"])

    @command("requests.ask_rating", language.AskRating, permission="request.rate")
    def ask_rating(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return rating_wish.ask(work, body)

    @command("requests.rate", language.Rate, permission="request.rate")
    def rate(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return ratings.rate(work, body)

    @command("requests.complain", language.Complain, permission="complaint.make")
    def complain(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return complaints.complain(work, body)

    @query("requests.complaint", language.ComplaintStatus, permission="complaint.make")
    def complaint(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return complaints.status(work, body)

    @query("requests.complaints", language.ListComplaints, permission="complaint.answer")
    def complaints_listed(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return complaints.listed(work, body)

    @query("requests.complaint_file", language.ComplaintFile, permission="complaint.answer")
    def complaint_file(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return complaints.file(work, body["complaint_number"])

    @command("requests.answer_complaint", language.AnswerComplaint, permission="complaint.answer")
    def answer_complaint(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return complaints.answer(work, body)

    @command("requests.ask_reopening", language.AskReopening, permission="complaint.make")
    def ask_reopening(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return reopening.ask(work, body)

    @query("requests.reopenings", language.ListReopenings, permission="request.reopen")
    def reopenings(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return reopening.listed(work)

    @command("requests.decide_reopening", language.DecideReopening, permission="request.reopen")
    def decide_reopening(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return reopening.decide(work, body)

    @timer(seconds=30, name="escalate-complaints")
    def escalate_complaints(self, platform: Platform) -> bool:
        return platform.attempt(complaints.escalate_next)
