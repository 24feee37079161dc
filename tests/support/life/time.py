"""What time does to requests, and what heads do about time: silence, waits that end, holidays, extensions."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from chassis.actors import system
from chassis.answers import load
from contracts import requests_deadlines
from rules import silence
from rules.calendar import cairo_date, opens
from rules.periods import SILENCE_NEAR, Extension
from rules.workflow import Workflow
from services.requests import extension, lapsing, organisation
from tests.support.life.machine import Machine, ended, luck, step
from tests.support.life.model import Life
from tests.support.requests_ground import HEAD, UNIT, staff

DECREES = 3  # holidays of one run
REASON = "سبب واضح ومكتوب"


class Time(Machine):
    """Rules of the clock."""

    @step(days=st.integers(1, 6))
    def days_pass(self, days: int) -> None:
        for _ in range(days):
            day = cairo_date(self.now) + timedelta(days=1)
            self.sweeping.at(day)
            due = {life.id: self._silence_is_due(life) for life in self.open_lives()}
            self.sweeping.day(day)
            for life in self.open_lives():
                if due[life.id]:
                    assert life.due_on is not None and life.due_on < day
                    self.lead(life, "silence", life.body["period"]["silence_to"], system("requests"),
                              at=opens(life.due_on + timedelta(days=1)))
            lapsing.sweep(self.ground)
            for life in self.open_lives():
                ended_at = life.a_day_of_waiting(day)
                if ended_at is not None:
                    self.lead(life, "expired", life.here["expired"], system("requests"), at=ended_at)

    days_pass_too = days_pass

    def _silence_is_due(self, life: Life) -> bool:
        standing, today = life.standing(self.now), cairo_date(self.now)
        path = [mark.why for mark in life.marks]
        if not silence.takes_effect(standing, Workflow.parse(life.body["workflow"]), path, today):
            return False
        told = self.ground.rows(
            "SELECT 1 FROM warning WHERE request_id = :r AND period = 'whole' AND level = :level AND task_id IS NULL "
            "AND allowance = :days AND (at AT TIME ZONE 'Africa/Cairo')::date < :today",
            r=life.id, level=SILENCE_NEAR, days=standing.period.days, today=today)
        return bool(told)

    @step(ahead=st.integers(0, 8))
    def a_holiday_is_decreed(self, ahead: int) -> None:
        if self.decreed == DECREES:
            return
        day = (cairo_date(self.now) + timedelta(days=ahead)).isoformat()
        body = {"name": {"ar": "إجازة بقرار", "en": "Decreed"}, "effect": "holiday", "first": day, "last": day,
                "decree": {"number": "1/2026", "date": "2026-01-01"}, "scope": None}
        self.ground.organise("holiday", f"of-{day}", {"valid_from": "2026-01-01", "body": body})
        self.decreed += 1
        self.sweeping.move()
        for life in self.lives:
            life.calendar, before = self.calendar(), life.due_on
            if not ended(life):
                life.reckon(self.now)
                life.dues += life.due_on != before

    def calendar(self) -> Any:
        work = self.ground.unit_of_work()
        [row] = self.ground.rows("SELECT stamp FROM organisation_stamp")
        return organisation.known(work, row.stamp).calendar(UNIT)

    @step(chance=luck, days=st.integers(0, 7))
    def extend(self, chance: Random, days: int) -> None:
        life = self.one(chance)
        body = load(requests_deadlines.Extend(), {"tracking_number": life.number, "days": days, "reason": REASON})
        allowed, due = life.body["period"].get("extension"), life.due_on
        refusals = [code for code, holds in (
            ("period_unknown", ended(life)), ("extension_not_allowed", not allowed),
            ("extensions_used_up", bool(allowed and len(life.extensions) >= allowed["times"])),
            ("extension_too_long", bool(allowed and not 1 <= days <= allowed["days"])),
            ("extension_too_late", due is not None and due < cairo_date(self.now))) if holds]
        if refusals:
            self.refused(HEAD, lambda work: extension.extend(work, body), refusals[0])
            return
        self.refused(staff("elsewhere", "unit_head", "leadership", "EG-C-02"),
                     lambda work: extension.extend(work, body), "forbidden")
        self.do(HEAD, body, lambda work: extension.extend(work, body))
        life.extensions.append(Extension("whole", days))
        life.dues += 1
        life.reckon(self.now)

    @step(chance=luck, days=st.integers(0, 4))
    def extend_the_applicants_time(self, chance: Random, days: int) -> None:
        life = self.one(chance, lambda life: life.kind == "applicant")
        body = load(requests_deadlines.Extend(), {
            "tracking_number": life.number, "period": "applicant", "days": days, "reason": REASON})
        today, wait = cairo_date(self.now), life.wait
        last_day = wait.dates(life.calendar).last_day if wait else today
        code = ("period_unknown" if wait is None else "extensions_used_up" if wait.times
                else "extension_too_long" if not 1 <= days <= 3 else "extension_too_late" if last_day < today else "")
        if code or wait is None:
            self.refused(HEAD, lambda work: extension.extend(work, body), code)
            return
        answer = self.do(HEAD, body, lambda work: extension.extend(work, body))
        wait.extended, wait.times, wait.warned_on, wait.before = days, 1, None, today + timedelta(days=1)
        wait.last_day = wait.dates(life.calendar).last_day
        assert answer["due_on"] == wait.last_day.isoformat()
        life.dues += 1
