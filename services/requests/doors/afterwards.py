"""Doors to what comes after a request: delivery, rating, complaint, opening again."""

from __future__ import annotations

from typing import Any

from chassis.service import command, query
from chassis.uow import UnitOfWork
from contracts import requests_afterwards as language
from services.requests import delivery, ratings


class AfterDoors:
    """Mixed into the service."""

    @command("requests.deliver", language.Deliver, permission="licence.deliver")
    def deliver(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return delivery.deliver(work, body)

    @query("requests.rating", language.RatingAsked, permission="request.rate")
    def rating(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return ratings.asked(work, body["token"])

    @command("requests.rate", language.Rate, permission="request.rate")
    def rate(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return ratings.rate(work, body)
