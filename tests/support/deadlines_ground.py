"""What tests of deadlines and silence add to the ground of requests: the sweeps, what other services told, a steady
count beside the clock, and what stands in the tables of deadlines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from chassis.actors import Actor
from chassis.ids import uuid7
from contracts.events import Event
from services.requests import judging, moving, silence
from services.requests.silence import Watch
from tests.support.requests_ground import MORNING, UNIT, Ground, staff

CAIRO = ZoneInfo("Africa/Cairo")
MANAGER = staff("manager", "centre_manager")
DEPARTMENT_HEAD = staff("licensing-head", "department_head", "licensing")
SOURCES = ("payments", "catalog")


class Sweeping:
    """The timers of deadlines over a ground, driven by the test's clock."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        with ground.database.transaction() as connection:
            connection.execute(text("TRUNCATE warning, extension, deemed, silence_review, heard, inbox, inbox_stream"))
            connection.execute(text("UPDATE silence_clock SET seen_until = NULL"))
            connection.execute(text("UPDATE due_sweep SET stamp = -1, after = NULL, done = false"))
        self.watch = self.another_process()

    def another_process(self) -> Watch:
        """A watch of a process that counts as steadily as the test's clock goes."""
        return Watch(steady=lambda: (self.ground.now - MORNING).total_seconds())

    def at(self, day: date, hour: int = 10) -> None:
        """Move the clock to an hour of a Cairo day."""
        self.ground.now = datetime.combine(day, time(hour), CAIRO).astimezone(UTC)

    def move(self) -> None:
        while moving.sweep(self.ground):
            pass

    def judge(self) -> None:
        while self.ground.attempt(judging.sweep):
            pass
        while self.ground.attempt(judging.sweep_tasks):
            pass

    def tell(self, source: str, until: datetime | None = None) -> None:
        """A source told everything up to an instant."""
        data = {"until": (until or self.ground.now).isoformat()}
        event = Event(uuid7(), f"{source}.log.reached.v1", "urn:test", uuid7(), 1, self.ground.now, "test", data)
        self.ground.attempt(lambda work: silence.hear(work, event))

    def silence(self, watch: Watch | None = None) -> int:
        return silence.sweep(self.ground, watch or self.watch)

    def day(self, day: date) -> int:
        """What the timers do in a night and morning on which nothing is amiss. Answers how often silence spoke."""
        self.at(day, hour=1)
        for source in SOURCES:
            self.tell(source)
        self.at(day)
        self.move()
        self.judge()
        return self.silence()

    def days(self, first: date, last: date) -> int:
        """The same for every day from one to another."""
        spoken = 0
        while first <= last:
            spoken += self.day(first)
            first += timedelta(days=1)
        return spoken

    def owe(self, kind: str, data: Mapping[str, Any], state: str = "waiting") -> UUID:
        """A fact that this service took and could not apply yet."""
        event_id = uuid7()
        body = json.dumps({"type": kind, "data": data}).encode()
        with self.ground.database.transaction() as connection:
            connection.execute(
                text("INSERT INTO inbox (subscription, event_id, state, subject, sequence, body) "
                     "VALUES ('requests.test', :id, :state, :subject, 1, :body)"),
                {"id": event_id, "state": state, "subject": uuid7(), "body": body})
        return event_id

    def settle(self, event_id: UUID) -> None:
        with self.ground.database.transaction() as connection:
            connection.execute(text("UPDATE inbox SET state = 'done', body = NULL WHERE event_id = :id"),
                               {"id": event_id})

    def warnings(self, actor: Actor) -> list[dict[str, Any]]:
        work = self.ground.unit_of_work(actor)
        found: list[dict[str, Any]] = judging.listed(work, {"before": None, "limit": 50})["warnings"]
        return found

    def told(self) -> list[tuple[str, str, str]]:
        """(period, level, role) of everything that was told, in order."""
        return [(row.period, row.level, row.role)
                for row in self.ground.rows("SELECT * FROM warning ORDER BY at, period, level")]

    def reviews(self) -> list[Any]:
        return self.ground.rows("SELECT * FROM silence_review ORDER BY opened_at")

    def deemed(self) -> list[Any]:
        return self.ground.rows("SELECT * FROM deemed ORDER BY issued_at")


__all__ = ["DEPARTMENT_HEAD", "MANAGER", "UNIT", "Sweeping"]
