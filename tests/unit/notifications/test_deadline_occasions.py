"""What an applicant is told of dates that move and of silence that was taken for an answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from contracts import requests, requests_deadlines, requests_engine
from contracts.events import Event, EventType
from services.notifications import occasions
from services.notifications.occasions import Told

TOLD = Told("26-01-0000001-K", {"ar": "ترخيص محل", "en": "Shop licence"}, "ar", "licensing")
URL = "https://example.org"


def event(event_type: EventType, **data: Any) -> Event:
    return Event(UUID(int=1), event_type.name, "urn:test", UUID(int=2), 3, datetime(2026, 1, 1, tzinfo=UTC), "c", data)


def due(**data: Any) -> Event:
    state = {"state_kind": "task", "department": "licensing", "outcome": None, "action": None, "note": None,
             "state_name": {"ar": "مراجعة", "en": "Review"}, "due_before": "2026-03-12", "due_on": "2026-03-15",
             "why": "calendar"}
    return event(requests_deadlines.DUE_CHANGED, **{**state, **data})


@pytest.mark.parametrize(("why", "template"), [("calendar", "due_moved"), ("extended", "due_extended")])
def test_a_date_that_moved_is_told_with_the_reason(why: str, template: str) -> None:
    told = occasions.of_request(due(why=why), TOLD, URL)
    assert told is not None
    assert (told.template, told.values["due_on"]) == (template, "15 مارس 2026")


@pytest.mark.parametrize("data", [{"due_on": None}, {"due_before": "2026-03-15"}])
def test_what_changes_no_date_is_not_told(data: dict[str, Any]) -> None:
    assert occasions.of_request(due(**data), TOLD, URL) is None


@pytest.mark.parametrize("outcome", [None, "rejected"])
def test_the_step_of_silence_is_told_by_its_document_alone(outcome: str | None) -> None:
    step = event(requests.MOVED, state_kind="end" if outcome else "task", department="leadership", outcome=outcome,
                 action="silence", note=None, state_name={"ar": "الحالة", "en": "State"})
    assert occasions.of_request(step, TOLD, URL) is None


@pytest.mark.parametrize("kind", requests_deadlines.DEEMED_KINDS)
def test_the_document_of_silence_is_told_with_its_number(kind: str) -> None:
    told = occasions.of_deemed(event(requests_deadlines.DEEMED_ISSUED, kind=kind, number="D-C-2026-000001-K"), TOLD,
                               URL)
    assert (told.template, told.values["number"]) == (kind, "D-C-2026-000001-K")


def test_who_is_to_complete_a_request_hears_until_when() -> None:
    step = event(requests.MOVED, state_kind="applicant", department=None, outcome=None, action="send_back",
                 note="صورة العقد", state_name={"ar": "استيفاء", "en": "Completion"}, applicant_until="2026-03-31")
    told = occasions.of_request(step, TOLD, URL)
    assert told is not None
    assert (told.template, told.values["until"], told.values["missing"]) == (
        "completion_by", "31 مارس 2026", "صورة العقد")


def test_more_time_and_the_nearing_end_of_it_are_told() -> None:
    longer = occasions.of_request(due(why="applicant", due_on=None, applicant_until="2026-04-15"), TOLD, URL)
    near = occasions.of_reminder(event(requests_engine.REMINDED, until="2026-04-15"), TOLD, URL)
    assert longer is not None
    assert [(one.template, one.values["until"]) for one in (longer, near)] == [
        ("completion_extended", "15 أبريل 2026"), ("completion_reminder", "15 أبريل 2026")]
