"""What the citizen is told of a visit, with a request behind it and without one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.ids import uuid7
from contracts.events import Event
from contracts.requests_visits import VISIT_CHANGED
from services.notifications import occasions, templates

URL = "https://cairo.example"


def event(**changes: Any) -> Event:
    data = {
        "visit_id": str(uuid7()), "number": "V-C-2026-000001-R", "request_id": None, "tracking_number": None,
        "unit": "EG-C-01", "service_code": "shop-licence", "service_name": {"ar": "ترخيص محل", "en": "Shop licence"},
        "purpose": "intake", "state": "planned", "change": "planned", "day": "2026-03-02", "device_id": str(uuid7()),
        "language": "ar", "contact": "v1.sealed", **changes,
    }  # fmt: skip
    assert not VISIT_CHANGED.schema().validate(data)
    return Event(uuid7(), VISIT_CHANGED.name, "urn:test", uuid7(), 2, datetime(2026, 3, 1, tzinfo=UTC), "test", data)


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("change", ["planned", "moved", "cancelled", "missed"])
def test_each_change_is_told_whole_in_both_languages(change: str, language: str) -> None:
    occasion = occasions.of_visit(event(change=change, language=language), URL)
    assert occasion is not None and occasion.template == f"visit_{change}"
    text = templates.render_sms(templates.library()[occasion.template], language, occasion.values)
    assert "V-C-2026-000001-R" in text and f"{URL}/{language}/" in text and "{" not in text
    assert ("ترخيص محل" if language == "ar" else "Shop licence") in text
    assert (("2 مارس 2026" if language == "ar" else "2 March 2026") in text) is (change in ("planned", "moved"))


def test_what_is_no_news_to_the_citizen_is_not_told() -> None:
    assert occasions.of_visit(event(change=None, state="out"), URL) is None


def test_a_visit_for_a_request_leads_to_the_requests_page() -> None:
    number = "01-26-21263991-J"
    occasion = occasions.of_visit(event(request_id=str(uuid7()), tracking_number=number, contact=None), URL)
    assert occasion is not None and occasion.values["link"] == f"{URL}/ar/follow/{number}"
