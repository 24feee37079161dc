"""A ground on which silence speaks: services in which it means approval and rejection, in a part and in the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from chassis.actors import Actor
from chassis.answers import load
from contracts.requests_deadlines import DecideReview, ReportLateFact
from services.requests import reviews
from tests.support.deadlines_ground import MANAGER, Sweeping
from tests.support.requests_ground import OFFICER, Ground, shop
from tests.support.shop_ground import ground, sweeping

__all__ = ["ground", "opened", "sweeping"]  # what a module of tests takes by *

DAY = timedelta(days=1)
LODGED = date(2026, 3, 1)
DUE = date(2026, 4, 30)  # sixty calendar days
SPEAKS = DUE + DAY


def definitions() -> list[dict[str, Any]]:
    rejecting, staged = {**shop(), "code": "rejecting"}, {**shop(), "code": "staged"}
    rejecting["period"] = {**rejecting["period"], "silence": "rejection", "silence_to": "rejected"}
    staged["period"] = {"days": 300, "kind": "calendar", "silence": "none", "source": "law"}
    staged["stage_periods"] = [{
        "code": "first", "name": {"ar": "القرار المبدئي", "en": "First answer"}, "states": ["document_review"],
        "days": 20, "kind": "calendar", "silence": "approval", "silence_to": "inspection", "source": "law"}]
    working = {**shop(), "code": "in-working-days"}
    working["period"] = {**working["period"], "days": 10, "kind": "working"}
    return [shop(), rejecting, staged, working]


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    for one in definitions():
        made.publish(one)
    yield made
    made.close()


def warned(sweeping: Sweeping) -> None:
    """The head was warned in time."""
    sweeping.day(DUE - 3 * DAY)


def untouched(ground: Ground, lodged: dict[str, Any], state: str = "document_review") -> bool:
    return ground.row(lodged).state == state and not ground.rows("SELECT * FROM deemed")


def decide(ground: Ground, review: Any, decision: str, actor: Actor = MANAGER, **changes: Any) -> dict[str, Any]:
    body = load(DecideReview(), {"review_id": str(review.id), "version": review.version, "decision": decision,
                                 "reason": "راجعت الساعة والأعداد", **changes})
    answer: dict[str, Any] = ground.attempt(lambda work: reviews.decide(work, body), actor)
    return answer


def report(ground: Ground, task_id: Any, at: datetime, actor: Actor = OFFICER, **changes: Any) -> dict[str, Any]:
    body = load(ReportLateFact(), {"task_id": str(task_id), "action": "send_back", "occurred_at": at.isoformat(),
                                   "reason": "أُعيد الملف ورقياً لنقص العقد", **changes})
    answer: dict[str, Any] = ground.attempt(lambda work: reviews.report(work, body), actor)
    return answer
