"""When silence means something, and when the machine must not speak for it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import silence
from rules.calendar import Calendar
from rules.deadlines import Mark
from rules.periods import standings
from rules.refusal import Refusal
from rules.workflow import Workflow

START = datetime(2026, 11, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def named(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "name": {"ar": "حالة", "en": "State"}, **more}


def action(code: str, to: str) -> dict[str, Any]:
    return {"code": code, "name": {"ar": "إجراء", "en": "Action"}, "to": to}


WORKFLOW = Workflow.parse({"initial": "review", "states": {
    "review": named("task", actions=[action("accept", "decision"), action("send_back", "completion")]),
    "completion": named("applicant", actions=[action("resubmit", "review")]),
    "decision": named("task", purpose="decision", actions=[
        action("approve", "paying"), action("again", "review"), action("ask", "completion"),
        action("reject", "grievance")]),
    "grievance": named("task", actions=[action("uphold", "rejected")]),
    "paying": named("payment", stage="final", next="issued"),
    "issued": named("end", outcome="approved"), "rejected": named("end", outcome="rejected")}})
MEANING = {"days": 30, "kind": "calendar", "silence": "approval", "silence_to": "paying"}


def standing(path: list[str], today: date, period: dict[str, Any] | None = None, parts: Any = ()) -> Any:
    marks = [Mark(START, "running", one) for one in path]
    return standings({"period": period or MEANING, "stage_periods": list(parts)}, marks, today, Calendar())


@pytest.mark.parametrize(("path", "expected"), [
    (["review"], False), (["review", "decision"], False), (["review", "decision", "paying"], True),
    (["review", "decision", "grievance"], True),
    (["review", "decision", "review"], False),  # sent to be looked at again
    (["review", "decision", "completion"], False),  # sent back to the applicant
    (["review", "decision", "completion", "review", "decision", "paying"], True),
])
def test_when_somebody_has_decided(path: list[str], expected: bool) -> None:
    assert silence.decided(WORKFLOW, path) is expected


@pytest.mark.parametrize(("path", "speaks"), [
    (["review"], True), (["review", "completion"], True), (["review", "decision", "review"], True),
    (["review", "decision", "grievance"], False), (["review", "paying"], False),
    (["review", "decision", "issued"], False),
])
def test_silence_speaks_where_nobody_has_and_only_once(path: list[str], speaks: bool) -> None:
    [whole] = standing(path, date(2027, 1, 1))
    assert silence.takes_effect(whole, WORKFLOW, path, date(2027, 1, 1)) is speaks


def test_it_speaks_on_the_day_after_the_last_and_not_before() -> None:
    [whole] = standing(["review"], date(2026, 12, 1))
    assert not silence.takes_effect(whole, WORKFLOW, ["review"], date(2026, 12, 1))
    assert silence.takes_effect(whole, WORKFLOW, ["review"], date(2026, 12, 2))


def test_where_the_law_says_nothing_it_never_speaks() -> None:
    [whole] = standing(["review"], date(2027, 1, 1), {"days": 1, "kind": "calendar", "silence": "none"})
    assert not silence.takes_effect(whole, WORKFLOW, ["review"], date(2027, 1, 1))
    with pytest.raises(Refusal, match="action_unknown"):
        silence.transition(WORKFLOW, whole, "review")


def test_a_part_speaks_only_while_the_request_stands_in_it() -> None:
    part = {"code": "first", "name": {"ar": "الأول", "en": "First"}, "states": ["review"], "days": 5,
            "kind": "calendar", "silence": "approval", "silence_to": "paying"}
    today = date(2026, 12, 1)
    marks = [Mark(START, "running", "review"), Mark(START + 9 * DAY, "running", "decision")]
    [_, found] = standings({"period": MEANING, "stage_periods": [part]}, marks[:1], today, Calendar())
    assert silence.takes_effect(found, WORKFLOW, ["review"], today)
    [_, found] = standings({"period": MEANING, "stage_periods": [part]}, marks, today, Calendar())
    assert not silence.takes_effect(found, WORKFLOW, ["review", "decision"], today)


def test_the_step_and_the_document() -> None:
    [whole] = standing(["review"], date(2027, 1, 1))
    step = silence.transition(WORKFLOW, whole, "review")
    assert (step.from_state, step.to_state, step.action, step.outcome) == ("review", "paying", "silence", None)
    assert silence.document_type("approval") == "deemed_approval"
    assert silence.document_type("rejection") == "deemed_rejection"


@given(st.integers(0, 90), st.lists(st.tuples(st.integers(1, 20), st.booleans()), max_size=6))
def test_it_never_speaks_before_all_the_days_of_the_period_were_used(
        days: int, stays: list[tuple[int, bool]]) -> None:
    at, marks = START, [Mark(START, "running", "review")]
    for length, running in stays:
        at += length * DAY
        marks.append(Mark(at, "running" if running else "stopped", "review" if running else "completion"))
    path = [mark.why for mark in marks]
    for later in range(0, 120, 7):
        today = at.date() + later * DAY
        [whole] = standings({"period": {**MEANING, "days": days}}, marks, today, Calendar())
        if silence.takes_effect(whole, WORKFLOW, path, today):
            assert whole.deadline.days_used >= days
            assert whole.deadline.due_on is not None
            assert whole.deadline.due_on < today


# -- the clock --------------------------------------------------------------------------------------------------------

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(("mark", "passed", "measured", "verdict"), [
    (None, HOUR, None, silence.STEADY),
    (START, HOUR, HOUR, silence.STEADY),
    (START, HOUR, None, silence.STEADY),
    (START, -timedelta(minutes=4), HOUR, silence.STEADY),  # set right by less is no jump
    (START, -timedelta(minutes=6), HOUR, silence.JUMPED_BACK),
    (START, -2 * DAY, None, silence.JUMPED_BACK),
    (START, 3 * HOUR, HOUR, silence.JUMPED_AHEAD),
    (START, 30 * DAY, 30 * DAY, silence.STEADY),
    (START, 71 * HOUR, None, silence.STEADY),
    (START, 73 * HOUR, None, silence.LONG_AWAY),
])
def test_the_clock_is_believed_or_not(mark: datetime | None, passed: timedelta, measured: timedelta | None,
                                      verdict: str) -> None:
    assert silence.judge_clock(mark, START + passed, measured) == verdict


@pytest.mark.parametrize(("passed", "witnessed", "verdict"), [
    (50 * 60, False, silence.STEADY), (20 * 3600, True, silence.STEADY), (20 * 3600, False, silence.UNWITNESSED),
    (71 * 3600, False, silence.UNWITNESSED), (73 * 3600, True, silence.LONG_AWAY)])
def test_after_a_machine_was_off_somebody_must_vouch_for_its_clock(passed: int, witnessed: bool, verdict: str) -> None:
    now = START + timedelta(seconds=passed)
    assert silence.judge_clock(START, now, None, witnessed=witnessed) == verdict


def test_within_a_day_in_cairo_a_jump_changes_nothing_for_silence() -> None:
    morning = datetime(2026, 3, 1, 5, tzinfo=UTC)
    assert silence.judge_clock(morning, morning + 10 * HOUR, None, witnessed=False) == silence.STEADY


@pytest.mark.parametrize(("apart", "verdict"), [(4, silence.STEADY), (-4, silence.STEADY), (6, silence.CLOCKS_DIFFER),
                                                (-6, silence.CLOCKS_DIFFER)])
def test_the_database_servers_clock_must_agree(apart: int, verdict: str) -> None:
    now = START + HOUR
    assert silence.judge_clock(START, now, HOUR, server=now + timedelta(minutes=apart)) == verdict


@given(st.integers(-10**6, 10**6), st.integers(0, 10**6))
def test_a_process_that_ran_through_believes_only_its_own_count(passed: int, measured: int) -> None:
    """Seconds by the clock and by the steady count: they agree within an hour, and the clock did not go back."""
    found = silence.judge_clock(START, START + timedelta(seconds=passed), timedelta(seconds=measured))
    assert (found == silence.STEADY) is (-300 <= passed <= measured + 3600)


# -- the norm ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 1000), max_size=silence.NORM_DAYS))
def test_the_norm_is_a_multiple_of_the_daily_mean_and_never_less_than_the_least(history: list[int]) -> None:
    found = silence.norm(history)
    assert found.daily == sum(history) / silence.NORM_DAYS
    assert found.most >= silence.NORM_LEAST
    assert found.most <= max(silence.NORM_LEAST, silence.NORM_MULTIPLE * found.daily)
