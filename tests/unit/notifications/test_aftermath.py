"""What is told after a request: of its licence, of a complaint about it, of the wish to open it again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from contracts import requests_afterwards as after
from contracts import requests_outputs
from contracts.events import Event, EventType
from contracts.payments_refunds import REFUND_CHANGED
from rules import register
from services.notifications import aftermath
from services.notifications.occasions import Told

TOLD = Told("26-01-0000001-K", {"ar": "ترخيص محل", "en": "Shop licence"}, "en")
URL = "https://example.org"


def event(event_type: EventType, sequence: int = 2, **data: Any) -> Event:
    return Event(UUID(int=1), event_type.name, "urn:test", UUID(int=2), sequence, datetime(2026, 1, 1, tzinfo=UTC), "c",
                 data)


def complaint(sequence: int = 2, **data: Any) -> Event:
    return event(after.COMPLAINT_CHANGED, sequence, **{
        "number": "C-C-2026-000001-K", "state": "open", "due_on": "2026-03-15", "late": False, "upheld": None, **data})


@pytest.mark.parametrize("act", sorted(register.ACTS))
def test_a_holder_hears_of_every_act_but_those_of_the_own_request(act: str) -> None:
    told = aftermath.of_licence_change(event(requests_outputs.LICENCE_CHANGED, act=act, serial="L-1"), TOLD, URL)
    if act in (register.RENEWAL, register.ALTERATION):
        assert told is None
    else:
        assert told is not None
        assert told.values["serial"] == "L-1"


@pytest.mark.parametrize(("sequence", "of", "state", "way", "expected"), [
    (1, "credit", "requested", "rail", "refund_promised"), (1, "bill", "requested", "cash", None),
    (2, "bill", "approved", "cash", "refund_ready"), (2, "bill", "approved", "rail", None),
    (3, "credit", "sent", "rail", None), (2, "credit", "rejected", "rail", None),
    (4, "credit", "done", "rail", "refund_done"), (3, "bill", "done", "cash", "refund_done")])
def test_a_citizen_hears_of_money_that_goes_back(
        sequence: int, of: str, state: str, way: str, expected: str | None) -> None:
    told = aftermath.of_refund(
        event(REFUND_CHANGED, sequence, of=of, state=state, way=way, amount=12_050), TOLD, URL)
    assert (told.template if told else None) == expected
    assert told is None or told.values["amount"] == "EGP 120.50"


@pytest.mark.parametrize("act", ["suspend", "cancel"])
def test_a_decision_against_the_holder_says_why_whole_and_in_its_first_words(act: str) -> None:
    why = "The shop sells what the licence does not allow, as two inspections found in March and in April."
    told = aftermath.of_licence_change(event(requests_outputs.LICENCE_CHANGED, act=act, serial="L-1"), TOLD, URL, why)
    assert told is not None
    assert told.values["note"] == why
    assert len(told.values["note_short"]) < len(why)


def test_a_complaint_is_told_with_number_and_day_when_it_is_taken_and_when_it_goes_to_the_next_head() -> None:
    taken, escalated = (aftermath.of_complaint(complaint(sequence), TOLD, URL) for sequence in (1, 2))
    assert taken is not None
    assert escalated is not None
    assert (taken.template, escalated.template) == ("complaint_received", "complaint_escalated")
    assert (taken.values["number"], taken.values["due_on"]) == ("C-C-2026-000001-K", "15 March 2026")


@pytest.mark.parametrize(("upheld", "template"), [(True, "complaint_upheld"), (False, "complaint_not_upheld")])
def test_the_answer_to_a_complaint_is_told_in_its_words(upheld: bool, template: str) -> None:
    told = aftermath.of_complaint(complaint(3, state="answered", upheld=upheld), TOLD, URL, "We looked into it.")
    assert told is not None
    assert (told.template, told.values["note"]) == (template, "We looked into it.")


def test_a_complaint_that_is_late_before_the_last_head_is_not_told_as_escalated() -> None:
    assert aftermath.of_complaint(complaint(4, late=True), TOLD, URL) is None


@pytest.mark.parametrize(("state", "template"), [("granted", "reopening_granted"), ("refused", "reopening_refused")])
def test_what_was_decided_about_opening_again_is_told_with_the_reason(state: str, template: str) -> None:
    told = aftermath.of_reopening(event(after.REOPENING_CHANGED, state=state), TOLD, URL, "No new facts.")
    assert told is not None
    assert (told.template, told.values["note"]) == (template, "No new facts.")


def test_that_it_was_asked_for_is_known_to_who_asked() -> None:
    assert aftermath.of_reopening(event(after.REOPENING_CHANGED, 1, state="asked"), TOLD, URL) is None


def test_every_template_of_what_comes_after_is_told_by_something() -> None:
    told = [
        *(aftermath.of_licence_change(event(requests_outputs.LICENCE_CHANGED, act=act, serial="L"), TOLD, URL)
          for act in register.ACTS),
        *(aftermath.of_complaint(complaint(sequence, state=state, upheld=upheld), TOLD, URL)
          for sequence, state, upheld in ((1, "open", None), (2, "open", None), (3, "answered", True),
                                          (3, "answered", False))),
        *(aftermath.of_reopening(event(after.REOPENING_CHANGED, state=state), TOLD, URL) for state in
          ("granted", "refused")),
        *(aftermath.of_refund(
            event(REFUND_CHANGED, sequence, of="credit", state=state, way="cash", amount=1), TOLD, URL)
          for sequence, state in ((1, "requested"), (2, "approved"), (3, "done"))),
    ]  # fmt: skip
    assert {one.template for one in told if one is not None} == aftermath.TEMPLATES
